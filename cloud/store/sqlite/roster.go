// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/cloud/store"
	"keyhold/statement/id"
)

const (
	insertHousehold = `INSERT INTO households (household, sheet, stored) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	insertLink      = `INSERT INTO links (household, seq, hash, envelope, stored) VALUES ($1, $2, $3, $4, $5)`
	selectBySheet   = `SELECT household FROM households WHERE sheet = $1 ORDER BY stored, household LIMIT 1`
	selectLinks     = `SELECT envelope FROM links WHERE household = $1 AND seq >= $2 ORDER BY seq`
	selectLinkHash  = `SELECT hash FROM links WHERE household = $1 AND seq = $2`
	selectLastLink  = `SELECT COALESCE(MAX(seq), -1) FROM links WHERE household = $1`
)

// Register stores a household.
func (s *Store) Register(ctx context.Context, h store.Household) (created bool, err error) {
	err = s.tx(ctx, "register", nil, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, insertHousehold, h.Household, h.Sheet.String(), h.Stored)
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		if err != nil || rows == 0 {
			return err
		}
		created = true
		_, err = tx.ExecContext(ctx, insertLink, h.Household, 0, h.Hash.String(), h.Genesis, h.Stored)
		return err
	})
	return created && err == nil, err
}

// HouseholdOf finds a household by its sheet.
func (s *Store) HouseholdOf(ctx context.Context, sheet id.Hash) (id.Household, error) {
	var h id.Household
	if err := s.read.QueryRowContext(ctx, selectBySheet, sheet.String()).Scan(&h); err != nil {
		return "", fmt.Errorf("sqlite: household of sheet: %w", missing(err))
	}
	return h, nil
}

// Links lists a chain.
func (s *Store) Links(ctx context.Context, household id.Household, from int64) ([][]byte, error) {
	return list(ctx, s.read, "links", func(r *sql.Rows, b *[]byte) error { return r.Scan(b) },
		selectLinks, household, from)
}

// AppendLink continues a chain.
func (s *Store) AppendLink(ctx context.Context, n store.Nonce, l store.Link) error {
	return s.tx(ctx, "append link", &n, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, selectLastLink, l.Household).Scan(&last); err != nil {
			return err
		}
		switch {
		case l.Seq == last+1:
			_, err := tx.ExecContext(ctx, insertLink, l.Household, l.Seq, l.Hash.String(), l.Envelope, l.Stored)
			return err
		case l.Seq > last+1 || l.Seq < 0:
			return store.ErrConflict
		}
		var hash string
		if err := tx.QueryRowContext(ctx, selectLinkHash, l.Household, l.Seq).Scan(&hash); err != nil {
			return err
		}
		if hash != l.Hash.String() {
			return store.ErrConflict
		}
		return nil
	})
}
