// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps the hub's manifest: leaves, the tree over them, sealed pages, and signed
// checkpoints (docs/protocol.md, section 5).
//
// # What it promises
//
// Leaves are numbered without a hole, per camera and in the tree. A signature over a tree leaves
// this package only after the tree's size and root are on the disk, so that this hub never signs
// one size with two roots. What [Ledger.Append] returned without an error stays.
//
// # Why a crash leaves before or after
//
// Append does, in this order:
//
//  1. begin a transaction in state.db and read the next numbers;
//  2. write the new hashes behind the run's hash file, and sync the file;
//  3. in the transaction: leaves, pages, numbers, the caller's own rows (a pack's place in the
//     upload queue, an epoch's envelopes), the run's new size and root, the signed checkpoint;
//  4. commit, which syncs.
//
// The authority is the transaction. Before 4 the run's row says the old size, and the bytes that 2
// may have left behind it belong to nobody: the next Append writes over them, the next start cuts
// them off. After 4 everything is there, and since 2 was synced before, no committed size is without
// its hashes. There is no third case. A file that a leaf names (a pack) is synced by the caller
// before Append, and moved to its final name after; both names are looked at by a start.
//
// A new run first makes its empty hash file, then does the same; a crash between leaves a folder
// that no row names, which the next start removes.
//
// # What it trusts
//
// The file system's fsync, state.db, and the clock to go forward: when the clock was set back
// further than [tolerance], leaves go to a new run, whose first leaf says so.
//
// Lock order: Ledger.mu, then the writer of state.db. Functions given to Append run inside both and
// must not call the Ledger.
package ledger

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

const (
	tileHeight = manifest.TileHeight
	// tolerance is how far the clock may go back (a small correction) before a new run begins.
	// Within it, leaves keep the time of the newest.
	tolerance = 2 * time.Second
)

// Config is what a Ledger needs. All fields but First and Before must be set.
type Config struct {
	DB        *state.DB
	Tiles     string // folder of hash files
	Household id.Household
	Key       ed25519.PrivateKey // the hub's signing key
	Head      func() roster.Head // the roster's newest; must not block
	First     int64              // the hub's first number of leaves
	// Before is what the hub before this one has left behind, nil if this is the household's first.
	Before *Predecessor
	Now    func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
}

// Predecessor is a hub whose place this one took. Left is its newest run, empty if it left none.
type Predecessor struct{ Left roster.ClosedRun }

// Ledger is the manifest of one hub. It is safe for concurrent use.
type Ledger struct {
	c Config
	// fault, where a test sets it, is asked at each named step of an Append.
	fault func(step string) error

	mu     sync.Mutex
	run    id.Run // "" before the first run. This and the following: guarded by mu
	number int64
	size   int64
	root   id.Hash
	at     int64
	hashes hashes
	opened int64 // size of the newest run when this process began with it
	broken error // the disk contradicted itself: nothing more is signed
	grown  chan struct{}
}

// Open reads where the newest run stands, and repairs what a crash left.
func Open(ctx context.Context, c Config) (*Ledger, error) {
	l := &Ledger{c: c, grown: make(chan struct{})}
	if err := l.sweep(ctx); err != nil {
		return nil, err
	}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	if l.run == "" {
		return l, nil
	}
	l.opened = l.size
	var err error
	if l.hashes, err = openHashes(c.Tiles, l.run, l.size, true); err == nil {
		err = l.checkRoot()
	}
	if err != nil {
		// The tree cannot be continued; what is signed stays signed. The next Append opens a new run.
		c.Log.Error("the hash file does not match what was signed; a new run begins", "run", l.run, "error", err)
		l.broken = errLost
	}
	return l, nil
}

// errLost marks a run whose hash file is gone or damaged.
var errLost = errors.New("ledger: the hash file of the newest run is damaged")

func (l *Ledger) checkRoot() error {
	got, err := treeHash(l.size, l.hashes)
	if err != nil {
		return err
	}
	if id.Hash(got) != l.root {
		return fmt.Errorf("ledger: the hashes of %s do not give the root that was signed", l.run)
	}
	return nil
}

// load reads the newest run's row.
func (l *Ledger) load(ctx context.Context) error {
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		var root []byte
		err := tx.QueryRowContext(ctx, `SELECT run, number, size, root, at FROM runs ORDER BY number DESC LIMIT 1`).
			Scan(&l.run, &l.number, &l.size, &root, &l.at)
		if errors.Is(err, sql.ErrNoRows) {
			l.run, l.number, l.size = "", -1, 0
			return nil
		}
		if err == nil && copy(l.root[:], root) != len(l.root) {
			err = errors.New("a root of a wrong length")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: load: %w", err)
	}
	return nil
}

// sweep removes folders of runs that were never begun.
func (l *Ledger) sweep(ctx context.Context) error {
	known := map[string]bool{}
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT run FROM runs`, nil, func(scan func(...any) error) error {
			var run string
			defer func() { known[run] = true }()
			return scan(&run)
		})
	})
	if err != nil {
		return fmt.Errorf("ledger: sweep: %w", err)
	}
	dirs, err := os.ReadDir(l.c.Tiles)
	if err != nil {
		return fmt.Errorf("ledger: sweep: %w", err)
	}
	for _, d := range dirs {
		if !known[d.Name()] {
			if err := os.RemoveAll(filepath.Join(l.c.Tiles, d.Name())); err != nil {
				return fmt.Errorf("ledger: sweep: %w", err)
			}
		}
	}
	return nil
}

// Close releases the hash file. The Ledger must not be used afterwards.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = errors.New("ledger: closed")
	return l.hashes.close()
}

// Standing says where the newest run stands. Run is "" before the first.
type Standing struct {
	Run  id.Run
	Size int64
	Root id.Hash
	At   int64
}

// Standing returns where the newest run stands.
func (l *Ledger) Standing() Standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Standing{Run: l.run, Size: l.size, Root: l.root, At: l.at}
}

// Grown returns a channel that closes when the next leaves have been added.
func (l *Ledger) Grown() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.grown
}
