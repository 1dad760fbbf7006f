// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

const (
	insertEnvelope = `INSERT INTO envelopes (household, camera, epoch, device, hash, head, reseal, bytes, stored)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
	insertReseal = `INSERT INTO reseals (household, hash, device, statement, stored)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	listEnvelopes = `SELECT camera, epoch, device, head, bytes FROM envelopes WHERE household = $1`
	// The order of arrival comes first, so that a page of epochs reads from old to new.
	orderEnvelopes = ` ORDER BY camera, stored, epoch, device, hash`
	listReseals    = `SELECT statement FROM reseals WHERE household = $1 AND device = $2 ORDER BY stored, hash`

	selectDocument = `SELECT household, kind, at, body, updated FROM documents WHERE household = $1 AND kind = $2`
	upsertDocument = `INSERT INTO documents (household, kind, at, body, updated) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (household, kind) DO UPDATE SET at = excluded.at, body = excluded.body, updated = excluded.updated`

	upsertLabel = `INSERT INTO labels (household, camera, body, updated) VALUES ($1, $2, $3, $4)
		ON CONFLICT (household, camera) DO UPDATE SET body = excluded.body, updated = excluded.updated`
	listLabels = `SELECT household, camera, body, updated FROM labels WHERE household = $1 ORDER BY camera`
)

// PutEnvelopes stores rows and what brought them.
func (s *Store) PutEnvelopes(ctx context.Context, n store.Nonce, household id.Household, rows []request.Row, by *store.Reseal, stored int64) error {
	return s.tx(ctx, "put envelopes", &n, func(tx *sql.Tx) error {
		reseal := ""
		if by != nil {
			reseal = by.Hash.String()
			if _, err := tx.ExecContext(ctx, insertReseal, household, reseal, by.Device, by.Statement, stored); err != nil {
				return err
			}
		}
		for _, r := range rows {
			_, err := tx.ExecContext(ctx, insertEnvelope, household, r.Camera, r.Epoch, r.Device,
				id.HashOf(r.Bytes).String(), r.Head.String(), reseal, r.Bytes, stored)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Envelopes lists the rows for some readers.
func (s *Store) Envelopes(ctx context.Context, household id.Household, readers []id.Device) ([]request.Row, error) {
	where, args := among("device", readers, []any{household})
	return list(ctx, s.read, "envelopes", func(rows *sql.Rows, r *request.Row) error {
		var head string
		if err := rows.Scan(&r.Camera, &r.Epoch, &r.Device, &head, &r.Bytes); err != nil {
			return err
		}
		var err error
		r.Head, err = id.ParseHash(head)
		return err
	}, listEnvelopes+where+orderEnvelopes, args...)
}

// Reseals lists the statements for a device.
func (s *Store) Reseals(ctx context.Context, household id.Household, device id.Device) ([][]byte, error) {
	return list(ctx, s.read, "reseals", func(rows *sql.Rows, b *[]byte) error { return rows.Scan(b) },
		listReseals, household, device)
}

func scanDocument(r interface{ Scan(...any) error }, d *store.Document) error {
	return r.Scan(&d.Household, &d.Kind, &d.At, &d.Body, &d.Updated)
}

// PutDocument stores a document that is not older than the stored one.
func (s *Store) PutDocument(ctx context.Context, n store.Nonce, d store.Document) error {
	return s.tx(ctx, "put document", &n, func(tx *sql.Tx) error {
		var was store.Document
		err := scanDocument(tx.QueryRowContext(ctx, selectDocument, d.Household, d.Kind), &was)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if was.At > d.At {
			return store.ErrConflict
		}
		_, err = tx.ExecContext(ctx, upsertDocument, d.Household, d.Kind, d.At, d.Body, d.Updated)
		return err
	})
}

// Document returns a document.
func (s *Store) Document(ctx context.Context, household id.Household, kind string) (store.Document, error) {
	var d store.Document
	if err := scanDocument(s.read.QueryRowContext(ctx, selectDocument, household, kind), &d); err != nil {
		return d, fmt.Errorf("sqlite: document: %w", missing(err))
	}
	return d, nil
}

// PutLabel stores a label in place of its older version.
func (s *Store) PutLabel(ctx context.Context, n store.Nonce, l store.Label) error {
	return s.tx(ctx, "put label", &n, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsertLabel, l.Household, l.Camera, l.Body, l.Updated)
		return err
	})
}

// Labels lists a household's labels.
func (s *Store) Labels(ctx context.Context, household id.Household) ([]store.Label, error) {
	return list(ctx, s.read, "labels", func(rows *sql.Rows, l *store.Label) error {
		return rows.Scan(&l.Household, &l.Camera, &l.Body, &l.Updated)
	}, listLabels, household)
}
