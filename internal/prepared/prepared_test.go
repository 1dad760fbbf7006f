// SPDX-License-Identifier: Apache-2.0

package prepared

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened is an empty database with a table, and how many statements its one connection keeps.
func opened(t *testing.T) (db *sql.DB, kept func() int) {
	t.Helper()
	db, err := Open("file:"+filepath.Join(t.TempDir(), "a.db"), 1)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE TABLE u (a)`)
	must(t, err)
	return db, func() int {
		c, err := db.Conn(t.Context())
		must(t, err)
		defer func() { must(t, c.Close()) }()
		n := 0
		must(t, c.Raw(func(c any) error {
			n = len(c.(*conn).kept)
			return nil
		}))
		return n
	}
}

const (
	insert = `INSERT INTO t (a, b) VALUES ($1, $2)`
	read   = `SELECT b FROM t WHERE a >= $1 ORDER BY a`
)

func TestAStatementIsPreparedOnceAndUsedAsIfItWereNot(t *testing.T) {
	db, kept := opened(t)
	for n := range 3 {
		_, err := db.ExecContext(t.Context(), insert, n, fmt.Sprint(n))
		must(t, err)
	}
	if n := kept(); n != 1 {
		t.Fatalf("%d statements are kept, not the one that was run three times", n)
	}
	// A row that is refused leaves the statement as good as before.
	if _, err := db.ExecContext(t.Context(), insert, 1, "again"); err == nil {
		t.Error("a key is taken twice")
	}
	_, err := db.ExecContext(t.Context(), insert, 3, nil)
	must(t, err)
	for from, want := range map[int]string{0: "0", 2: "2"} {
		var b string
		must(t, db.QueryRowContext(t.Context(), read, from).Scan(&b)) // of several rows the first
		if b != want {
			t.Errorf("from %d on: %q", from, b)
		}
	}
	if err := db.QueryRowContext(t.Context(), read, 9).Scan(new(string)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row is %v", err)
	}
	// A table that changes meanwhile is read as it is.
	_, err = db.ExecContext(t.Context(), `ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 7`)
	must(t, err)
	var b string
	must(t, db.QueryRowContext(t.Context(), read, 1).Scan(&b))
	if b != "1" || kept() != 2 {
		t.Errorf("%q, and %d statements are kept", b, kept())
	}
}

func TestOneStatementInUseTwiceAtATime(t *testing.T) {
	db, kept := opened(t)
	for n := range 3 {
		_, err := db.ExecContext(t.Context(), insert, n, fmt.Sprint(n))
		must(t, err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	seen := ""
	rows, err := tx.QueryContext(t.Context(), read, 0)
	must(t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var outer, inner string
		must(t, rows.Scan(&outer))
		must(t, tx.QueryRowContext(t.Context(), read, 1).Scan(&inner))
		seen += outer + inner + " "
	}
	must(t, errors.Join(rows.Err(), tx.Commit()))
	if seen != "01 11 21 " {
		t.Errorf("read was %q", seen)
	}
	if n := kept(); n != 2 {
		t.Errorf("%d statements are kept, not one of each", n)
	}
}

func TestWhatIsKeptIsBoundedAndAPragmaIsNot(t *testing.T) {
	db, kept := opened(t)
	for n := range 3 * most {
		var got int
		must(t, db.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT %d`, n)).Scan(&got))
		if got != n {
			t.Fatalf("%d is read as %d", n, got)
		}
	}
	if n := kept(); n != most {
		t.Errorf("%d statements are kept, not %d", n, most)
	}
	for text, want := range map[string]bool{
		"\n\tselect 1": true, "WITH x AS (SELECT 1) SELECT * FROM x": true, "PRAGMA wal_checkpoint(TRUNCATE)": false, "CREATE TABLE v (a)": false, "": false,
	} {
		if keeps(text) != want {
			t.Errorf("%q is kept: %v", text, !want)
		}
	}
}

func TestWhoeverGivesUpLeavesAConnectionThatWorks(t *testing.T) {
	db, _ := opened(t)
	ctx, stop := context.WithCancel(t.Context())
	const long = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT max(i) FROM n`
	ended := make(chan error)
	go func() {
		ended <- db.QueryRowContext(ctx, long, int64(1)<<60).Scan(new(int64))
	}()
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up is told %v", err)
	}
	var n int64
	must(t, db.QueryRowContext(t.Context(), long, 10).Scan(&n))
	if n != 10 {
		t.Errorf("read was %d", n)
	}
}
