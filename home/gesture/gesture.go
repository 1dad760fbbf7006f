// SPDX-License-Identifier: Apache-2.0

// Package gesture asks for a proof that somebody stands at the hub: six digits that the hub shows and that come back
// with the link they are for.
//
// It promises that a code is good for one statement alone, for ten minutes, and that five wrong ones within ten minutes
// end all trying until those have passed, whatever links they came with. There is one code at a time. It lies in
// state.db, so that another process on the same machine can show it, and is gone in the transaction that acts on it. It
// trusts whoever reads that file. A code never belongs into a log line.
package gesture

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"keyhold/home/household"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
)

const (
	// Life is how long a code is good, and how long a hub keeps count of wrong ones.
	Life = 10 * time.Minute
	// Tries is how many wrong codes are answered within Life.
	Tries = 5

	digits = 6
	fact   = "gesture"
)

// ErrWrong says that a code is wrong, or that too many were.
var ErrWrong = errors.New("gesture: wrong code")

// Request is the code that the hub waits for.
type Request struct {
	Code string `json:"code"`
	// Kind is the operation of the link that the code allows, or "erase"; Role the role that it gives, or "".
	Kind string  `json:"kind"`
	Link id.Hash `json:"link"`
	Role string  `json:"role"`
	// Since is when the first of Wrong codes came.
	Since int64 `json:"since"`
	Until int64 `json:"until"`
	Wrong int64 `json:"wrong"`
}

// Check refuses what Ask does not write.
func (r *Request) Check() error {
	if len(r.Code) != digits || r.Wrong < 0 || r.Wrong > Tries {
		return errors.New("gesture: a damaged code")
	}
	return nil
}

// locked says whether no code is taken and none made.
func (r *Request) locked(now int64) bool { return r.Wrong >= Tries && r.counts(now) }

// counts says whether the wrong codes still count. A clock that was set back ends that no earlier than Life after it.
func (r *Request) counts(now int64) bool {
	return r.Wrong > 0 && now < r.Since+Life.Milliseconds()
}

// good says whether the code may still be used. One from the future was made before the clock was set back.
func (r *Request) good(now int64) bool {
	return now < r.Until && now >= r.Until-Life.Milliseconds()
}

// Ask returns the code for a link: the one that is waited for already, or a new one, which replaces that of any other.
func Ask(ctx context.Context, db *state.DB, link id.Hash, kind, role string, now int64, random io.Reader) (*Request, error) {
	var out *Request
	err := db.Write(ctx, func(tx *sql.Tx) error {
		was, err := read(ctx, tx)
		if err != nil {
			return err
		}
		if was != nil && was.locked(now) {
			return ErrWrong
		}
		if was != nil && was.Link == link && was.good(now) {
			out = was
			return nil
		}
		n, err := rand.Int(random, big.NewInt(1_000_000))
		if err != nil {
			return fmt.Errorf("gesture: make code: %w", err)
		}
		out = &Request{Code: fmt.Sprintf("%0*d", digits, n), Kind: kind, Link: link, Role: role, Until: now + Life.Milliseconds()}
		if was != nil && was.counts(now) {
			out.Since, out.Wrong = was.Since, was.Wrong
		}
		return write(ctx, tx, out)
	})
	return out, err
}

// Verify says whether a code is the one for this link. asked is false if the hub waits for none, or for that of another
// link: then a new one has to be asked for.
func Verify(ctx context.Context, db *state.DB, link id.Hash, code string, now int64) (asked bool, err error) {
	wrong := false
	err = db.Write(ctx, func(tx *sql.Tx) error {
		r, err := read(ctx, tx)
		if err != nil || r == nil {
			return err
		}
		if r.locked(now) {
			asked, wrong = true, true
			return nil
		}
		if r.Link != link || !r.good(now) {
			return nil
		}
		asked = true
		if subtle.ConstantTimeCompare([]byte(r.Code), []byte(code)) == 1 {
			return nil
		}
		wrong = true
		if !r.counts(now) {
			r.Since, r.Wrong = now, 0
		}
		r.Wrong++
		return write(ctx, tx, r)
	})
	if err == nil && wrong {
		err = ErrWrong
	}
	return asked, err
}

// Done forgets the code within the transaction that acts on it. Wrong codes go on counting only if it was never right.
func Done(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE name = $1`, fact); err != nil {
		return fmt.Errorf("gesture: forget: %w", err)
	}
	return nil
}

// Waiting returns the code that the hub waits for, nil if there is none.
func Waiting(ctx context.Context, db *state.DB, now int64) (*Request, error) {
	var r *Request
	err := db.Read(ctx, func(tx *sql.Tx) (err error) {
		r, err = read(ctx, tx)
		return err
	})
	if err != nil || r == nil || !r.good(now) || r.locked(now) {
		return nil, err
	}
	return r, nil
}

func read(ctx context.Context, tx *sql.Tx) (*Request, error) {
	b, err := household.Fact(ctx, tx, fact)
	if err != nil || b == nil {
		return nil, err
	}
	var r Request
	if err := canon.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("gesture: %w", err)
	}
	return &r, nil
}

func write(ctx context.Context, tx *sql.Tx, r *Request) error {
	b, err := canon.Marshal(r)
	if err != nil {
		return fmt.Errorf("gesture: %w", err)
	}
	return household.SetFact(ctx, tx, fact, b)
}
