// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/cloud/store"
	"keyhold/statement/id"
)

const (
	selectErasure = `SELECT household, hash, statement, due FROM erasures WHERE household = $1`
	insertErasure = `INSERT INTO erasures (household, hash, statement, due) VALUES ($1, $2, $3, $4)`
	deleteErasure = `DELETE FROM erasures WHERE household IN (SELECT household FROM households WHERE household = $1 AND closed = 0)`
	dueErasures   = `SELECT household, hash, statement, due FROM erasures WHERE due <= $1 ORDER BY due, household`

	closeHousehold = `UPDATE households SET closed = 1 WHERE household = $1`
	countClosed    = `SELECT COUNT(*) FROM households WHERE household = $1 AND closed = 1`
	listPlaces     = `SELECT place FROM objects WHERE household = $1 LIMIT $2`
	deletePlaces   = `DELETE FROM objects WHERE household = $1`
	deleteLast     = `DELETE FROM erasures WHERE household = $1`
	deleteOwn      = `DELETE FROM households WHERE household = $1`

	insertReceipt = `INSERT INTO receipts (hash, counts, list, note, expires) VALUES ($1, $2, $3, '', $4) ON CONFLICT DO NOTHING`
	signReceipt   = `UPDATE receipts SET note = $1 WHERE hash = $2`
	selectReceipt = `SELECT counts, list, note, expires FROM receipts WHERE hash = $1`

	// Truncating the log takes away what stood in it, too.
	truncate  = `PRAGMA wal_checkpoint(TRUNCATE)`
	vacuumAll = `PRAGMA incremental_vacuum`
)

// hashed are the things that have a hash already, with their size, and bodied those whose bytes are hashed here.
var hashed = []struct{ kind, query string }{
	{"links", `SELECT hash, length(envelope) FROM links WHERE household = $1`},
	{"objects", `SELECT sha256, size FROM objects WHERE household = $1`},
	{"envelopes", `SELECT hash, length(bytes) FROM envelopes WHERE household = $1`},
	{"reseals", `SELECT hash, length(statement) FROM reseals WHERE household = $1`},
}

var bodied = []struct{ kind, query string }{
	{"pages", `SELECT body FROM pages WHERE household = $1`},
	{"tiles", `SELECT body FROM tiles WHERE household = $1`},
	{"checkpoints", `SELECT checkpoint FROM runs WHERE household = $1`},
	{"documents", `SELECT body FROM documents WHERE household = $1`},
	{"labels", `SELECT body FROM labels WHERE household = $1`},
	{"mail", `SELECT body FROM mail WHERE household = $1`},
}

// owned are the tables whose rows belong to a household, apart from objects, which have bytes in the vault, and those
// that say that it is there. A test holds them against the tables of the file.
var owned = []string{
	"links", "pages", "tiles", "runs", "envelopes", "reseals", "documents", "labels", "mailboxes", "mail", "looks", "addresses", "nonces", "kept_objects", "kept_pages",
}

// eraseBatch is how many rows go in one step, so that others can write in between.
const eraseBatch = 2000

func scanErasure(r interface{ Scan(...any) error }, e *store.Erasure) error {
	var hash string
	if err := r.Scan(&e.Household, &hash, &e.Statement, &e.Due); err != nil {
		return err
	}
	var err error
	e.Hash, err = id.ParseHash(hash)
	return err
}

// PutErasure stores a wish to erase.
func (s *Store) PutErasure(ctx context.Context, n, own store.Nonce, e store.Erasure) error {
	return s.tx(ctx, "put erasure", &n, func(tx *sql.Tx) error {
		var was store.Erasure
		err := scanErasure(tx.QueryRowContext(ctx, selectErasure, e.Household), &was)
		switch {
		case err == nil && was.Hash == e.Hash:
			return nil
		case err == nil:
			return store.ErrConflict
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if err := useNonce(ctx, tx, own); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, insertErasure, e.Household, e.Hash.String(), e.Statement, e.Due)
		return err
	})
}

// KeepHousehold takes a wish back.
func (s *Store) KeepHousehold(ctx context.Context, n, own store.Nonce, household id.Household) error {
	return s.tx(ctx, "keep household", &n, func(tx *sql.Tx) error {
		if err := useNonce(ctx, tx, own); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, deleteErasure, household)
		if err != nil {
			return err
		}
		rows, err := res.RowsAffected()
		if err == nil && rows == 0 {
			err = store.ErrMissing
		}
		return err
	})
}

// Erasure returns a household's wish.
func (s *Store) Erasure(ctx context.Context, household id.Household) (store.Erasure, error) {
	var e store.Erasure
	if err := scanErasure(s.read.QueryRowContext(ctx, selectErasure, household), &e); err != nil {
		return e, fmt.Errorf("sqlite: erasure: %w", missing(err))
	}
	return e, nil
}

// DueErasures lists wishes whose time has come.
func (s *Store) DueErasures(ctx context.Context, now int64) ([]store.Erasure, error) {
	return list(ctx, s.read, "due erasures", func(rows *sql.Rows, e *store.Erasure) error { return scanErasure(rows, e) }, dueErasures, now)
}

// CloseHousehold makes a household a stranger.
func (s *Store) CloseHousehold(ctx context.Context, household id.Household) error {
	return s.tx(ctx, "close household", nil, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, closeHousehold, household)
		return err
	})
}

