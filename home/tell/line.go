// SPDX-License-Identifier: Apache-2.0

package tell

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"keyhold/home/door"
	"keyhold/home/gate"
	"keyhold/statement/rule"
)

const (
	// patience is how long after a press it is tried to tell of it.
	patience = 5 * time.Minute
	// first and longest are between two tries.
	first, longest = time.Second, 30 * time.Second
	// tryTime bounds one try, however a server answers.
	tryTime = 10 * time.Second
	// mostWait is how many visits wait for a slow server; ceiling is how many are told in an hour.
	mostWait = 16
	ceiling  = 20
)

// ring is a visit that is to be told.
type ring struct {
	camera string // its name
	at     time.Time
}

// line is a channel at work.
type line struct {
	Channel
	d     *Desk
	ctx   context.Context
	stop  context.CancelFunc
	rings chan ring
	done  chan struct{}
	state State       // guarded by Desk.mu
	taken []time.Time // when visits of the last hour were taken; guarded by Desk.mu
}

func newLine(d *Desk, c Channel) *line {
	l := &line{Channel: c, d: d, rings: make(chan ring, mostWait), done: make(chan struct{}), state: State{State: Untried, Since: d.c.Now()}}
	l.ctx, l.stop = context.WithCancel(d.ctx)
	return l
}

// take has a visit told, if there is room for it. Desk.mu is held.
func (l *line) take(r ring) {
	now := l.d.c.Now()
	l.taken = slices.DeleteFunc(l.taken, func(t time.Time) bool { return now.Sub(t) >= time.Hour || t.After(now) })
	if len(l.taken) >= ceiling && !rule.Off(rule.Quota) {
		l.missed("too many in an hour")
		return
	}
	select {
	case l.rings <- r:
		l.taken = append(l.taken, now)
	default:
		l.missed("too many wait")
	}
}

// missed counts a visit that is not told. Desk.mu is held.
func (l *line) missed(reason string) {
	l.state.Missed++
	l.d.c.Log.Warn("a visit is not told by a channel", "kind", l.Kind, "reason", reason)
}

// run tells of one visit after the other, until the channel ends.
func (l *line) run() {
	defer close(l.done)
	defer l.stop()
	for {
		select {
		case r := <-l.rings:
			l.deliver(r)
		case <-l.ctx.Done():
			return
		}
	}
}

// deliver tries until the channel has taken it, or never will, or it is too late.
func (l *line) deliver(r ring) {
	for pause := first; ; pause = min(2*pause, longest) {
		if l.d.c.Now().Sub(r.at) > patience {
			break
		}
		err := l.try(l.ctx, l.text(r))
		if err == nil || l.ctx.Err() != nil {
			return
		}
		if state := why(err); state != door.Away {
			break // it would be no better the next time
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-l.ctx.Done():
			t.Stop()
			return
		}
	}
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.missed("not taken in time")
}

// try tells one thing once, and notes what came of it.
func (l *line) try(ctx context.Context, t text) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	err := ErrWay // of a version to come
	if tell := ways[l.Kind]; tell != nil {
		err = tell(ctx, l, t)
	}
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	if err == nil {
		l.state.Told = l.d.c.Now()
	}
	if state := why(err); l.state.State != state {
		l.state.State, l.state.Since = state, l.d.c.Now()
		l.d.c.Log.Info("a channel's state changed", "kind", l.Kind, "state", state)
	}
	return err
}

// allowed says whether the hub goes to an address, by TLS or without.
func (l *line) allowed(tls bool) func(netip.AddrPort) error {
	return func(to netip.AddrPort) error { return gate.Told(to, tls, l.d.c.Here, l.d.c.Near) }
}
