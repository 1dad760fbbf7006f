// SPDX-License-Identifier: Apache-2.0

package footage_test

import (
	"slices"
	"testing"

	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/statement/manifest"
)

func TestStretchesAndGaps(t *testing.T) {
	segment := func(from, until int64) session.Segment {
		return session.Segment{File: manifest.File{Start: from * 1000, End: until * 1000, Size: 10}}
	}
	gap := func(from, until int64, reason string) *manifest.Gap {
		return &manifest.Gap{From: from * 1000, Until: until * 1000, Reason: reason}
	}
	recorded := func(from, until int64, n int) footage.Piece {
		return footage.Piece{From: from * 1000, Until: until * 1000, Segments: n, Bytes: int64(10 * n)}
	}
	hole := func(from, until int64, reason string) footage.Piece {
		return footage.Piece{From: from * 1000, Until: until * 1000, Reason: reason}
	}
	for _, c := range []struct {
		name     string
		segments []session.Segment
		gaps     []*manifest.Gap
		want     []footage.Piece
	}{
		{"nothing", nil, nil, nil},
		{"one stretch", []session.Segment{segment(0, 4), segment(4, 8), segment(9, 13)}, nil, []footage.Piece{recorded(0, 13, 3)}},
		{
			"a gap that the hub signed",
			[]session.Segment{segment(0, 4), segment(20, 24)},
			[]*manifest.Gap{gap(4, 20, "camera")},
			[]footage.Piece{recorded(0, 4, 1), hole(4, 20, "camera"), recorded(20, 24, 1)},
		},
		{
			"a short gap that the hub signed",
			[]session.Segment{segment(0, 4), segment(5, 9), segment(10, 14)},
			[]*manifest.Gap{gap(4, 5, "jump")},
			[]footage.Piece{recorded(0, 4, 1), hole(4, 5, "jump"), recorded(5, 14, 2)},
		},
		{
			"a hole that nobody explains",
			[]session.Segment{segment(0, 4), segment(20, 24)},
			nil,
			[]footage.Piece{recorded(0, 4, 1), hole(4, 20, footage.Unexplained), recorded(20, 24, 1)},
		},
		{
			"a gap at the end",
			[]session.Segment{segment(0, 4)},
			[]*manifest.Gap{gap(4, 9, "stopped")},
			[]footage.Piece{recorded(0, 4, 1), hole(4, 9, "stopped")},
		},
		{
			"recordings within a gap",
			[]session.Segment{segment(0, 4), segment(10, 14)},
			[]*manifest.Gap{gap(4, 30, "hub")},
			[]footage.Piece{recorded(0, 4, 1), hole(4, 10, "hub"), recorded(10, 14, 1), hole(14, 30, "hub")},
		},
	} {
		if got := footage.Pieces(&session.Timeline{Segments: c.segments, Gaps: c.gaps}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
