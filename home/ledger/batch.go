// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"keyhold/home/state"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// maxPacks bounds how many packs one upload brings before the cloud gets a checkpoint: after a long
// outage footage becomes readable every few minutes of upload, not at the very end.
const maxPacks = 32

// Batch is what has to go to the cloud before a checkpoint may: everything between two sizes of a run.
type Batch struct {
	Run        id.Run
	From, Size int64
	Root       id.Hash
	Checkpoint string
	At         int64
	// Mark is the last outbox row that goes first.
	Mark int64
}

// Tile is a tile of hashes; Data is as wide as it is full.
type Tile struct {
	Level int
	N     int64
	Data  []byte
}

// Page is a page of leaves, sealed to its epoch.
type Page struct {
	Name   manifest.PageName
	Sealed []byte
}

// Next returns the next batch, or nil if the cloud has everything. Runs go one after the other,
// and within a run the same batch is returned until it is [Ledger.Sent]: never a smaller one.
func (l *Ledger) Next(ctx context.Context) (*Batch, error) {
	var b *Batch
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		var run id.Run
		var sent int64
		err := tx.QueryRowContext(ctx, `SELECT run, sent FROM runs WHERE sent < size AND abandoned = 0 ORDER BY number LIMIT 1`).Scan(&run, &sent)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		packs := 0
		return state.Each(ctx, tx, `SELECT size, root, at, text, mark, packs FROM checkpoints WHERE run = $1 AND size > $2 ORDER BY size LIMIT 1000`,
			[]any{string(run), sent}, func(scan func(...any) error) error {
				n := Batch{Run: run, From: sent}
				var root []byte
				var p int
				if err := scan(&n.Size, &root, &n.At, &n.Checkpoint, &n.Mark, &p); err != nil {
					return err
				}
				copy(n.Root[:], root)
				if packs += p; b == nil || packs <= maxPacks {
					b = &n
				} else {
					packs = math.MaxInt / 2 // none behind the first that is too much
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: next batch: %w", err)
	}
	return b, nil
}

// Tiles returns the tiles of a batch.
func (l *Ledger) Tiles(ctx context.Context, b *Batch) ([]Tile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.hashes
	if b.Run != l.run {
		old, err := openHashes(l.c.Tiles, b.Run, b.Size, false)
		if err != nil {
			return nil, err
		}
		defer func() { _ = old.close() }()
		h = old
	}
	return h.tiles(b.From, b.Size)
}

// Pages returns the pages that hold leaves of the batch, as they are at its checkpoint, one after
// the other to f.
func (l *Ledger) Pages(ctx context.Context, b *Batch, f func(Page) error) error {
	type page struct {
		name      manifest.PageName
		recipient string
	}
	var pages []page
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT p.camera, p.epoch, p.hour, e.recipient FROM pages p JOIN epochs e ON e.epoch = p.epoch
			WHERE p.run = $1 AND p.sent < p.upto AND p.first < $2
			AND EXISTS (SELECT 1 FROM leaves l WHERE l.run = p.run AND l.camera = p.camera AND l.epoch = p.epoch AND l.hour = p.hour
				AND l.idx >= p.sent AND l.idx < $2)
			ORDER BY p.first`
		return state.Each(ctx, tx, query, []any{string(b.Run), b.Size}, func(scan func(...any) error) error {
			p := page{name: manifest.PageName{Run: b.Run}}
			err := scan(&p.name.Camera, &p.name.Epoch, &p.name.Hour, &p.recipient)
			pages = append(pages, p)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("ledger: pages: %w", err)
	}
	for _, p := range pages {
		text, err := l.page(ctx, p.name, b.Size)
		if err != nil {
			return err
		}
		sealed, err := seal(p.recipient, text)
		if err != nil {
			return err
		}
		if err := f(Page{Name: p.name, Sealed: sealed}); err != nil {
			return err
		}
	}
	return nil
}

// page returns a page's lines with the leaves below size.
func (l *Ledger) page(ctx context.Context, n manifest.PageName, size int64) ([]byte, error) {
	var text []byte
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) (err error) {
		text, err = lines(ctx, tx, n, size)
		return err
	})
	return text, err
}

func lines(ctx context.Context, tx *sql.Tx, n manifest.PageName, size int64) (text []byte, err error) {
	const query = `SELECT idx, leaf FROM leaves WHERE run = $1 AND camera = $2 AND epoch = $3 AND hour = $4 AND idx < $5 ORDER BY idx`
	err = state.Each(ctx, tx, query, []any{string(n.Run), string(n.Camera), string(n.Epoch), n.Hour, size}, func(scan func(...any) error) error {
		var index int64
		var leaf []byte
		if err := scan(&index, &leaf); err != nil {
			return err
		}
		text = manifest.AppendEntry(text, index, leaf)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: page: %w", err)
	}
	return text, nil
}

func seal(recipient string, plain []byte) ([]byte, error) {
	r, err := to.ParseRecipient(recipient)
	if err != nil {
		return nil, fmt.Errorf("ledger: seal page: %w", err)
	}
	sealed, err := r.SealAll(plain)
	if err != nil {
		return nil, fmt.Errorf("ledger: seal page: %w", err)
	}
	return sealed, nil
}

// Sent notes that the cloud has the batch and its checkpoint, and forgets the leaves of pages that
// cannot grow any more: what stays of them here is sealed. A page cannot grow once its run is over or its hour has passed: leaves get
// the time at which they are added, which never goes back within a run. (That its epoch was
// followed by another is not enough: a pack that was open then still goes to the old epoch's page.)
func (l *Ledger) Sent(ctx context.Context, b *Batch) error {
	l.mu.Lock()
	run, now := l.run, l.at
	l.mu.Unlock()
	err := l.c.DB.Write(ctx, func(tx *sql.Tx) error {
		for _, q := range []struct {
			query string
			args  []any
		}{
			{`UPDATE runs SET sent = $1, sent_root = $2 WHERE run = $3 AND sent < $1`, []any{b.Size, b.Root[:], string(b.Run)}},
			{`DELETE FROM checkpoints WHERE run = $1 AND size <= $2`, []any{string(b.Run), b.Size}},
			{`UPDATE pages SET sent = min(upto, $1) WHERE run = $2 AND sent < upto AND first < $1`, []any{b.Size, string(b.Run)}},
		} {
			if _, err := tx.ExecContext(ctx, q.query, q.args...); err != nil {
				return err
			}
		}
		return forget(ctx, tx, run, now)
	})
	if err != nil {
		return fmt.Errorf("ledger: note upload: %w", err)
	}
	return nil
}

// forget drops the leaves of pages that the cloud has and that cannot grow, and keeps the pages as age files.
func forget(ctx context.Context, tx *sql.Tx, run id.Run, now int64) error {
	var over []manifest.PageName
	err := state.Each(ctx, tx, `SELECT run, camera, epoch, hour FROM pages WHERE sent = upto AND (run <> $1 OR hour < $2)`,
		[]any{string(run), id.Hour(now)}, func(scan func(...any) error) error {
			var n manifest.PageName
			err := scan(&n.Run, &n.Camera, &n.Epoch, &n.Hour)
			over = append(over, n)
			return err
		})
	if err != nil {
		return err
	}
	for _, n := range over {
		if err := keep(ctx, tx, n, now); err != nil {
			return err
		}
		for _, query := range []string{
			`DELETE FROM leaves WHERE run = $1 AND camera = $2 AND epoch = $3 AND hour = $4`,
			`DELETE FROM pages WHERE run = $1 AND camera = $2 AND epoch = $3 AND hour = $4`,
		} {
			if _, err := tx.ExecContext(ctx, query, string(n.Run), string(n.Camera), string(n.Epoch), n.Hour); err != nil {
				return err
			}
		}
	}
	return nil
}

// Uploaded says how far the cloud has confirmed the newest run, and since when packs wait.
type Uploaded struct {
	Run      id.Run
	Size     int64
	Root     id.Hash
	Signed   int64 // size of the newest run's tree
	Oldest   int64 // when the oldest checkpoint with packs that is not confirmed was signed, ms; 0 if there is none
	Runs     int   // runs that are not confirmed to their end
	Previous Proof // the newest confirmed checkpoint of any run
}

// Proof names a confirmed checkpoint; Run is "" before the first.
type Proof struct {
	Run  id.Run
	Size int64
	Root id.Hash
}

// Uploaded returns how far the upload has come.
func (l *Ledger) Uploaded(ctx context.Context) (Uploaded, error) {
	var u Uploaded
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		err := state.Each(ctx, tx, `SELECT run, size, sent, sent_root, abandoned FROM runs ORDER BY number`, nil, func(scan func(...any) error) error {
			var abandoned bool
			var root []byte
			u.Root = id.Hash{}
			if err := scan(&u.Run, &u.Signed, &u.Size, &root, &abandoned); err != nil {
				return err
			}
			copy(u.Root[:], root)
			if u.Size > 0 {
				u.Previous = Proof{u.Run, u.Size, u.Root}
			}
			if u.Size < u.Signed && !abandoned {
				u.Runs++
			}
			return nil
		})
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT coalesce(min(at), 0) FROM checkpoints WHERE packs > 0`).Scan(&u.Oldest)
	})
	if err != nil {
		return u, fmt.Errorf("ledger: uploaded: %w", err)
	}
	return u, nil
}
