// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/canon"
)

// named is a table of things that have a name each and carry a password: they are sealed like a camera's address. What
// they are keeps one from being opened as another, or as an address.
type named[T any] struct {
	what, add, remove, all string
}

func (n *named[T]) of(name string) string { return n.what + "/" + name }

// put keeps a thing of a name that none has yet.
func (n *named[T]) put(ctx context.Context, s *Store, tx *sql.Tx, name string, thing *T) error {
	plain, err := canon.Marshal(thing)
	if err != nil {
		return fmt.Errorf("cameras: %s: %w", n.what, err)
	}
	sealed, err := s.sealed(plain, n.of(name))
	if err != nil {
		return fmt.Errorf("cameras: %s: %w", n.what, err)
	}
	return n.change(ctx, tx, ErrName, n.add, name, sealed)
}

// drop forgets the thing of a name.
func (n *named[T]) drop(ctx context.Context, tx *sql.Tx, name string) error {
	return n.change(ctx, tx, ErrNotFound, n.remove, name)
}

// change changes one row, or says why there is none.
func (n *named[T]) change(ctx context.Context, tx *sql.Tx, none error, query string, args ...any) error {
	r, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("cameras: %s: %w", n.what, err)
	}
	if rows, err := r.RowsAffected(); err != nil || rows == 0 {
		return fmt.Errorf("cameras: %s: %w", n.what, none)
	}
	return nil
}

// list returns them all, by name.
func (n *named[T]) list(ctx context.Context, s *Store) ([]T, error) {
	var out []T
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, n.all, nil, func(scan func(...any) error) error {
			var name string
			var sealed []byte
			if err := scan(&name, &sealed); err != nil {
				return err
			}
			plain, err := s.opened(sealed, n.of(name))
			if err != nil {
				return err
			}
			var thing T
			if err := canon.Unmarshal(plain, &thing); err != nil {
				return err
			}
			out = append(out, thing)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: %ss: %w", n.what, err)
	}
	return out, nil
}
