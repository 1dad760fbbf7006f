// SPDX-License-Identifier: Apache-2.0

// Package sqlite is the store of one machine: one SQLite file in WAL mode, synced at every commit.
//
// Writes go through one connection, one after the other; reads have connections of their own and never wait for a
// write. What a method has acknowledged is on the disk. A crash leaves a file that the next Open brings back to the
// last commit; nothing has to be repaired by hand. It trusts the disk, and that it is the only process with the file.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"keyhold/cloud/store"
	"keyhold/internal/prepared"
	"keyhold/statement/rule"
)

//go:embed migrations/*.sql
var migrations embed.FS

// readers is how many reads go on at one time.
const readers = 4

// Store is a SQLite file.
type Store struct {
	write *sql.DB // exactly one connection
	read  *sql.DB // refuses writes
	// erased says that the log still has the name of a household that is erased.
	erased atomic.Bool
}

// Open opens the file, makes it if need be, and brings its tables up to date.
func Open(ctx context.Context, path string) (*Store, error) {
	// SQLite would make a file that others may read; the files that it puts beside this one take its permissions over.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	w, err := open(path, url.Values{
		"_pragma": {"auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "secure_delete(ON)", "busy_timeout(5000)"},
		"_txlock": {"immediate"},
	}, 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, w); err != nil {
		_ = w.Close()
		return nil, err
	}
	r, err := open(path, url.Values{"_pragma": {"query_only(ON)", "busy_timeout(5000)"}}, readers)
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	return &Store{write: w, read: r}, nil
}

func open(path string, options url.Values, connections int) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: options.Encode()}
	db, err := prepared.Open(u.String(), connections)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	return nil
}

// Close waits for running statements and closes the file.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// tx runs f in one write transaction; with a nonce, using it is part of the transaction.
func (s *Store) tx(ctx context.Context, op string, n *store.Nonce, f func(*sql.Tx) error) (err error) {
	defer func() {
		if full(err) {
			err = fmt.Errorf("%w: %w", store.ErrNoSpace, err)
		}
	}()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlite: %s: begin: %w", op, err)
	}
	defer func() { _ = tx.Rollback() }()
	if n != nil {
		if err := useNonce(ctx, tx, *n); err != nil {
			return fmt.Errorf("sqlite: %s: %w", op, err)
		}
	}
	if err := f(tx); err != nil {
		return fmt.Errorf("sqlite: %s: %w", op, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sqlite: %s: commit: %w", op, err)
	}
	return nil
}

// A household that is being erased takes nothing any more.
const insertNonce = `INSERT INTO nonces (household, signer, nonce, expires)
	SELECT household, $1, $2, $3 FROM households WHERE household = $4 AND closed = 0`

func useNonce(ctx context.Context, tx *sql.Tx, n store.Nonce) error {
	res, err := tx.ExecContext(ctx, insertNonce, n.Signer, n.Value, n.Expires, n.Household)
	if duplicate(err) {
		if rule.Off(rule.Replay) {
			return nil
		}
		return store.ErrReplay
	}
	if err != nil {
		return fmt.Errorf("use nonce: %w", err)
	}
	rows, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("use nonce: %w", err)
	}
	if rows == 0 {
		return store.ErrMissing
	}
	return nil
}

// UseNonce uses a nonce by itself.
func (s *Store) UseNonce(ctx context.Context, n store.Nonce) error {
	return s.tx(ctx, "use nonce", &n, func(*sql.Tx) error { return nil })
}

// duplicate says that a primary key or a unique index refused.
func duplicate(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) &&
		(e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE)
}

// full says that the disk, or the size that the file may have, is used up.
func full(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL
}

// missing turns the driver's word for "no row" into the store's.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrMissing
	}
	return err
}

// list runs a query and scans every row.
func list[T any](ctx context.Context, db *sql.DB, op string, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", op, err)
	}
	defer func() { _ = rows.Close() }()
	var out []T
	for rows.Next() {
		var t T
		if err := scan(rows, &t); err != nil {
			return nil, fmt.Errorf("sqlite: %s: scan: %w", op, err)
		}
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sqlite: %s: %w", op, err)
	}
	return out, nil
}

var _ store.Store = (*Store)(nil)
