// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"slices"
	"time"

	"keyhold/statement/id"
)

// span is a range of time, milliseconds.
type span struct{ from, until int64 }

// starred exports the starred moments of a camera from before the range, as far as no earlier run has: of that time nothing
// else is there any more.
func (a *All) starred(ctx context.Context, camera id.Camera, covered []span, folder string, out *IndexCamera, sum *Summary) error {
	var days []time.Time
	for _, m := range a.Stars[camera] {
		there := slices.ContainsFunc(covered, func(s span) bool { return s.from <= m && m < s.until })
		at := time.UnixMilli(m).In(a.Zone)
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, a.Zone)
		if m < a.From && !there && !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	for _, begins := range days {
		v, err := a.fresh(ctx)
		if err != nil {
			return err
		}
		t, err := v.Timeline(ctx, camera, begins.UnixMilli(), min(begins.AddDate(0, 0, 1).UnixMilli(), a.From))
		if err != nil {
			return err
		}
		// What is not starred of that day is gone, and not missed.
		t.Gaps = nil
		if err := a.day(ctx, v, t, begins, folder, out, sum); err != nil {
			return err
		}
	}
	return nil
}
