// SPDX-License-Identifier: Apache-2.0

// Package quiet keeps who wants to be told nothing of a camera's presses, until when, and at which hours of the week.
//
// It promises that what a person has wished last is what holds, over every restart. It trusts state.db.
package quiet

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Book is what was wished for. It is safe for concurrent use.
type Book struct {
	db *state.DB

	change sync.Mutex // held from before a wish is written until it counts: what is read is never older than what counts
	mu     sync.Mutex
	until  map[id.Person]map[id.Camera]int64 // guarded by mu
	hours  map[id.Person]map[id.Camera]hours // guarded by mu

	zone string // in which hours are told
}

// Open reads what an earlier process has left; hours are those of a zone.
func Open(ctx context.Context, db *state.DB, zone string) (*Book, error) {
	b := &Book{db: db, zone: zone}
	return b, b.read(ctx)
}

// Set lets a camera be quiet for a person until a time; one that is not after now ends it.
func (b *Book) Set(ctx context.Context, p id.Person, c id.Camera, until, now int64) error {
	b.change.Lock()
	defer b.change.Unlock()
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM snoozes WHERE until <= $1 OR person = $2 AND camera = $3`, now, string(p), string(c)); err != nil {
			return err
		}
		if until <= now {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO snoozes (person, camera, until) VALUES ($1, $2, $3)`, string(p), string(c), until)
		return err
	})
	if err != nil {
		return fmt.Errorf("quiet: keep: %w", err)
	}
	return b.read(ctx)
}

// Forget deletes what was wished by whoever is none of these, in the transaction that lets them go. [Book.Follow] is for when
// that is done.
func Forget(ctx context.Context, tx *sql.Tx, belongs func(id.Person) bool) error {
	gone := map[id.Person]bool{}
	err := state.Each(ctx, tx, `SELECT person FROM snoozes UNION SELECT person FROM quiet_hours`, nil, func(scan func(...any) error) error {
		var p id.Person
		err := scan(&p)
		gone[p] = !belongs(p)
		return err
	})
	for p := range gone {
		for _, table := range []string{"snoozes", "quiet_hours"} {
			if err == nil && gone[p] {
				_, err = tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE person = $1`, string(p))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("quiet: forget: %w", err)
	}
	return nil
}

// Follow reads anew what is wished, after some of it was forgotten.
func (b *Book) Follow(ctx context.Context) error {
	b.change.Lock()
	defer b.change.Unlock()
	return b.read(ctx)
}

func (b *Book) read(ctx context.Context) error {
	all := map[id.Person]map[id.Camera]int64{}
	var weeks map[id.Person]map[id.Camera]hours
	err := b.db.Read(ctx, func(tx *sql.Tx) (err error) {
		if weeks, err = b.readHours(ctx, tx); err != nil {
			return err
		}
		return state.Each(ctx, tx, `SELECT person, camera, until FROM snoozes`, nil, func(scan func(...any) error) error {
			var p id.Person
			var c id.Camera
			var until int64
			err := scan(&p, &c, &until)
			if all[p] == nil {
				all[p] = map[id.Camera]int64{}
			}
			all[p][c] = until
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("quiet: read: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.until, b.hours = all, weeks
	return nil
}

// Is says whether a person wants to hear nothing of a camera now.
func (b *Book) Is(p id.Person, c id.Camera, now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.hours[p]
	return b.until[p][c] > now || own[c].hold(now) || own[id.HouseholdCamera].hold(now)
}

// Of are a person's wishes that still last, in the order of the cameras.
func (b *Book) Of(p id.Person, now int64) []request.Snooze {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []request.Snooze{}
	for c, until := range b.until[p] {
		if until > now {
			out = append(out, request.Snooze{Camera: c, Until: until})
		}
	}
	slices.SortFunc(out, func(a, b request.Snooze) int { return cmp.Compare(a.Camera, b.Camera) })
	return out
}
