// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"keyhold/statement/rule"
)

const (
	// coverQueue is how many frames may wait for being covered; who is too slow loses them up to the next key frame.
	coverQueue = 512
	// coverLate is how long a child may keep a picture, from its start on.
	coverLate = 15 * time.Second
	// coverPause is how long after it failed a child is started again.
	coverPause = 3 * time.Second
	// coverSteady is how long a child has to work so that an earlier failure counts no more: one that makes a few pictures
	// and fails again changes the form of the recording each time.
	coverSteady = 5 * time.Minute
	// coverLong is how long one child is used: its output counts milliseconds in 32 bits.
	coverLong = 12 * time.Hour
	// coverBase keeps the times that a child is given above 0: pictures may be shown before the first key frame.
	coverBase = 10_000
)

// An Area is a part of the picture, in thousandths of its width and height.
type Area struct{ Left, Top, Width, Height int64 }

// coverFilter fills areas, each a little larger than said where its edge lies within a block of four pixels: colours have
// half the lines. It knows no size: what it is told holds for what the decoder gives, whatever the camera says of it.
func coverFilter(areas []Area) string {
	f := "format=yuv420p,crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0"
	if rule.Off(rule.Masks) {
		return f
	}
	edges := func(of string, from, length int64) (string, string) {
		first := fmt.Sprintf("2*floor(%s*%d/2000)", of, from)
		return first, fmt.Sprintf("2*ceil(%s*%d/2000)-%s", of, from+length, first)
	}
	for _, a := range areas {
		x, w := edges("iw", a.Left, a.Width)
		y, h := edges("ih", a.Top, a.Height)
		f += fmt.Sprintf(",drawbox=x='%s':y='%s':w='%s':h='%s':color=black:t=fill", x, y, w, h)
	}
	return f
}

// A cover stands between the frames of a camera and everybody who takes them. It lets a child decode the pictures, fill
// what is not to be seen, and encode them again; sound waits for the pictures that it came with. Where anything is not to
// be seen, nothing gets past it that a child did not make: where there is none, there is no picture.
type cover struct {
	program string
	filter  string
	give    func(*Frame)
	lost    func(time.Time, Reason)
	failed  func(error)
	now     func() time.Time
	hide    bool // something is not to be seen: nobody gets what the child did not make

	cost atomic.Int64 // of the child, in percent of a processor core
	slow atomic.Bool  // frames were lost on the way in

	in       chan covering
	skipping bool // owned by the source's goroutine

	// What follows is owned by run.
	child   *coverChild
	next    []byte // what the child has not taken yet
	waiting []inHand
	session *Session // of the child's pictures
	shown   *Session // that has been given out and is not lost yet
	params  *Params  // of the camera, that the child was started with
	made    *Params  // of the child's pictures
	zero    int64    // video time of the child's first picture
	decoded int64    // the last decoding time that the child was given, ms
	last    int64    // video time of the last picture that was given out
	began   time.Time
	moved   time.Time // when the child last gave something, or was first asked to
	rest    time.Time // no other child before
	// Where nothing is hidden, pictures go as they came until plain, for pause after a child has failed; passing: they do.
	plain   time.Time
	pause   time.Duration
	passing bool
}

// covering is what comes from the camera: a frame, or the end of a session.
type covering struct {
	frame *Frame
	at    time.Time
	why   Reason
}

// inHand is a picture in the child's hands, or sound that came with it.
type inHand struct {
	frame *Frame
	at    int64 // when the child shows the picture, ms
}

// take is called by the source; it does not wait.
func (c *cover) take(x covering) {
	if f := x.frame; c.skipping && f != nil && (f.Kind != Video || !f.Key) {
		return
	}
	select {
	case c.in <- x:
		c.skipping = false
	default:
		c.skipping = true
		c.slow.Store(true)
	}
}

// run works until the context ends. It alone gives frames out.
func (c *cover) run(ctx context.Context) {
	defer func() { c.drop() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		in, to := c.in, chan<- []byte(nil)
		var out <-chan *coverPicture
		if c.child != nil {
			out = c.child.out
			if c.next != nil {
				in, to = nil, c.child.in
			}
		}
		select {
		case <-ctx.Done():
			return
		case x := <-in:
			c.handle(ctx, x)
		case to <- c.next:
			c.next = nil
		case p, ok := <-out:
			c.came(p, ok)
		case <-tick.C:
			c.measure()
			if c.child != nil && c.pictures() && c.now().Sub(c.moved) > coverLate {
				c.fail(errors.New("cover: nothing comes of the pictures"))
			}
		}
	}
}

// came takes what the child made; ok is false where its output has ended.
func (c *cover) came(p *coverPicture, ok bool) {
	var err error
	if !ok {
		err = c.child.err
	} else {
		err = c.emit(p)
	}
	if err != nil {
		c.fail(err)
	}
}

