// SPDX-License-Identifier: Apache-2.0

package view

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

const (
	// mostOfDevice and most bound the views at once, perMinute the offers and questions of one device.
	mostOfDevice = 4
	most         = 32
	perMinute    = 30
	// lateEvery is how often at most a device is told that its clock is wrong.
	lateEvery = 10 * time.Second
)

// caller is what is remembered of a device that sends signals.
type caller struct {
	often *rate.Limiter
	late  *rate.Limiter
}

// Signal takes what a device has sent, opened, and says whether it is that device's word, whatever becomes of it. It does
// not wait.
func (d *Desk) Signal(from id.Device, body []byte) (theirs bool) {
	r := signal.Reading{To: id.Hub, Roster: d.c.Roster(), Now: d.c.Now().UnixMilli(), Seen: d.seen}
	s, hash, err := r.Read(body, from)
	if err != nil && s == nil {
		d.c.Log.Warn("a signal was dropped", "error", err)
		return false
	}
	d.Heard(from)
	if err != nil {
		d.refuseEarly(s, err)
		return true
	}
	switch s.Kind {
	case signal.Offer:
		d.goOn(func() { d.offered(s, hash) })
	case signal.Ask:
		if d.caller(s.From).often.AllowN(d.c.Now(), 1) {
			d.goOn(func() { d.tell(true, s.From) })
		}
	case signal.End:
		d.leave(s)
	}
	return true
}

// goOn runs something that Close waits for, unless the desk is closed.
func (d *Desk) goOn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.wg.Go(f)
	}
}

// seen remembers a nonce, and says whether it came before.
func (d *Desk) seen(nonce []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.c.Now().UnixMilli()
	if len(d.nonces) >= d.forgetAt {
		maps.DeleteFunc(d.nonces, func(_ string, until int64) bool { return until < now })
		d.forgetAt = 2*len(d.nonces) + 64
	}
	_, ok := d.nonces[string(nonce)]
	d.nonces[string(nonce)] = now + 2*signal.Window
	return ok
}

// refuseEarly answers an offer whose signature holds, and that does not fit the hub's time or roster.
func (d *Desk) refuseEarly(s *signal.Signal, err error) {
	word := ""
	switch {
	case s.Kind != signal.Offer:
	case rule.Of(err) == rule.Time && d.caller(s.From).late.AllowN(d.c.Now(), 1):
		word = signal.Late
	case rule.Of(err) == rule.Head:
		word = signal.Stale
	}
	d.c.Log.Info("a signal was refused", "device", string(s.From), "rule", string(rule.Of(err)), "answer", word)
	if word != "" {
		d.goOn(func() { d.refuse(s, word) })
	}
}

func (d *Desk) caller(dev id.Device) *caller {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.callers[dev]
	if c == nil {
		c = &caller{often: rate.NewLimiter(rate.Every(time.Minute/perMinute), perMinute), late: rate.NewLimiter(rate.Every(lateEvery), 1)}
		d.callers[dev] = c
	}
	return c
}

// admit asks everything that can be asked before there is a connection.
func (d *Desk) admit(s *signal.Signal, hash id.Hash) (*open, string) {
	roster := d.c.Roster()
	m, ok := roster.Ever(s.From) // one that has gone a moment ago is for May to refuse
	if !ok || !d.mayAll(s) {
		return nil, signal.Denied
	}
	list, err := d.c.InUse(d.work)
	if err != nil {
		d.c.Log.Error("a view failed", "error", err)
		return nil, signal.Busy
	}
	for _, c := range s.Cameras {
		if !slices.Contains(list, c) {
			return nil, signal.NotFound
		}
		if d.c.Private(c) {
			return nil, signal.Private
		}
	}
	return d.enter(s, m.Person, hash, nil)
}

// enter takes a view in, as far as there is room for one more.
func (d *Desk) enter(s *signal.Signal, person id.Person, hash id.Hash, reads func() bool) (*open, string) {
	if !d.caller(s.From).often.AllowN(d.c.Now(), 1) {
		return nil, signal.Busy
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	own := 0
	for _, o := range d.open {
		if o.offer.From == s.From {
			own++
		}
	}
	if d.open[s.View] != nil {
		return nil, signal.Invalid // a view begins once
	}
	if own >= mostOfDevice || len(d.open) >= most || d.closed {
		return nil, signal.Busy
	}
	o := &open{offer: s, person: person, hash: hash, reads: reads, since: d.c.Now().UnixMilli(), ended: make(chan struct{})}
	d.open[s.View] = o
	return o, ""
}

func (d *Desk) mayAll(s *signal.Signal) bool {
	for _, c := range s.Cameras {
		if !d.c.May(s.From, roster.Live, c) {
			return false
		}
	}
	return true
}
