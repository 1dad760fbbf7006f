// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"sync"
	"time"

	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

const (
	// mostUnheard is how many alerts a device is mailed that says nothing in return: its mailbox has an end.
	mostUnheard = 64
	// atOnce is how many devices are told side by side, sendTime how long one may take, and followTime how long the next
	// alert of a device waits for that.
	atOnce     = 16
	sendTime   = 10 * time.Second
	followTime = 2 * time.Second
)

// Config is what a Desk needs. All fields must be set.
type Config struct {
	Key    ed25519.PrivateKey
	Roster func() *roster.State
	// May says whether a device is to know of a camera now, and its person wants to.
	May func(id.Device, id.Camera) bool
	// Here brings a piece of mail to a device that is at home, if it is. It does not wait.
	Here func(to id.Device, sealed []byte) bool
	// Send brings the same by the cloud, also to a device that is at home: nobody knows whether it still listens there.
	Send func(ctx context.Context, to id.Device, sealed []byte) error
	// Push brings the same to a device whose app is closed, if it wants that. It does not wait.
	Push func(a alert.Alert, to id.Device, sealed []byte)
	Log  *slog.Logger
}

// Desk tells the devices of a household. It is safe for concurrent use.
type Desk struct {
	c  Config
	mu sync.Mutex
	// unheard counts the alerts that each device was sent since it was heard; guarded by mu.
	unheard map[id.Device]int
	// last closes once the newest alert of a device has been told; guarded by mu.
	last map[id.Device]chan struct{}
	turn chan struct{} // holds a token for each device that is being told
}

// NewDesk makes one.
func NewDesk(c Config) *Desk {
	return &Desk{c: c, unheard: map[id.Device]int{}, last: map[id.Device]chan struct{}{}, turn: make(chan struct{}, atOnce)}
}

// Heard says that a device is there.
func (d *Desk) Heard(dev id.Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.unheard, dev)
}

// Tell tells all who are to know: those at home at once, whatever becomes of the cloud, and begins to tell them by the
// cloud; wait returns when each has been told or could not be. Alerts are told in the order of the calls: a device takes
// one that another has overtaken for late.
func (d *Desk) Tell(ctx context.Context, a alert.Alert) (wait func()) {
	s := d.c.Roster()
	var wg sync.WaitGroup
	for _, m := range s.Members {
		if !m.ID.Valid() || !d.c.May(m.ID, a.Camera) {
			continue
		}
		reader, ok := s.Reader(m.ID)
		if !ok {
			continue // it has gone
		}
		sealed, err := Seal(a, s.Household, m.ID, reader, d.c.Key)
		if err != nil {
			d.c.Log.Error("an alert was not made", "device", string(m.ID), "error", err)
			continue
		}
		d.c.Here(m.ID, sealed)
		d.c.Push(a, m.ID, sealed)
		before, done := d.line(m.ID)
		wg.Go(func() {
			defer close(done)
			follow(ctx, before)
			d.turn <- struct{}{}
			defer func() { <-d.turn }()
			if err := d.send(ctx, m.ID, sealed); err != nil {
				d.c.Log.Info("an alert was not delivered by the cloud", "device", string(m.ID), "error", err)
			}
		})
	}
	return wg.Wait
}

// line puts an alert behind the one before it for a device.
func (d *Desk) line(dev id.Device) (before <-chan struct{}, done chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, done = d.last[dev], make(chan struct{})
	d.last[dev] = done
	return before, done
}

// follow waits for the alert before, but not for long: a way that hangs is not to keep a bell from ringing.
func follow(ctx context.Context, before <-chan struct{}) {
	if before == nil {
		return
	}
	t := time.NewTimer(followTime)
	defer t.Stop()
	select {
	case <-before:
	case <-t.C:
	case <-ctx.Done():
	}
}

func (d *Desk) send(ctx context.Context, to id.Device, sealed []byte) error {
	if !d.room(to) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return d.c.Send(ctx, to, sealed)
}

// room says whether a device is mailed one more.
func (d *Desk) room(dev id.Device) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unheard[dev]++
	return d.unheard[dev] <= mostUnheard
}
