// SPDX-License-Identifier: Apache-2.0

// Package window keeps the time by which rights begin and end.
//
// It promises a time that never goes back, also not over a restart: setting the hub's clock back opens nothing again.
// While the clock is further behind than [Tolerance], what is bound to hours or to a date counts as closed; owners,
// guardians and rights without any date go on. It trusts state.db, and the clock not to run ahead: a clock that was
// years ahead for a moment closes such rights until it has caught up. A crash forgets at most the last minute, and
// nothing of a change of readers that was made by the clock, since that is kept together with it.
package window

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"keyhold/home/household"
	"keyhold/home/state"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// Tolerance is how far behind the highest time the clock may be before it counts as wrong.
	Tolerance = 5 * time.Minute
	// keepEvery is how much time may pass before the highest time is kept again.
	keepEvery = time.Minute
	fact      = "clock"
)

// Moment is the time by which rights are judged.
type Moment struct {
	At int64 // ms
	// Behind says that the clock has not caught up with a time that it has shown before.
	Behind bool
}

// Of returns the roster as it counts at this moment. The caller must not change it.
func (m Moment) Of(s *roster.State) *roster.State {
	if !m.Behind {
		return s
	}
	c := s.Clone()
	for i, p := range c.People {
		c.People[i].Rights = slices.DeleteFunc(slices.Clone(p.Rights), func(r roster.Right) bool {
			return len(r.Hours) > 0 || r.Until != 0
		})
	}
	return c
}

// Clock is the hub's time for rights. Set the fields, then Load. It is safe for concurrent use.
type Clock struct {
	DB  *state.DB
	Now func() time.Time

	mu      sync.Mutex
	highest int64 // guarded by mu
	kept    int64 // guarded by mu
}

// Load reads the highest time that an earlier process has seen.
func (c *Clock) Load(ctx context.Context) error {
	var text []byte
	err := c.DB.Read(ctx, func(tx *sql.Tx) (err error) {
		text, err = household.Fact(ctx, tx, fact)
		return err
	})
	if err != nil || text == nil {
		return err
	}
	at, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("window: the time in state.db is damaged: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.highest, c.kept = max(c.highest, at), at
	return nil
}

// Moment returns the time by which rights are judged now.
func (c *Clock) Moment() Moment {
	now := c.Now().UnixMilli()
	if rule.Off(rule.Time) {
		return Moment{At: now}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.highest = max(c.highest, now)
	return Moment{At: c.highest, Behind: now < c.highest-Tolerance.Milliseconds()}
}

// Keep writes the highest time down when that was long enough ago.
func (c *Clock) Keep(ctx context.Context) error {
	at := c.Moment().At
	c.mu.Lock()
	due := at-c.kept >= keepEvery.Milliseconds()
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.DB.Write(ctx, func(tx *sql.Tx) error { return c.KeepIn(ctx, tx, at) })
}

// KeepIn writes a moment's time down within a transaction of the caller's.
func (c *Clock) KeepIn(ctx context.Context, tx *sql.Tx, at int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at < c.kept {
		return nil
	}
	if err := household.SetFact(ctx, tx, fact, strconv.AppendInt(nil, at, 10)); err != nil {
		return err
	}
	c.kept = at // a transaction that is given up leaves an older time for a minute at most
	return nil
}
