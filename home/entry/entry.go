// SPDX-License-Identifier: Apache-2.0

// Package entry opens doors for those who may.
//
// It promises that no lock is told to open without a command that a device has signed over a challenge of this hub, for
// this door and this moment; that who opens is shown to be there where the door wants that; that it stands in the
// manifest before the lock is told; that it is told once, however often somebody taps; and that what comes late opens
// nothing: no opening is ever kept for later. What it has written as begun it writes as ended, also after a crash. It
// trusts the roster that it is given, and that settings were checked before they are given to it.
package entry

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/challenge"
	"keyhold/home/latch"
	"keyhold/home/state"
	"keyhold/statement/command"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// again is how long after a door was opened another command for it finds it open: fingers tap more than once, and a
	// relay that is told twice may close again.
	again = 5 * time.Second
	// recordTries and recordPause: what has ended is written down, also if the disk is full for a while.
	recordTries = 20
	recordPause = time.Second
)

// Config is what a desk needs.
type Config struct {
	DB *state.DB
	// Hub is the hub's key, by which commands name it.
	Hub    ed25519.PublicKey
	Roster func() *roster.State
	// May asks the roster by the hub's own time.
	May func(id.Device, roster.Action, id.Camera) roster.Reason
	// Shown wants a gesture: a passkey's on act, or the code that was made for opening.
	Shown func(ctx context.Context, by id.Person, act, opening id.Hash, given *request.Gesture) error
	// Spent forgets the code of a gesture, in the transaction that acts on it.
	Spent func(context.Context, *sql.Tx) error
	// Number gives the next moment's number, Keep writes down which were given.
	Number func() int64
	Keep   func(context.Context, *sql.Tx) error
	// Record adds a leaf to the manifest; also runs in the same transaction.
	Record func(ctx context.Context, leaf *manifest.Open, also func(*sql.Tx) error) error
	// Look keeps what is seen at a camera now. It does not wait.
	Look func(camera id.Camera, number int64, at time.Time)
	// Drive tells a lock to open, and waits for its answer.
	Drive func(context.Context, *Lock) error
	Now   func() time.Time
	Log   *slog.Logger
}

// Lock is what opens the door at a camera.
type Lock struct {
	lock.Setting
	Person    id.Person
	Statement []byte
	Way       *lock.Way     // nil where there is none any more
	Own       *latch.Device // the camera itself, where that opens the door; nil where not
}

// A Desk is where wishes to open come. It is safe for concurrent use; settings are changed by one goroutine at a time.
type Desk struct {
	c          Config
	challenges challenge.Book
	// turn is held while one command is read and written down: nobody's gesture is good for two.
	turn sync.Mutex

	mu    sync.Mutex
	locks map[id.Camera]*Lock    // guarded by mu
	opens map[id.Camera]*opening // the newest of each door; guarded by mu
}

// opening is one time that a door is opened.
type opening struct {
	leaf manifest.Open // as it has begun
	lock *Lock
	done chan struct{} // closed when it is known how it went
	// Both are set before done is closed.
	outcome string
	ended   time.Time
}

// New makes a desk with what an earlier process has left.
func New(ctx context.Context, c Config, kept map[id.Camera]*cameras.Lock) (*Desk, error) {
	d := &Desk{c: c, locks: map[id.Camera]*Lock{}, opens: map[id.Camera]*opening{}}
	for camera, one := range kept {
		l := &Lock{Person: one.Person, Statement: one.Statement, Own: one.Own}
		e, err := dsse.Parse(one.Statement)
		if err == nil {
			err = e.Read(lock.Thing, &l.Setting)
		}
		if err == nil && l.Kind != lock.Off {
			l.Way, err = l.ReadWay(one.Way)
		}
		if err != nil {
			return nil, fmt.Errorf("entry: read what opens a door: %w", err)
		}
		d.locks[camera] = l
	}
	return d, d.recover(ctx)
}

// Set says that a setting is committed. What was asked of the door before is void.
func (d *Desk) Set(l *Lock) {
	d.turn.Lock()
	defer d.turn.Unlock()
	d.challenges.Drop(l.Camera)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locks[l.Camera] = l
	delete(d.opens, l.Camera)
}

// Forget drops what opens the door at a camera that is gone.
func (d *Desk) Forget(c id.Camera) {
	d.turn.Lock()
	defer d.turn.Unlock()
	d.challenges.Drop(c)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.locks, c)
	delete(d.opens, c)
}

