// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/ledger"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// runs checks each run's hash file against the checkpoint that was signed last: every inner hash is
// recomputed from the leaves' hashes.
func (c *checker) runs(ctx context.Context) error {
	type row struct {
		run          id.Run
		number, size int64
		sent         int64
		root, sentRt []byte
		text         string
		abandoned    bool
	}
	var rows []row
	err := c.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT run, number, size, root, checkpoint, sent, sent_root, abandoned FROM runs ORDER BY number`, nil, func(scan func(...any) error) error {
			var r row
			err := scan(&r.run, &r.number, &r.size, &r.root, &r.text, &r.sent, &r.sentRt, &r.abandoned)
			rows = append(rows, r)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("check: runs: %w", err)
	}
	known := map[string]bool{}
	for i, r := range rows {
		known[string(r.run)] = true
		c.report.Runs++
		c.report.Leaves += r.size
		if r.number != int64(i) {
			c.report.fault("run %s has number %d, not %d", r.run, r.number, i)
		}
		if r.sent > r.size {
			c.report.fault("run %s: %d leaves are said to be with the cloud, but only %d were signed", r.run, r.sent, r.size)
		}
		cp, err := manifest.ParseCheckpoint(r.text, c.report.Household, c.key)
		if err != nil {
			c.report.fault("run %s: the last checkpoint does not verify: %v", r.run, err)
			continue
		}
		if cp.Run != r.run || cp.Size != r.size || cp.Root != id.Hash(r.root) {
			c.report.fault("run %s: the row says something else than its signed checkpoint", r.run)
		}
		say := c.report.fault
		if r.abandoned {
			say = c.report.note // a later run has said so, and carries on
		}
		c.tree(say, ledger.HashFile(c.layout.Tiles, r.run), cp, r.sent, r.sentRt)
	}
	dirs, err := os.ReadDir(c.layout.Tiles)
	if err != nil {
		return fmt.Errorf("check: tiles: %w", err)
	}
	for _, d := range dirs {
		if !known[d.Name()] {
			c.report.note("tiles/%s belongs to a run that never began", d.Name())
		}
	}
	return nil
}

// tree recomputes a run's tree from the hashes of its leaves.
func (c *checker) tree(say func(string, ...any), name string, cp manifest.Checkpoint, sent int64, sentRoot []byte) {
	f, err := os.Open(name)
	if err != nil {
		say("run %s: the hash file cannot be read: %v", cp.Run, err)
		return
	}
	defer func() { _ = f.Close() }()
	want := tlog.StoredHashCount(cp.Size) * tlog.HashSize
	if st, err := f.Stat(); err == nil && st.Size() > want {
		c.report.note("run %s: %d bytes behind the hash file were left by a crash", cp.Run, st.Size()-want)
	}
	all := make([]tlog.Hash, tlog.StoredHashCount(cp.Size))
	for i := range all {
		if _, err := f.ReadAt(all[i][:], int64(i)*tlog.HashSize); err != nil {
			say("run %s: the hash file is too short for %d leaves", cp.Run, cp.Size)
			return
		}
	}
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if x >= int64(len(all)) {
				return nil, errors.New("beyond the tree")
			}
			out[i] = all[x]
		}
		return out, nil
	})
	for n := range cp.Size {
		at := tlog.StoredHashIndex(0, n)
		hashes, err := tlog.StoredHashesForRecordHash(n, all[at], stored)
		if err != nil {
			say("run %s: the tree cannot be computed: %v", cp.Run, err)
			return
		}
		for i, h := range hashes {
			if all[at+int64(i)] != h {
				say("run %s: the hash file is damaged at leaf %d", cp.Run, n)
				return
			}
		}
	}
	if root, err := tlog.TreeHash(cp.Size, stored); err != nil || id.Hash(root) != cp.Root {
		say("run %s: the hashes do not give the root that was signed", cp.Run)
	}
	if sent > 0 {
		if root, err := tlog.TreeHash(sent, stored); err != nil || id.Hash(root) != id.Hash(sentRoot) {
			say("run %s: what the cloud confirmed is not the beginning of the tree", cp.Run)
		}
	}
}

// leaves checks that kept leaves are in their tree at their place, stand on the right page, and are
// numbered without a hole up to the counters.
func (c *checker) leaves(ctx context.Context) error {
	last := map[id.Camera]int64{}
	pages := map[manifest.PageName][2]int64{} // first index, one more than the last
	files := map[id.Run]*os.File{}
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	err := c.db.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT l.run, l.idx, l.camera, l.epoch, l.hour, l.leaf FROM leaves l JOIN runs r ON r.run = l.run ORDER BY r.number, l.idx`
		err := state.Each(ctx, tx, query, nil, func(scan func(...any) error) error {
			var n manifest.PageName
			var index int64
			var raw []byte
			if err := scan(&n.Run, &index, &n.Camera, &n.Epoch, &n.Hour, &raw); err != nil {
				return err
			}
			p, seen := pages[n]
			if !seen {
				p[0] = index
			}
			p[1] = index + 1
			pages[n] = p
			c.leaf(files, n, index, raw, last)
			return nil
		})
		if err != nil {
			return err
		}
		if err := c.pages(ctx, tx, pages); err != nil {
			return err
		}
		return state.Each(ctx, tx, `SELECT camera, next FROM counters`, nil, func(scan func(...any) error) error {
			var camera id.Camera
			var next int64
			if err := scan(&camera, &next); err != nil {
				return err
			}
			if seq, ok := last[camera]; ok && seq != next-1 {
				c.report.fault("%s: the newest leaf has number %d, but %d were given", camera, seq, next)
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("check: leaves: %w", err)
	}
	return nil
}

func (c *checker) leaf(files map[id.Run]*os.File, n manifest.PageName, index int64, raw []byte, last map[id.Camera]int64) {
	leaf, err := manifest.ParseLeaf(raw)
	if err != nil {
		c.report.fault("leaf %d of %s does not parse: %v", index, n.Run, err)
		return
	}
	if err := manifest.CheckPage(n, []manifest.Entry{{Index: index, Raw: raw, Leaf: leaf}}); err != nil {
		c.report.fault("leaf %d of %s is on the wrong page", index, n.Run)
	}
	f := files[n.Run]
	if f == nil {
		if f, err = os.Open(ledger.HashFile(c.layout.Tiles, n.Run)); err != nil {
			return // said by tree
		}
		files[n.Run] = f
	}
	var h tlog.Hash
	if _, err := f.ReadAt(h[:], tlog.StoredHashIndex(0, index)*tlog.HashSize); err != nil || id.Hash(h) != manifest.LeafHash(raw) {
		c.report.fault("leaf %d of %s is not in the tree", index, n.Run)
	}
	h0 := leaf.Common()
	if seq, ok := last[h0.Camera]; ok && h0.Seq <= seq {
		c.report.fault("%s: leaf number %d comes after %d", h0.Camera, h0.Seq, seq)
	}
	last[h0.Camera] = h0.Seq
}

// pages checks that each page's row says what its leaves say, and that no leaf is without a page.
func (c *checker) pages(ctx context.Context, tx *sql.Tx, have map[manifest.PageName][2]int64) error {
	err := state.Each(ctx, tx, `SELECT run, camera, epoch, hour, first, upto, sent FROM pages`, nil, func(scan func(...any) error) error {
		var n manifest.PageName
		var first, upto, sent int64
		if err := scan(&n.Run, &n.Camera, &n.Epoch, &n.Hour, &first, &upto, &sent); err != nil {
			return err
		}
		c.report.Pages++
		p, ok := have[n]
		delete(have, n)
		if !ok || p != [2]int64{first, upto} || sent > upto {
			c.report.fault("the page of %s, hour %d, does not fit its leaves", n.Camera, n.Hour)
		}
		return nil
	})
	for n := range have {
		c.report.fault("leaves of %s, hour %d, belong to no page", n.Camera, n.Hour)
	}
	return err
}
