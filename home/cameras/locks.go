// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/id"
)

// Lock is what was set to open the door at a camera, as it was signed, and the way to it, which may carry a password.
type Lock struct {
	Person    id.Person
	Statement []byte
	Way       []byte
}

// SetLock notes what opens the door at a camera. The way is sealed.
func (s *Store) SetLock(ctx context.Context, tx *sql.Tx, camera id.Camera, l *Lock) error {
	way := []byte{}
	if len(l.Way) > 0 {
		var err error
		if way, err = s.sealed(l.Way, lockOf(camera)); err != nil {
			return fmt.Errorf("cameras: lock: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO locks (camera, person, statement, way) VALUES ($1, $2, $3, $4)`, string(camera), string(l.Person), l.Statement, way)
	if err != nil {
		return fmt.Errorf("cameras: lock: %w", err)
	}
	return nil
}

func forgetLock(ctx context.Context, tx *sql.Tx, camera id.Camera) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM locks WHERE camera = $1`, string(camera))
	return err
}

// Locks are those of cameras in use.
func (s *Store) Locks(ctx context.Context) (map[id.Camera]*Lock, error) {
	out := map[id.Camera]*Lock{}
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT camera, person, statement, way FROM locks`, nil, func(scan func(...any) error) error {
			var camera id.Camera
			l := &Lock{}
			err := scan(&camera, &l.Person, &l.Statement, &l.Way)
			if err == nil && len(l.Way) > 0 {
				l.Way, err = s.opened(l.Way, lockOf(camera))
			}
			out[camera] = l
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: locks: %w", err)
	}
	return out, nil
}

// lockOf keeps a way to a lock from being opened as an address.
func lockOf(camera id.Camera) string { return string(camera) + "/lock" }