func (c *cover) handle(ctx context.Context, x covering) {
	f := x.frame
	if f == nil {
		c.finish(ctx)
		c.end(x.at, x.why)
		return
	}
	if c.pass(ctx, f) {
		return
	}
	if f.Kind == Audio {
		if c.child != nil && f.Session == c.session && len(c.waiting) < coverQueue {
			c.waiting = append(c.waiting, inHand{frame: f})
		}
		return
	}
	if c.child != nil && (f.Session != c.session || f.Key && (!f.Params.Same(c.params) || c.now().Sub(c.began) > coverLong)) {
		c.finish(ctx)
	}
	if c.shown != nil && f.Session != c.shown {
		c.end(f.At, ReasonCamera)
	}
	if c.child == nil {
		if !f.Key || c.now().Before(c.rest) {
			return
		}
		if err := c.start(f); err != nil {
			c.fail(err)
			c.pass(ctx, f)
			return
		}
	}
	if len(c.waiting) >= 2*coverQueue {
		c.fail(errors.New("cover: too many pictures wait"))
		return
	}
	c.hand(f)
}

// start begins with a key frame.
func (c *cover) start(f *Frame) error {
	child, err := startCover(c.program, c.filter)
	if err != nil {
		return err
	}
	c.child, c.session, c.params, c.zero, c.decoded = child, f.Session, f.Params, f.DTS, -1
	c.began, c.moved = c.now(), c.now()
	c.next, err = coverHead(f.Params)
	return err
}

// hand gives the child a picture. Its times are whole milliseconds, by which what the child makes of it is known again.
func (c *cover) hand(f *Frame) {
	ms := func(t int64) int64 { return coverBase + (t-c.zero)*1000/VideoRate }
	c.decoded = max(ms(f.DTS), c.decoded+1)
	at := max(ms(f.PTS), c.decoded)
	for c.find(at) >= 0 {
		at++
	}
	if !c.pictures() {
		c.moved = c.now()
	}
	c.waiting = append(c.waiting, inHand{f, at})
	b, err := coverPart(f, c.decoded, at)
	if err != nil {
		c.fail(err)
		return
	}
	c.next = append(c.next, b...)
}

// pictures says whether one is in the child's hands.
func (c *cover) pictures() bool {
	return slices.ContainsFunc(c.waiting, func(w inHand) bool { return w.frame.Kind == Video })
}

// find is where a picture waits, or -1.
func (c *cover) find(at int64) int {
	for i, w := range c.waiting {
		if w.at == at && w.frame.Kind == Video {
			return i
		}
	}
	return -1
}

// emit gives out a picture that was covered, and before it the sound that came before it.
func (c *cover) emit(p *coverPicture) error {
	i := c.find(p.at)
	if i < 0 {
		return errors.New("cover: a picture that nobody asked for")
	}
	f := c.waiting[i].frame
	kept := c.waiting[:0:0]
	for j, w := range c.waiting {
		switch {
		case w.frame.Kind == Audio && j < i:
			if c.shown == w.frame.Session {
				c.give(w.frame)
			}
		case w.frame.Kind == Audio || w.at > p.at:
			kept = append(kept, w)
		}
	}
	c.waiting, c.moved = kept, c.now()
	if c.shown == f.Session && f.PTS <= c.last {
		return nil
	}
	if !p.params.Same(c.made) {
		c.made = p.params
	}
	if c.shown, c.last = f.Session, f.PTS; c.now().Sub(c.began) >= coverSteady {
		c.pause = 0
	}
	c.give(&Frame{
		Session: f.Session, Kind: Video, PTS: f.PTS, DTS: f.PTS, Key: p.key, Params: c.made, Units: p.units, At: f.At.Add(ticks(f.PTS-f.DTS, VideoRate)),
	})
	return nil
}

// finish lets the child make what it has been given, and ends it.
func (c *cover) finish(ctx context.Context) {
	if c.child == nil {
		return
	}
	late := time.NewTimer(coverLate)
	defer late.Stop()
	for c.next != nil {
		select {
		case c.child.in <- c.next:
			c.next = nil
		case p, ok := <-c.child.out:
			if !ok || c.emit(p) != nil {
				c.drop()
				return
			}
		case <-late.C:
			c.drop()
			return
		case <-ctx.Done():
			return
		}
	}
	c.child.close()
	for {
		select {
		case p, ok := <-c.child.out:
			if !ok || c.emit(p) != nil {
				c.drop()
				return
			}
		case <-late.C:
			c.drop()
			return
		case <-ctx.Done():
			return
		}
	}
}

// drop ends the child, whatever it has.
func (c *cover) drop() {
	if c.child != nil {
		c.child.end()
	}
	c.child, c.next, c.waiting, c.session, c.params, c.made = nil, nil, nil, nil, nil, nil
}

// fail ends the child, and what has been shown: what follows needs not follow on it.
func (c *cover) fail(err error) {
	c.drop()
	c.rest, c.pause = c.now().Add(coverPause), min(max(2*c.pause, madePause), mostPause)
	c.plain = c.now().Add(c.pause)
	c.end(c.now(), ReasonCamera)
	c.failed(err)
}

// end says that a session is over, once.
func (c *cover) end(at time.Time, why Reason) {
	if c.shown != nil {
		c.shown = nil
		c.lost(at, why)
	}
}

// errSlow is for pictures that come faster than they are made.
var errSlow = errors.New("cover: pictures come faster than they can be made")

// errUncovered is for pictures that cannot be covered.
var errUncovered = errors.New("the picture cannot be covered, so nobody gets it")

func (s *Source) uncovered(err error) {
	if s.Status().State != StateUncovered {
		s.cfg.Log.Error("parts of the camera's picture are to be covered and cannot be; it is not recorded and not shown", "error", strings.TrimSpace(errors.Join(errUncovered, err).Error()))
	}
	s.setState(StateUncovered)
}
