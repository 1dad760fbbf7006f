// SPDX-License-Identifier: Apache-2.0

// Package covers keeps what is covered of the cameras' pictures.
//
// It promises that what a setting says counts from the commit of the transaction on that it is written in, over every
// restart; and that a camera of an earlier hub is unsaid until the commit of its first setting. It covers nothing itself:
// whoever connects to a camera asks [Book.Unsaid] and [Book.Of] before. It trusts state.db, and that settings were checked
// before they are given to it.
package covers

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync"

	"keyhold/home/state"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/masks"
)

// Setting is what is covered of a camera's picture.
type Setting struct {
	masks.Setting
	Person    id.Person
	Statement []byte
}

// Book is what is covered. It is safe for concurrent use; changes are made by one goroutine at a time.
type Book struct {
	mu       sync.Mutex
	settings map[id.Camera][]*Setting // the newest last, and the one before
	unsaid   map[id.Camera]bool
}

// Load reads what an earlier process has left.
func Load(ctx context.Context, db *state.DB) (b *Book, err error) {
	err = db.Read(ctx, func(tx *sql.Tx) error {
		b, err = In(ctx, tx)
		return err
	})
	return b, err
}

// In is what is kept, as a transaction sees it.
func In(ctx context.Context, tx *sql.Tx) (*Book, error) {
	b := &Book{settings: map[id.Camera][]*Setting{}, unsaid: map[id.Camera]bool{}}
	err := state.Each(ctx, tx, `SELECT camera FROM masks_unsaid`, nil, func(scan func(...any) error) error {
		var c id.Camera
		err := scan(&c)
		b.unsaid[c] = true
		return err
	})
	if err == nil {
		err = state.Each(ctx, tx, `SELECT person, statement FROM masks ORDER BY camera, seq`, nil, func(scan func(...any) error) error {
			var s Setting
			if err := scan(&s.Person, &s.Statement); err != nil {
				return err
			}
			e, err := dsse.Parse(s.Statement)
			if err != nil {
				return err
			}
			if err := e.Read(masks.Thing, &s.Setting); err != nil {
				return err
			}
			b.settings[s.Camera] = append(b.settings[s.Camera], &s)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("covers: load: %w", err)
	}
	return b, nil
}

// Of is what is covered of a camera's picture now.
func (b *Book) Of(c id.Camera) []masks.Mask {
	b.mu.Lock()
	defer b.mu.Unlock()
	if list := b.settings[c]; len(list) > 0 {
		return list[len(list)-1].Masks
	}
	return nil
}

// Unsaid says that an earlier hub had a camera, and that nobody has told this one yet what is covered of its picture.
func (b *Book) Unsaid(c id.Camera) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unsaid[c]
}

// Last is the number of a camera's newest setting; 0 for none.
func (b *Book) Last(c id.Camera) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if list := b.settings[c]; len(list) > 0 {
		return list[len(list)-1].Seq
	}
	return 0
}

// All are the newest settings, each behind the one before it, in the order of the cameras.
func (b *Book) All() []*Setting {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*Setting
	for _, c := range slices.Sorted(maps.Keys(b.settings)) {
		out = append(out, b.settings[c]...)
	}
	return out
}

// Await notes that an earlier hub had a camera, and that this one does not know what is covered of its picture.
func Await(ctx context.Context, tx *sql.Tx, c id.Camera) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO masks_unsaid (camera) VALUES ($1)`, string(c)); err != nil {
		return fmt.Errorf("covers: await a setting: %w", err)
	}
	return nil
}

// Write puts a setting into state.db, within a transaction of the caller's.
func Write(ctx context.Context, tx *sql.Tx, s *Setting) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM masks WHERE camera = $1 AND seq < $2`, string(s.Camera), s.Seq-1); err != nil {
		return fmt.Errorf("covers: %w", err)
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO masks (camera, seq, person, statement) VALUES ($1, $2, $3, $4)`, string(s.Camera), s.Seq, string(s.Person), s.Statement)
	if err != nil {
		return fmt.Errorf("covers: keep a setting: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM masks_unsaid WHERE camera = $1`, string(s.Camera)); err != nil {
		return fmt.Errorf("covers: keep a setting: %w", err)
	}
	return nil
}

// Done says that a setting is committed.
func (b *Book) Done(s *Setting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := append(slices.Clone(b.settings[s.Camera]), s)
	b.settings[s.Camera] = list[max(0, len(list)-2):]
	delete(b.unsaid, s.Camera)
}