// Last is the newest setting of a camera, nil for none.
func (d *Desk) Last(c id.Camera) *Lock {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.locks[c]
}

// All are the newest settings, in the order of the cameras.
func (d *Desk) All() []*Lock {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*Lock, 0, len(d.locks))
	for _, c := range slices.Sorted(maps.Keys(d.locks)) {
		out = append(out, d.locks[c])
	}
	return out
}

// at is what opens the door at a camera, nil if nothing does.
func (d *Desk) at(c id.Camera) *Lock {
	if l := d.Last(c); l != nil && l.Way != nil {
		return l
	}
	return nil
}

// State says whether something opens the door at a camera, and whether it has, so lately that whoever wants it opened
// finds it open.
func (d *Desk) State(c id.Camera) (door, open bool) {
	if d.at(c) == nil {
		return false, false
	}
	d.mu.Lock()
	o := d.opens[c]
	d.mu.Unlock()
	return true, o != nil && d.lately(o)
}

// RefusedError is a word of the protocol by which somebody is refused.
type RefusedError string

func (w RefusedError) Error() string { return "entry: refused: " + string(w) }

// Ask gives a challenge, or says at once why a command would be refused.
func (d *Desk) Ask(dev id.Device, camera id.Camera) (*request.Challenge, error) {
	if why := d.c.May(dev, roster.Open, camera); why != "" {
		return nil, wordOf(why)
	}
	if d.at(camera) == nil {
		return nil, RefusedError(request.RefusedNoLock)
	}
	b, asked := d.challenges.Give(dev, roster.Open, camera, d.c.Now().UnixMilli())
	return &request.Challenge{Bytes: b, NotAfter: asked.NotAfter}, nil
}

// Open carries out a command, and says how it went.
func (d *Desk) Open(ctx context.Context, dev id.Device, envelope []byte, given *request.Gesture) (*request.Opened, error) {
	o, mine, err := d.begin(ctx, dev, envelope, given)
	if err != nil {
		return nil, err
	}
	if mine {
		d.drive(ctx, o)
	}
	select {
	case <-o.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch o.outcome {
	case manifest.Opened:
		return &request.Opened{At: o.leaf.Since, Person: o.leaf.Person}, nil
	case manifest.OpenRefused:
		return nil, RefusedError(request.RefusedLockNo)
	case manifest.OpenLate:
		return nil, RefusedError(request.RefusedLate)
	default:
		return nil, RefusedError(request.RefusedLockAway)
	}
}

// begin reads a command and writes down that a door is opened by it; not mine is one that others opened just now.
func (d *Desk) begin(ctx context.Context, dev id.Device, envelope []byte, given *request.Gesture) (o *opening, mine bool, err error) {
	d.turn.Lock()
	defer d.turn.Unlock()
	s := d.c.Roster()
	r := command.Reading{Roster: s, Hub: d.c.Hub, Now: d.c.Now().UnixMilli(), Take: d.challenges.Take, May: d.c.May}
	c, hash, err := r.Read(envelope, dev)
	if err == nil && c.Action != roster.Open {
		err = rule.Errorf(rule.Field, "entry: another action")
	}
	if err != nil {
		d.c.Log.Warn("a command to open does not hold", "device", string(dev), "rule", string(rule.Of(err)))
		return nil, false, wordOf(rule.Of(err))
	}
	l, by := d.at(c.Target), id.Person("")
	if p, ok := s.PersonOf(c.Device); ok {
		by = p.ID
	}
	if l == nil {
		return nil, false, RefusedError(request.RefusedNoLock)
	}
	if l.Gesture {
		if err := d.c.Shown(ctx, by, hash, l.Opening(c.Device), given); err != nil {
			return nil, false, err
		}
	}
	if o := d.recent(c.Target); o != nil {
		return o, false, d.c.DB.Write(ctx, func(tx *sql.Tx) error { return d.c.Spent(ctx, tx) })
	}
	o = &opening{done: make(chan struct{}), lock: l, leaf: manifest.Open{
		Header: manifest.Header{Camera: c.Target}, Act: hash, Device: c.Device, Door: l.Name, Number: d.c.Number(), Person: by, Since: d.c.Now().UnixMilli(),
		State: manifest.OpenBegan, Statement: envelope,
	}}
	if err := d.record(ctx, o); err != nil {
		return nil, false, fmt.Errorf("entry: it is not written down, so nothing is opened: %w", err)
	}
	if d.c.Now().UnixMilli() > c.NotAfter && !rule.Off(rule.Time) {
		o.outcome = manifest.OpenLate // a busy disk: nobody waits for it any more
	}
	d.mu.Lock()
	d.opens[c.Target] = o
	d.mu.Unlock()
	return o, true, nil
}

// recent is an opening of a door that goes on, or has gone well a moment ago.
func (d *Desk) recent(c id.Camera) *opening {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.opens[c]
	if o == nil || rule.Off(rule.Once) {
		return nil
	}
	select {
	case <-o.done:
		if !d.lately(o) {
			return nil
		}
	default:
	}
	return o
}

// lately says whether an opening is over, has gone well, and only just.
func (d *Desk) lately(o *opening) bool {
	select {
	case <-o.done:
	default:
		return false
	}
	since := d.c.Now().Sub(o.ended)
	return o.outcome == manifest.Opened && since >= 0 && since < again
}

// drive tells the lock, and writes down what it has said. It is not broken off half-way.
func (d *Desk) drive(ctx context.Context, o *opening) {
	switch {
	case o.outcome != "":
	case d.at(o.leaf.Camera) != o.lock:
		o.outcome = manifest.OpenLate // it was changed this very moment
	default:
		d.c.Look(o.leaf.Camera, o.leaf.Number, time.UnixMilli(o.leaf.Since))
		o.outcome = outcomeOf(d.c.Drive(context.WithoutCancel(ctx), o.lock))
	}
	o.ended = d.c.Now()
	close(o.done)
	d.c.Log.Info("somebody has opened a door", "camera", string(o.leaf.Camera), "device", string(o.leaf.Device), "outcome", o.outcome)
	d.insist(context.WithoutCancel(ctx), o.end())
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return manifest.Opened
	case errors.Is(err, latch.ErrNo):
		return manifest.OpenRefused
	default:
		return manifest.OpenUnanswered
	}
}

