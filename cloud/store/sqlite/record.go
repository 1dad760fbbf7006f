// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	selectUsed = `SELECT used FROM households WHERE household = $1`

	insertObject = `INSERT INTO objects (household, object, place, camera, hour, size, sha256, stored)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`
	selectObject = `SELECT household, object, place, camera, hour, size, sha256, stored FROM objects
		WHERE household = $1 AND object = $2`
	selectPlace = `SELECT COUNT(*) FROM objects WHERE place = $1`
	listObjects = `SELECT household, object, place, camera, hour, size, sha256, stored FROM objects
		WHERE household = $1 AND hour BETWEEN $2 AND $3`
	orderObjects = ` ORDER BY camera, hour, stored, object`

	upsertPage = `INSERT INTO pages (household, run, camera, epoch, hour, size, body, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (household, run, camera, epoch, hour)
		DO UPDATE SET size = excluded.size, body = excluded.body, updated = excluded.updated`
	selectPage = `SELECT size, body, updated FROM pages
		WHERE household = $1 AND run = $2 AND camera = $3 AND epoch = $4 AND hour = $5`
	listPages = `SELECT run, camera, epoch, hour, size, updated FROM pages
		WHERE household = $1 AND hour BETWEEN $2 AND $3`
	listHouseholdPages = `SELECT run, camera, epoch, hour, size, updated FROM pages
		WHERE household = $1 AND camera = 'household'`
	orderPages = ` ORDER BY camera, hour, updated, run, epoch`

	selectTile = `SELECT body FROM tiles WHERE household = $1 AND run = $2 AND level = $3 AND n = $4`
	upsertTile = `INSERT INTO tiles (household, run, level, n, width, body) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (household, run, level, n) DO UPDATE SET width = excluded.width, body = excluded.body`

	selectRun = `SELECT size FROM runs WHERE household = $1 AND run = $2`
	upsertRun = `INSERT INTO runs (household, run, size, checkpoint, updated) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (household, run)
		DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint, updated = excluded.updated`
	listRuns = `SELECT household, run, size, checkpoint, updated FROM runs WHERE household = $1 ORDER BY ordinal`
)

// Used says how many bytes a household stores; triggers keep count.
func (s *Store) Used(ctx context.Context, household id.Household) (int64, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, selectUsed, household).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("sqlite: used: %w", err)
	}
	return n, nil
}

func scanObject(r interface{ Scan(...any) error }, o *store.Object) error {
	var sum string
	if err := r.Scan(&o.Household, &o.Object, &o.Place, &o.Camera, &o.Hour, &o.Size, &sum, &o.Stored); err != nil {
		return err
	}
	var err error
	o.SHA256, err = id.ParseHash(sum)
	return err
}

// PutObject stores the row of an object.
func (s *Store) PutObject(ctx context.Context, n store.Nonce, o store.Object) error {
	return s.tx(ctx, "put object", &n, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, insertObject, o.Household, o.Object, o.Place, o.Camera, o.Hour, o.Size, o.SHA256.String(), o.Stored)
		if err != nil {
			return err
		}
		if rows, err := res.RowsAffected(); err != nil || rows == 1 {
			return err
		}
		var was store.Object
		err = scanObject(tx.QueryRowContext(ctx, selectObject, o.Household, o.Object), &was)
		if errors.Is(err, sql.ErrNoRows) { // the place has a row, and it is another's
			return store.ErrConflict
		}
		if err != nil {
			return err
		}
		was.Stored = o.Stored
		if was != o {
			return store.ErrConflict
		}
		return nil
	})
}

// own is a query for a household's own row.
func own(query string) string {
	if rule.Off(rule.WrongHousehold) {
		return strings.Replace(query, "household = $1", "$1 <> ''", 1)
	}
	return query
}

// Object returns the row of a household's object.
func (s *Store) Object(ctx context.Context, household id.Household, object id.Object) (store.Object, error) {
	var o store.Object
	if err := scanObject(s.read.QueryRowContext(ctx, own(selectObject), household, object), &o); err != nil {
		return o, fmt.Errorf("sqlite: object: %w", missing(err))
	}
	return o, nil
}

// Placed says whether a row names this place.
func (s *Store) Placed(ctx context.Context, place id.Object) (bool, error) {
	var n int64
	if err := s.read.QueryRowContext(ctx, selectPlace, place).Scan(&n); err != nil {
		return false, fmt.Errorf("sqlite: place: %w", err)
	}
	return n > 0, nil
}

