// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// TileHeight is the height of hash tiles: 256 hashes wide, as in C2SP tlog-tiles.
const TileHeight = 8

// LeafHash is a leaf's hash in the tree (RFC 6962).
func LeafHash(leaf []byte) id.Hash { return id.Hash(tlog.RecordHash(leaf)) }

// TileSource fetches width*32 bytes of a tile of one run. It need not be trusted.
type TileSource interface {
	Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error)
}

// Tree answers questions about a run's tree at a checkpoint, from tiles that it checks against the root.
type Tree struct {
	cp     Checkpoint
	source TileSource
	mu     sync.Mutex
	cache  map[tlog.Tile][]byte // guarded by mu; only tiles that were checked
}

// NewTree returns the tree of a verified checkpoint.
func NewTree(cp Checkpoint, source TileSource) *Tree {
	return &Tree{cp: cp, source: source, cache: map[tlog.Tile][]byte{}}
}

// Checkpoint returns the checkpoint that this tree belongs to.
func (t *Tree) Checkpoint() Checkpoint { return t.cp }

// tileReader is one question's view: it carries the question's context.
type tileReader struct {
	ctx context.Context
	t   *Tree
}

func (r tileReader) Height() int { return TileHeight }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		r.t.mu.Lock()
		data, ok := r.t.cache[tile]
		r.t.mu.Unlock()
		if !ok {
			var err error
			if data, err = r.t.source.Tile(r.ctx, r.t.cp.Run, tile.L, tile.N, tile.W); err != nil {
				return nil, &fetchError{err}
			}
			if len(data) != tile.W*tlog.HashSize {
				return nil, rule.Errorf(rule.NotIncluded, "manifest: a tile of a wrong size")
			}
		}
		out[i] = data
	}
	return out, nil
}

func (r tileReader) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	for i, tile := range tiles {
		r.t.cache[tile] = data[i]
	}
}

func (t *Tree) hashes(ctx context.Context) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: t.cp.Size, Hash: tlog.Hash(t.cp.Root)}, tileReader{ctx, t})
}

// fetchError is a failure to get a tile, which is no refusal.
type fetchError struct{ err error }

func (e *fetchError) Error() string { return "manifest: fetch tile: " + e.err.Error() }
func (e *fetchError) Unwrap() error { return e.err }

// Included wants the leaf's hash to stand at its index. Wrong tiles speak as not-included, too.
func (t *Tree) Included(ctx context.Context, entries ...Entry) error {
	if rule.Off(rule.NotIncluded) || len(entries) == 0 {
		return nil
	}
	indexes := make([]int64, len(entries))
	for i, e := range entries {
		if e.Index < 0 || e.Index >= t.cp.Size {
			return rule.Errorf(rule.NotIncluded, "manifest: a leaf beyond the checkpoint")
		}
		indexes[i] = tlog.StoredHashIndex(0, e.Index)
	}
	got, err := t.hashes(ctx).ReadHashes(indexes)
	if err != nil {
		return t.refuse(err, rule.NotIncluded)
	}
	for i, e := range entries {
		if id.Hash(got[i]) != LeafHash(e.Raw) {
			return rule.Errorf(rule.NotIncluded, "manifest: a leaf is not in the hub's tree")
		}
	}
	return nil
}

// refuse keeps failures to fetch apart from tiles that do not fit the root.
func (t *Tree) refuse(err error, n rule.Name) error {
	var f *fetchError
	if rule.Of(err) != "" || errors.As(err, &f) {
		return err
	}
	return rule.Errorf(n, "manifest: %v", err)
}

// Follows wants old, a checkpoint seen earlier, to be the beginning of this tree.
func (t *Tree) Follows(ctx context.Context, old Checkpoint) error {
	switch {
	case old.Run != t.cp.Run:
		return fmt.Errorf("manifest: checkpoints of two runs cannot be compared")
	case old.Size > t.cp.Size:
		if rule.Off(rule.RolledBack) {
			return nil
		}
		return rule.Errorf(rule.RolledBack, "manifest: the checkpoint is older than one seen before")
	case rule.Off(rule.Forked) || old.Size == 0:
		return nil
	case old.Size == t.cp.Size:
		if old.Root != t.cp.Root {
			return rule.Errorf(rule.Forked, "manifest: two checkpoints of one size with different roots")
		}
		return nil
	}
	root, err := tlog.TreeHash(old.Size, t.hashes(ctx))
	if err != nil {
		return t.refuse(err, rule.Forked)
	}
	if id.Hash(root) != old.Root {
		return rule.Errorf(rule.Forked, "manifest: what was recorded before is not the beginning of what is shown now")
	}
	return nil
}

// Prove returns the inclusion proof of a leaf, for keeping beside an export.
func (t *Tree) Prove(ctx context.Context, index int64) ([]id.Hash, error) {
	p, err := tlog.ProveRecord(t.cp.Size, index, t.hashes(ctx))
	if err != nil {
		return nil, t.refuse(err, rule.NotIncluded)
	}
	out := make([]id.Hash, len(p))
	for i, h := range p {
		out[i] = id.Hash(h)
	}
	return out, nil
}

// CheckProof verifies an inclusion proof offline.
func CheckProof(cp Checkpoint, index int64, leaf []byte, proof []id.Hash) error {
	p := make(tlog.RecordProof, len(proof))
	for i, h := range proof {
		p[i] = tlog.Hash(h)
	}
	if err := tlog.CheckRecord(p, cp.Size, tlog.Hash(cp.Root), index, tlog.RecordHash(leaf)); err != nil && !rule.Off(rule.NotIncluded) {
		return rule.Errorf(rule.NotIncluded, "manifest: the leaf is not in the hub's tree")
	}
	return nil
}
