// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// Identity is which device a camera was when it was found. It is what the device said of itself, and no proof.
type Identity struct {
	// Endpoint is the device's own name for itself, Host where it was.
	Endpoint string `json:"endpoint"`
	Host     string `json:"host"`
	Serial   string `json:"serial"`
}

// Identify notes which device a camera is, in the place of what was noted before; the zero value notes nothing.
func (s *Store) Identify(ctx context.Context, tx *sql.Tx, camera id.Camera, i Identity) error {
	if err := forget(ctx, tx, camera); err != nil {
		return fmt.Errorf("cameras: identify: %w", err)
	}
	if i == (Identity{}) {
		return nil
	}
	plain, err := canon.Marshal(i)
	if err != nil {
		return fmt.Errorf("cameras: identify: %w", err)
	}
	sealed, err := s.sealed(plain, identityOf(camera))
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO devices (camera, identity) VALUES ($1, $2)`, string(camera), sealed)
	}
	if err != nil {
		return fmt.Errorf("cameras: identify: %w", err)
	}
	return nil
}

// Identities returns what is noted of cameras in use.
func (s *Store) Identities(ctx context.Context) (map[id.Camera]Identity, error) {
	out := map[id.Camera]Identity{}
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT camera, identity FROM devices`, nil, func(scan func(...any) error) error {
			var camera id.Camera
			var sealed []byte
			if err := scan(&camera, &sealed); err != nil {
				return err
			}
			plain, err := s.opened(sealed, identityOf(camera))
			if err != nil {
				return err
			}
			var i Identity
			if err := canon.Unmarshal(plain, &i); err != nil {
				return err
			}
			out[camera] = i
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: identities: %w", err)
	}
	return out, nil
}

func forget(ctx context.Context, tx *sql.Tx, camera id.Camera) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM devices WHERE camera = $1`, string(camera))
	return err
}

// identityOf keeps an identity from being opened as an address.
func identityOf(camera id.Camera) string { return string(camera) + "/device" }
