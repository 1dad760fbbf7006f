// SPDX-License-Identifier: Apache-2.0

package ingest

import "time"

const (
	// trustReports bounds how far sender reports may move the sound against where its arrival puts it. Some cameras
	// give sound and picture clocks that have nothing to do with each other.
	trustReports = time.Second
	// steady is how far a track's report may differ from the one before it without the camera's clock having stepped.
	steady = 30 * time.Millisecond
)

// A report ties a track's media time to the camera's clock.
type report struct {
	media time.Duration // of the track, unwrapped
	wall  time.Duration // the camera's clock, from an arbitrary zero
}

func (r report) offset() time.Duration { return r.wall - r.media }

// A lip holds the two clocks together: it tells where the sound's media time lies on the picture's.
type lip struct {
	used [2]*report // by Kind; the pair in force
	next [2]*report // newer ones that do not fit the pair: in force once there are two
	// certain: what reports say is so, whenever the sound arrives.
	certain bool
}

// hear takes a sender report of a track.
func (l *lip) hear(k Kind, r report) {
	if u := l.used[k]; u != nil && l.used[1-k] != nil {
		if d := r.offset() - u.offset(); d > steady || d < -steady {
			// The camera's clock stepped. Until the other track has told the new time too, the old pair holds.
			l.next[k] = &r
			if l.next[1-k] != nil {
				l.used, l.next = l.next, [2]*report{}
			}
			return
		}
	}
	l.used[k], l.next[k] = &r, nil
}

// shift is what to add to the sound's media time to get the picture's, given the shift that arrival suggests.
func (l *lip) shift(byArrival time.Duration) time.Duration {
	v, a := l.used[Video], l.used[Audio]
	if v == nil || a == nil {
		return byArrival
	}
	byReport := a.offset() - v.offset()
	if d := byReport - byArrival; !l.certain && (d > trustReports || d < -trustReports) {
		return byArrival
	}
	return byReport
}

const (
	deadband = 4 * time.Millisecond
	step     = 100 * time.Millisecond
)

// A grid lays access units of sound end to end on the picture's clock. Small differences are made good by making units
// a little longer or shorter, at most a 64th; large ones by a hole, or by leaving units out.
type grid struct {
	rate    int64
	started bool
	next    int64
}

// place gives the time of an access unit of so many samples that belongs at want; false leaves it out.
func (g *grid) place(want, length int64) (int64, bool) {
	if !g.started {
		if want < 0 {
			return 0, false
		}
		g.started, g.next = true, want
	}
	off := want - g.next
	dead, big := units(deadband, g.rate), units(step, g.rate)
	most := max(length/64, 1)
	switch {
	case off <= -big:
		return 0, false
	case off >= big:
		g.next = want
	case off > dead:
		g.next += min(off, most)
	case off < -dead:
		g.next -= min(-off, most)
	}
	at := g.next
	g.next += length
	return at, true
}
