// SPDX-License-Identifier: Apache-2.0

package record

import (
	"time"

	"keyhold/home/ingest"
	"keyhold/home/lossless"
	"keyhold/statement/manifest"
)

// An op is an order to the writer.
type op struct {
	kind  opKind
	epoch Epoch           // open
	from  *ingest.Session // open
	head  []byte          // open: ftyp and moov; part: moof and start of mdat
	key   *ingest.Frame   // open: for the sprite
	start time.Time       // open
	part  *part           // part
	end   time.Time       // finish
	media int64           // finish: µs
	why   string          // lost
	asked bool            // pack
}

type opKind int

const (
	opOpen   opKind = iota // a segment begins, in a new pack if none is open
	opPart                 // a piece of it
	opFinish               // it is whole
	opPack                 // the pack is full
	opLost                 // the pictures that follow are not contiguous
)

// A cutter decides where segments and packs begin and end. It belongs to the goroutine that calls Frame.
type cutter struct {
	r *Recorder

	session   *ingest.Session
	open      bool // a segment is being written
	broken    bool // the next segment does not follow on the last
	stuck     bool // the disk is too slow: nothing is taken until it has caught up
	params    *ingest.Params
	epoch     Epoch // of the open pack
	began     int64 // DTS of the segment's first picture
	packBegan int64
	packOpen  bool
	sequence  uint32
	part      *part
	partBegan int64

	picture     *ingest.Frame // waits for the next to know its duration
	pictureSpan uint32        // duration of the picture before it
	sound       *ingest.Frame
	soundSpan   uint32            // duration of the sound before it
	flac        *lossless.Encoder // of the session's G.711
	last        time.Time         // arrival of the last picture
}

func (c *cutter) video(f *ingest.Frame) {
	if c.session != nil && f.Session != c.session {
		c.lost(c.last, manifest.GapCamera)
	}
	if c.stuck {
		if c.r.queued.Load() > 0 || !f.Key {
			return
		}
		c.stuck = false
	}
	if c.open {
		c.settle(f.DTS)
		length := f.DTS - c.began
		epoch := c.r.currentEpoch()
		// One at a time: packs that are asked for faster than they close would wait for each other, and recording for them.
		asked := c.r.early.Load()
		early := asked && c.r.closing.Load() == 0
		switch {
		case f.Key && (length >= segmentLength || early || epoch.ID != c.epoch.ID || !f.Params.Same(c.params)):
			c.finish(f.At)
			if early || epoch.ID != c.epoch.ID || f.DTS-c.packBegan >= packLength {
				c.r.early.Store(false)
				c.closePack(asked)
			}
		case !f.Key && length >= longestGroup:
			// Without a key frame nothing after this could be opened by itself.
			c.finish(f.At)
			c.gap(manifest.GapCamera)
			c.sound = nil
		}
	}
	if !c.open {
		if !f.Key {
			return
		}
		c.begin(f)
	}
	c.picture, c.last = f, f.At
	if f.DTS-c.partBegan >= partLength {
		c.flush(f.DTS)
		if c.r.queued.Load() > maxQueued || len(c.r.ops) > cap(c.r.ops)*3/4 {
			c.overrun(f.At)
		}
	}
}

// settle gives the picture that waits its duration.
func (c *cutter) settle(next int64) {
	if c.picture == nil {
		return
	}
	c.pictureSpan = uint32(max(next-c.picture.DTS, 1))
	c.part.add(sample{c.picture, c.pictureSpan})
	c.picture = nil
}

func (c *cutter) audio(f *ingest.Frame) {
	if !c.open || f.Session != c.session {
		return
	}
	if c.flac != nil {
		b, err := c.flac.Frame(f.Units[0])
		if err != nil {
			return
		}
		g := *f
		g.Units = [][]byte{b}
		f = &g
	}
	c.settleSound(f.PTS)
	c.sound = f
}

func (c *cutter) settleSound(next int64) {
	if c.sound == nil {
		return
	}
	c.soundSpan = uint32(max(next-c.sound.DTS, 1))
	c.part.add(sample{c.sound, c.soundSpan})
	c.sound = nil
}

