// SPDX-License-Identifier: Apache-2.0

package home

import (
	"slices"
	"testing"
	"time"

	"keyhold/member/session"
	"keyhold/statement/manifest"
)

// A family was away for longer than the cloud keeps anything, with the hub switched off. Nobody is told that something was
// left out: the hub says, with the first that it writes, that it wrote nothing since. What was starred before is there.
func TestAHubThatWasOffForLongerThanAMonthIsNoAlarm(t *testing.T) {
	t.Parallel()
	for name, starred := range map[string]bool{"nothing is left of before": false, "a star is left of before": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Plain(t)
			door := r.Add("Door", "a")
			first, moment := r.Packs(door, 1)[0], int64(0)
			if starred {
				first, moment = r.starFirst(door)
				// And then there is what nobody has starred, on a page of its own.
				r.Stop()
				r.offset.Add(int64(2 * time.Hour))
				r.Start()
				r.Serving()
				r.Packs(door, 1)
			}
			r.Stop()
			off := r.now().UnixMilli()
			r.offset.Add(int64(45 * 24 * time.Hour))
			r.Start()
			r.Serving()
			r.Packs(door, 1)
			must(t, r.Cloud.Sweep(t.Context()))
			r.View() // wants no alarm
			line := r.Timeline(door)
			at := slices.IndexFunc(line.Gaps, func(g *manifest.Gap) bool { return g.Until >= g.At })
			if at < 0 || line.Gaps[at].From > off || line.Gaps[at].From < off-60_000 || line.Gaps[at].Reason != manifest.GapStopped {
				t.Fatalf("since %d the hub was off, and says %+v", off, line.Gaps)
			}
			if len(line.Segments) == 0 || line.Segments[0].Start < line.Gaps[at].Until {
				t.Errorf("%d segments are shown since", len(line.Segments))
			}
			if there(r.stored(first.Object)) != starred {
				t.Errorf("starred is %v, and the cloud has it: %v", starred, !starred)
			}
			if !starred {
				return
			}
			if _, line, err := r.shownAt(door, moment); err != nil || len(line.Segments) == 0 {
				t.Errorf("of the star %+v is shown: %v", line, err)
			}
			// From the star up to now: between them nothing is missed.
			_, err := r.Member.Steady(t.Context(), func(v *session.View) error {
				_, err := v.Timeline(t.Context(), door, moment-1000, r.now().UnixMilli())
				return err
			})
			must(t, err)
		})
	}
}

// The same on a machine without a clock of its own, which learns the date only after it was switched on.
func TestAHubThatLearnsTheDateLateIsNoAlarm(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	r.Stop()
	const away = 45 * 24 * time.Hour
	r.offset.Add(int64(away))
	r.astray.Store(-int64(away))
	r.uptime = func() time.Duration { return time.Minute }
	r.Start()
	r.Until("a hub that waits for the date", func() bool { return r.logged("does not know the date yet") })
	r.astray.Store(0)
	r.Serving()
	r.Packs(door, 1)
	must(t, r.Cloud.Sweep(t.Context()))
	r.View() // wants no alarm
	if line := r.Timeline(door); len(line.Segments) == 0 || !slices.ContainsFunc(line.Gaps, func(g *manifest.Gap) bool { return g.Until >= g.At }) {
		t.Errorf("%d segments are shown, and the gaps %+v", len(line.Segments), line.Gaps)
	}
}
