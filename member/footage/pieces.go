// SPDX-License-Identifier: Apache-2.0

package footage

import (
	"cmp"
	"slices"

	"keyhold/member/session"
	"keyhold/statement/manifest"
)

// Piece is a stretch without interruption, or with a Reason a gap.
type Piece struct {
	From, Until int64
	Segments    int
	Bytes       int64
	Reason      string
}

// seam is how far apart two segments of one stretch may be (milliseconds): arrival times jitter.
const seam = 1500

// Unexplained is the reason of a gap that the hub wrote nothing about.
const Unexplained = "unknown"

// Pieces joins segments that follow each other and puts the gaps between them. A pause of which the hub says nothing and
// that is no longer than seam is none: it cannot be told from jitter. One that the hub has written down is shown, however
// short.
func Pieces(t *session.Timeline) []Piece {
	var out []Piece
	for _, s := range t.Segments {
		if n := len(out); n > 0 && s.Start-out[n-1].Until <= seam && !written(t, out[n-1].Until, s.Start) {
			p := &out[n-1]
			p.Until = max(p.Until, s.End)
			p.Segments++
			p.Bytes += s.Size
			continue
		}
		out = append(out, Piece{From: s.Start, Until: s.End, Segments: 1, Bytes: s.Size})
	}
	var holes []Piece
	for i := 1; i < len(out); i++ {
		if out[i].From >= t.KeptFrom && !explained(t, out[i-1].Until, out[i].From) {
			holes = append(holes, Piece{From: out[i-1].Until, Until: out[i].From, Reason: Unexplained})
		}
	}
	for _, g := range t.Gaps {
		holes = append(holes, without(out, Piece{From: g.From, Until: g.Until, Reason: g.Reason})...)
	}
	for _, p := range t.Privates {
		if p.State == manifest.PrivateBegan { // it lasts: its gap is not written yet
			holes = append(holes, without(out, Piece{From: max(p.Since, t.From), Until: min(max(t.KnownUntil, p.Since), t.Until), Reason: manifest.GapPrivate})...)
		}
	}
	out = append(out, holes...)
	slices.SortStableFunc(out, func(a, b Piece) int { return cmp.Compare(a.From, b.From) })
	return out
}

// without cuts out of a gap what was recorded after all: a hub whose folder was put back to an earlier
// state signs a gap over recordings that it no longer knows of.
func without(stretches []Piece, gap Piece) []Piece {
	var out []Piece
	for _, s := range stretches {
		if s.Until <= gap.From || s.From >= gap.Until {
			continue
		}
		if s.From-gap.From > seam {
			out = append(out, Piece{From: gap.From, Until: s.From, Reason: gap.Reason})
		}
		gap.From = max(gap.From, s.Until)
	}
	if gap.Until > gap.From {
		out = append(out, gap)
	}
	return out
}

// written says whether the hub wrote down the very pause between two segments.
func written(t *session.Timeline, from, until int64) bool {
	return slices.ContainsFunc(t.Gaps, func(g *manifest.Gap) bool { return g.From == from && g.Until == until && until > from })
}

// explained says whether the hub wrote a gap that touches the hole.
func explained(t *session.Timeline, from, until int64) bool {
	for _, g := range t.Gaps {
		if g.From < until && g.Until > from {
			return true
		}
	}
	return false
}
