// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// Entry is a leaf to be added. The Ledger fills in time, salt and number; everything else,
// Camera included, is the caller's.
type Entry struct {
	Epoch id.Epoch // the page's: the camera's newest, or a pack's own
	Leaf  manifest.Leaf
}

// Place says where a leaf came to stand.
type Place struct {
	Run   id.Run
	Index int64
	Seq   int64
	At    int64
}

// Build makes the leaves of an Append inside its transaction, and may read and write there. When it
// returns none, only its own writes are kept and nothing is signed.
type Build func(*sql.Tx) ([]Entry, error)

// Entries is a Build of leaves that are known beforehand.
func Entries(e ...Entry) Build {
	return func(*sql.Tx) ([]Entry, error) { return e, nil }
}

// Append adds leaves and signs a checkpoint over them. placed, which may be nil, runs in the same
// transaction once the leaves have their places. On an error nothing has changed.
func (l *Ledger) Append(ctx context.Context, build Build, placed func(*sql.Tx, []Place) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Once begun, an Append is not given up half-way: whether a cancelled commit took place is hard to know.
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	now := l.c.Now().UnixMilli()
	switch {
	case errors.Is(l.broken, errLost):
		if err := l.lost(ctx, now); err != nil {
			return err
		}
	case l.broken != nil:
		return l.broken
	case l.run == "":
		return errors.New("ledger: no run has begun")
	case now < l.at-tolerance.Milliseconds():
		l.c.Log.Warn("the clock was set back; a new run begins", "by_ms", l.at-now)
		if err := l.begin(ctx, opening{reason: manifest.RunClock, size: l.size, root: l.root, now: now, from: -1}); err != nil {
			return err
		}
	}
	return l.append(ctx, max(now, l.at), build, placed)
}

// append adds to the newest run. mu is held.
func (l *Ledger) append(ctx context.Context, at int64, build Build, placed func(*sql.Tx, []Place) error) error {
	next := manifest.Checkpoint{Household: l.c.Household, Run: l.run, Size: l.size, Root: l.root, At: at}
	err := l.c.DB.Write(ctx, func(tx *sql.Tx) error {
		entries, err := build(tx)
		if err != nil || len(entries) == 0 {
			return err
		}
		leaves, places, err := l.numbered(ctx, tx, at, entries)
		if err != nil {
			return err
		}
		if err := l.step("numbered"); err != nil {
			return err
		}
		root, err := l.hashes.append(l.size, leaves)
		if err != nil {
			return err
		}
		next.Size, next.Root = l.size+int64(len(entries)), id.Hash(root)
		if err := l.step("hashed"); err != nil {
			return err
		}
		if err := insertLeaves(ctx, tx, entries, leaves, places); err != nil {
			return err
		}
		if placed != nil {
			if err := placed(tx, places); err != nil {
				return err
			}
		}
		if err := l.sign(ctx, tx, next, entries); err != nil {
			return err
		}
		return l.step("signed")
	})
	if err != nil {
		if err = l.reconsider(ctx, next, err); err != nil {
			return err
		}
	}
	if next.Size == l.size {
		return nil
	}
	if err := l.step("committed"); err != nil {
		return err
	}
	l.size, l.root, l.at = next.Size, next.Root, at
	close(l.grown)
	l.grown = make(chan struct{})
	return nil
}

