// SPDX-License-Identifier: Apache-2.0

// Package packs keeps the sealed objects of a hub from the moment they are closed until the cloud
// has had them for long enough.
//
// It promises that a pack for which [Store.Closed] returned nil is in the manifest and in the
// upload queue, in one transaction, and that nothing is removed that the cloud has not confirmed.
// It trusts home/record to have synced the file and moved it under packs/ before, and to announce a
// pack again that was not confirmed: doing it twice is doing it once. Removing is row first, file
// second, so a crash leaves a file that no row names; the next start removes it.
package packs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"keyhold/home/durable"
	"keyhold/home/ledger"
	"keyhold/home/record"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// Store is the packs folder with its rows. It is safe for concurrent use.
type Store struct {
	DB     *state.DB
	Ledger *ledger.Ledger
	Dir    string
	// Also runs in the transaction that takes a pack, if it is not nil.
	Also func(context.Context, *sql.Tx, *manifest.Pack, ledger.Place) error
}

// Closed takes a closed pack into the manifest and the upload queue.
func (s *Store) Closed(ctx context.Context, p record.Pack) error {
	leaf := &manifest.Pack{
		Header: manifest.Header{Camera: p.Camera}, Epoch: p.Epoch, Files: p.Files, Object: p.Object, Session: p.Session, Size: p.Size,
	}
	files, err := canon.Marshal(p.Files)
	if err != nil {
		return fmt.Errorf("packs: %w", err)
	}
	build := func(tx *sql.Tx) ([]ledger.Entry, error) {
		var known int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM packs WHERE object = $1`, string(p.Object)).Scan(&known)
		if err != nil || known > 0 {
			return nil, err
		}
		return []ledger.Entry{{Epoch: p.Epoch, Leaf: leaf}}, nil
	}
	placed := func(tx *sql.Tx, at []ledger.Place) error {
		if err := insert(ctx, tx, p, at[0], id.Hour(at[0].At), files); err != nil {
			return err
		}
		if s.Also != nil {
			if err := s.Also(ctx, tx, leaf, at[0]); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE counters SET ends = max(ends, $1) WHERE camera = $2`, p.End(), string(p.Camera))
		return err
	}
	if err := s.Ledger.Append(ctx, build, placed); err != nil {
		return fmt.Errorf("packs: keep: %w", err)
	}
	return nil
}

func insert(ctx context.Context, tx *sql.Tx, p record.Pack, at ledger.Place, page int64, files []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO packs (object, run, idx, camera, seq, epoch, hour, starts, ends, size, sha256, files, page)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(p.Object), string(at.Run), at.Index, string(p.Camera), at.Seq, string(p.Epoch), id.Hour(p.Start()),
		p.Start(), p.End(), p.Size, p.SHA256[:], files, page)
	return err
}

// Moment takes what was seen when an alert was made into the manifest and the upload queue. It is no part of the
// footage: that is in a pack as well.
func (s *Store) Moment(ctx context.Context, p record.Pack, number int64) error {
	leaf := &manifest.Moment{
		Header: manifest.Header{Camera: p.Camera}, Epoch: p.Epoch, Files: p.Files, Number: number, Object: p.Object, Session: p.Session, Size: p.Size,
	}
	files, err := canon.Marshal(p.Files)
	if err != nil {
		return fmt.Errorf("packs: %w", err)
	}
	// Without a page nobody stars it: what is starred are packs.
	placed := func(tx *sql.Tx, at []ledger.Place) error { return insert(ctx, tx, p, at[0], 0, files) }
	if err := s.Ledger.Append(ctx, ledger.Entries(ledger.Entry{Epoch: p.Epoch, Leaf: leaf}), placed); err != nil {
		return fmt.Errorf("packs: keep a moment: %w", err)
	}
	return nil
}

// Gap writes down a stretch without footage; one without an end ends where it is written down. epoch is the camera's newest.
func (s *Store) Gap(ctx context.Context, epoch id.Epoch, g record.Gap) error {
	leaf := &manifest.Gap{Header: manifest.Header{Camera: g.Camera}, From: g.From, Until: g.Until, Reason: g.Reason}
	placed := func(tx *sql.Tx, _ []ledger.Place) error {
		// What comes next is missing from here on, if it does not come to be: gaps do not overlap.
		_, err := tx.ExecContext(ctx, `UPDATE counters SET ends = max(ends, $1) WHERE camera = $2`, leaf.Until, string(g.Camera))
		return err
	}
	if err := s.Ledger.Append(ctx, ledger.Entries(ledger.Entry{Epoch: epoch, Leaf: leaf}), placed); err != nil {
		return fmt.Errorf("packs: gap: %w", err)
	}
	return nil
}

