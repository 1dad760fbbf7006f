// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyhold/cloud/store"
	"keyhold/cloud/store/sqlite"
	"keyhold/cloud/store/storetest"
)

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "cloud.db")) })
}

func TestAnOpenedFileIsOpenedAgain(t *testing.T) {
	// A path with what means something in a locator.
	path := filepath.Join(t.TempDir(), "a b?c#d%20e.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestNobodyElseReadsTheFile(t *testing.T) {
	dir := t.TempDir()
	open(t, filepath.Join(dir, "cloud.db"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 { // the log is beside it while it is open
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(file), st.Mode(), err)
		}
	}
}

// classes are what a column may be. There is none for a name, an address, an e-mail or a kind of event.
var classes = []string{"random id", "public key", "hash", "size", "time", "state", "ciphertext", "counter"}

// columns lists everything the operator's database holds. A statement is several things at once: the ids, hashes and
// times that were signed, and a signature, which is made of and checked with public keys.
var columns = map[string]string{
	"households.household": "hash", "households.sheet": "hash", "households.stored": "time",
	"households.used": "size", "households.closed": "state",

	"links.household": "hash", "links.seq": "counter", "links.hash": "hash", "links.stored": "time",
	"links.envelope": "public key, random id, hash, time, state",

	"objects.object": "random id", "objects.place": "random id", "objects.household": "hash", "objects.camera": "random id", "objects.hour": "time",
	"objects.size": "size", "objects.sha256": "hash", "objects.stored": "time",

	"pages.household": "hash", "pages.run": "random id", "pages.camera": "random id", "pages.epoch": "random id",
	"pages.hour": "time", "pages.size": "size", "pages.body": "ciphertext", "pages.updated": "time",

	"tiles.household": "hash", "tiles.run": "random id", "tiles.level": "counter", "tiles.n": "counter",
	"tiles.width": "size", "tiles.body": "hash",

	"runs.ordinal": "counter", "runs.household": "hash", "runs.run": "random id", "runs.size": "counter",
	"runs.checkpoint": "hash, random id, counter, time, public key", "runs.updated": "time",

	"envelopes.household": "hash", "envelopes.camera": "random id", "envelopes.epoch": "random id",
	"envelopes.device": "random id", "envelopes.hash": "hash", "envelopes.head": "hash", "envelopes.reseal": "hash",
	"envelopes.bytes": "ciphertext", "envelopes.stored": "time",

	"reseals.household": "hash", "reseals.hash": "hash", "reseals.device": "random id",
	"reseals.statement": "random id, hash, time, public key", "reseals.stored": "time",

	"documents.household": "hash", "documents.kind": "state", "documents.at": "time",
	"documents.body": "ciphertext, random id, hash, counter, time, public key", "documents.updated": "time",

	"labels.household": "hash", "labels.camera": "random id", "labels.body": "ciphertext", "labels.updated": "time",

	"kept_objects.household": "hash", "kept_objects.camera": "random id", "kept_objects.hub": "counter", "kept_objects.object": "random id",

	"kept_pages.household": "hash", "kept_pages.camera": "random id", "kept_pages.hub": "counter", "kept_pages.run": "random id",
	"kept_pages.epoch": "random id", "kept_pages.hour": "time",

	"erasures.household": "hash", "erasures.hash": "hash", "erasures.statement": "random id, hash, time, public key, state",
	"erasures.due": "time",

	"receipts.hash": "hash", "receipts.counts": "counter, size", "receipts.list": "hash",
	"receipts.note": "hash, counter, size, time, public key", "receipts.expires": "time",

	"mailboxes.household": "hash", "mailboxes.reader": "random id", "mailboxes.last": "counter",

	"mail.household": "hash", "mail.reader": "random id", "mail.id": "counter", "mail.sender": "random id",
	"mail.kind": "state", "mail.size": "size", "mail.body": "ciphertext, random id, time, public key", "mail.at": "time",
	"mail.acked": "time",

	"looks.household": "hash", "looks.device": "random id", "looks.camera": "random id", "looks.hour": "time",
	"looks.from_hour": "time", "looks.until_hour": "time",

	"addresses.address": "random id", "addresses.household": "hash", "addresses.device": "random id",
	"addresses.kind": "state", "addresses.purpose": "state",
	"addresses.cameras": "random id", "addresses.from_hour": "time", "addresses.until_hour": "time",
	"addresses.at": "time", "addresses.expires": "time",

	"nonces.household": "hash", "nonces.signer": "random id", "nonces.nonce": "random id", "nonces.expires": "time",

	"boxes.box": "hash", "boxes.last": "counter", "boxes.expires": "time",

	"drops.box": "hash", "drops.n": "counter", "drops.body": "ciphertext, public key", "drops.expires": "time",

	// The two tables that the engine and the migrations keep for themselves.
	"goose_db_version.id": "counter", "goose_db_version.version_id": "counter",
	"goose_db_version.is_applied": "state", "goose_db_version.tstamp": "time",
	"sqlite_sequence.name": "state", "sqlite_sequence.seq": "counter",
}

// found lists the columns of a database file.
func found(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(),
		`SELECT m.name || '.' || c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// faults compares what is there with the list.
func faults(names []string) []string {
	var out []string
	for _, name := range names {
		class, listed := columns[name]
		if !listed {
			out = append(out, name+" is not listed: say what it is, or do not keep it")
		}
		for c := range strings.SplitSeq(class, ", ") {
			if listed && !slices.Contains(classes, c) {
				out = append(out, fmt.Sprintf("%s is said to be %q, which nothing here may be", name, c))
			}
		}
	}
	for name := range columns {
		if !slices.Contains(names, name) {
			out = append(out, name+" is listed and not there")
		}
	}
	return out
}

func TestEveryColumnIsOfAKnownClass(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, fault := range faults(found(t, db)) {
		t.Error(fault)
	}
	// The control: one column more, and the same check speaks.
	if _, err := db.ExecContext(t.Context(), `ALTER TABLE households ADD COLUMN email TEXT`); err != nil {
		t.Fatal(err)
	}
	if got := faults(found(t, db)); len(got) != 1 || !strings.HasPrefix(got[0], "households.email ") {
		t.Errorf("with a column added the check says %q", got)
	}
}

// A driver that counts question marks and one that reads numbers agree only on placeholders in order of appearance.
func TestPlaceholdersAreInOrder(t *testing.T) {
	mark := regexp.MustCompile(`\$(\d+)`)
	for file, text := range sources(t) {
		for _, literal := range regexp.MustCompile("(?s)`[^`]*`").FindAllString(text, -1) {
			for i, m := range mark.FindAllStringSubmatch(literal, -1) {
				if m[1] != fmt.Sprint(i+1) {
					t.Errorf("%s: placeholder %s stands at place %d in %s", file, m[0], i+1, literal)
				}
			}
		}
	}
}
