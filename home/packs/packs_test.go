// SPDX-License-Identifier: Apache-2.0

package packs_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"keyhold/home/ledger"
	"keyhold/home/packs"
	"keyhold/home/record"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

type rig struct {
	t      *testing.T
	dir    string
	store  *packs.Store
	camera id.Camera
	epoch  id.Epoch
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	for _, d := range []string{"tiles", "packs", "spool"} {
		must(t, os.Mkdir(filepath.Join(r.dir, d), 0o700))
	}
	db, err := state.Open(t.Context(), filepath.Join(r.dir, "state.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	l, err := ledger.Open(t.Context(), ledger.Config{
		DB: db, Tiles: filepath.Join(r.dir, "tiles"), Household: id.Household(id.HashOf(nil).String()), Key: key,
		Head: func() roster.Head { return roster.Head{} }, Now: time.Now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	r.camera, err = id.NewCamera(rand.Reader)
	must(t, err)
	identity, err := age.GenerateHybridIdentity()
	must(t, err)
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		for _, c := range []id.Camera{id.HouseholdCamera, r.camera} {
			if r.epoch, err = id.NewEpoch(rand.Reader); err != nil {
				return err
			}
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO epochs (epoch, camera, recipient, head, made, current) VALUES ($1, $2, $3, x'00', 1, 1)`,
				string(r.epoch), string(c), identity.Recipient().String()); err != nil {
				return err
			}
		}
		return nil
	}))
	must(t, l.Genesis(t.Context(), r.epoch, nil))
	r.store = &packs.Store{DB: db, Ledger: l, Dir: filepath.Join(r.dir, "packs")}
	return r
}

// pack makes a closed pack of ten bytes that ends at a time.
func (r *rig) pack(end time.Time) record.Pack {
	r.t.Helper()
	o, err := id.NewObject(rand.Reader)
	must(r.t, err)
	path := record.PackPath(r.store.Dir, o)
	must(r.t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(r.t, os.WriteFile(path, []byte("0123456789"), 0o600))
	at := end.UnixMilli()
	return record.Pack{
		Object: o, Camera: r.camera, Epoch: r.epoch, Session: at, Size: 10, SHA256: id.HashOf([]byte("0123456789")), Path: path,
		Files: []manifest.File{{Kind: manifest.FileSegment, Size: 10, Start: at - 4000, End: at, Media: 4_000_000}},
	}
}

func (r *rig) there(p record.Pack) bool {
	_, err := os.Stat(p.Path)
	return err == nil
}

func TestPackAnnouncedTwiceIsOnRecordOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.pack(time.Now())
	must(t, r.store.Closed(t.Context(), p))
	size := r.store.Ledger.Standing().Size
	must(t, r.store.Closed(t.Context(), p))
	if got := r.store.Ledger.Standing().Size; got != size {
		t.Errorf("%d leaves after the second time, %d after the first", got, size)
	}
	if end, err := r.store.LastEnd(t.Context(), r.camera); err != nil || end != p.End() {
		t.Errorf("the record ends at %d, not %d (%v)", end, p.End(), err)
	}
}

func TestOnlyWhatTheCloudHasIsRemoved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	now := time.Now()
	var list []record.Pack
	for i := range 12 {
		p := r.pack(now.Add(time.Duration(i) * time.Minute))
		must(t, r.store.Closed(t.Context(), p))
		list = append(list, p)
	}
	for i, p := range list[:10] {
		must(t, r.store.Sent(t.Context(), p.Object, now.Add(time.Duration(i)*time.Hour).UnixMilli()))
	}
	n, err := r.store.Expire(t.Context(), now.Add(2*time.Hour).UnixMilli())
	if err != nil || n != 2 || r.there(list[0]) || r.there(list[1]) || !r.there(list[2]) {
		t.Errorf("%d expired (%v)", n, err)
	}
	freed, err := r.store.Free(t.Context(), 1)
	if err != nil || freed != 80 || r.there(list[9]) {
		t.Errorf("%d bytes freed (%v)", freed, err)
	}
	freed, err = r.store.Free(t.Context(), 1)
	if err != nil || freed != 0 || !r.there(list[10]) || !r.there(list[11]) {
		t.Errorf("%d bytes freed of what the cloud does not have (%v)", freed, err)
	}
	known, err := r.store.Objects(t.Context())
	if err != nil || len(known) != 2 {
		t.Errorf("%d rows (%v)", len(known), err)
	}
}

func TestSweepRemovesWhatNoRowNames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	kept, dropped, unconfirmed := r.pack(time.Now()), r.pack(time.Now()), r.pack(time.Now())
	must(t, r.store.Closed(t.Context(), kept))
	spool := filepath.Join(r.dir, "spool")
	must(t, os.WriteFile(filepath.Join(spool, string(unconfirmed.Object)+".idx"), nil, 0o600))
	n, err := r.store.Sweep(t.Context(), spool)
	if err != nil || n != 1 || !r.there(kept) || r.there(dropped) || !r.there(unconfirmed) {
		t.Errorf("%d removed (%v)", n, err)
	}
}
