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
	countOpen       = `SELECT COUNT(*) FROM households WHERE household = $1 AND closed = 0`
	updateSheet     = `UPDATE households SET sheet = $1 WHERE household = $2`
	selectBySheet   = `SELECT household FROM households WHERE sheet = $1 AND closed = 0 ORDER BY stored, household LIMIT 1`
	// One row in any case, so that a household which is not there takes as long as one that is. There without an
	// envelope, the chain has no more.
	selectLinks = `SELECT households.household IS NOT NULL, links.envelope FROM (SELECT 1)
		LEFT JOIN households ON households.household = $1 AND households.closed = 0
		LEFT JOIN links ON links.household = households.household AND links.seq >= $2 ORDER BY links.seq`
	selectLinkHash = `SELECT hash FROM links WHERE household = $1 AND seq = $2`
	selectLastLink = `SELECT COALESCE(MAX(seq), -1) FROM links WHERE household = $1`
)

// Register stores a household, or continues the chain of one that is there.
func (s *Store) Register(ctx context.Context, h store.Household) (created bool, err error) {
	err = s.tx(ctx, "register", nil, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, insertHousehold, h.Household, h.Sheet.String(), h.Stored)
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		if err != nil {
			return err
		}
		created = rows == 1
		if !created {
			var open int64
			if err := tx.QueryRowContext(ctx, countOpen, h.Household).Scan(&open); err != nil {
				return err
			}
			if open == 0 {
				return store.ErrConflict // it is being erased, and can come again afterwards
			}
		}
		for _, l := range h.Chain {
			if err := appendLink(ctx, tx, l); err != nil {
				return err
			}
		}
		return nil
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
	known := false
	links, err := list(ctx, s.read, "links", func(r *sql.Rows, b *[]byte) error { return r.Scan(&known, b) },
		selectLinks, household, from)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, fmt.Errorf("sqlite: links: %w", store.ErrMissing)
	case links[0] == nil:
		return nil, nil
	}
	return links, nil
}

// AppendLink continues a chain.
func (s *Store) AppendLink(ctx context.Context, n store.Nonce, l store.Link) error {
	return s.tx(ctx, "append link", &n, func(tx *sql.Tx) error { return appendLink(ctx, tx, l) })
}

// appendLink is AppendLink inside a transaction.
func appendLink(ctx context.Context, tx *sql.Tx, l store.Link) error {
	var last int64
	if err := tx.QueryRowContext(ctx, selectLastLink, l.Household).Scan(&last); err != nil {
		return err
	}
	switch {
	case l.Seq == last+1:
		if _, err := tx.ExecContext(ctx, insertLink, l.Household, l.Seq, l.Hash.String(), l.Envelope, l.Stored); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, updateSheet, l.Sheet.String(), l.Household)
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
}
