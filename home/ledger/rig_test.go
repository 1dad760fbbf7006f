// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/ledger"
	"keyhold/home/state"
	"keyhold/sealing/open"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// rig is a hub's folder with a ledger on it. Its clock stands still unless it is moved.
type rig struct {
	t         *testing.T
	dir       string
	household id.Household
	key       ed25519.PrivateKey
	now       time.Time
	camera    id.Camera
	epochs    map[id.Camera]id.Epoch
	secrets   map[id.Epoch]*open.Identity

	db     *state.DB
	ledger *ledger.Ledger
	// signed are all checkpoints that ever were in state.db, by run.
	signed map[id.Run][]manifest.Checkpoint
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	camera, err := id.NewCamera(rand.Reader)
	must(t, err)
	r := &rig{
		t: t, dir: t.TempDir(), household: id.Household(id.HashOf([]byte("home")).String()), key: key, camera: camera,
		now:    time.Date(2026, 3, 1, 12, 10, 0, 0, time.UTC),
		epochs: map[id.Camera]id.Epoch{}, secrets: map[id.Epoch]*open.Identity{}, signed: map[id.Run][]manifest.Checkpoint{},
	}
	must(t, os.Mkdir(filepath.Join(r.dir, "tiles"), 0o700))
	r.open()
	r.epoch(id.HouseholdCamera)
	r.epoch(camera)
	must(t, r.ledger.Genesis(t.Context(), r.epochs[id.HouseholdCamera], nil))
	r.check()
	t.Cleanup(r.close)
	return r
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	r.db, err = state.Open(context.Background(), filepath.Join(r.dir, "state.db"))
	must(r.t, err)
	r.ledger, err = ledger.Open(context.Background(), ledger.Config{
		DB: r.db, Tiles: filepath.Join(r.dir, "tiles"), Household: r.household, Key: r.key,
		Head: func() roster.Head { return roster.Head{Hash: id.HashOf([]byte("head"))} },
		Now:  func() time.Time { return r.now }, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	must(r.t, err)
}

func (r *rig) close() {
	if r.db != nil {
		must(r.t, r.ledger.Close())
		must(r.t, r.db.Close())
		r.db = nil
	}
}

// restart is what a start after a crash sees: only what is on the disk.
func (r *rig) restart() {
	r.t.Helper()
	r.close()
	r.open()
	r.check()
}

// epoch makes a camera's first epoch, and keeps its identity to read pages with.
func (r *rig) epoch(c id.Camera) {
	r.t.Helper()
	identity, err := age.GenerateHybridIdentity()
	must(r.t, err)
	e, err := id.NewEpoch(rand.Reader)
	must(r.t, err)
	recipient, err := to.ParseRecipient(identity.Recipient().String())
	must(r.t, err)
	head := id.HashOf([]byte("head"))
	must(r.t, r.db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.Background(), `INSERT INTO epochs (epoch, camera, recipient, head, made, current) VALUES ($1, $2, $3, $4, 1, 1)`,
			string(e), string(c), recipient.String(), head[:])
		return err
	}))
	r.epochs[c] = e
	r.secrets[e], err = open.ParseIdentity(identity.String())
	must(r.t, err)
}

// beat is a leaf of the camera; pack is one that counts as a pack.
func (r *rig) beat() ledger.Entry {
	return ledger.Entry{Epoch: r.epochs[r.camera], Leaf: &manifest.Heartbeat{Header: manifest.Header{Camera: r.camera}}}
}

func (r *rig) pack() ledger.Entry {
	o, err := id.NewObject(rand.Reader)
	must(r.t, err)
	at := r.now.UnixMilli()
	return ledger.Entry{Epoch: r.epochs[r.camera], Leaf: &manifest.Pack{
		Header: manifest.Header{Camera: r.camera}, Epoch: r.epochs[r.camera], Object: o, Session: at, Size: 10,
		Files: []manifest.File{{Kind: manifest.FileSegment, Size: 10, Start: at - 4000, End: at, Media: 4_000_000}},
	}}
}

