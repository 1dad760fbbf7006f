// SPDX-License-Identifier: Apache-2.0

// Package state opens the hub's database, `state.db`: what a hub must still know after it was
// switched off at any instant. The tables and their columns are described in migrations/.
//
// It promises that a [DB.Write] that returned nil is on the disk (WAL, synchronous=FULL), that
// there is one writer at a time, and that readers see one moment. It trusts the file system's
// fsync. A crash leaves the state before a Write or after it, never between.
//
// Lock order: whoever holds a lock of its own and calls Write must never be called back from
// inside a Write.
package state

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"

	"keyhold/internal/prepared"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open state.db. It is safe for concurrent use.
type DB struct {
	write *sql.DB // one connection: the one writer
	read  *sql.DB
}

// Open opens or makes the database at path and brings its schema up to date.
func Open(ctx context.Context, path string) (*DB, error) {
	// SQLite would make the file readable by others.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state: open: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("state: open: %w", err)
	}
	w, err := open(path, "rwc", "immediate", 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, w); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r, err := open(path, "ro", "deferred", 2)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &DB{write: w, read: r}, nil
}

// OpenReadOnly opens an existing database for looking only; Write fails. For checks.
func OpenReadOnly(ctx context.Context, path string) (*DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("state: open: %w", err)
	}
	r, err := open(path, "ro", "deferred", 1)
	if err != nil {
		return nil, err
	}
	if err := r.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("state: open: %w", err), r.Close())
	}
	return &DB{read: r}, nil
}

func open(path, mode, lock string, conns int) (*sql.DB, error) {
	q := url.Values{"mode": {mode}, "_txlock": {lock}}
	for _, p := range []string{"busy_timeout(10000)", "synchronous(FULL)", "cache_size(-512)", "temp_store(MEMORY)"} {
		q.Add("_pragma", p)
	}
	if mode != "ro" {
		q.Add("_pragma", "journal_mode(WAL)")
	}
	db, err := prepared.Open((&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String(), conns)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("state: migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		return fmt.Errorf("state: migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("state: migrate: %w", err)
	}
	return nil
}

// Close closes the database.
func (d *DB) Close() error {
	err := d.read.Close()
	if d.write != nil {
		err = errors.Join(d.write.Close(), err)
	}
	if err != nil {
		return fmt.Errorf("state: close: %w", err)
	}
	return nil
}

// Write runs f in a transaction and commits it unless f fails. When Write returns nil the
// changes are on the disk.
func (d *DB) Write(ctx context.Context, f func(*sql.Tx) error) error {
	if d.write == nil {
		return errors.New("state: write: opened for reading only")
	}
	return in(ctx, d.write, nil, f)
}

// Read runs f in a transaction that sees one moment of the database.
func (d *DB) Read(ctx context.Context, f func(*sql.Tx) error) error {
	return in(ctx, d.read, &sql.TxOptions{ReadOnly: true}, f)
}

func in(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("state: begin: %w", err)
	}
	if err := f(tx); err != nil {
		if r := tx.Rollback(); r != nil && !errors.Is(r, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("state: roll back: %w", r))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("state: commit: %w", err)
	}
	return nil
}

// Each runs f for each row of a query. The scan function given to f is that of the row.
func Each(ctx context.Context, tx *sql.Tx, query string, args []any, f func(scan func(...any) error) error) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
