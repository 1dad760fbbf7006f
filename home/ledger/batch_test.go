// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/ledger"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// mirror is what the cloud has: tiles by place.
type mirror map[tlog.Tile][]byte

func (m mirror) Tile(_ context.Context, _ id.Run, level int, n int64, width int) ([]byte, error) {
	b := m[tlog.Tile{H: 8, L: level, N: n}]
	if len(b) < width*tlog.HashSize {
		return nil, errors.New("the tile is not there")
	}
	return b[:width*tlog.HashSize], nil
}

// send takes a batch as the cloud does, and reads it as a member does.
func (r *rig) send(m mirror, b *ledger.Batch) map[manifest.PageName][]manifest.Entry {
	r.t.Helper()
	tiles, err := r.ledger.Tiles(r.t.Context(), b)
	must(r.t, err)
	for _, x := range tiles {
		place := tlog.Tile{H: 8, L: x.Level, N: x.N}
		if len(x.Data) < len(m[place]) {
			r.t.Fatalf("tile %v became shorter", place)
		}
		m[place] = x.Data
	}
	pages := r.pages(b)
	cp, err := manifest.ParseCheckpoint(b.Checkpoint, r.household, r.key.Public().(ed25519.PublicKey))
	must(r.t, err)
	tree := manifest.NewTree(cp, m)
	for name, entries := range pages {
		if err := tree.Included(r.t.Context(), entries...); err != nil {
			r.t.Errorf("page %+v: %v", name, err)
		}
	}
	must(r.t, r.ledger.Sent(r.t.Context(), b))
	return pages
}

func TestBatchesLeadToTheEndAndEachVerifies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 300 {
		must(t, r.add(r.pack()))
		r.now = r.now.Add(20 * time.Second)
	}
	m := mirror{}
	last, batches := int64(0), 0
	numbers := map[int64]bool{}
	for {
		b, err := r.ledger.Next(t.Context())
		must(t, err)
		if b == nil {
			break
		}
		batches++
		if b.From != last || b.Size <= last || b.Size-b.From > ledger.MaxPacks+1 {
			t.Fatalf("a batch from %d to %d after %d", b.From, b.Size, last)
		}
		for _, entries := range r.send(m, b) {
			for _, e := range entries {
				if e.Leaf.Common().Camera == r.camera {
					numbers[e.Leaf.Common().Seq] = true
				}
			}
		}
		last = b.Size
	}
	if len(numbers) != 300 || batches < 300/ledger.MaxPacks {
		t.Errorf("%d leaves came in %d batches", len(numbers), batches)
	}
	up, err := r.ledger.Uploaded(t.Context())
	must(t, err)
	if s := r.ledger.Standing(); up.Size != s.Size || up.Signed != s.Size || up.Root != s.Root || up.Oldest != 0 {
		t.Errorf("the upload stands at %+v, the tree at %+v", up, s)
	}
}

func TestBatchThatWasNotConfirmedIsNeverFollowedByASmallerOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 100 {
		must(t, r.add(r.pack()))
		b, err := r.ledger.Next(t.Context())
		must(t, err)
		if want := min(int64(n+2), ledger.MaxPacks+1); b.Size != want {
			t.Fatalf("after %d packs the batch ends at %d, not %d", n+1, b.Size, want)
		}
	}
}

func TestPageIsForgottenOnlyWhenItCannotGrow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := mirror{}
	must(t, r.add(r.pack()))
	next := func() *ledger.Batch {
		b, err := r.ledger.Next(t.Context())
		must(t, err)
		return b
	}
	r.send(m, next())
	if n := r.count(`SELECT count(*) FROM leaves`); n != 2 {
		t.Fatalf("%d leaves are kept of a page that may grow", n)
	}
	// The same page again, now longer: the earlier leaf is still on it.
	must(t, r.add(r.pack()))
	for name, entries := range r.send(m, next()) {
		if name.Camera == r.camera && len(entries) != 2 {
			t.Errorf("the page has %d leaves, not 2", len(entries))
		}
	}
	r.now = r.now.Add(time.Hour)
	must(t, r.add(r.beat()))
	r.send(m, next())
	if n, pages := r.count(`SELECT count(*) FROM leaves`), r.count(`SELECT count(*) FROM pages`); n != 1 || pages != 1 {
		t.Errorf("%d leaves on %d pages are kept; only the new hour's should be", n, pages)
	}
	r.restart()
}