func (r *rig) add(e ...ledger.Entry) error {
	return r.ledger.Append(r.t.Context(), ledger.Entries(e...), nil)
}

// check is the invariant after every step: each checkpoint that was ever signed still is the
// beginning of its run's tree, no size has two roots, numbers have no hole and none comes twice.
func (r *rig) check() {
	r.t.Helper()
	type row struct {
		run  id.Run
		size int64
		root id.Hash
		text string
	}
	var runs, signed []row
	numbers := map[id.Camera]int64{}
	read := func(query string, into *[]row) func(tx *sql.Tx) error {
		return func(tx *sql.Tx) error {
			return state.Each(r.t.Context(), tx, query, nil, func(scan func(...any) error) error {
				var x row
				var root []byte
				err := scan(&x.run, &x.size, &root, &x.text)
				copy(x.root[:], root)
				*into = append(*into, x)
				return err
			})
		}
	}
	must(r.t, r.db.Read(r.t.Context(), read(`SELECT run, size, root, checkpoint FROM runs ORDER BY number`, &runs)))
	must(r.t, r.db.Read(r.t.Context(), read(`SELECT run, size, root, text FROM checkpoints`, &signed)))
	for _, x := range append(runs, signed...) {
		cp, err := manifest.ParseCheckpoint(x.text, r.household, r.key.Public().(ed25519.PublicKey))
		must(r.t, err)
		if cp.Run != x.run || cp.Size != x.size || cp.Root != x.root {
			r.t.Fatalf("a row says %d %s, its checkpoint %d %s", x.size, x.root, cp.Size, cp.Root)
		}
		r.signed[x.run] = append(r.signed[x.run], cp)
	}
	for _, x := range runs {
		f, err := os.Open(ledger.HashFile(filepath.Join(r.dir, "tiles"), x.run))
		must(r.t, err)
		hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(indexes))
			for i, n := range indexes {
				if _, err := f.ReadAt(out[i][:], n*tlog.HashSize); err != nil {
					return nil, err
				}
			}
			return out, nil
		})
		for _, cp := range r.signed[x.run] {
			if cp.Size > x.size {
				r.t.Fatalf("size %d of %s was signed, but only %d leaves are there", cp.Size, x.run, x.size)
			}
			root, err := tlog.TreeHash(cp.Size, hashes)
			must(r.t, err)
			if id.Hash(root) != cp.Root {
				r.t.Fatalf("size %d of %s was signed with another root", cp.Size, x.run)
			}
		}
		must(r.t, f.Close())
	}
	must(r.t, r.db.Read(r.t.Context(), func(tx *sql.Tx) error {
		return state.Each(r.t.Context(), tx, `SELECT l.leaf FROM leaves l JOIN runs r ON r.run = l.run ORDER BY r.number, l.idx`, nil, func(scan func(...any) error) error {
			var raw []byte
			if err := scan(&raw); err != nil {
				return err
			}
			leaf, err := manifest.ParseLeaf(raw)
			must(r.t, err)
			h := leaf.Common()
			if last, ok := numbers[h.Camera]; ok && h.Seq != last+1 {
				r.t.Errorf("%s: number %d comes after %d", h.Camera, h.Seq, last)
			}
			numbers[h.Camera] = h.Seq
			return nil
		})
	}))
}

// pages returns what a member reads of a batch.
func (r *rig) pages(b *ledger.Batch) map[manifest.PageName][]manifest.Entry {
	r.t.Helper()
	out := map[manifest.PageName][]manifest.Entry{}
	must(r.t, r.ledger.Pages(r.t.Context(), b, func(p ledger.Page) error {
		plain, err := r.secrets[p.Name.Epoch].Open(bytes.NewReader(p.Sealed))
		must(r.t, err)
		text, err := io.ReadAll(plain)
		must(r.t, err)
		entries, err := manifest.ParsePage(text)
		must(r.t, err)
		must(r.t, manifest.CheckPage(p.Name, entries))
		out[p.Name] = entries
		return nil
	}))
	return out
}
