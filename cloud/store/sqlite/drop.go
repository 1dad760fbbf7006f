// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"

	"keyhold/cloud/store"
	"keyhold/statement/id"
)

const (
	countDrops = `SELECT COUNT(*) FROM drops`
	nextDrop   = `INSERT INTO boxes (box, last, expires) VALUES ($1, 1, $2)
		ON CONFLICT (box) DO UPDATE SET last = boxes.last + 1, expires = excluded.expires RETURNING last`
	insertDrop = `INSERT INTO drops (box, n, body, expires) VALUES ($1, $2, $3, $4)`
	listDrops  = `SELECT n, body FROM drops WHERE box = $1 AND n > $2 AND expires > $3 ORDER BY n`
)

// PutDrop adds a message to a box.
func (s *Store) PutDrop(ctx context.Context, box id.Hash, body []byte, expires, most, total int64) (n int64, err error) {
	err = s.tx(ctx, "put drop", nil, func(tx *sql.Tx) error {
		var all int64
		if err := tx.QueryRowContext(ctx, countDrops).Scan(&all); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, nextDrop, box.String(), expires).Scan(&n); err != nil {
			return err
		}
		if n > most || all >= total {
			return store.ErrFull
		}
		_, err := tx.ExecContext(ctx, insertDrop, box.String(), n, body, expires)
		return err
	})
	return n, err
}

// DropsAfter lists the messages of a box.
func (s *Store) DropsAfter(ctx context.Context, box id.Hash, after, now int64) ([]store.Drop, error) {
	return list(ctx, s.read, "drops", func(rows *sql.Rows, d *store.Drop) error { return rows.Scan(&d.N, &d.Body) },
		listDrops, box.String(), after, now)
}