// Objects lists a range.
func (s *Store) Objects(ctx context.Context, r store.Range, limit int) ([]store.Object, error) {
	where, args := among("camera", r.Cameras, []any{r.Household, r.From, r.Until})
	args = append(args, limit)
	return list(ctx, s.read, "objects", func(rows *sql.Rows, o *store.Object) error { return scanObject(rows, o) },
		listObjects+where+orderObjects+" LIMIT $"+strconv.Itoa(len(args)), args...)
}

// among adds "AND column IN (…)" for what it is given, with placeholders that go on from args.
func among[T ~string](column string, values []T, args []any) (string, []any) {
	if len(values) == 0 {
		return "", args
	}
	marks := make([]string, 0, len(values))
	for _, v := range values {
		args = append(args, v)
		marks = append(marks, "$"+strconv.Itoa(len(args)))
	}
	return " AND " + column + " IN (" + strings.Join(marks, ", ") + ")", args
}

// PutPage stores a page in place of its older version.
func (s *Store) PutPage(ctx context.Context, n store.Nonce, p store.Page) error {
	return s.tx(ctx, "put page", &n, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, upsertPage, p.Household, p.Run, p.Camera, p.Epoch, p.Hour, len(p.Body), p.Body, p.Updated)
		return err
	})
}

// Page returns a page with its body.
func (s *Store) Page(ctx context.Context, k store.PageKey) (store.Page, error) {
	p := store.Page{PageKey: k}
	err := s.read.QueryRowContext(ctx, own(selectPage), k.Household, k.Run, k.Camera, k.Epoch, k.Hour).Scan(&p.Size, &p.Body, &p.Updated)
	if err != nil {
		return p, fmt.Errorf("sqlite: page: %w", missing(err))
	}
	return p, nil
}

// Pages lists a range, and all pages of the household where it is among the cameras.
func (s *Store) Pages(ctx context.Context, r store.Range) ([]store.Page, error) {
	scan := func(rows *sql.Rows, p *store.Page) error {
		p.Household = r.Household
		return rows.Scan(&p.Run, &p.Camera, &p.Epoch, &p.Hour, &p.Size, &p.Updated)
	}
	where, args := among("camera", r.Cameras, []any{r.Household, r.From, r.Until})
	pages, err := list(ctx, s.read, "pages", scan, listPages+" AND camera <> 'household'"+where+orderPages, args...)
	if err != nil {
		return nil, err
	}
	if len(r.Cameras) > 0 && !slices.Contains(r.Cameras, id.HouseholdCamera) {
		return pages, nil
	}
	own, err := list(ctx, s.read, "pages", scan, listHouseholdPages+orderPages, r.Household)
	if err != nil {
		return nil, err
	}
	return append(pages, own...), nil
}

// PutTile stores a tile if it extends the stored one.
func (s *Store) PutTile(ctx context.Context, n store.Nonce, k store.TileKey, hashes []byte) error {
	return s.tx(ctx, "put tile", &n, func(tx *sql.Tx) error {
		var was []byte
		err := tx.QueryRowContext(ctx, selectTile, k.Household, k.Run, k.Level, k.N).Scan(&was)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		keep, err := store.ExtendTile(was, hashes)
		if err != nil || len(keep) == len(was) {
			return err
		}
		_, err = tx.ExecContext(ctx, upsertTile, k.Household, k.Run, k.Level, k.N, len(keep)/len(id.Hash{}), keep)
		return err
	})
}

// Tile returns the hashes of a tile.
func (s *Store) Tile(ctx context.Context, k store.TileKey) ([]byte, error) {
	var b []byte
	if err := s.read.QueryRowContext(ctx, own(selectTile), k.Household, k.Run, k.Level, k.N).Scan(&b); err != nil {
		return nil, fmt.Errorf("sqlite: tile: %w", missing(err))
	}
	return b, nil
}

// PutRun stores a checkpoint that is not behind the stored one.
func (s *Store) PutRun(ctx context.Context, n store.Nonce, r store.Run) error {
	return s.tx(ctx, "put run", &n, func(tx *sql.Tx) error {
		var size int64
		err := tx.QueryRowContext(ctx, selectRun, r.Household, r.Run).Scan(&size)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if size > r.Size {
			return store.ErrConflict
		}
		_, err = tx.ExecContext(ctx, upsertRun, r.Household, r.Run, r.Size, r.Checkpoint, r.Updated)
		return err
	})
}

// Runs lists runs, oldest first.
func (s *Store) Runs(ctx context.Context, household id.Household) ([]store.Run, error) {
	return list(ctx, s.read, "runs", func(rows *sql.Rows, r *store.Run) error {
		return rows.Scan(&r.Household, &r.Run, &r.Size, &r.Checkpoint, &r.Updated)
	}, listRuns, household)
}
