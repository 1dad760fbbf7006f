// SPDX-License-Identifier: Apache-2.0

package export

import (
	"io"
	"path/filepath"
	"slices"
	"time"

	"keyhold/member/session"
	"keyhold/statement/manifest"
)

// errEnd ends a file.
var errEnd = io.EOF

// stretch is what goes into one file: recorded without interruption, within one hour.
type stretch struct {
	timeline *session.Timeline
	name     string // below the camera's folder
	path     string
	proof    *Proof
}

func (s *stretch) size() int64 {
	n := int64(0)
	for _, seg := range s.timeline.Segments {
		n += seg.Size
	}
	return n
}

// stretches cuts what began between two times by hours, at midnight, and by interruptions. A segment belongs to the hour in which it
// begins, so each is in one file.
func stretches(t *session.Timeline, from, until int64, zone *time.Location) []*stretch {
	var out []*stretch
	var last *session.Segment
	lastDay := ""
	for i := range t.Segments {
		s := &t.Segments[i]
		if s.Start < from || s.Start >= until {
			continue
		}
		at := time.UnixMilli(s.Start).In(zone)
		day := at.Format("2006-01-02")
		if last == nil || day != lastDay || s.Start/hour != last.Start/hour || s.Start-last.End > jitter || s.Pack.Session != last.Pack.Session {
			out = append(out, &stretch{
				name: filepath.Join(day, at.Format("15.04.05.000-0700")+".mp4"),
				timeline: &session.Timeline{
					Camera: t.Camera, From: s.Start,
				},
			})
		}
		line := out[len(out)-1].timeline
		line.Segments = append(line.Segments, *s)
		line.Until = s.End
		last, lastDay = s, day
	}
	return out
}

// contains says whether a proof is about all the segments that another is about.
func (p *Proof) contains(o *Proof) bool {
	if p.export.Camera != o.export.Camera || p.export.Household != o.export.Household {
		return false
	}
	type segment struct {
		leaf string
		file int64
	}
	have := map[segment]bool{}
	for _, s := range p.segments {
		if s.Leaf < int64(len(p.leaves)) {
			have[segment{string(p.leaves[s.Leaf].Leaf), s.File}] = true
		}
	}
	return !slices.ContainsFunc(o.segments, func(s segmentLine) bool {
		return s.Leaf >= int64(len(o.leaves)) || !have[segment{string(o.leaves[s.Leaf].Leaf), s.File}]
	})
}

// content is how many bytes of pictures and sound a proof is about.
func (p *Proof) content() int64 {
	n := int64(0)
	for _, s := range p.segments {
		if s.Leaf >= int64(len(p.leaves)) {
			return -1
		}
		leaf, err := manifest.ParseLeaf(p.leaves[s.Leaf].Leaf)
		if err != nil {
			return -1
		}
		pack, ok := leaf.(*manifest.Pack)
		if !ok || s.File >= int64(len(pack.Files)) {
			return -1
		}
		n += pack.Files[s.File].Content.Size
	}
	return n
}
