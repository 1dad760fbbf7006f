// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/latch"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// Lock is what was set to open the door at a camera, as it was signed, and the way to it, which may carry a password.
type Lock struct {
	Person    id.Person
	Statement []byte
	Way       []byte
	// Own is the camera itself, where that opens the door; nil where not.
	Own *latch.Device
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
	own := []byte{}
	if l.Own != nil {
		plain, err := canon.Marshal(l.Own)
		if err == nil {
			own, err = s.sealed(plain, ownOf(camera))
		}
		if err != nil {
			return fmt.Errorf("cameras: lock: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO locks (camera, person, statement, way, own) VALUES ($1, $2, $3, $4, $5)`, string(camera), string(l.Person), l.Statement, way, own)
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
		return state.Each(ctx, tx, `SELECT camera, person, statement, way, own FROM locks`, nil, func(scan func(...any) error) error {
			var camera id.Camera
			var own []byte
			l := &Lock{}
			err := scan(&camera, &l.Person, &l.Statement, &l.Way, &own)
			if err == nil && len(l.Way) > 0 {
				l.Way, err = s.opened(l.Way, lockOf(camera))
			}
			if err == nil && len(own) > 0 {
				l.Own, err = s.own(own, camera)
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

func (s *Store) own(sealed []byte, camera id.Camera) (*latch.Device, error) {
	plain, err := s.opened(sealed, ownOf(camera))
	if err != nil {
		return nil, err
	}
	d := &latch.Device{}
	return d, canon.Unmarshal(plain, d)
}

// ownOf keeps a camera's own door from being opened as an address.
func ownOf(camera id.Camera) string { return string(camera) + "/own" }

// lockOf keeps a way to a lock from being opened as an address.
func lockOf(camera id.Camera) string { return string(camera) + "/lock" }
