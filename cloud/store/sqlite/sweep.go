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
	sweepObjects = `DELETE FROM objects WHERE place IN
		(SELECT place FROM objects WHERE (hour < $1 OR stored < $2)
			AND NOT EXISTS (SELECT 1 FROM kept_objects WHERE kept_objects.household = objects.household AND kept_objects.object = objects.object)
			LIMIT $3) RETURNING place`

	sweepPages = `DELETE FROM pages WHERE (hour < $1 OR updated < $2)
		AND NOT EXISTS (SELECT 1 FROM kept_pages WHERE kept_pages.household = pages.household AND kept_pages.run = pages.run
			AND kept_pages.camera = pages.camera AND kept_pages.epoch = pages.epoch AND kept_pages.hour = pages.hour)`
	// Rows of an epoch stay as long as a page of it does. The newest epoch of a camera stays in any case: the
	// document of names is sealed to the household's, and a camera that was quiet for long goes on with its own.
	sweepEnvelopes = `DELETE FROM envelopes WHERE stored < $1
		AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.epoch = envelopes.epoch AND pages.household = envelopes.household)
		AND stored < (SELECT MAX(newer.stored) FROM envelopes AS newer WHERE newer.household = envelopes.household
			AND newer.camera = envelopes.camera AND newer.reseal = '')`
	sweepReseals = `DELETE FROM reseals WHERE stored < $1
		AND NOT EXISTS (SELECT 1 FROM envelopes WHERE envelopes.household = reseals.household AND envelopes.reseal = reseals.hash)`
	// A camera of which nothing is left needs no name. One that records again gets a new label with its next epoch.
	sweepLabels = `DELETE FROM labels WHERE updated < $1
		AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.household = labels.household AND pages.camera = labels.camera)`
	sweepMail      = `DELETE FROM mail WHERE at < $1 OR (acked > 0 AND acked < $2)`
	sweepLooks     = `DELETE FROM looks WHERE hour < $1`
	sweepAddresses = `DELETE FROM addresses WHERE expires <= $1`
	sweepNonces    = `DELETE FROM nonces WHERE expires <= $1`
	sweepDrops     = `DELETE FROM drops WHERE expires <= $1`
	sweepBoxes     = `DELETE FROM boxes WHERE expires <= $1`
	sweepReceipts  = `DELETE FROM receipts WHERE expires <= $1 AND note <> ''`
	// Gives free pages back to the disk, a little at a time.
	vacuum = `PRAGMA incremental_vacuum(1000)`
)

// SweepObjects removes rows of objects that are past their time.
func (s *Store) SweepObjects(ctx context.Context, c store.Cutoffs, limit int) (objects []id.Object, err error) {
	err = s.tx(ctx, "sweep objects", nil, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, sweepObjects, c.Hour, c.Stored, limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var o id.Object
			if err := rows.Scan(&o); err != nil {
				return err
			}
			objects = append(objects, o)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return objects, nil
}

// Sweep removes everything else that is past its time.
func (s *Store) Sweep(ctx context.Context, c store.Cutoffs) error {
	steps := []struct {
		query string
		args  []any
	}{
		{sweepPages, []any{c.Hour, c.Stored}},
		{sweepEnvelopes, []any{c.Stored}},
		{sweepReseals, []any{c.Stored}},
		{sweepLabels, []any{c.Stored}},
		{sweepMail, []any{c.Mail, c.Acked}},
		{sweepLooks, []any{id.Hour(c.Now)}},
		{sweepAddresses, []any{c.Now}},
		{sweepNonces, []any{c.Now}},
		{sweepDrops, []any{c.Now}},
		{sweepBoxes, []any{c.Now}},
		{sweepReceipts, []any{c.Now}},
	}
	for _, step := range steps {
		err := s.tx(ctx, "sweep", nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, step.query, step.args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	if _, err := s.write.ExecContext(ctx, vacuum); err != nil {
		return fmt.Errorf("sqlite: sweep: give space back: %w", err)
	}
	return s.forget(ctx)
}
