// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"

	"keyhold/cloud/store"
)

const (
	deleteKeptObjects = `DELETE FROM kept_objects WHERE household = $1 AND camera = $2 AND hub >= $3 AND hub <= $4`
	deleteKeptPages   = `DELETE FROM kept_pages WHERE household = $1 AND camera = $2 AND hub >= $3 AND hub <= $4`
	insertKeptObject  = `INSERT INTO kept_objects (household, camera, hub, object) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	insertKeptPage    = `INSERT INTO kept_pages (household, camera, hub, run, epoch, hour) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	countKept         = `SELECT max((SELECT count(*) FROM kept_objects AS o WHERE o.household = h.household),
		(SELECT count(*) FROM kept_pages AS p WHERE p.household = h.household)) FROM households AS h WHERE h.household = $1`
)

// PutKept stores a list of what stays.
func (s *Store) PutKept(ctx context.Context, n store.Nonce, k store.Kept, most int) error {
	return s.tx(ctx, "put kept", &n, func(tx *sql.Tx) error {
		first := k.Hub
		if k.Whole {
			first = 0
		}
		for _, query := range []string{deleteKeptObjects, deleteKeptPages} {
			if _, err := tx.ExecContext(ctx, query, k.Household, k.Camera, first, k.Hub); err != nil {
				return err
			}
		}
		if len(k.Objects) > most || len(k.Pages) > most {
			return store.ErrFull
		}
		for _, o := range k.Objects {
			if _, err := tx.ExecContext(ctx, insertKeptObject, k.Household, k.Camera, k.Hub, o); err != nil {
				return err
			}
		}
		for _, p := range k.Pages {
			if _, err := tx.ExecContext(ctx, insertKeptPage, k.Household, k.Camera, k.Hub, p.Run, p.Epoch, p.Hour); err != nil {
				return err
			}
		}
		var all int
		if err := tx.QueryRowContext(ctx, countKept, k.Household).Scan(&all); err != nil {
			return err
		}
		if all > most {
			return store.ErrFull
		}
		return nil
	})
}
