// SPDX-License-Identifier: Apache-2.0

// Package epochs makes the keys that recordings are sealed to, and forgets them.
//
// An epoch belongs to one camera (or to the household) and to an exact set of readers. The package
// makes its identity, seals it to each reader, writes the envelopes and the public recipient into
// state.db together with the leaf that announces them, and keeps no copy of the identity: from
// then on this hub can seal to the epoch and cannot open it.
//
// It trusts the roster that it is given. A crash leaves an epoch announced with all its envelopes,
// or no trace of it. Lock order: Epochs.mu, then the ledger's.
package epochs

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"keyhold/api"
	"keyhold/home/cameras"
	"keyhold/home/household"
	"keyhold/home/ledger"
	"keyhold/home/state"
	"keyhold/home/window"
	"keyhold/sealing/to"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// Length is how long an epoch lasts when nothing else ends it.
const Length = 7 * 24 * time.Hour

// Epoch is what may be sealed to now.
type Epoch struct {
	ID        id.Epoch
	Camera    id.Camera
	Recipient *to.Recipient
	Made      int64 // ms
	// readers stands for who was given it; see household.ReaderSet.
	readers id.Hash
}

// Epochs keeps the current epoch of each camera. It is safe for concurrent use.
type Epochs struct {
	DB      *state.DB
	Ledger  *ledger.Ledger
	Cameras *cameras.Store
	Roster  func() *roster.State // the newest; must not block
	// Moment is the time by which rights are judged; it must not block.
	Moment func() window.Moment
	Key    ed25519.PrivateKey
	Now    func() time.Time
	// Changed runs after new epochs are committed, with mu held: recorders seal to them from the next
	// segment on. It must not call Epochs.
	Changed func([]Epoch)

	mu      sync.Mutex
	current map[id.Camera]Epoch // guarded by mu
}

