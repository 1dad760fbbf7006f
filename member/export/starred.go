// SPDX-License-Identifier: Apache-2.0

package export

import (
	"cmp"
	"context"
	"slices"
	"time"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/star"
)

// aroundStar is how far from a starred moment a pack of it begins or ends at most: it lasts about a minute.
const aroundStar = star.Around + 5*int64(time.Minute/time.Millisecond)

// starred exports what is kept of the starred moments of a camera from before the range, and nothing else of that time.
func (a *All) starred(ctx context.Context, camera id.Camera, x *exporting) error {
	old := slices.DeleteFunc(slices.Clone(a.Stars[camera]), func(s session.Star) bool { return s.Moment-aroundStar >= a.From })
	slices.SortFunc(old, func(a, b session.Star) int { return cmp.Compare(a.Moment, b.Moment) })
	for len(old) > 0 {
		// Moments that are near to each other may be in one stretch.
		n := 1
		for n < len(old) && old[n].Moment-old[n-1].Moment < 2*aroundStar {
			n++
		}
		if err := a.moments(ctx, camera, old[:n], x); err != nil {
			return err
		}
		old = old[n:]
	}
	return nil
}

// moments exports what is kept of starred moments that are near to each other, as far as it begins before the range.
func (a *All) moments(ctx context.Context, camera id.Camera, list []session.Star, x *exporting) error {
	from, until := list[0].Moment-aroundStar, min(list[len(list)-1].Moment+aroundStar, a.From)
	v, t, err := a.timeline(ctx, camera, from, until)
	if err != nil {
		return err
	}
	t.Segments = slices.DeleteFunc(t.Segments, func(s session.Segment) bool {
		return !slices.ContainsFunc(list, func(one session.Star) bool { return slices.Contains(one.Objects, s.Pack.Object) })
	})
	at := time.UnixMilli(list[0].Moment).In(a.Zone)
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, a.Zone)
	return a.write(ctx, v, day, stretches(t, from, until, a.Zone), x)
}
