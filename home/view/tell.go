// SPDX-License-Identifier: Apache-2.0

package view

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

const (
	// mostUnheard is how many lists a device is sent that says nothing in return: its mailbox has an end.
	mostUnheard = 64
	// repeatEvery is how often the list is told while somebody watches.
	repeatEvery = time.Minute
	// tellAtOnce is how many devices are told side by side, and tellTime how long media waits for that.
	tellAtOnce = 8
	tellTime   = 2 * time.Second
)

// listener is what is remembered of a device that is told.
type listener struct {
	unheard int   // lists since it was heard
	last    int64 // time of the last list
	some    bool  // there was something in it
}

// Heard says that a device is there: it has sent something that holds.
func (d *Desk) Heard(dev id.Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.listeners[dev]; l != nil {
		l.unheard = 0
	}
}

// devices are all that are told.
func (d *Desk) devices() []id.Device {
	var out []id.Device
	for _, m := range d.c.Roster().Members {
		if m.ID.Valid() {
			out = append(out, m.ID)
		}
	}
	return out
}

// Tell tells everybody anew, beside the caller: something has become private, or is not any more.
func (d *Desk) Tell() {
	d.goOn(func() { d.tell(false, d.devices()...) })
}

// tell gives devices the list of what is being watched and what is private, as far as each may know it. always tells also who has nothing
// new to hear. Those at home have it at once. It waits until the cloud has them all, but not for long. It is called by
// something that Close waits for.
func (d *Desk) tell(always bool, to ...id.Device) {
	s := d.c.Roster()
	var mail []func() error
	for _, w := range d.lists(s, always, to) {
		mail = append(mail, d.letter(s, w.To, signal.ThingWatching, w))
	}
	done := make(chan struct{})
	d.wg.Go(func() { // whoever calls is waited for itself
		defer close(done)
		var wg sync.WaitGroup
		turn := make(chan struct{}, tellAtOnce)
		for _, send := range mail {
			turn <- struct{}{}
			wg.Go(func() {
				defer func() { <-turn }()
				_ = send() // it is logged; the next list says it all again
			})
		}
		wg.Wait()
	})
	t := time.NewTimer(tellTime)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C: // what is left is sent all the same
	}
}

// lists makes the lists at one moment, so that a later one is never older.
func (d *Desk) lists(s *roster.State, always bool, to []id.Device) []*signal.Watching {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []signal.Look
	for _, o := range d.open {
		if !o.told {
			continue
		}
		for _, c := range o.offer.Cameras {
			all = append(all, signal.Look{Camera: c, Device: o.offer.From, Person: o.person, Since: o.since, View: o.offer.View})
		}
	}
	signal.Sort(all)
	private := d.c.Off()
	var talks []signal.Look
	if d.c.Talks != nil {
		talks = d.c.Talks()
	}
	all = all[:min(len(all), signal.MaxLooks-len(private)-len(talks))]
	var out []*signal.Watching
	for _, dev := range to {
		l := d.listeners[dev]
		if l == nil {
			l = &listener{}
			d.listeners[dev] = l
		}
		known := func(list []signal.Look) []signal.Look {
			out := []signal.Look{}
			for _, x := range list {
				if d.c.May(dev, roster.Live, x.Camera) || d.c.May(dev, roster.History, x.Camera) {
					out = append(out, x)
				}
			}
			return out
		}
		looks := known(all)
		off := []signal.Off{}
		for _, x := range private {
			if d.c.May(dev, roster.Live, x.Camera) || d.c.May(dev, roster.History, x.Camera) || d.c.May(dev, roster.Private, x.Camera) {
				off = append(off, x)
			}
		}
		if len(looks)+len(off) == 0 && !l.some && !always || l.unheard >= mostUnheard {
			continue
		}
		l.unheard++
		l.some = len(looks)+len(off) > 0
		l.last = max(d.c.Now().UnixMilli(), l.last+1)
		out = append(out, &signal.Watching{At: l.last, Household: s.Household, Looks: looks, Private: off, Talks: known(talks), To: dev})
	}
	return out
}

// Run keeps the list fresh at the members, and notes what lasts, until the context ends.
func (d *Desk) Run(ctx context.Context) {
	note, repeat := time.NewTicker(noteEvery), time.NewTicker(repeatEvery)
	defer note.Stop()
	defer repeat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-note.C:
			if !d.any() {
				continue
			}
			if err := d.note(ctx); err != nil && ctx.Err() == nil {
				d.c.Log.Error("it was not noted who is watching", "error", err)
			}
		case <-repeat.C:
			if d.any() || len(d.c.Off()) > 0 {
				d.tell(false, d.devices()...)
			}
		}
	}
}

func (d *Desk) any() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open) > 0
}

func (d *Desk) note(ctx context.Context) error {
	return d.c.DB.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE live_looks SET seen = $1`, d.c.Now().UnixMilli())
		return err
	})
}

// Recover ends what lasted when the hub was cut off, at the last moment that was noted. It is called before anything
// else of the desk.
func (d *Desk) Recover(ctx context.Context) error {
	var leaves []*manifest.Live
	err := d.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT view, camera, device, person, signal, since, seen FROM live_looks ORDER BY since, view, camera`, nil, func(scan func(...any) error) error {
			l := &manifest.Live{State: manifest.LiveEnded}
			var hash []byte
			if err := scan(&l.View, &l.Camera, &l.Device, &l.Person, &hash, &l.Since, &l.Until); err != nil {
				return err
			}
			copy(l.Signal[:], hash)
			l.Until = max(l.Until, l.Since)
			leaves = append(leaves, l)
			return nil
		})
	})
	if err != nil || len(leaves) == 0 {
		return err
	}
	err = d.c.Record(ctx, leaves, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM live_looks`)
		return err
	})
	if err != nil {
		return err
	}
	d.c.Log.Info("looks that lasted when this hub was cut off have been ended", "count", len(leaves))
	d.goOn(func() { d.tell(true, d.devices()...) })
	return nil
}