// reconsider finds out what became of a transaction that failed. It returns nil if the transaction
// is on the disk nevertheless, else the error to give back.
func (l *Ledger) reconsider(ctx context.Context, next manifest.Checkpoint, cause error) error {
	var size int64
	var root []byte
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT size, root FROM runs WHERE run = $1`, string(l.run)).Scan(&size, &root)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows) && l.size == 0: // the first leaf of a run did not come to be
		return cause
	case err != nil:
		l.broken = fmt.Errorf("ledger: whether the last leaves were kept is unknown: %w", errors.Join(cause, err))
		return l.broken
	case size == l.size && id.Hash(root) == l.root:
		return cause
	case size == next.Size && id.Hash(root) == next.Root:
		return nil
	}
	l.broken = fmt.Errorf("ledger: state.db is at %d leaves of %s, this process at %d", size, l.run, l.size)
	return l.broken
}

func (l *Ledger) step(name string) error {
	if l.fault == nil {
		return nil
	}
	return l.fault(name)
}

// numbered gives each leaf its time, salt and number, and encodes it.
func (l *Ledger) numbered(ctx context.Context, tx *sql.Tx, at int64, entries []Entry) ([][]byte, []Place, error) {
	leaves := make([][]byte, len(entries))
	places := make([]Place, len(entries))
	for i, e := range entries {
		h := e.Leaf.Common()
		const query = `INSERT INTO counters (camera, next) VALUES ($1, $2 + 1)
			ON CONFLICT (camera) DO UPDATE SET next = next + 1 RETURNING next - 1`
		if err := tx.QueryRowContext(ctx, query, string(h.Camera), l.c.First).Scan(&h.Seq); err != nil {
			return nil, nil, fmt.Errorf("ledger: number leaf: %w", err)
		}
		if h.At, h.Kind = at, kindOf(e.Leaf); h.Kind == "" {
			return nil, nil, errors.New("ledger: a leaf of a kind that nobody could read")
		}
		if g, ok := e.Leaf.(*manifest.Gap); ok && g.Until == 0 {
			g.Until = at // it ends where it is written down
		}
		h.Salt = make([]byte, manifest.SaltSize)
		if _, err := io.ReadFull(l.c.Rand, h.Salt); err != nil {
			return nil, nil, fmt.Errorf("ledger: salt leaf: %w", err)
		}
		b, err := manifest.EncodeLeaf(e.Leaf)
		if err != nil {
			return nil, nil, fmt.Errorf("ledger: encode leaf: %w", err)
		}
		if !e.Epoch.Valid() {
			return nil, nil, errors.New("ledger: a leaf without an epoch")
		}
		leaves[i] = b
		places[i] = Place{Run: l.run, Index: l.size + int64(i), Seq: h.Seq, At: at}
	}
	return leaves, places, nil
}

func kindOf(leaf manifest.Leaf) string {
	switch leaf.(type) {
	case *manifest.Run:
		return manifest.KindRun
	case *manifest.RosterHead:
		return manifest.KindHead
	case *manifest.NamesChanged:
		return manifest.KindNames
	case *manifest.Epoch:
		return manifest.KindEpoch
	case *manifest.CameraState:
		return manifest.KindCamera
	case *manifest.Pack:
		return manifest.KindPack
	case *manifest.Gap:
		return manifest.KindGap
	case *manifest.Heartbeat:
		return manifest.KindHeartbeat
	case *manifest.Look:
		return manifest.KindLook
	case *manifest.Live:
		return manifest.KindLive
	case *manifest.Private:
		return manifest.KindPrivate
	case *manifest.Masks:
		return manifest.KindMasks
	case *manifest.Talk:
		return manifest.KindTalk
	case *manifest.Star:
		return manifest.KindStar
	case *manifest.Press:
		return manifest.KindPress
	case *manifest.Moment:
		return manifest.KindMoment
	case *manifest.Lock:
		return manifest.KindLock
	case *manifest.Open:
		return manifest.KindOpen
	case *manifest.Child:
		return manifest.KindChild
	}
	return ""
}

func insertLeaves(ctx context.Context, tx *sql.Tx, entries []Entry, leaves [][]byte, places []Place) error {
	for i, e := range entries {
		p, camera, hour := places[i], string(e.Leaf.Common().Camera), id.Hour(places[i].At)
		_, err := tx.ExecContext(ctx, `INSERT INTO leaves (run, idx, camera, epoch, hour, leaf) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(p.Run), p.Index, camera, string(e.Epoch), hour, leaves[i])
		if err != nil {
			return fmt.Errorf("ledger: keep leaf: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO pages (run, camera, epoch, hour, first, upto, sent) VALUES ($1, $2, $3, $4, $5, $6, 0)
			ON CONFLICT (run, camera, epoch, hour) DO UPDATE SET upto = excluded.upto`,
			string(p.Run), camera, string(e.Epoch), hour, p.Index, p.Index+1)
		if err != nil {
			return fmt.Errorf("ledger: keep page: %w", err)
		}
	}
	return nil
}

// sign signs the checkpoint into the transaction.
func (l *Ledger) sign(ctx context.Context, tx *sql.Tx, c manifest.Checkpoint, entries []Entry) error {
	text, err := c.Sign(l.c.Key)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	packs := 0
	for _, e := range entries {
		if manifest.Stored(e.Leaf) != nil {
			packs++
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO runs (run, number, size, root, at, checkpoint, sent, sent_root, abandoned)
		VALUES ($1, $2, $3, $4, $5, $6, 0, x'', 0)
		ON CONFLICT (run) DO UPDATE SET size = excluded.size, root = excluded.root, at = excluded.at, checkpoint = excluded.checkpoint
		WHERE excluded.size > runs.size`,
		string(c.Run), l.number, c.Size, c.Root[:], c.At, text)
	if err != nil {
		return fmt.Errorf("ledger: keep run: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO checkpoints (run, size, root, at, text, mark, packs)
		VALUES ($1, $2, $3, $4, $5, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'), $6)`,
		string(c.Run), c.Size, c.Root[:], c.At, text, packs)
	if err != nil {
		return fmt.Errorf("ledger: keep checkpoint: %w", err)
	}
	return nil
}
