// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/statement/id"
)

// SetSmall notes where the second stream of a camera in use is; "" forgets it.
func (s *Store) SetSmall(ctx context.Context, tx *sql.Tx, camera id.Camera, url string) error {
	var used int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = $1 AND removed IS NULL`, string(camera)).Scan(&used)
	if err == nil && used == 0 {
		return ErrNotFound
	}
	if err == nil {
		err = s.setSmall(ctx, tx, camera, url)
	}
	if err != nil {
		return fmt.Errorf("cameras: second stream: %w", err)
	}
	return nil
}

func (s *Store) setSmall(ctx context.Context, tx *sql.Tx, camera id.Camera, url string) error {
	if err := forgetSmall(ctx, tx, camera); err != nil || url == "" {
		return err
	}
	sealed, err := s.sealed([]byte(url), smallOf(camera))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO small (camera, url) VALUES ($1, $2)`, string(camera), sealed)
	return err
}

func forgetSmall(ctx context.Context, tx *sql.Tx, camera id.Camera) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM small WHERE camera = $1`, string(camera))
	return err
}

// smallOf keeps one address of a camera from being opened as another.
func smallOf(camera id.Camera) string { return string(camera) + "/small" }
