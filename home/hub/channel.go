// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/home/ingest"
	"keyhold/home/record"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// channel is one camera at work: its source and its recorder, and its second stream while somebody looks at that. When it
// is stopped, everything that is connected to the camera is closed.
type channel struct {
	source   *ingest.Source
	small    *small
	speaker  *speaker
	recorder *record.Recorder
	tap      *tap
	earlier  bool // it has recorded before this start of the hub
	stop     context.CancelFunc
	shut     chan struct{} // closed when the source has ended: nothing is connected to the camera
	ended    chan struct{} // closed when besides nothing more is recorded
	end      int64         // until when something is recorded, milliseconds; stands once ended is closed
	done     chan struct{} // closed when besides the recorder has put everything away
}

// tap remembers what the camera sends, on the way to the recorder. Frames come on one goroutine.
type tap struct {
	next    ingest.Sink
	params  *ingest.Params // owned by the source's goroutine
	session *ingest.Session
	seen    atomic.Pointer[seen]
}

type seen struct {
	params  *ingest.Params
	session *ingest.Session
}

func (t *tap) Frame(f *ingest.Frame) {
	if f.Params != nil && (f.Params != t.params || f.Session != t.session) {
		t.params, t.session = f.Params, f.Session
		t.seen.Store(&seen{f.Params, f.Session})
	}
	t.next.Frame(f)
}

func (t *tap) Lost(at time.Time, why ingest.Reason) { t.next.Lost(at, why) }

// start lets a camera record. The caller holds control, or nothing else runs yet. why says for what
// reason the time since its last pack is missing.
func (h *Hub) start(ctx context.Context, c cameras.Camera, why string) {
	log := h.Log.With("camera", string(c.ID))
	if err := h.begin(ctx, c, why); err != nil {
		log.Error("the camera cannot be recorded", "error", err)
	}
}

func (h *Hub) begin(ctx context.Context, c cameras.Camera, why string) error {
	if c.URL == "" {
		return nil // an earlier hub had it; somebody has to say where it is
	}
	if h.unsaid(c.ID) {
		return nil // an earlier hub had it; somebody has to say what is covered of its picture
	}
	if h.isPrivate(c.ID) {
		return nil // it begins when it is not private any more
	}
	epoch, ok := h.epochs.Current(c.ID)
	if !ok {
		return fmt.Errorf("hub: camera %s has no epoch", c.ID)
	}
	end, err := h.packs.LastEnd(ctx, c.ID)
	if err != nil {
		return err
	}
	// Its last pack may wait for pictures yet, on a busy machine for seconds. Whoever turned it on, and whoever waits for
	// control, does not.
	var after <-chan struct{}
	if before := h.left(c.ID); before != nil {
		<-before.ended
		end, after = max(end, before.end), before.done
	}
	l := LayoutOf(h.Dir)
	rec, err := record.New(record.Config{
		Camera: c.ID, Spool: l.Spool, Packs: l.Packs, Thumbs: h.thumbs, Log: h.Log,
		Epoch:  record.Epoch{ID: epoch.ID, Sealer: epoch.Recipient},
		Closed: func(p record.Pack) error { return h.keepPack(ctx, p) },
		Gap:    func(g record.Gap) { h.keepGap(ctx, g) },
		Since:  record.Gap{Camera: c.ID, From: end, Reason: why},
		After:  after,
	})
	if err != nil {
		return err
	}
	t := &tap{next: rec}
	url, smallURL := streams(c)
	address, certificate := addressOf(url)
	log := h.Log.With("camera", string(c.ID))
	areas := h.cover(c.ID)
	source, err := ingest.New(h.reading(ingest.Config{URL: address, Certificate: certificate, Cover: areas, Make: c.Recorded == request.RecordMade, Sink: t, Log: log}))
	if err != nil {
		rec.Close()
		return err
	}
	run, stop := context.WithCancel(ctx)
	second := &small{url: smallURL, bare: len(areas) > 0, run: run, reading: h.reading, log: log.With("stream", "small")}
	voice := h.speakerOf(run, c, source, log)
	ch := &channel{source: source, small: second, speaker: voice, recorder: rec, tap: t, earlier: end > 0, stop: stop, shut: make(chan struct{}), ended: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(ch.done)
		var bell sync.WaitGroup
		bell.Go(func() { h.ring.bells.Listen(run, c.ID) })
		source.Run(run)
		second.close()
		voice.close()
		bell.Wait()
		close(ch.shut)
		ch.end = rec.End()
		close(ch.ended)
		rec.Close()
		if after != nil {
			<-after // whoever waits for this one waits for what was put away before it, too
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.leaving[c.ID] == ch {
			delete(h.leaving, c.ID)
		}
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running[c.ID] = ch
	return nil
}

// reading fills in what every source needs.
func (h *Hub) reading(c ingest.Config) ingest.Config {
	c.Now, c.FFmpeg, c.Here = h.Now, h.FFmpeg, h.Here
	return c
}

// end stops a camera and waits until its packs are put away.
func (h *Hub) end(c id.Camera) {
	h.shut(c)
	h.leave(c)
}

// shut ends every connection to a camera; shutNow waits until they are closed, leave until its packs are put away. This
// is the one place where that is done, whatever is connected to it.
func (h *Hub) shut(c id.Camera) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ch := h.running[c]; ch != nil {
		delete(h.running, c)
		h.leaving[c] = ch
		ch.stop()
	}
}

func (h *Hub) shutNow(c id.Camera) {
	if ch := h.left(c); ch != nil {
		<-ch.shut
	}
}

func (h *Hub) leave(c id.Camera) {
	if ch := h.left(c); ch != nil {
		<-ch.done
	}
}

func (h *Hub) left(c id.Camera) *channel {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.leaving[c]
}

func (h *Hub) stopAll() {
	h.control.Lock()
	defer h.control.Unlock()
	var wg sync.WaitGroup
	for _, c := range h.recording() {
		wg.Go(func() { h.end(c) })
	}
	for _, c := range h.allLeaving() {
		wg.Go(func() { h.leave(c) })
	}
	wg.Wait()
}

// recording returns the cameras at work.
func (h *Hub) recording() []id.Camera {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]id.Camera, 0, len(h.running))
	for c := range h.running {
		out = append(out, c)
	}
	return out
}