// Load reads the current epochs from state.db.
func (e *Epochs) Load(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	current := map[id.Camera]Epoch{}
	err := e.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT epoch, camera, recipient, made, readers FROM epochs WHERE current = 1`, nil, func(scan func(...any) error) error {
			var x Epoch
			var recipient string
			var readers []byte
			if err := scan(&x.ID, &x.Camera, &recipient, &x.Made, &readers); err != nil {
				return err
			}
			copy(x.readers[:], readers)
			r, err := to.ParseRecipient(recipient)
			x.Recipient = r
			current[x.Camera] = x
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("epochs: load: %w", err)
	}
	e.current = current
	return nil
}

// Current returns a camera's epoch.
func (e *Epochs) Current(c id.Camera) (Epoch, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, ok := e.current[c]
	return x, ok
}

// Change is what goes together with new epochs in one transaction.
type Change struct {
	// Cameras that get a new epoch.
	Cameras []id.Camera
	// Follow are cameras that get one if others read them now than when their epoch was made.
	Follow []id.Camera
	// Roster the epochs are made for; nil for the current one.
	Roster *roster.State
	// Before runs first in the transaction.
	Before func(*sql.Tx) error
	// Leaves come after the epochs' own, each in the page of its camera's newest epoch.
	Leaves []manifest.Leaf
	// Placed, which may be nil, is told in the transaction where Leaves came to stand.
	Placed func(*sql.Tx, []Stands) error
	// Names asks for a new document of names, which Before may have changed.
	Names bool
	// Genesis opens the household's first run with these leaves.
	Genesis bool
}

// Stands says where a leaf came to stand, and in a page of which epoch.
type Stands struct {
	ledger.Place
	Epoch id.Epoch
}

// placed tells a change where its leaves came to stand: behind those of the epochs.
func (c *Change) placed(fresh []*made, next map[id.Camera]Epoch) func(*sql.Tx, []ledger.Place) error {
	if c.Placed == nil {
		return nil
	}
	return func(tx *sql.Tx, places []ledger.Place) error {
		var out []Stands
		for i, leaf := range c.Leaves {
			out = append(out, Stands{Place: places[len(fresh)+i], Epoch: next[leaf.Common().Camera].ID})
		}
		return c.Placed(tx, out)
	}
}

// Apply makes new epochs and writes them down with what belongs to them. It returns the cameras that got one.
func (e *Epochs) Apply(ctx context.Context, c Change) ([]id.Camera, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := c.Roster
	if r == nil {
		r = e.Roster()
	}
	moment := e.Moment()
	list := slices.Clone(c.Cameras)
	for _, camera := range e.stale(r, moment) {
		if slices.Contains(c.Follow, camera) && !slices.Contains(list, camera) {
			list = append(list, camera)
		}
	}
	fresh, err := makeAll(moment.Of(r), list, moment.At)
	if err != nil {
		return nil, err
	}
	next := maps.Clone(e.current)
	for _, f := range fresh {
		f.Made = e.Now().UnixMilli()
		next[f.Camera] = f.Epoch
	}
	build := func(tx *sql.Tx) ([]ledger.Entry, error) { return e.build(ctx, tx, c, r, fresh, next) }
	if c.Genesis {
		err = e.Ledger.Genesis(ctx, next[id.HouseholdCamera].ID, build)
	} else {
		err = e.Ledger.Append(ctx, build, c.placed(fresh, next))
	}
	if err != nil {
		return nil, err
	}
	e.current = next
	if e.Changed != nil && len(fresh) > 0 {
		var list []Epoch
		for _, f := range fresh {
			list = append(list, f.Epoch)
		}
		e.Changed(list)
	}
	return list, nil
}

// Stale returns the cameras that others may read now than those who were given their epoch.
func (e *Epochs) Stale() []id.Camera {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stale(e.Roster(), e.Moment())
}

// stale is Stale for a roster. mu is held.
func (e *Epochs) stale(r *roster.State, m window.Moment) []id.Camera {
	r = m.Of(r)
	var out []id.Camera
	for c, x := range e.current {
		if household.ReaderSet(r, c, m.At) != x.readers {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// A made epoch goes into state.db with its rows.
type made struct {
	Epoch
	rows []request.Row
}

// makeAll makes the key pairs and envelopes; each identity is gone when to.NewEpoch returns.
func makeAll(r *roster.State, list []id.Camera, at int64) ([]*made, error) {
	out, errs := make([]*made, len(list)), make([]error, len(list))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, camera := range list {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			out[i], errs[i] = makeOne(r, camera, at)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("epochs: %w", err)
	}
	return out, nil
}

func makeOne(r *roster.State, camera id.Camera, at int64) (*made, error) {
	readers, err := household.Readers(r, camera, at)
	if err != nil {
		return nil, err
	}
	x, err := to.NewEpoch(r.Household, camera, r.Head.Hash, readers)
	if err != nil {
		return nil, err
	}
	return &made{Epoch{ID: x.ID, Camera: camera, Recipient: x.Recipient, readers: household.ReaderSet(r, camera, at)}, x.Rows}, nil
}

func (e *Epochs) build(ctx context.Context, tx *sql.Tx, c Change, r *roster.State, fresh []*made, next map[id.Camera]Epoch) ([]ledger.Entry, error) {
	if c.Before != nil {
		if err := c.Before(tx); err != nil {
			return nil, err
		}
	}
	var entries []ledger.Entry
	home := false
	for _, f := range fresh {
		leaf, err := keep(ctx, tx, f, r.Head.Hash)
		if err != nil {
			return nil, err
		}
		if f.Camera == id.HouseholdCamera {
			home = true
		} else if err := e.label(ctx, tx, r, f); err != nil {
			return nil, err
		}
		entries = append(entries, ledger.Entry{Epoch: f.ID, Leaf: leaf})
	}
	leaves := c.Leaves
	if c.Names {
		list, err := e.Cameras.ListIn(ctx, tx)
		if err != nil {
			return nil, err
		}
		leaf, err := household.WriteNames(ctx, tx, list, r, e.Key, e.Now().UnixMilli())
		if err != nil {
			return nil, err
		}
		leaves = append(leaves[:len(leaves):len(leaves)], leaf)
	}
	for _, leaf := range leaves {
		x, ok := next[leaf.Common().Camera]
		if !ok {
			return nil, errors.New("epochs: a leaf of a camera that has no epoch")
		}
		entries = append(entries, ledger.Entry{Epoch: x.ID, Leaf: leaf})
	}
	if c.Names || home {
		// A rotation of the household's epoch re-seals the document as it is.
		sealed, err := household.SealedNames(ctx, tx, next[id.HouseholdCamera].Recipient)
		if err != nil {
			return nil, err
		}
		if sealed != nil {
			if err := Outbox(ctx, tx, request.WriteNames, api.Current, sealed); err != nil {
				return nil, err
			}
		}
	}
	return entries, nil
}

// label writes what tells a camera's readers its name, sealed to its new epoch.
func (e *Epochs) label(ctx context.Context, tx *sql.Tx, r *roster.State, f *made) error {
	sealed, err := household.SealedLabel(ctx, tx, f.Camera, r, e.Key, f.Made, f.Recipient)
	if err != nil {
		return err
	}
	return Outbox(ctx, tx, request.WriteLabels, api.LabelName(f.Camera), sealed)
}

// keep writes an epoch's rows and returns the leaf that announces it.
func keep(ctx context.Context, tx *sql.Tx, f *made, head id.Hash) (*manifest.Epoch, error) {
	leaf := &manifest.Epoch{Header: manifest.Header{Camera: f.Camera}, Epoch: f.ID, Head: head, Recipient: f.Recipient.Hash()}
	_, err := tx.ExecContext(ctx, `UPDATE epochs SET current = 0 WHERE camera = $1 AND current = 1`, string(f.Camera))
	if err != nil {
		return nil, fmt.Errorf("epochs: keep: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO epochs (epoch, camera, recipient, head, made, readers, current) VALUES ($1, $2, $3, $4, $5, $6, 1)`,
		string(f.ID), string(f.Camera), f.Recipient.String(), head[:], f.Made, f.readers[:])
	if err != nil {
		return nil, fmt.Errorf("epochs: keep: %w", err)
	}
	for _, row := range f.rows {
		leaf.Readers = append(leaf.Readers, manifest.EpochReader{Device: row.Device, Envelope: id.HashOf(row.Bytes)})
		_, err := tx.ExecContext(ctx, `INSERT INTO envelopes (epoch, device, camera, head, bytes) VALUES ($1, $2, $3, $4, $5)`,
			string(row.Epoch), string(row.Device), string(row.Camera), row.Head[:], row.Bytes)
		if err != nil {
			return nil, fmt.Errorf("epochs: keep envelope: %w", err)
		}
	}
	body, err := canon.Marshal(api.Rows{Envelopes: f.rows})
	if err != nil {
		return nil, fmt.Errorf("epochs: envelopes: %w", err)
	}
	return leaf, Outbox(ctx, tx, request.WriteEnvelopes, api.EnvelopesName(f.Camera, f.ID), body)
}

// Outbox puts a small write for the cloud into the queue.
func Outbox(ctx context.Context, tx *sql.Tx, kind, name string, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (kind, name, body) VALUES ($1, $2, $3)`, kind, name, body)
	if err != nil {
		return fmt.Errorf("epochs: queue %s: %w", kind, err)
	}
	return nil
}

// Expired returns the cameras whose epoch has lasted long enough.
func (e *Epochs) Expired() []id.Camera {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []id.Camera
	for c, x := range e.current {
		if e.Now().UnixMilli()-x.Made >= Length.Milliseconds() {
			out = append(out, c)
		}
	}
	return out
}
