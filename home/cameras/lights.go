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

// Light is by what a light at a camera is lit. It may hold passwords: never log it.
type Light struct {
	Kind string `json:"kind"`
	// Off and On are its addresses, if it is told by HTTP.
	Off string `json:"off,omitempty"`
	On  string `json:"on,omitempty"`
	// Own is the camera's relay, if it hangs on that.
	Own *latch.Device `json:"own,omitempty"`
}

// SetLight notes the light of a camera in use; nil forgets it.
func (s *Store) SetLight(ctx context.Context, tx *sql.Tx, camera id.Camera, l *Light) error {
	var used int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = $1 AND removed IS NULL`, string(camera)).Scan(&used)
	if err == nil && used == 0 {
		return ErrNotFound
	}
	if err == nil {
		err = forgetLight(ctx, tx, camera)
	}
	if err == nil && l != nil {
		var plain, sealed []byte
		if plain, err = canon.Marshal(l); err == nil {
			sealed, err = s.sealed(plain, lightOf(camera))
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO lights (camera, way) VALUES ($1, $2)`, string(camera), sealed)
		}
	}
	if err != nil {
		return fmt.Errorf("cameras: light: %w", err)
	}
	return nil
}

// Lights are those of all cameras.
func (s *Store) Lights(ctx context.Context) (map[id.Camera]*Light, error) {
	out := map[id.Camera]*Light{}
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT camera, way FROM lights ORDER BY camera`, nil, func(scan func(...any) error) error {
			var c id.Camera
			var sealed []byte
			if err := scan(&c, &sealed); err != nil {
				return err
			}
			plain, err := s.opened(sealed, lightOf(c))
			if err != nil {
				return err
			}
			out[c] = &Light{}
			return canon.Unmarshal(plain, out[c])
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: lights: %w", err)
	}
	return out, nil
}

func forgetLight(ctx context.Context, tx *sql.Tx, camera id.Camera) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM lights WHERE camera = $1`, string(camera))
	return err
}

// lightOf keeps what lights a lamp from being opened as something else.
func lightOf(camera id.Camera) string { return string(camera) + "/light" }
