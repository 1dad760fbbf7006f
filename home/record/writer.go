// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"time"

	"keyhold/home/durable"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// chunk is how much content is gathered before it is hashed and sealed: age's own piece.
const chunk = 64 << 10

// wobble is by how many milliseconds the estimate of arrival may fall back.
const wobble = 5000

// seamless is how many milliseconds two sessions may seem apart, by rounding, when nothing is missing.
const seamless = 5

// A writer carries out the cutter's orders. Sealing, hashing and writing happen on its goroutine; syncing and the
// wait for thumbnails on the closer's, so that the next pack starts at once.
type writer struct {
	r     *Recorder
	done  chan closing
	ended chan struct{} // closes when all orders are carried out

	pack    *openPack
	sheet   *sheet
	begun   time.Time // arrival of the open segment's first picture
	lastEnd int64     // arrival, ms, of the end of the last whole segment
	gap     Gap       // open: from where, and why; zero From before anything was recorded
	broken  bool      // writing failed; the orders up to the next opOpen are void
	content []byte
}

// A closing is what the closer works on: a pack to close, or a gap to announce after the packs before it.
type closing struct {
	pack  *openPack
	sheet *sheet
	asked bool // somebody waits for the pack
	gap   *Gap
}

func (w *writer) init(r *Recorder) {
	w.r, w.gap, w.done, w.ended = r, r.cfg.Since, make(chan closing, 8), make(chan struct{})
	w.content = make([]byte, 0, chunk)
}

func (w *writer) run() {
	defer close(w.ended)
	defer close(w.done)
	for o := range w.r.ops {
		w.do(o)
	}
}

func (w *writer) do(o op) {
	switch o.kind {
	case opOpen:
		w.broken = false
		w.check(w.openSegment(o))
	case opPart:
		if !w.broken {
			w.check(w.writePart(o))
		}
		w.r.queued.Add(-int64(o.part.bytes))
	case opFinish:
		if !w.broken {
			w.check(w.finishSegment(o))
		}
	case opPack:
		w.closePack(o.asked)
		w.r.closing.Add(-1) // the order, which the pack itself follows
	case opLost:
		w.openGap(o.why)
	}
}

// check gives up the open segment when the disk fails. Recording goes on with the next one.
func (w *writer) check(err error) {
	if err == nil {
		return
	}
	w.r.cfg.Log.Error("a segment was lost: the pack cannot be written", "camera", w.r.cfg.Camera, "err", err)
	w.broken = true
	w.openGap(manifest.GapDisk)
	if w.pack == nil {
		return
	}
	if err := w.pack.cut(); err != nil {
		// What is whole stays in the spool; the next start of the hub recovers it.
		w.r.cfg.Log.Error("a pack stays in the spool until the next start", "camera", w.r.cfg.Camera, "err", err)
		w.pack.part.Close()
		w.pack.index.Close()
		w.pack, w.sheet = nil, nil
		return
	}
	w.closePack(false)
}

func (w *writer) openGap(why string) {
	if w.gap.From == 0 && w.lastEnd != 0 {
		w.gap = Gap{Camera: w.r.cfg.Camera, From: w.lastEnd, Reason: why}
	}
}

func (w *writer) openSegment(o op) error {
	if w.pack == nil {
		object, err := id.NewObject(w.r.cfg.Rand)
		if err != nil {
			return err
		}
		head := indexHead{Camera: w.r.cfg.Camera, Epoch: o.epoch.ID, Object: object, Session: o.from.ID}
		if w.pack, err = openNew(w.r.cfg.Spool, head, o.epoch); err != nil {
			return err
		}
		w.sheet = w.r.cfg.Thumbs.sheet()
	}
	w.begun = o.start
	w.sheet.add(len(w.pack.files), o.key)
	if err := w.pack.begin(); err != nil {
		return err
	}
	return w.pack.write(o.head)
}

func (w *writer) writePart(o op) error {
	if err := w.pack.write(o.head); err != nil {
		return err
	}
	err := o.part.each(func(b []byte) error {
		for len(w.content)+len(b) > chunk {
			n := chunk - len(w.content)
			w.content = append(w.content, b[:n]...)
			b = b[n:]
			if err := w.flushContent(); err != nil {
				return err
			}
		}
		w.content = append(w.content, b...)
		return nil
	})
	if err != nil {
		return err
	}
	return w.flushContent()
}

func (w *writer) flushContent() error {
	err := w.pack.writeContent(w.content)
	w.content = w.content[:0]
	return err
}

func (w *writer) finishSegment(o op) error {
	// Arrival is estimated anew with every picture, so it may fall back by some milliseconds; the manifest's times do
	// not. When somebody set the hub's clock back, they do.
	start := w.begun.UnixMilli()
	if back := w.lastEnd - start; back > 0 && back < wobble {
		start = w.lastEnd
	}
	end := max(o.end.UnixMilli(), start)
	if err := w.pack.finish(manifest.FileSegment, start, end, o.media); err != nil {
		return err
	}
	w.lastEnd = end
	// A gap ends with the first segment that is whole, not with an attempt.
	if g := w.gap; g.From != 0 {
		w.gap = Gap{}
		g.Camera, g.Until = w.r.cfg.Camera, max(start, g.From)
		// A session that follows on the one before, because sound came or went, leaves none.
		if g.Until-g.From > seamless {
			w.done <- closing{gap: &g}
		}
	}
	return nil
}

func (w *writer) closePack(asked bool) {
	if w.pack == nil {
		return
	}
	p, s := w.pack, w.sheet
	w.pack, w.sheet = nil, nil
	if len(p.files) == 0 {
		s.drop()
		if err := p.discard(); err != nil {
			w.r.cfg.Log.Error("an empty pack stays in the spool", "camera", w.r.cfg.Camera, "err", err)
		}
		return
	}
	w.r.closing.Add(1)
	w.done <- closing{pack: p, sheet: s, asked: asked}
}

func (w *writer) runCloser() {
	for c := range w.done {
		if w.r.cfg.After != nil {
			<-w.r.cfg.After
		}
		if c.gap != nil {
			w.r.cfg.Gap(*c.gap)
			continue
		}
		if err := w.closeOne(c); err != nil {
			w.r.cfg.Log.Error("a pack stays in the spool until the next start", "camera", w.r.cfg.Camera, "err", err)
		}
		w.r.closing.Add(-1)
	}
}

func (w *writer) closeOne(c closing) error {
	if jpeg := c.sheet.finish(context.Background(), len(c.pack.files), c.asked); jpeg != nil {
		if err := c.pack.addThumbs(jpeg); err != nil {
			w.r.cfg.Log.Warn("a pack has no thumbnails", "camera", w.r.cfg.Camera, "err", err)
			if err := c.pack.cut(); err != nil {
				return err
			}
		}
	}
	pack, err := c.pack.close(w.r.cfg.Packs)
	if err != nil {
		return err
	}
	if err := w.r.cfg.Closed(pack); err != nil {
		return err
	}
	return confirm(w.r.cfg.Spool, pack.Object)
}

// addThumbs seals the sprite as the last file.
func (p *openPack) addThumbs(jpeg []byte) error {
	if err := p.begin(); err != nil {
		return err
	}
	if err := p.writeContent(jpeg); err != nil {
		return err
	}
	first, last := p.files[0], p.files[len(p.files)-1]
	return p.finish(manifest.FileThumbs, first.Start, last.End, 0)
}

// confirm forgets a pack's index: from now on it is somebody else's.
func confirm(spool string, o id.Object) error {
	p := openPack{head: indexHead{Object: o}, spool: spool}
	return durable.Remove(p.indexPath())
}