// allLeaving are cameras whose packs are still being put away.
func (h *Hub) allLeaving() []id.Camera {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.leaving))
}

func (h *Hub) channel(c id.Camera) *channel {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running[c]
}

// reseal hands new epochs to the recorders. epochs calls it with its lock held.
func (h *Hub) reseal(list []epochs.Epoch) {
	for _, e := range list {
		if ch := h.channel(e.Camera); ch != nil {
			ch.recorder.SetEpoch(record.Epoch{ID: e.ID, Sealer: e.Recipient})
		}
	}
}

// keepPack takes a pack into the manifest. A full disk is waited for: the pack is safe on it already.
func (h *Hub) keepPack(ctx context.Context, p record.Pack) error {
	return h.insist(ctx, "pack", func() error { return h.packs.Closed(ctx, p) })
}

func (h *Hub) keepGap(ctx context.Context, g record.Gap) {
	err := h.insist(ctx, "gap", func() error {
		e, ok := h.epochs.Current(g.Camera)
		if !ok {
			return fmt.Errorf("hub: camera %s has no epoch", g.Camera)
		}
		return h.packs.Gap(ctx, e.ID, g)
	})
	if err != nil {
		h.Log.Error("a gap was not written down", "camera", string(g.Camera), "error", err)
	}
}

// insist repeats what must be written for some seconds: a disk that is full is being freed meanwhile.
func (h *Hub) insist(ctx context.Context, what string, f func() error) error {
	const tries = 20
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == tries || ctx.Err() != nil {
			return err
		}
		h.Log.Error("something is not in the manifest yet; trying again", "what", what, "attempt", n, "error", err)
		t := time.NewTimer(time.Second)
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// report says how a camera does.
func (h *Hub) report(c cameras.Camera) request.CameraReport {
	r := request.CameraReport{ID: c.ID, State: request.CameraWaiting, Since: c.Added}
	if c.URL == "" {
		r.State = request.CameraUnconnected
		return r
	}
	if h.unsaid(c.ID) {
		r.State = request.CameraUnsaid
		return r
	}
	if s, ok := h.privacy.Now(c.ID); ok {
		r.State, r.Since = request.CameraPrivate, s.Since
		return r
	}
	ch := h.channel(c.ID)
	if ch == nil {
		return r
	}
	st := ch.source.Status()
	r.Since = st.Since.UnixMilli()
	switch {
	case st.State == ingest.StateUncovered:
		r.State = request.CameraUncovered
	case st.State == ingest.StateRunning:
		r.State = request.CameraRecording
	case !st.Picture.IsZero() || st.State == ingest.StateStranger || ch.earlier && st.State != ingest.StateConnecting:
		r.State = request.CameraLost
	}
	if s := ch.tap.seen.Load(); s != nil {
		r.Video, r.Audio, r.Width, r.Height = describe(s)
	}
	return r
}

// describe names what a camera sends.
func describe(s *seen) (video, audio string, width, height int64) {
	if s.session.Audio != nil {
		audio = string(s.session.Audio.Codec)
	}
	width, height = size(s.params)
	return string(s.params.Codec), audio, width, height
}

// size is that of a picture.
func size(p *ingest.Params) (width, height int64) {
	if p.Codec == ingest.H265 {
		var sps h265.SPS
		if err := sps.Unmarshal(p.SPS); err == nil {
			width, height = int64(sps.Width()), int64(sps.Height())
		}
	} else {
		var sps h264.SPS
		if err := sps.Unmarshal(p.SPS); err == nil {
			width, height = int64(sps.Width()), int64(sps.Height())
		}
	}
	return width, height
}
