// SPDX-License-Identifier: Apache-2.0

package home

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"keyhold/home/check"
)

// damage is something that can go wrong with a hub's folder or a vault, and what check says of it.
type damage struct {
	name string
	do   func(t *testing.T, hub, vault string)
	says string
}

func one(t *testing.T, pattern ...string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(pattern...))
	must(t, err)
	if len(found) == 0 {
		t.Fatalf("nothing is at %v", pattern)
	}
	return found[0]
}

func flip(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	must(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b, at)
	must(t, err)
	must(t, f.Close())
}

func edit(t *testing.T, hub, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(hub, "state.db"))
	must(t, err)
	r, err := db.ExecContext(t.Context(), query)
	must(t, err)
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changes nothing (%v)", query, err)
	}
	must(t, db.Close())
}

var damages = []damage{
	{"a bit of an object", func(t *testing.T, hub, _ string) { flip(t, one(t, hub, "packs/*/obj_*"), 3000) }, "file 0 of the object is not the one of its leaf"},
	{"an object gone", func(t *testing.T, hub, _ string) { must(t, os.Remove(one(t, hub, "packs/*/obj_*"))) }, "the object is missing"},
	{"an object cut", func(t *testing.T, hub, _ string) { must(t, os.Truncate(one(t, hub, "packs/*/obj_*"), 100)) }, "another size"},
	{"a stray object", func(t *testing.T, hub, _ string) {
		must(t, os.WriteFile(filepath.Join(filepath.Dir(one(t, hub, "packs/*/obj_*")), "obj_stray"), nil, 0o600))
	}, "is named by no row"},
	{"a stray file in the spool", func(t *testing.T, hub, _ string) {
		must(t, os.WriteFile(filepath.Join(hub, "spool", "core"), nil, 0o600))
	}, "spool/core does not belong there"},
	{"a bit of a leaf's hash", func(t *testing.T, hub, _ string) { flip(t, one(t, hub, "tiles/*/hashes"), 1) }, "is not in the tree"},
	{"a bit of an inner hash", func(t *testing.T, hub, _ string) { flip(t, one(t, hub, "tiles/*/hashes"), 2*32+1) }, "the hash file is damaged"},
	{"the hash file cut", func(t *testing.T, hub, _ string) { must(t, os.Truncate(one(t, hub, "tiles/*/hashes"), 32)) }, "too short"},
	{"a leaf changed", func(t *testing.T, hub, _ string) {
		edit(t, hub, `UPDATE leaves SET leaf = (SELECT leaf FROM leaves l WHERE l.camera = leaves.camera AND l.idx < leaves.idx LIMIT 1) WHERE idx = (SELECT max(idx) FROM leaves)`)
	}, "is not in the tree"},
	{"a leaf gone", func(t *testing.T, hub, _ string) {
		edit(t, hub, `DELETE FROM leaves WHERE idx = (SELECT max(idx) FROM leaves)`)
	}, "does not fit its leaves"},
	{"a number given twice", func(t *testing.T, hub, _ string) { edit(t, hub, `UPDATE counters SET next = next - 1`) }, "were given"},
	{"another root", func(t *testing.T, hub, _ string) { edit(t, hub, `UPDATE runs SET root = zeroblob(32)`) }, "says something else than its signed checkpoint"},
	{"an upload that was not", func(t *testing.T, hub, _ string) { edit(t, hub, `UPDATE runs SET sent_root = zeroblob(32)`) }, "is not the beginning of the tree"},
	{"another hub's key", func(t *testing.T, hub, _ string) {
		name := filepath.Join(hub, "keys", "hub.key")
		key, err := os.ReadFile(name)
		must(t, err)
		at := strings.Index(string(key), `"sign":"`) + len(`"sign":"`)
		if key[at] == 'A' {
			key[at] = 'B'
		} else {
			key[at] = 'A'
		}
		must(t, os.WriteFile(name, key, 0o600))
	}, "is not the hub's key of the roster"},
	{"the keys gone", func(t *testing.T, hub, _ string) { must(t, os.Remove(filepath.Join(hub, "keys", "hub.key"))) }, "the hub's keys cannot be read"},
	{"an epoch for a stranger", func(t *testing.T, hub, _ string) {
		edit(t, hub, `UPDATE envelopes SET device = 'dev_' || substr(camera, 5) WHERE device LIKE 'dev_%' AND camera LIKE 'cam_%' AND epoch IN (SELECT epoch FROM epochs WHERE current = 1)`)
	}, "which is not in the roster"},
	{"an object gone from the vault", func(t *testing.T, _, vault string) { must(t, os.Remove(one(t, vault, "objects/*/obj_*"))) }, "vault: "},
	{"a bit of an object in the vault", func(t *testing.T, _, vault string) { flip(t, one(t, vault, "objects/*/obj_*"), 9) }, "vault: "},
}

func TestCheckNamesEachFault(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	r.Packs(r.Add("Door", "a"), 2)
	r.Stop()
	for _, d := range append([]damage{{name: "no damage", do: func(*testing.T, string, string) {}}}, damages...) {
		t.Run(d.name, func(t *testing.T) {
			hub, vault := filepath.Join(t.TempDir(), "hub"), filepath.Join(t.TempDir(), "vault")
			must(t, os.CopyFS(hub, os.DirFS(r.Dir)))
			must(t, os.CopyFS(filepath.Join(vault, "objects"), os.DirFS(filepath.Join(r.Vault, "objects"))))
			d.do(t, hub, vault)
			report, err := check.Run(t.Context(), hub, vault)
			must(t, err)
			said := strings.Join(report.Faults, "\n")
			switch {
			case d.says == "" && said != "":
				t.Errorf("a sound folder is called faulty: %s", said)
			case d.says != "" && !strings.Contains(said, d.says):
				t.Errorf("check says %q, nothing of %q", said, d.says)
			}
		})
	}
}

func TestCheckLeavesARunningHubAlone(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	if _, err := check.Run(t.Context(), r.Dir, ""); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("%v", err)
	}
}