func (c *cutter) begin(f *ingest.Frame) {
	head, err := header(f.Session, f.Params)
	if err != nil {
		// Parameter sets that cannot be put into a header cannot be decoded either.
		c.r.cfg.Log.Warn("the camera's stream cannot be recorded", "camera", c.r.cfg.Camera, "err", err)
		return
	}
	if c.session != f.Session {
		c.sound, c.soundSpan = nil, 0
		c.flac = c.flacOf(f.Session.Audio)
	}
	c.session, c.params, c.open, c.broken = f.Session, f.Params, true, false
	c.began, c.partBegan, c.sequence = f.DTS, f.DTS, 0
	c.part = &part{}
	if !c.packOpen {
		c.packOpen, c.packBegan, c.epoch = true, f.DTS, c.r.currentEpoch()
		c.r.sealing(c.epoch.ID)
	}
	c.put(op{kind: opOpen, epoch: c.epoch, from: f.Session, head: head, key: f, start: f.At})
}

// flacOf begins the encoder of a session with G.711.
func (c *cutter) flacOf(s *ingest.Sound) *lossless.Encoder {
	if s == nil || s.Codec != ingest.PCMA && s.Codec != ingest.PCMU {
		return nil
	}
	e, err := lossless.New(s.Rate, s.Channels, s.Codec == ingest.PCMU)
	if err != nil {
		c.r.cfg.Log.Warn("the camera's sound cannot be recorded", "camera", c.r.cfg.Camera, "err", err)
	}
	return e
}

// flush hands a part to the writer.
func (c *cutter) flush(next int64) {
	if c.part.empty() {
		return
	}
	p := c.part
	c.sequence++
	p.sequence = c.sequence
	c.part, c.partBegan = &part{}, next
	c.r.queued.Add(int64(p.bytes))
	c.put(op{kind: opPart, head: p.head(), part: p})
}

func (c *cutter) finish(end time.Time) {
	last := c.partBegan
	if n := len(c.part.video); n > 0 {
		last = c.part.video[n-1].frame.DTS + int64(c.part.video[n-1].duration)
	}
	c.flush(last)
	media := (last - c.began) * 1_000_000 / ingest.VideoRate
	c.put(op{kind: opFinish, end: end, media: media})
	c.open = false
}

// closePack ends the pack. asked says that somebody waits for it.
func (c *cutter) closePack(asked bool) {
	if c.packOpen {
		c.packOpen = false
		c.r.closing.Add(1)
		c.put(op{kind: opPack, asked: asked})
		c.r.sealing("")
	}
}

// lost ends the session: the picture and the sound that still wait get the duration of those before them.
func (c *cutter) lost(at time.Time, why string) {
	if c.open {
		if c.picture != nil {
			span := c.pictureSpan
			if span == 0 {
				span = ingest.VideoRate / 25
			}
			end := c.picture.DTS + int64(span)
			c.last = c.last.Add(time.Duration(span) * time.Second / ingest.VideoRate)
			c.settle(end)
		}
		if c.sound != nil {
			c.settleSound(c.sound.PTS + int64(max(c.soundSpan, 1)))
		}
		c.finish(c.last)
	}
	c.closePack(false)
	c.gap(why)
	c.session, c.picture, c.sound, c.pictureSpan = nil, nil, nil, 0
}

// overrun gives up the rest of the segment: the writer is too far behind.
func (c *cutter) overrun(end time.Time) {
	c.r.cfg.Log.Warn("the disk is too slow; recording pauses until it has caught up", "camera", c.r.cfg.Camera)
	c.finish(end)
	c.closePack(false)
	c.gap(manifest.GapDisk)
	c.picture, c.sound, c.stuck = nil, nil, true
}

// gap tells the writer, once, that what comes next does not follow on what came before.
func (c *cutter) gap(why string) {
	if !c.broken {
		c.broken = true
		c.put(op{kind: opLost, why: why})
	}
}

// put does not wait: overrun keeps room in the channel for what ends a segment, and gap for what comes between.
func (c *cutter) put(o op) { c.r.ops <- o }
