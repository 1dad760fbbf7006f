// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"sync"

	"keyhold/home/household"
	"keyhold/home/state"
)

const (
	// numbersFact is a number that no alert had when it was written, and none below it will have after a restart.
	numbersFact = "alerts"
	// reserve is how many alerts may go without being written down: whoever stands at the door is not to wait for a disk.
	reserve = 64
)

// Numbers gives alerts their numbers, of which none comes twice, also where the hub is cut off after a full disk has kept
// it from writing down that somebody rang. It is safe for concurrent use.
type Numbers struct {
	mu   sync.Mutex
	last int64 // guarded by mu
}

// OpenNumbers goes on after those that an earlier process has given, and begins with first or above. Until Close, some are
// reserved.
func OpenNumbers(ctx context.Context, db *state.DB, first int64) (*Numbers, error) {
	n := &Numbers{}
	err := db.Write(ctx, func(tx *sql.Tx) error {
		n.last = first
		v, err := household.Fact(ctx, tx, numbersFact)
		if err == nil && v != nil {
			var kept int64
			if kept, err = strconv.ParseInt(string(v), 10, 64); err == nil {
				n.last = max(first, kept)
			}
		}
		if err != nil {
			return err
		}
		return n.Keep(ctx, tx)
	})
	if err != nil {
		return nil, fmt.Errorf("alert: numbers: %w", err)
	}
	return n, nil
}

// Next is a number that no alert has had.
func (n *Numbers) Next() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	return n.last
}

// Keep writes down, within a transaction of the caller's, which numbers have been given.
func (n *Numbers) Keep(ctx context.Context, tx *sql.Tx) error { return n.keep(ctx, tx, reserve) }

func (n *Numbers) keep(ctx context.Context, tx *sql.Tx, more int64) error {
	n.mu.Lock()
	last := n.last
	n.mu.Unlock()
	return household.SetFact(ctx, tx, numbersFact, strconv.AppendInt(nil, last+more, 10))
}

// Close gives back what is reserved. Nothing is asked of it afterwards.
func (n *Numbers) Close(ctx context.Context, db *state.DB) error {
	return db.Write(ctx, func(tx *sql.Tx) error { return n.keep(ctx, tx, 0) })
}
