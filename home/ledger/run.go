// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// opening says why a run begins and what the run before is known to hold.
type opening struct {
	reason string
	prev   id.Run // "" for the newest in state.db
	size   int64
	root   id.Hash
	now    int64
	epoch  id.Epoch // of the household; "" for the newest in state.db
	more   Build    // leaves behind the run's own, and rows; may be nil
	// from says which leaves of the run before are carried over, because nobody will see them there:
	// those at this index and behind. -1: the run before is whole and will be sent to its end.
	from int64
}

// Genesis begins this hub's first run: its leaf, then those that build makes, in the page of
// the household's first epoch, whose row build must write.
func (l *Ledger) Genesis(ctx context.Context, epoch id.Epoch, build Build) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.run != "" {
		return errors.New("ledger: the first run has begun already")
	}
	o := opening{reason: manifest.RunGenesis, now: l.c.Now().UnixMilli(), epoch: epoch, more: build, from: -1}
	if b := l.c.Before; b != nil {
		o.reason, o.prev, o.size, o.root = manifest.RunHub, b.Left.Run, b.Left.Size, b.Left.Root
	}
	return l.begin(context.WithoutCancel(ctx), o)
}

// begin opens a run. mu is held.
func (l *Ledger) begin(ctx context.Context, o opening) error {
	run, err := id.NewRun(l.c.Rand)
	if err != nil {
		return fmt.Errorf("ledger: new run: %w", err)
	}
	leaf := &manifest.Run{Header: manifest.Header{Camera: id.HouseholdCamera}, Head: l.c.Head(), Reason: o.reason}
	if o.reason != manifest.RunGenesis && (o.prev != "" || l.run != "") {
		leaf.PrevRun, leaf.PrevSize, leaf.PrevRoot = l.run, o.size, o.root.String()
		if o.prev != "" {
			leaf.PrevRun = o.prev
		}
	}
	if o.epoch == "" {
		err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT epoch FROM epochs WHERE camera = $1 AND current = 1`, string(id.HouseholdCamera)).Scan(&o.epoch)
		})
		if err != nil {
			return fmt.Errorf("ledger: new run: the household's epoch: %w", err)
		}
	}
	h, err := createHashes(l.c.Tiles, run)
	if err != nil {
		return err
	}
	old := *l.snapshot()
	l.run, l.number, l.size, l.root, l.at, l.hashes, l.broken = run, old.number+1, 0, id.Hash{}, o.now, h, nil
	l.opened = 0
	entries := []Entry{{Epoch: o.epoch, Leaf: leaf}}
	build := func(tx *sql.Tx) ([]Entry, error) {
		if o.from >= 0 {
			carried, err := carry(ctx, tx, old.run, o.from)
			if err != nil {
				return nil, err
			}
			entries = append(entries, carried...)
		}
		if o.more == nil {
			return entries, nil
		}
		more, err := o.more(tx)
		return append(entries, more...), err
	}
	placed := func(tx *sql.Tx, places []Place) error { return settle(ctx, tx, entries, places) }
	if err := l.append(ctx, o.now, build, placed); err != nil {
		// The run did not come to be; its empty folder goes at the next start.
		cerr := h.close()
		l.run, l.number, l.size, l.root, l.at, l.hashes = old.run, old.number, old.size, old.root, old.at, old.hashes
		if l.broken == nil {
			l.broken = old.broken
		}
		return errors.Join(err, cerr)
	}
	l.c.Log.Info("a run of the manifest began", "run", run, "reason", o.reason)
	if old.run != "" {
		return old.hashes.close()
	}
	return nil
}

// standing is what begin puts back when a run does not come to be.
type standing struct {
	run    id.Run
	number int64
	size   int64
	root   id.Hash
	at     int64
	hashes hashes
	broken error
}

func (l *Ledger) snapshot() *standing {
	return &standing{l.run, l.number, l.size, l.root, l.at, l.hashes, l.broken}
}

// leap is how many numbers are left out when nobody knows how many were given since: more than a
// camera has in years.
const leap = 1 << 20

// Reconcile compares this ledger with the newest checkpoint that the cloud holds. If the cloud's is
// not a beginning of ours (this hub's folder was put back to an earlier state), a new run begins
// that names it, and nothing more of the old one is sent. It tells whether that happened.
//
// A text that this hub has not signed proves nothing and is refused with an error.
func (l *Ledger) Reconcile(ctx context.Context, text string) (behind bool, err error) {
	theirs, err := manifest.ParseCheckpoint(text, l.c.Household, l.c.Key.Public().(ed25519.PublicKey))
	if err != nil {
		return false, fmt.Errorf("ledger: the cloud's checkpoint: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil || l.run == "" {
		return false, nil
	}
	lost := int64(leap)
	if theirs.Run == l.run {
		if theirs.Size <= l.size {
			root, err := treeHash(theirs.Size, l.hashes)
			if err != nil || id.Hash(root) == theirs.Root {
				return false, err
			}
		} else {
			lost = theirs.Size - l.size
		}
	} else if known, err := l.knows(ctx, theirs.Run); err != nil || known {
		return false, err // an older run of ours; the newest is still to be sent
	}
	l.c.Log.Warn("the cloud knows more than this hub, whose folder was put back; a new run begins", "ours", l.size, "theirs", theirs.Size)
	ctx = context.WithoutCancel(ctx)
	old := l.run
	// Numbers that the lost leaves may have had are not used again: a hole that the run's leaf explains, no number twice.
	if err := l.skip(ctx, lost); err != nil {
		return false, err
	}
	from := l.opened
	if theirs.Run == old {
		from = min(from, theirs.Size)
	}
	err = l.begin(ctx, opening{
		reason: manifest.RunBehind, prev: theirs.Run, size: theirs.Size, root: theirs.Root, now: max(l.c.Now().UnixMilli(), l.at), from: from,
	})
	return err == nil, err
}

// lost opens a run after the hash file of the one before was damaged: that one cannot be sent any
// further, so the new run names what the cloud has of it and carries over the rest. mu is held.
func (l *Ledger) lost(ctx context.Context, now int64) error {
	o := opening{reason: manifest.RunLost, now: now}
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		var root []byte
		err := tx.QueryRowContext(ctx, `SELECT sent, sent_root FROM runs WHERE run = $1`, string(l.run)).Scan(&o.size, &root)
		copy(o.root[:], root)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: new run: %w", err)
	}
	o.from = o.size
	return l.begin(ctx, o)
}

// carry abandons a run, and returns what stood in it from an index on for the run that follows. What
// only showed that the hub was alive is left behind.
func carry(ctx context.Context, tx *sql.Tx, old id.Run, from int64) ([]Entry, error) {
	var out []Entry
	err := state.Each(ctx, tx, `SELECT epoch, leaf FROM leaves WHERE run = $1 AND idx >= $2 ORDER BY idx`, []any{string(old), from}, func(scan func(...any) error) error {
		var e Entry
		var raw []byte
		if err := scan(&e.Epoch, &raw); err != nil {
			return err
		}
		var err error
		if e.Leaf, err = manifest.ParseLeaf(raw); err != nil {
			return err
		}
		switch e.Leaf.(type) {
		case *manifest.Run, *manifest.Heartbeat:
		default:
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: carry over: %w", err)
	}
	for _, query := range []string{
		`UPDATE runs SET abandoned = 1 WHERE run = $1`, `DELETE FROM checkpoints WHERE run = $1`,
		`DELETE FROM leaves WHERE run = $1`, `DELETE FROM pages WHERE run = $1`,
	} {
		if _, err := tx.ExecContext(ctx, query, string(old)); err != nil {
			return nil, fmt.Errorf("ledger: abandon run: %w", err)
		}
	}
	return out, nil
}

// settle gives packs that were carried over their new places.
func settle(ctx context.Context, tx *sql.Tx, entries []Entry, places []Place) error {
	for i, e := range entries {
		p := manifest.Stored(e.Leaf)
		if p == nil {
			continue
		}
		_, err := tx.ExecContext(ctx, `UPDATE packs SET run = $1, idx = $2, seq = $3 WHERE object = $4`,
			string(places[i].Run), places[i].Index, places[i].Seq, string(p.Object))
		if err != nil {
			return fmt.Errorf("ledger: carry over: %w", err)
		}
	}
	return nil
}

func (l *Ledger) knows(ctx context.Context, run id.Run) (bool, error) {
	var n int
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM runs WHERE run = $1`, string(run)).Scan(&n)
	})
	if err != nil {
		return false, fmt.Errorf("ledger: runs: %w", err)
	}
	return n > 0, nil
}

// skip leaves out numbers of leaves, and of the document of names, that may have been given.
func (l *Ledger) skip(ctx context.Context, n int64) error {
	err := l.c.DB.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE counters SET next = next + $1`, n); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE names SET seq = seq + $1`, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: skip numbers: %w", err)
	}
	return nil
}
