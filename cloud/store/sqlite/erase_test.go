// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"database/sql"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pressly/goose/v3"

	"keyhold/statement/id"
)

// Every table that knows a household is one that erasing empties.
func TestErasingKnowsEveryTable(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	tables, err := list(t.Context(), s.read, "tables", func(r *sql.Rows, name *string) error { return r.Scan(name) },
		`SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'household' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	known := append([]string{"erasures", "households", "objects"}, owned...)
	slices.Sort(known)
	if !slices.Equal(tables, known) {
		t.Errorf("the file has %q, erasing knows %q", tables, known)
	}
}

// A file of the first version is opened, and what was in it is still there.
func TestAFileOfTheFirstVersionIsBroughtUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	db, err := open(path, url.Values{"_pragma": {"journal_mode(WAL)", "foreign_keys(ON)"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	household, sheet, sum := id.Household(id.HashOf([]byte("h")).String()), id.HashOf([]byte("s")), id.HashOf([]byte("o"))
	const object = "obj_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO households (household, sheet, stored) VALUES ($1, $2, 1)`, []any{household, sheet.String()}},
		{`INSERT INTO links (household, seq, hash, envelope, stored) VALUES ($1, 0, $2, 'genesis', 1)`, []any{household, sum.String()}},
		{`INSERT INTO objects (object, household, camera, hour, size, sha256, stored) VALUES ($1, $2, 'cam', 7, 11, $3, 1)`, []any{object, household, sum.String()}},
		{`INSERT INTO addresses (address, household, kind, cameras, from_hour, until_hour, at, expires) VALUES ('a', $1, 'sync', '', 0, 1, 1, 2)`, []any{household}},
	} {
		if _, err := db.ExecContext(t.Context(), step.query, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if links, err := s.Links(t.Context(), household, 0); err != nil || len(links) != 1 {
		t.Errorf("%d links, %v", len(links), err)
	}
	if o, err := s.Object(t.Context(), household, object); err != nil || o.Place != object || o.Size != 11 || o.SHA256 != sum {
		t.Errorf("%+v, %v", o, err)
	}
	if got, err := s.HouseholdOf(t.Context(), sheet); err != nil || got != household {
		t.Errorf("%v, %v", got, err)
	}
	if used, err := s.Used(t.Context(), household); err != nil || used != 11 {
		t.Errorf("%d bytes are used, %v", used, err)
	}
	if err := s.DropObjects(t.Context(), household, []id.Object{object}); err != nil {
		t.Fatal(err)
	}
	if used, err := s.Used(t.Context(), household); err != nil || used != 0 {
		t.Errorf("%d bytes are used without objects, %v", used, err)
	}
}
