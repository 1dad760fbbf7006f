// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/durable"
	"keyhold/statement/id"
)

// hashes is the file `tiles/<run>/hashes`: every hash of a run's tree, 32 bytes each, in the order
// of tlog.StoredHashIndex. A tree of n leaves owns the first StoredHashCount(n) of them; that n is
// what state.db says. Bytes behind are what a crash left between the file and the transaction, and
// are cut at the next start.
type hashes struct {
	f *os.File
}

var _ tlog.HashReader = hashes{}

// HashFile is where the hashes of a run's tree lie.
func HashFile(tiles string, run id.Run) string { return filepath.Join(tiles, string(run), "hashes") }

// createHashes makes the file of a new run.
func createHashes(tiles string, run id.Run) (hashes, error) {
	dir := filepath.Join(tiles, string(run))
	if err := durable.MkdirAll(dir); err != nil {
		return hashes{}, fmt.Errorf("ledger: %w", err)
	}
	f, err := os.OpenFile(HashFile(tiles, run), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return hashes{}, fmt.Errorf("ledger: make hash file: %w", err)
	}
	if err := durable.SyncDir(dir); err != nil {
		return hashes{}, errors.Join(fmt.Errorf("ledger: %w", err), f.Close())
	}
	return hashes{f}, nil
}

// openHashes opens the file of a run for reading; for the run that is written to, repair cuts it
// to the size that state.db knows.
func openHashes(tiles string, run id.Run, size int64, repair bool) (hashes, error) {
	flag := os.O_RDONLY
	if repair {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(HashFile(tiles, run), flag, 0)
	if err != nil {
		return hashes{}, fmt.Errorf("ledger: open hash file: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return hashes{}, errors.Join(fmt.Errorf("ledger: open hash file: %w", err), f.Close())
	}
	want := tlog.StoredHashCount(size) * tlog.HashSize
	if st.Size() < want {
		return hashes{}, errors.Join(fmt.Errorf("ledger: the hash file of %s is shorter than its tree of %d leaves", run, size), f.Close())
	}
	if repair && st.Size() > want {
		if err := errors.Join(f.Truncate(want), f.Sync()); err != nil {
			return hashes{}, errors.Join(fmt.Errorf("ledger: cut hash file: %w", err), f.Close())
		}
	}
	return hashes{f}, nil
}

// ReadHashes serves tlog.
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if _, err := h.f.ReadAt(out[i][:], x*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("ledger: read hash: %w", err)
		}
	}
	return out, nil
}

// append adds leaves to a tree of the given size, syncs the file and returns the new root. It may
// be repeated after a failure: it writes at the places that the size gives.
func (h hashes) append(size int64, leaves [][]byte) (tlog.Hash, error) {
	start := tlog.StoredHashCount(size)
	var fresh []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if x >= start {
				out[i] = fresh[x-start]
				continue
			}
			got, err := h.ReadHashes([]int64{x})
			if err != nil {
				return nil, err
			}
			out[i] = got[0]
		}
		return out, nil
	})
	for i, leaf := range leaves {
		more, err := tlog.StoredHashes(size+int64(i), leaf, reader)
		if err != nil {
			return tlog.Hash{}, fmt.Errorf("ledger: hash leaf: %w", err)
		}
		fresh = append(fresh, more...)
	}
	buf := make([]byte, 0, len(fresh)*tlog.HashSize)
	for _, x := range fresh {
		buf = append(buf, x[:]...)
	}
	if _, err := h.f.WriteAt(buf, start*tlog.HashSize); err != nil {
		return tlog.Hash{}, fmt.Errorf("ledger: write hashes: %w", err)
	}
	if err := h.f.Sync(); err != nil {
		return tlog.Hash{}, fmt.Errorf("ledger: sync hashes: %w", err)
	}
	return treeHash(size+int64(len(leaves)), reader)
}

func treeHash(size int64, r tlog.HashReader) (tlog.Hash, error) {
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("ledger: hash tree: %w", err)
	}
	return root, nil
}

// tiles returns the tiles that a reader needs for a tree of size n and does not have from one of
// size old: the full ones that are new, and the last, partial one of each level.
func (h hashes) tiles(old, n int64) ([]Tile, error) {
	var out []Tile
	for _, t := range tlog.NewTiles(tileHeight, old, n) {
		data, err := tlog.ReadTileData(t, h)
		if err != nil {
			return nil, fmt.Errorf("ledger: read tile: %w", err)
		}
		out = append(out, Tile{Level: t.L, N: t.N, Data: data})
	}
	return out, nil
}

func (h hashes) close() error {
	if h.f == nil {
		return nil
	}
	return h.f.Close()
}

// Has says whether a leaf with this hash stands at this place of a run.
func (l *Ledger) Has(run id.Run, index int64, leaf id.Hash) (bool, error) {
	h, err := openHashes(l.c.Tiles, run, index+1, false)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	got, err := h.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err = errors.Join(err, h.close()); err != nil {
		return false, err
	}
	return id.Hash(got[0]) == leaf, nil
}
