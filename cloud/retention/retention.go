// SPDX-License-Identifier: Apache-2.0

// Package retention removes what is past its time, and what an owner wants erased when that is due.
//
// It promises that footage, pages and everything that belongs to them are gone from the cloud thirty days and at most
// a sweep after their hour ended, whatever hour a hub claimed. Rows go first and bytes second; what a crash leaves
// between the two has no row, is served to nobody, and goes a day later.
package retention

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"keyhold/cloud/erase"
	"keyhold/cloud/mailbox"
	"keyhold/cloud/record"
	"keyhold/cloud/store"
	"keyhold/statement/id"
)

const (
	// Days is how long footage is kept.
	Days = 30
	keep = Days * 24 * time.Hour
	// orphanAge is how long an object may be without a row: far longer than any upload takes.
	orphanAge = 24 * time.Hour
	// Every is the time between sweeps, and orphansEvery between looks through the whole vault.
	Every        = time.Minute
	orphansEvery = 6 * time.Hour
)

// Sweeper removes old things. Its fields are set once, before use.
type Sweeper struct {
	Store   store.Sweeper
	Objects *record.Objects
	Erase   *erase.Desk
	Log     *slog.Logger
	Now     func() time.Time

	mu          sync.Mutex // one sweep at a time
	orphansNext time.Time  // guarded by mu
}

// Cutoffs says what is old at a time.
func Cutoffs(now time.Time) store.Cutoffs {
	return store.Cutoffs{
		Now: now.UnixMilli(),
		// The hour in which a time 30 days ago lies is kept whole.
		Hour: id.Hour(now.Add(-keep).UnixMilli()),
		// An hour more, because what came at the end of an hour is filed under its beginning.
		Stored: now.Add(-keep - time.Hour).UnixMilli(),
		Mail:   now.Add(-mailbox.Keep).UnixMilli(),
		Acked:  now.Add(-mailbox.KeepAcked).UnixMilli(),
	}
}

// Sweep removes once what is old now.
func (s *Sweeper) Sweep(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	c := Cutoffs(now)
	if err := s.Erase.Sweep(ctx); err != nil {
		return err
	}
	removed, err := s.Objects.Sweep(ctx, c)
	if err != nil {
		return err
	}
	if err := s.Store.Sweep(ctx, c); err != nil {
		return err
	}
	orphans := 0
	if !now.Before(s.orphansNext) {
		if orphans, err = s.Objects.SweepOrphans(ctx, now.Add(-orphanAge).UnixMilli()); err != nil {
			return err
		}
		s.orphansNext = now.Add(orphansEvery)
	}
	if removed+orphans > 0 {
		s.Log.Info("swept", "objects", removed, "orphans", orphans)
	}
	return nil
}

// Run sweeps until ctx ends. A sweep that fails is tried again at the next turn.
func (s *Sweeper) Run(ctx context.Context) {
	t := time.NewTicker(Every)
	defer t.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.Log.Error("sweep failed; it will be tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
