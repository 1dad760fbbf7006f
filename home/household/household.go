// SPDX-License-Identifier: Apache-2.0

// Package household holds what the hub knows of the household it serves: the roster it orders,
// the names, and the hub's own keys.
//
// It promises that the roster it gives out was verified link by link, and that it moves only
// together with state.db: a caller writes inside a transaction and calls the function it was given
// once that is committed. It trusts state.db and the keys folder. It opens nothing.
package household

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// ErrNone says that this hub belongs to no household yet.
var ErrNone = errors.New("household: this hub is not paired")

// Household is the roster and the names. It is safe for concurrent use.
type Household struct {
	db    *state.DB
	state atomic.Pointer[roster.State] // never changed in place
	past  atomic.Pointer[roster.State] // the one that At gave last
}

// Load replays the chain in state.db.
func Load(ctx context.Context, db *state.DB) (*Household, error) {
	var chain [][]byte
	err := db.Read(ctx, func(tx *sql.Tx) (err error) {
		chain, err = Chain(ctx, tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("household: load: %w", err)
	}
	if len(chain) == 0 {
		return nil, ErrNone
	}
	s, err := roster.Replay(chain, "")
	if err != nil {
		return nil, fmt.Errorf("household: load: %w", err)
	}
	h := &Household{db: db}
	h.state.Store(s)
	return h, nil
}

// Chain reads the roster's statements, genesis first.
func Chain(ctx context.Context, tx *sql.Tx) (chain [][]byte, err error) {
	err = state.Each(ctx, tx, `SELECT envelope FROM roster ORDER BY seq`, nil, func(scan func(...any) error) error {
		var b []byte
		err := scan(&b)
		chain = append(chain, b)
		return err
	})
	return chain, err
}

// Found writes the genesis of a new household, with the names that came along. Load works afterwards.
func Found(ctx context.Context, tx *sql.Tx, genesis []byte, labels map[string]string, zone string) error {
	return Adopt(ctx, tx, [][]byte{genesis}, labels, zone)
}

// Adopt writes the whole chain of a household that had another hub. Its last link puts this one in.
func Adopt(ctx context.Context, tx *sql.Tx, chain [][]byte, labels map[string]string, zone string) error {
	if _, err := roster.Replay(chain, ""); err != nil {
		return err
	}
	for seq, e := range chain {
		if err := AppendAt(ctx, tx, int64(seq), e); err != nil {
			return err
		}
	}
	for k, v := range labels {
		if err := Label(ctx, tx, k, v); err != nil {
			return err
		}
	}
	return SetFact(ctx, tx, "zone", []byte(zone))
}

// ID returns the household's id.
func (h *Household) ID() id.Household { return h.state.Load().Household }

// Head returns the newest link.
func (h *Household) Head() roster.Head { return h.state.Load().Head }

// Key returns the verification key of a device or the sheet.
func (h *Household) Key(d id.Device) (ed25519.PublicKey, bool) { return h.state.Load().Key(d) }

// Reader returns the key that replies to a device or the sheet are sealed to.
func (h *Household) Reader(d id.Device) ([]byte, bool) { return h.state.Load().Reader(d) }

// Roster returns the verified roster. The caller must not change it.
func (h *Household) Roster() *roster.State { return h.state.Load() }

// At returns the roster as it was at a time, nil before there was one. The caller must not change it.
func (h *Household) At(at int64) (*roster.State, error) {
	s := h.state.Load()
	seq := s.Head.Seq
	if s.At <= at {
		return s, nil
	}
	for ; seq > 0; seq-- {
		if l, ok := s.LinkAt(seq); ok && l.At <= at {
			break
		}
	}
	if past := h.past.Load(); past != nil && past.Head.Seq == seq && past.At <= at {
		return past, nil
	}
	past, err := roster.Replay(s.Chain[:seq+1], s.Household)
	if err != nil {
		return nil, fmt.Errorf("household: replay the past: %w", err)
	}
	if past.At > at {
		return nil, nil
	}
	h.past.Store(past)
	return past, nil
}

// Propose verifies a link that the hub has not signed, signs it, and returns it with the roster that it leads to.
func (h *Household) Propose(link []byte, key ed25519.PrivateKey) (signed []byte, l *roster.Link, next *roster.State, err error) {
	s := h.state.Load()
	e, l, err := s.CheckProposal(link)
	if err != nil {
		return nil, nil, nil, err
	}
	e.Sign(id.Hub, key)
	next = s.Clone()
	signed = e.Encode()
	if err := next.Append(signed); err != nil {
		return nil, nil, nil, err
	}
	return signed, l, next, nil
}

// Remove makes the link that carries out a removal. The removal's own signatures say that it may be.
func (h *Household) Remove(removal []byte, at int64, key ed25519.PrivateKey) (signed []byte, next *roster.State, err error) {
	s := h.state.Load()
	e, err := s.NewLink(at, roster.Remove{Removal: removal})
	if err != nil {
		return nil, nil, err
	}
	e.Sign(id.Hub, key)
	next = s.Clone()
	signed = e.Encode()
	if err := next.Append(signed); err != nil {
		return nil, nil, err
	}
	return signed, next, nil
}

// Continue returns the roster to which links lead that this hub must have signed before its folder was put back. Those
// that do not follow on the newest here are a fork.
func (h *Household) Continue(links [][]byte) (*roster.State, error) {
	next := h.state.Load().Clone()
	for _, l := range links {
		if err := next.Append(l); err != nil {
			return nil, fmt.Errorf("household: take over: %w", err)
		}
	}
	return next, nil
}

// Append writes a link that Propose returned. The caller calls Moved once the transaction is committed.
func Append(ctx context.Context, tx *sql.Tx, signed []byte, next *roster.State) error {
	return AppendAt(ctx, tx, next.Head.Seq, signed)
}

// AppendAt writes one of the links that Continue was given.
func AppendAt(ctx context.Context, tx *sql.Tx, seq int64, signed []byte) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO roster (seq, envelope) VALUES ($1, $2)`, seq, signed); err != nil {
		return fmt.Errorf("household: append: %w", err)
	}
	return nil
}

// Moved makes the roster that Propose returned the current one.
func (h *Household) Moved(next *roster.State) { h.state.Store(next) }

// Label names a device or a person.
func Label(ctx context.Context, tx *sql.Tx, id, name string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO labels (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name`, id, name)
	if err != nil {
		return fmt.Errorf("household: label: %w", err)
	}
	return nil
}

// SetFact keeps a single value.
func SetFact(ctx context.Context, tx *sql.Tx, name string, value []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	if err != nil {
		return fmt.Errorf("household: keep %s: %w", name, err)
	}
	return nil
}

// Fact returns a single value, nil if there is none.
func Fact(ctx context.Context, tx *sql.Tx, name string) ([]byte, error) {
	var v []byte
	err := tx.QueryRowContext(ctx, `SELECT value FROM facts WHERE name = $1`, name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("household: read %s: %w", name, err)
	}
	return v, nil
}
