// SPDX-License-Identifier: Apache-2.0

// Package view decides who may watch live, keeps the record of it, and tells the household.
//
// It takes signals, checks them, asks May, lets home/live make the connection, and lets media leave only after a leaf of
// each camera is in the manifest and the members are being told. It asks May again whenever it is told to, and ends what
// is not allowed any more. Whatever it has written as begun it writes as ended, also after a crash: state.db says what
// lasted. It trusts the roster that it is given, and nothing that comes by mail.
package view

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"keyhold/home/live"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

const (
	// noteEvery is how often it is noted that what lasts still lasts.
	noteEvery = 10 * time.Second
	// recordTries and recordPause: what has ended is written down, also if the disk is full for a while.
	recordTries = 20
	recordPause = time.Second
	// sendTime bounds one piece of mail.
	sendTime = 10 * time.Second
)

// Config is what a desk needs.
type Config struct {
	DB     *state.DB
	Key    ed25519.PrivateKey
	Roster func() *roster.State
	// May asks the roster by the hub's own time.
	May func(id.Device, roster.Action, id.Camera) bool
	// InUse are the cameras there are.
	InUse func(context.Context) ([]id.Camera, error)
	// Private says that a camera is turned off at its source; Off are all of which that is so.
	Private func(id.Camera) bool
	Off     func() []signal.Off
	// Record adds leaves of live looks to the manifest; also runs in the same transaction.
	Record func(ctx context.Context, leaves []*manifest.Live, also func(*sql.Tx) error) error
	// Here gives a piece of mail to its reader at home, and says whether they are there; Send gives it to the cloud.
	Here func(to id.Device, sealed []byte) bool
	Send func(ctx context.Context, to id.Device, sealed []byte) error
	// Attend gives who decides about what a viewer wants to do; Talks are who talks now. Nil where nobody can.
	Attend func(offer *signal.Signal, by id.Person, v *live.View) live.Attendant
	Talks  func() []signal.Look
	// Looked is told whenever what Watched says has changed, and does not wait.
	Looked func()
	Engine *live.Engine
	Now    func() time.Time
	Log    *slog.Logger
}

// A Desk is where signals come. Close ends all views.
type Desk struct {
	c    Config
	work context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup // views, and what is being told

	mu        sync.Mutex
	closed    bool                    // guarded by mu
	open      map[id.View]*open       // guarded by mu
	nonces    map[string]int64        // until when each is remembered; guarded by mu
	forgetAt  int                     // at so many of them old ones are dropped; guarded by mu
	callers   map[id.Device]*caller   // guarded by mu
	listeners map[id.Device]*listener // guarded by mu
}

// open is a view from its offer to its end.
type open struct {
	offer  *signal.Signal
	person id.Person
	hash   id.Hash
	since  int64
	ended  chan struct{} // closed once its end is on the record
	// reads says whether an integration may go on reading; nil for a view of a device.
	reads func() bool

	conn Conn   // guarded by Desk.mu; nil until there is an answer
	why  string // the word by which it is ended; guarded by Desk.mu
	told bool   // members may know of it; guarded by Desk.mu
}

// Conn is by what somebody watches: live.View is one. Media leaves after Play, and not after Close once Done is closed.
type Conn interface {
	Play()
	Review()
	Close()
	Done() <-chan struct{}
	Outcome() live.Outcome
}

// New makes a desk.
func New(ctx context.Context, c Config) *Desk {
	d := &Desk{
		c: c, open: map[id.View]*open{}, nonces: map[string]int64{}, callers: map[id.Device]*caller{}, listeners: map[id.Device]*listener{},
	}
	d.work, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	return d
}

// offered carries a view from its offer to its end.
func (d *Desk) offered(s *signal.Signal, hash id.Hash) {
	o, word := d.admit(s, hash)
	if word == "" {
		word = d.view(o)
	}
	if word != "" {
		d.c.Log.Info("a view was refused", "device", string(s.From), "word", word)
		d.refuse(s, word)
	}
}

// view makes the connection and stays until it has ended. It returns a word where nothing came of it.
func (d *Desk) view(o *open) string {
	defer d.forget(o)
	conn, sdp, err := d.c.Engine.Answer(d.work, o.offer.Cameras, o.offer.Body, func(v *live.View) live.Attendant {
		if d.c.Attend == nil {
			return nil
		}
		return d.c.Attend(o.offer, o.person, v)
	})
	switch {
	case errors.Is(err, live.ErrOffer):
		return signal.Invalid
	case err != nil:
		d.c.Log.Error("a view failed", "error", err)
		return signal.Busy
	}
	if err := d.begin(o, conn); err != nil {
		d.c.Log.Error("a view was not written down, so there is none", "error", err)
		conn.Close()
		<-conn.Done()
		return signal.Busy
	}
	d.c.Log.Info("a view has begun", "device", string(o.offer.From), "cameras", len(o.offer.Cameras))
	// From here on whoever is not allowed any more is found by Follow.
	d.Follow()
	d.shown(o)
	d.wg.Go(func() {
		d.tell(false, d.devices()...)
		conn.Play()
	})
	if err := d.answer(o.offer, signal.Answer, sdp); err != nil {
		conn.Close()
	}
	<-conn.Done()
	d.end(o, conn)
	return ""
}

