// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"time"

	"keyhold/statement/rule"
)

const (
	steadyTries = 4
	steadyPause = 1500 * time.Millisecond
)

// Steady syncs and hands the View to use. Hub, cloud and reader do not stand still together: a
// checkpoint may arrive between two questions, a new run may have begun a second ago. So a proof that
// fails by being incomplete is asked for again before it is an alarm; one that fails by being wrong is
// not. use may run several times and must not print.
func (s *Session) Steady(ctx context.Context, use func(*View) error) (*View, error) {
	for try := 1; ; try++ {
		v, err := s.Sync(ctx)
		if err == nil {
			err = use(v)
		}
		if try == steadyTries || !unsteady(v, err) {
			return v, err
		}
		t := time.NewTimer(steadyPause)
		select {
		case <-ctx.Done():
			t.Stop()
			return v, context.Cause(ctx)
		case <-t.C:
		}
	}
}

func unsteady(v *View, err error) bool {
	if err != nil {
		return rule.Of(err) == rule.SeqGap || rule.Of(err) == rule.Envelope
	}
	return v.behind
}
