// SPDX-License-Identifier: Apache-2.0

// Package nursery keeps which cameras are in a child's room.
//
// It promises that what a setting says counts from the commit of the transaction on that it is written in, over every
// restart; and that a camera of an earlier hub counts as one in a child's room until the commit of its first setting. It
// closes nobody's ears itself: whoever lets people talk or listen asks [Book.Is] before. It trusts state.db, and that
// settings were checked before they are given to it.
package nursery

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync"

	"keyhold/home/state"
	"keyhold/statement/child"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
)

// Setting is what holds for a camera.
type Setting struct {
	child.Setting
	Person    id.Person
	Statement []byte
}

// Book is what is set. It is safe for concurrent use; changes are made by one goroutine at a time.
type Book struct {
	mu       sync.Mutex
	settings map[id.Camera]*Setting // guarded by mu
	unsaid   map[id.Camera]bool     // guarded by mu
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
	b := &Book{settings: map[id.Camera]*Setting{}, unsaid: map[id.Camera]bool{}}
	err := state.Each(ctx, tx, `SELECT camera FROM child_unsaid`, nil, func(scan func(...any) error) error {
		var c id.Camera
		err := scan(&c)
		b.unsaid[c] = true
		return err
	})
	if err == nil {
		err = state.Each(ctx, tx, `SELECT person, statement FROM child_rooms`, nil, func(scan func(...any) error) error {
			var s Setting
			if err := scan(&s.Person, &s.Statement); err != nil {
				return err
			}
			e, err := dsse.Parse(s.Statement)
			if err == nil {
				err = e.Read(child.Thing, &s.Setting)
			}
			b.settings[s.Camera] = &s
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("nursery: load: %w", err)
	}
	return b, nil
}

// Set says whether somebody has set that a camera is in a child's room.
func (b *Book) Set(c id.Camera) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.settings[c]
	return s != nil && s.On
}

// Unsaid says that an earlier hub had a camera, and that nobody has told this one yet whether it is in a child's room.
func (b *Book) Unsaid(c id.Camera) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unsaid[c]
}

// Is says whether a camera is in a child's room now, or may be: an earlier hub had it, and nobody has told this one.
func (b *Book) Is(c id.Camera) bool {
	return b.Unsaid(c) || b.Set(c)
}

// Last is the number of a camera's newest setting; 0 for none.
func (b *Book) Last(c id.Camera) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.settings[c]; s != nil {
		return s.Seq
	}
	return 0
}

// All are the newest settings, in the order of the cameras.
func (b *Book) All() []*Setting {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*Setting
	for _, c := range slices.Sorted(maps.Keys(b.settings)) {
		out = append(out, b.settings[c])
	}
	return out
}

// Await notes that an earlier hub had a camera, and that this one does not know whether it is in a child's room.
func Await(ctx context.Context, tx *sql.Tx, c id.Camera) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO child_unsaid (camera) VALUES ($1)`, string(c)); err != nil {
		return fmt.Errorf("nursery: await a setting: %w", err)
	}
	return nil
}

// Write puts a setting into state.db, within a transaction of the caller's.
func Write(ctx context.Context, tx *sql.Tx, s *Setting) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO child_rooms (camera, person, statement) VALUES ($1, $2, $3)`, string(s.Camera), string(s.Person), s.Statement)
	if err != nil {
		return fmt.Errorf("nursery: keep a setting: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM child_unsaid WHERE camera = $1`, string(s.Camera)); err != nil {
		return fmt.Errorf("nursery: keep a setting: %w", err)
	}
	return nil
}

// Done says that a setting is committed.
func (b *Book) Done(s *Setting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settings[s.Camera] = s
	delete(b.unsaid, s.Camera)
}