// begin writes down that a view begins. A hub that is cut off right after finds it in its database.
func (d *Desk) begin(o *open, conn Conn) error {
	d.mu.Lock()
	o.conn = conn
	d.mu.Unlock()
	return d.c.Record(d.work, o.leaves(manifest.LiveBegan, 0), func(tx *sql.Tx) error {
		for _, c := range o.offer.Cameras {
			_, err := tx.ExecContext(d.work, `INSERT INTO live_looks (view, camera, device, person, signal, since, seen) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				string(o.offer.View), string(c), string(o.offer.From), string(o.person), o.hash[:], o.since, o.since)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *open) leaves(state string, until int64) []*manifest.Live {
	out := make([]*manifest.Live, 0, len(o.offer.Cameras))
	for _, c := range o.offer.Cameras {
		out = append(out, &manifest.Live{
			Header: manifest.Header{Camera: c}, Device: o.offer.From, Person: o.person, Signal: o.hash, Since: o.since, State: state, Until: until, View: o.offer.View,
		})
	}
	return out
}

// end writes down that a view has ended, tells the members, and the device if it does not know.
func (d *Desk) end(o *open, conn Conn) {
	until := max(d.c.Now().UnixMilli(), o.since)
	d.insist(func() error {
		return d.c.Record(d.work, o.leaves(manifest.LiveEnded, until), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(d.work, `DELETE FROM live_looks WHERE view = $1`, string(o.offer.View))
			return err
		})
	})
	d.mu.Lock()
	why := o.why
	d.mu.Unlock()
	if why == "" && conn.Outcome() == live.Lost {
		why = signal.EndLost
	}
	d.forget(o)
	d.tell(false, d.devices()...)
	if why != "" && o.reads == nil {
		_ = d.answer(o.offer, signal.End, why) // it is over in any case
	}
	d.c.Log.Info("a view has ended", "device", string(o.offer.From), "cameras", len(o.offer.Cameras), "how", string(conn.Outcome()), "word", why)
}

// insist repeats what must be written for some seconds.
func (d *Desk) insist(f func() error) {
	for n := 1; ; n++ {
		err := f()
		if err == nil {
			return
		}
		d.c.Log.Error("the end of a view is not written down yet", "attempt", n, "error", err)
		if n == recordTries {
			return // the next start finds it
		}
		t := time.NewTimer(recordPause)
		select {
		case <-t.C:
		case <-d.work.Done():
			n = recordTries - 1
		}
		t.Stop()
	}
}

// shown says that from now on members may know of a view. Its media has not left yet.
func (d *Desk) shown(o *open) {
	d.mu.Lock()
	o.told = true
	d.mu.Unlock()
	d.c.Looked()
}

// forget takes a view off the list; it may be called twice.
func (d *Desk) forget(o *open) {
	d.mu.Lock()
	told := o.told && d.open[o.offer.View] == o
	if d.open[o.offer.View] == o {
		delete(d.open, o.offer.View)
		close(o.ended)
	}
	d.mu.Unlock()
	if told {
		d.c.Looked()
	}
}

// leave ends a view by its own device's wish.
func (d *Desk) leave(s *signal.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.open[s.View]; o != nil && o.offer.From == s.From && o.conn != nil {
		o.conn.Close()
	}
}

// Follow asks May again for each camera of each view, and ends what is not allowed any more, or private.
func (d *Desk) Follow() {
	d.shut(signal.Private, func(o *open) bool { return slices.ContainsFunc(o.offer.Cameras, d.c.Private) })
	d.shut(signal.EndRight, func(o *open) bool { return !d.allowed(o) })
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.open {
		if o.conn != nil {
			o.conn.Review()
		}
	}
}

// allowed says whether who looks may go on.
func (d *Desk) allowed(o *open) bool {
	if o.reads != nil {
		return o.reads()
	}
	return d.mayAll(o.offer)
}

// shut closes the views for which over says so, and returns them.
func (d *Desk) shut(why string, over func(*open) bool) []*open {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*open
	for _, o := range d.open {
		if o.conn == nil || !over(o) {
			continue
		}
		if o.why == "" {
			o.why = why
		}
		o.conn.Close()
		out = append(out, o)
	}
	return out
}

// Changed ends the views of a camera whose picture is to be another. Who looks on asks again.
func (d *Desk) Changed(c id.Camera) {
	d.shut(signal.EndLost, func(o *open) bool { return slices.Contains(o.offer.Cameras, c) })
}

// Out ends the views of devices that are about to be out of the household, before that is written down: a busy disk must
// not let anybody watch on. Where one of them asks again in between, Follow finds it.
func (d *Desk) Out(gone []id.Device) {
	d.shut(signal.EndRight, func(o *open) bool { return slices.Contains(gone, o.offer.From) && !rule.Off(rule.Device) })
}

// Gone ends the views of a camera that is being removed. The function that it returns waits until that is on the record.
func (d *Desk) Gone(c id.Camera) (recorded func()) {
	list := d.shut(signal.EndCamera, func(o *open) bool { return slices.Contains(o.offer.Cameras, c) })
	return func() {
		for _, o := range list {
			<-o.ended
		}
	}
}

// Close ends everything, writes that down, and waits.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.shut(signal.EndHub, func(*open) bool { return true })
	hurry := time.AfterFunc(sendTime, d.stop)
	d.wg.Wait()
	hurry.Stop()
	d.stop()
}
