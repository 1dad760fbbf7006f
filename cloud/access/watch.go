// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"sync"
	"time"

	"keyhold/statement/id"
)

// Ring says that a household's roster, or what may be shown of it, has changed.
func (m *Mirror) Ring(household id.Household) { m.moved.Ring(string(household)) }

// While asks ok now, whenever the household's roster moves, and after each pause where the clock has a say (0: never),
// until it says no: then it calls gone, once. The function that it returns ends the asking and waits for it; gone is not called after that. An error of ok's
// is not a no: what is allowed stays allowed while the store is out of breath.
func (m *Mirror) While(ctx context.Context, household id.Household, pause time.Duration, ok func(context.Context) (bool, error), gone func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	// Listening begins before the first question, so that no link falls between them.
	rings, end := m.moved.Listen(string(household))
	var wg sync.WaitGroup
	wg.Go(func() {
		defer end()
		var again <-chan time.Time
		if pause > 0 {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			again = tick.C
		}
		for {
			if yes, err := ok(ctx); err == nil && !yes && ctx.Err() == nil {
				gone()
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-rings:
			case <-again:
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}