// record writes down that it begins. A hub that is cut off right after finds it in its database.
func (d *Desk) record(ctx context.Context, o *opening) error {
	l := &o.leaf
	return d.c.Record(ctx, l, func(tx *sql.Tx) error {
		if err := errors.Join(d.c.Spent(ctx, tx), d.c.Keep(ctx, tx)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO openings (act, camera, device, person, door, number, since) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			l.Act[:], string(l.Camera), string(l.Device), string(l.Person), l.Door, l.Number, l.Since)
		return err
	})
}

// end is the leaf that it is over.
func (o *opening) end() *manifest.Open {
	l := o.leaf
	l.Header, l.State, l.Statement, l.Outcome = manifest.Header{Camera: l.Camera}, manifest.OpenEnded, []byte{}, o.outcome
	return &l
}

func (d *Desk) ended(ctx context.Context, l *manifest.Open) error {
	return d.c.Record(ctx, l, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM openings WHERE act = $1`, l.Act[:])
		return err
	})
}

// insist repeats what must be written for some seconds.
func (d *Desk) insist(ctx context.Context, l *manifest.Open) {
	for n := 1; ; n++ {
		err := d.ended(ctx, l)
		if err == nil || n == recordTries {
			return // the next start finds it
		}
		d.c.Log.Error("how a door was opened is not written down yet", "attempt", n, "error", err)
		t := time.NewTimer(recordPause)
		<-t.C
	}
}

// recover ends on the record what was going on when the hub was cut off.
func (d *Desk) recover(ctx context.Context) error {
	var list []*opening
	err := d.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT act, camera, device, person, door, number, since FROM openings ORDER BY since, act`, nil, func(scan func(...any) error) error {
			o := &opening{outcome: manifest.OpenLost}
			var act []byte
			err := scan(&act, &o.leaf.Camera, &o.leaf.Device, &o.leaf.Person, &o.leaf.Door, &o.leaf.Number, &o.leaf.Since)
			copy(o.leaf.Act[:], act)
			list = append(list, o)
			return err
		})
	})
	for _, o := range list {
		if err == nil {
			err = d.ended(ctx, o.end())
		}
	}
	return err
}

// wordOf is the word that refuses by a rule.
func wordOf(n rule.Name) RefusedError {
	switch n {
	case rule.Head:
		return request.RefusedStale
	case rule.Replay, rule.Time:
		return request.RefusedLate
	case rule.Device, rule.Role, rule.Action, rule.Camera, rule.Early, rule.Ended, rule.Hours:
		return request.RefusedDenied
	default:
		return request.RefusedInvalid
	}
}
