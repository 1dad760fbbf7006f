// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/statement/id"
)

// SetSpeaker notes where a camera in use takes sound, if that is at an address of its own; "" forgets it.
func (s *Store) SetSpeaker(ctx context.Context, tx *sql.Tx, camera id.Camera, url string) error {
	var used int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM cameras WHERE id = $1 AND removed IS NULL`, string(camera)).Scan(&used)
	if err == nil && used == 0 {
		return ErrNotFound
	}
	if err == nil {
		err = forgetSpeaker(ctx, tx, camera)
	}
	if err == nil && url != "" {
		var sealed []byte
		if sealed, err = s.sealed([]byte(url), speakerOf(camera)); err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO speakers (camera, url) VALUES ($1, $2)`, string(camera), sealed)
		}
	}
	if err != nil {
		return fmt.Errorf("cameras: speaker: %w", err)
	}
	return nil
}

func forgetSpeaker(ctx context.Context, tx *sql.Tx, camera id.Camera) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM speakers WHERE camera = $1`, string(camera))
	return err
}

// speakerOf keeps the address of a speaker from being opened as another.
func speakerOf(camera id.Camera) string { return string(camera) + "/speaker" }