// Pack is a stored object as the upload needs it.
type Pack struct {
	Object id.Object
	Camera id.Camera
	Hour   int64
	Size   int64
	SHA256 id.Hash
	Path   string
}

// Waiting returns the packs of a batch that the cloud has not confirmed, in the order of their leaves.
func (s *Store) Waiting(ctx context.Context, b *ledger.Batch) ([]Pack, error) {
	var out []Pack
	err := s.DB.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT object, camera, hour, size, sha256 FROM packs WHERE run = $1 AND idx < $2 AND sent IS NULL ORDER BY idx`
		return state.Each(ctx, tx, query, []any{string(b.Run), b.Size}, func(scan func(...any) error) error {
			var p Pack
			var sum []byte
			if err := scan(&p.Object, &p.Camera, &p.Hour, &p.Size, &sum); err != nil {
				return err
			}
			copy(p.SHA256[:], sum)
			p.Path = record.PackPath(s.Dir, p.Object)
			out = append(out, p)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("packs: waiting: %w", err)
	}
	return out, nil
}

// Sent notes that the cloud has an object.
func (s *Store) Sent(ctx context.Context, o id.Object, at int64) error {
	err := s.DB.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE packs SET sent = $1 WHERE object = $2`, at, string(o))
		return err
	})
	if err != nil {
		return fmt.Errorf("packs: note upload: %w", err)
	}
	return nil
}

// Expire removes objects that the cloud confirmed before a time.
func (s *Store) Expire(ctx context.Context, before int64) (removed int, err error) {
	for {
		n, _, err := s.remove(ctx, `SELECT object, size FROM packs WHERE sent < $1 ORDER BY sent LIMIT 100`, before)
		removed += n
		if err != nil || n == 0 {
			return removed, err
		}
	}
}

// Free removes objects that the cloud has, those first that nobody has starred, and of these the oldest, until so many bytes
// are free again. It returns how many bytes it freed; fewer mean that there was nothing more to remove.
func (s *Store) Free(ctx context.Context, bytes int64) (freed int64, err error) {
	for freed < bytes {
		n, size, err := s.remove(ctx, `SELECT object, size FROM packs WHERE sent IS NOT NULL
			ORDER BY EXISTS (SELECT 1 FROM star_packs WHERE star_packs.object = packs.object), ends LIMIT $1`, 8)
		freed += size
		if err != nil || n == 0 {
			return freed, err
		}
	}
	return freed, nil
}

func (s *Store) remove(ctx context.Context, query string, arg int64) (n int, size int64, err error) {
	var list []id.Object
	err = s.DB.Write(ctx, func(tx *sql.Tx) error {
		err := state.Each(ctx, tx, query, []any{arg}, func(scan func(...any) error) error {
			var o id.Object
			var bytes int64
			err := scan(&o, &bytes)
			list, size = append(list, o), size+bytes
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range list {
			if _, err := tx.ExecContext(ctx, `DELETE FROM packs WHERE object = $1`, string(o)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("packs: remove: %w", err)
	}
	for _, o := range list {
		if err := os.Remove(record.PackPath(s.Dir, o)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return len(list), size, fmt.Errorf("packs: remove: %w", err)
		}
	}
	return len(list), size, nil
}

// Sweep removes files under packs/ that no row names: what a crash left between the two halves of a
// removal. It must run after home/record has announced again what it found unconfirmed; a pack whose
// index is still in the spool is left alone.
func (s *Store) Sweep(ctx context.Context, spool string) (removed int, err error) {
	known, err := s.Objects(ctx)
	if err != nil {
		return 0, err
	}
	open, err := os.ReadDir(spool)
	if err != nil {
		return 0, fmt.Errorf("packs: sweep: %w", err)
	}
	for _, e := range open {
		known[id.Object(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))] = true
	}
	err = filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || known[id.Object(d.Name())] {
			return err
		}
		removed++
		return durable.Remove(path)
	})
	if err != nil {
		return removed, fmt.Errorf("packs: sweep: %w", err)
	}
	return removed, nil
}

// Objects returns the names of all stored objects.
func (s *Store) Objects(ctx context.Context) (map[id.Object]bool, error) {
	known := map[id.Object]bool{}
	err := s.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT object FROM packs`, nil, func(scan func(...any) error) error {
			var o id.Object
			err := scan(&o)
			known[o] = true
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("packs: list: %w", err)
	}
	return known, nil
}

// LastEnd returns up to when a camera's footage and gaps are written down, 0 if there are none.
func (s *Store) LastEnd(ctx context.Context, c id.Camera) (int64, error) {
	var end int64
	err := s.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT coalesce(max(ends), 0) FROM counters WHERE camera = $1`, string(c)).Scan(&end)
	})
	if err != nil {
		return 0, fmt.Errorf("packs: last end: %w", err)
	}
	return end, nil
}
