// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"keyhold/home/confine"
)

const (
	// madePause is for how long pictures go as they came after a child has failed to make others of them; twice as long
	// after each further failure, up to mostPause.
	madePause = time.Minute
	mostPause = time.Hour
	// madeLong is how long a child has worked before what it costs is told: its start is no measure.
	madeLong = 2 * time.Second
)

// Sent is what a camera sends, whatever is made of it.
type Sent struct {
	Params *Params
	// Rate is how many pictures come in a second; 0 where that is not known yet.
	Rate float64
}

// A gauge sees what a camera sends. Frames come on one goroutine.
type gauge struct {
	session *Session
	from    int64 // decoding time of the newest key frame
	count   int   // pictures from there on
	seen    atomic.Pointer[Sent]
}

func (g *gauge) frame(f *Frame) {
	if f.Kind != Video {
		return
	}
	g.count++
	if !f.Key {
		return
	}
	said := Sent{Params: f.Params}
	if before := g.seen.Load(); before != nil {
		said.Rate = before.Rate
	}
	if long := f.DTS - g.from; g.session == f.Session && long > VideoRate/2 {
		said.Rate = float64(g.count-1) * VideoRate / float64(long)
	}
	if g.session != f.Session || f.DTS-g.from > VideoRate/2 {
		g.session, g.from, g.count = f.Session, f.DTS, 1
	}
	g.seen.Store(&said)
}

// Sent tells what the camera sends; nil before its first picture.
func (s *Source) Sent() *Sent { return s.sent.seen.Load() }

// Cost is how much of a processor core a child needs to make this camera's pictures anew, in percent, as it was measured;
// 0 where none does or it has just begun.
func (s *Source) Cost() int64 {
	if s.veil == nil {
		return 0
	}
	return s.veil.cost.Load()
}

// measure is called every second.
func (c *cover) measure() {
	if c.child == nil {
		c.cost.Store(0)
		return
	}
	if long := c.now().Sub(c.began); long >= madeLong {
		if spent, ok := c.child.spent(); ok {
			c.cost.Store(max(1, int64(100*spent/long)))
		}
	}
}

// pass gives out a frame as it came, where nothing is hidden and there is nothing to make of it: the camera sends H.264,
// or a child has just failed. Somebody who wanted other pictures rather has these than none.
func (c *cover) pass(ctx context.Context, f *Frame) bool {
	if c.hide {
		return false
	}
	if c.slow.Swap(false) && c.child != nil {
		c.fail(errSlow)
	}
	if f.Kind == Video && f.Key {
		passing := f.Params.Codec == H264 || c.now().Before(c.plain)
		if passing != c.passing {
			c.finish(ctx)
			c.end(f.At, ReasonCamera)
		}
		c.passing = passing
	}
	if !c.passing {
		return false
	}
	if c.shown != f.Session {
		if f.Kind != Video || !f.Key {
			return true
		}
		c.end(f.At, ReasonCamera)
		c.shown = f.Session
	}
	c.give(f)
	return true
}

func (s *Source) unmade(err error) {
	s.cfg.Log.Warn("the camera's pictures cannot be made into H.264; for a while they are recorded as they come", "error", strings.TrimSpace(err.Error()))
}

// spent is how much processor time the child has taken.
func (c *coverChild) spent() (time.Duration, bool) {
	d, err := confine.Spent(c.pid)
	return d, err == nil
}
