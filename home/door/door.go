// SPDX-License-Identifier: Apache-2.0

// Package door hears the bells: who presses a button at a camera's door.
//
// A bell is told to the hub by the camera itself (ONVIF events), by a request to a secret address of the hub's (webhook),
// or by a broker (MQTT). It promises that a press is reported once, whatever a source repeats, and that nothing but a
// press is: what a camera sees moving is none, whoever says so, and how often somebody presses bounds what the hub does
// about it. It trusts nothing that comes: answers, messages and requests are bounded. It keeps nothing on disk; what
// comes again after a restart of the hub was a press before it, and sources do not keep those.
package door

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"keyhold/statement/id"
)

// Kinds of bells, which are the sources of presses (docs/protocol.md 16).
const (
	ONVIF   = "onvif"
	Webhook = "webhook"
	MQTT    = "mqtt"
)

// Bell is by what the hub hears that somebody presses. URL, User and Password, and Secret are never logged.
type Bell struct {
	Kind string `json:"kind"`
	// Password and User are the broker's or the camera's.
	Password string `json:"password"`
	// Payload is the one message that is a press, "" for every one but those that say that a button was let go. Topic is
	// where it comes. Both are MQTT's.
	Payload string `json:"payload"`
	// Secret is the last part of the webhook's address.
	Secret string `json:"secret"`
	Topic  string `json:"topic"`
	// URL is the broker's, mqtt://host:port or mqtts://host:port, or where the camera itself is asked (ONVIF).
	URL  string `json:"url"`
	User string `json:"user"`
}

// Press says that somebody has pressed.
type Press struct {
	Camera id.Camera
	Source string
	At     time.Time
}

// States of a bell.
const (
	Listening  = "listening"  // a press would be heard
	Connecting = "connecting" // nothing is known yet
	Away       = "away"       // it does not answer
	Refused    = "refused"    // it does not accept user and password
	Barred     = "barred"     // its address leads to where the hub does not go
)

// State is how a bell does.
type State struct {
	State string
	Since time.Time
	// Pressed is when it was pressed last, as far as this process knows.
	Pressed time.Time
}

// Config is what Bells need. All fields must be set but Here.
type Config struct {
	// Pressed takes each press, in order, on one goroutine.
	Pressed func(context.Context, Press)
	// Here are brokers on this computer that may be connected to.
	Here []netip.AddrPort
	Now  func() time.Time
	Log  *slog.Logger
}

// mostWaiting is how many presses may wait to be taken: what is more is a flood, and dropped.
const mostWaiting = 64

// Bells are those of all cameras. It is safe for concurrent use.
type Bells struct {
	c     Config
	queue chan Press
	ctx   context.Context
	stop  context.CancelFunc
	wg    sync.WaitGroup

	mu    sync.Mutex
	bells map[id.Camera]*bell         // guarded by mu
	by    map[[32]byte]id.Camera      // webhooks, by the hash of their secret; guarded by mu
	calm  map[id.Camera]*calm         // guarded by mu
	turn  map[id.Camera]chan struct{} // closes when a camera's bell is another; guarded by mu
}

// bell is one at work.
type bell struct {
	Bell
	state State
	stop  context.CancelFunc
	done  chan struct{}
}

// New prepares it; presses are taken until Close, or until the context ends.
func New(ctx context.Context, c Config) *Bells {
	b := &Bells{
		c: c, queue: make(chan Press, mostWaiting),
		bells: map[id.Camera]*bell{}, by: map[[32]byte]id.Camera{}, calm: map[id.Camera]*calm{}, turn: map[id.Camera]chan struct{}{},
	}
	b.ctx, b.stop = context.WithCancel(ctx)
	b.wg.Go(func() {
		for {
			select {
			case p := <-b.queue:
				b.c.Pressed(b.ctx, p)
			case <-b.ctx.Done():
				return
			}
		}
	})
	return b
}

// Close ends everything that listens, and waits for it.
func (b *Bells) Close() {
	b.stop()
	b.mu.Lock()
	var done []chan struct{}
	for _, one := range b.bells {
		one.stop()
		done = append(done, one.done)
	}
	b.mu.Unlock()
	for _, d := range done {
		<-d
	}
	b.wg.Wait()
}

// Set gives a camera a bell in the place of the one that it has; nil for none. A bell of ONVIF is connected by Listen.
func (b *Bells) Set(camera id.Camera, to *Bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.bells[camera]; old != nil {
		old.stop()
		delete(b.bells, camera)
		if old.Kind == Webhook {
			delete(b.by, hashOf(old.Secret))
		}
	}
	if t := b.turn[camera]; t != nil {
		close(t)
		delete(b.turn, camera)
	}
	if to == nil || b.ctx.Err() != nil {
		delete(b.calm, camera)
		return
	}
	run, stop := context.WithCancel(b.ctx)
	one := &bell{Bell: *to, state: State{State: Connecting, Since: b.c.Now()}, stop: stop, done: make(chan struct{})}
	b.bells[camera] = one
	switch to.Kind {
	case Webhook:
		b.by[hashOf(to.Secret)] = camera
		one.state.State = Listening
		close(one.done)
	case MQTT:
		b.wg.Go(func() {
			defer close(one.done)
			b.broker(run, camera, one)
		})
	default:
		close(one.done) // it is Listen's
	}
}

// Listen hears a camera's own bell, if it has one of ONVIF, until the context ends. When it returns, nothing is connected
// to the camera.
func (b *Bells) Listen(ctx context.Context, camera id.Camera) {
	for ctx.Err() == nil {
		one, turn := b.current(camera)
		run, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		if one != nil && one.Kind == ONVIF {
			wg.Go(func() { b.events(run, camera, one) })
		}
		select {
		case <-turn:
		case <-ctx.Done():
		}
		cancel()
		wg.Wait()
		if one != nil && one.Kind == ONVIF {
			b.is(one, Connecting)
		}
	}
}

// current is a camera's bell, and what closes when it is another.
func (b *Bells) current(camera id.Camera) (*bell, chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turn[camera] == nil {
		b.turn[camera] = make(chan struct{})
	}
	return b.bells[camera], b.turn[camera]
}

// State tells how a camera's bell does.
func (b *Bells) State(camera id.Camera) (kind string, s State, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.bells[camera]
	if one == nil {
		return "", State{}, false
	}
	return one.Kind, one.state, true
}

// is notes how a bell does.
func (b *Bells) is(one *bell, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one.state.State != state {
		one.state.State, one.state.Since = state, b.c.Now()
		b.c.Log.Info("a bell's state changed", "kind", one.Kind, "state", state)
	}
}

// sleep waits, and says whether the context still goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
