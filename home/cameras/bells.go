// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/door"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// SetBell notes by what a camera in use is heard to ring; nil forgets it. It may carry a password, and is sealed.
func (s *Store) SetBell(ctx context.Context, tx *sql.Tx, camera id.Camera, bell *door.Bell) error {
	var used int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = $1 AND removed IS NULL`, string(camera)).Scan(&used)
	if err == nil && used == 0 {
		return ErrNotFound
	}
	if err == nil {
		err = s.setBell(ctx, tx, camera, bell)
	}
	if err != nil {
		return fmt.Errorf("cameras: bell: %w", err)
	}
	return nil
}

func (s *Store) setBell(ctx context.Context, tx *sql.Tx, camera id.Camera, bell *door.Bell) error {
	if err := forgetBell(ctx, tx, camera); err != nil || bell == nil {
		return err
	}
	plain, err := canon.Marshal(bell)
	if err != nil {
		return err
	}
	sealed, err := s.sealed(plain, bellOf(camera))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO bells (camera, bell) VALUES ($1, $2)`, string(camera), sealed)
	return err
}

func forgetBell(ctx context.Context, tx *sql.Tx, camera id.Camera) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM bells WHERE camera = $1`, string(camera))
	return err
}

// Bells returns the bells of cameras in use.
func (s *Store) Bells(ctx context.Context) (map[id.Camera]*door.Bell, error) {
	out := map[id.Camera]*door.Bell{}
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT camera, bell FROM bells`, nil, func(scan func(...any) error) error {
			var camera id.Camera
			var sealed []byte
			if err := scan(&camera, &sealed); err != nil {
				return err
			}
			plain, err := s.opened(sealed, bellOf(camera))
			if err != nil {
				return err
			}
			bell := &door.Bell{}
			if err := canon.Unmarshal(plain, bell); err != nil {
				return err
			}
			out[camera] = bell
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: bells: %w", err)
	}
	return out, nil
}

// bellOf keeps a bell from being opened as an address.
func bellOf(camera id.Camera) string { return string(camera) + "/bell" }
