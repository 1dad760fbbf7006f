// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/statement/id"
)

// SetRecorded notes in which form a camera in use is recorded; "" forgets what was said.
func (s *Store) SetRecorded(ctx context.Context, tx *sql.Tx, camera id.Camera, form string) error {
	var used int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = $1 AND removed IS NULL`, string(camera)).Scan(&used)
	if err == nil && used == 0 {
		return ErrNotFound
	}
	if err == nil {
		err = setRecorded(ctx, tx, camera, form)
	}
	if err != nil {
		return fmt.Errorf("cameras: form of recording: %w", err)
	}
	return nil
}

func setRecorded(ctx context.Context, tx *sql.Tx, camera id.Camera, form string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM recorded WHERE camera = $1`, string(camera))
	if err == nil && form != "" {
		_, err = tx.ExecContext(ctx, `INSERT INTO recorded (camera, form) VALUES ($1, $2)`, string(camera), form)
	}
	return err
}
