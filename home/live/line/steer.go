// SPDX-License-Identifier: Apache-2.0

package line

import "time"

const (
	// waits is a queue that nobody overlooks, and much a share of loss that is no accident.
	waits = 200 * time.Millisecond
	much  = 0.1
	// patience is how long a line is behind before that counts, and readings in how many of them: a line that was cut, or a
	// camera that was silent, makes one long one, of which no more than longest counts.
	patience = 2 * time.Second
	readings = 4
	longest  = 2 * time.Second
	// firstWait is how long a line is left alone before it is tried anew; each time it was in vain twice as long, at most
	// longWait. A try that went well for proven counts for nothing any more.
	firstWait = 10 * time.Second
	longWait  = 5 * time.Minute
	proven    = time.Minute
	// calm is how long nothing was behind before a try, and spare what a line has to carry beyond what is needed.
	calm  = 5 * time.Second
	spare = 1.2
)

// A Steer says whether a line is too narrow for what is to be sent. It belongs to one goroutine.
type Steer struct {
	narrow bool
	since  time.Time // when that became so

	behind int           // in how many readings without a break
	still  time.Time     // when it was behind last
	bytes  int           // what came since it is
	span   time.Duration // the time in which it did
	wait   time.Duration // before the next try
}

// Narrow is what Take said last; false at first.
func (s *Steer) Narrow() bool { return s.narrow }

// Take takes a reading, and need: how much is to be sent, in bytes a second, where the line does not matter; 0 where
// nobody knows. It says whether Narrow has changed.
//
// A line that is behind but brings more than is needed makes up for a burst: it is left alone. One that is not behind
// says little of what it would carry beyond: whether it carries more again is tried, more and more seldom.
func (s *Steer) Take(now time.Time, r Reading, need float64) bool {
	if r.Queue < waits && r.Loss < much {
		s.behind, s.bytes, s.span = 0, 0, 0
	} else {
		s.behind, s.still = s.behind+1, now
		s.bytes, s.span = s.bytes+r.Bytes, s.span+min(r.Span, longest)
	}
	switch {
	case need <= 0:
		return false
	case !s.narrow && s.behind >= readings && s.span >= patience && float64(s.bytes)/s.span.Seconds() < need:
		if s.wait > 0 && now.Sub(s.since) < proven {
			s.wait = min(2*s.wait, longWait)
		} else {
			s.wait = firstWait
		}
	case s.narrow && s.behind == 0 && now.Sub(s.since) >= s.wait && now.Sub(s.still) >= calm && (r.Best == 0 || r.Best >= need*spare):
	default:
		return false
	}
	s.narrow, s.since = !s.narrow, now
	s.behind, s.bytes, s.span = 0, 0, 0
	return true
}