// Contents calls f for everything that has content of its own.
func (s *Store) Contents(ctx context.Context, household id.Household, f func(store.Content) error) error {
	for _, t := range hashed {
		err := s.each(ctx, t.query, household, func(rows *sql.Rows) error {
			c, hash := store.Content{Kind: t.kind}, ""
			if err := rows.Scan(&hash, &c.Size); err != nil {
				return err
			}
			var err error
			if c.Hash, err = id.ParseHash(hash); err != nil {
				return err
			}
			return f(c)
		})
		if err != nil {
			return fmt.Errorf("sqlite: contents: %s: %w", t.kind, err)
		}
	}
	for _, t := range bodied {
		err := s.each(ctx, t.query, household, func(rows *sql.Rows) error {
			var body []byte
			if err := rows.Scan(&body); err != nil {
				return err
			}
			return f(store.Content{Kind: t.kind, Hash: id.HashOf(body), Size: int64(len(body))})
		})
		if err != nil {
			return fmt.Errorf("sqlite: contents: %s: %w", t.kind, err)
		}
	}
	return nil
}

// each calls f for every row.
func (s *Store) each(ctx context.Context, query string, household id.Household, f func(*sql.Rows) error) error {
	rows, err := s.read.QueryContext(ctx, query, household)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// PutReceipt stores what was found, once.
func (s *Store) PutReceipt(ctx context.Context, r store.Receipt) error {
	return s.tx(ctx, "put receipt", nil, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertReceipt, r.Hash.String(), r.Counts, r.List, r.Expires)
		return err
	})
}

// Places lists places of a household's objects.
func (s *Store) Places(ctx context.Context, household id.Household, limit int) ([]id.Object, error) {
	return list(ctx, s.read, "places", func(rows *sql.Rows, o *id.Object) error { return rows.Scan(o) }, listPlaces, household, limit)
}

// DropObjects removes rows whose bytes are gone.
func (s *Store) DropObjects(ctx context.Context, household id.Household, places []id.Object) error {
	if len(places) == 0 {
		return nil
	}
	where, args := among("place", places, []any{household})
	return s.tx(ctx, "drop objects", nil, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, deletePlaces+where, args...)
		return err
	})
}

// Erase removes what is left of a closed household.
func (s *Store) Erase(ctx context.Context, household id.Household, receipt id.Hash, note string) error {
	var closed int64
	if err := s.read.QueryRowContext(ctx, countClosed, household).Scan(&closed); err != nil {
		return fmt.Errorf("sqlite: erase: %w", err)
	}
	if closed == 0 {
		return fmt.Errorf("sqlite: erase: %w", store.ErrMissing)
	}
	for _, table := range owned {
		if err := s.empty(ctx, table, household); err != nil {
			return err
		}
	}
	// Before there is a receipt, the files themselves hold nothing more of it. Until then this can be done again.
	if _, err := s.write.ExecContext(ctx, vacuumAll); err != nil {
		return fmt.Errorf("sqlite: erase: give space back: %w", err)
	}
	if done, err := s.truncateLog(ctx); err != nil || !done {
		return errors.Join(errors.New("sqlite: erase: the log is being read: it is tried again"), err)
	}
	err := s.tx(ctx, "erase", nil, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, deleteLast, household); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, deleteOwn, household); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, signReceipt, note, receipt.String())
		return err
	})
	if err != nil {
		return err
	}
	s.erased.Store(true)
	return s.forget(ctx)
}

// forget takes out of the log what the last step of an erasure has left there: the household's own name. A reader can
// be in the way; then the next sweep does it.
func (s *Store) forget(ctx context.Context) error {
	if !s.erased.Load() {
		return nil
	}
	done, err := s.truncateLog(ctx)
	if err == nil && done {
		s.erased.Store(false)
	}
	return err
}

// truncateLog writes the log into the file and empties it. done is false when somebody reads in it.
func (s *Store) truncateLog(ctx context.Context) (done bool, err error) {
	var busy, frames, moved int64
	if err := s.write.QueryRowContext(ctx, truncate).Scan(&busy, &frames, &moved); err != nil {
		return false, fmt.Errorf("sqlite: truncate the log: %w", err)
	}
	return busy == 0, nil
}

// empty removes a household's rows from a table, a batch at a time.
func (s *Store) empty(ctx context.Context, table string, household id.Household) error {
	query := `DELETE FROM ` + table + ` WHERE rowid IN (SELECT rowid FROM ` + table + ` WHERE household = $1 LIMIT $2)`
	for {
		var rows int64
		err := s.tx(ctx, "erase "+table, nil, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, query, household, eraseBatch)
			if err != nil {
				return err
			}
			rows, err = res.RowsAffected()
			return err
		})
		if err != nil || rows < eraseBatch {
			return err
		}
	}
}

// PendingReceipt returns a receipt, finished or not.
func (s *Store) PendingReceipt(ctx context.Context, hash id.Hash) (store.Receipt, error) {
	r := store.Receipt{Hash: hash}
	err := s.read.QueryRowContext(ctx, selectReceipt, hash.String()).Scan(&r.Counts, &r.List, &r.Note, &r.Expires)
	if err != nil {
		return r, fmt.Errorf("sqlite: receipt: %w", missing(err))
	}
	return r, nil
}

// Receipt returns a finished receipt.
func (s *Store) Receipt(ctx context.Context, hash id.Hash, now int64) (store.Receipt, error) {
	r, err := s.PendingReceipt(ctx, hash)
	if err == nil && (r.Note == "" || r.Expires <= now) {
		return store.Receipt{}, fmt.Errorf("sqlite: receipt: %w", store.ErrMissing)
	}
	return r, err
}
