// SPDX-License-Identifier: Apache-2.0

package ingest

import "time"

// window is how long the smallest delay is remembered; a camera's clock drifts far less in that time than it matters.
const window = 10 * time.Second

// An arrival learns how a track's media time lies on the hub's clock. A packet can be late but never early, so the
// smallest difference between arrival and media time in a window is the best guess of the true one.
type arrival struct {
	began        time.Time
	have         bool
	last, recent time.Duration // smallest offset of the window before, and of this one
	full         bool          // last is set
}

// see notes that media time m (since the start of the session) came at now (since the same moment) and gives the
// offset to add to media time.
func (a *arrival) see(now time.Time, offset time.Duration) time.Duration {
	switch {
	case !a.have:
		a.have, a.began, a.recent = true, now, offset
	case now.Sub(a.began) >= window:
		a.last, a.full = a.recent, true
		a.began, a.recent = now, offset
	case offset < a.recent:
		a.recent = offset
	}
	return a.offset()
}

func (a *arrival) offset() time.Duration {
	if a.full && a.last < a.recent {
		return a.last
	}
	return a.recent
}

// An unwrap makes a 64-bit time of a 32-bit RTP time stamp, over any number of wraps, starting at 0.
type unwrap struct {
	have  bool
	prev  uint32
	total int64
}

func (u *unwrap) next(ts uint32) int64 {
	if !u.have {
		u.have, u.prev = true, ts
		return u.total
	}
	u.total += int64(int32(ts - u.prev))
	u.prev = ts
	return u.total
}

// near places another stamp of the same clock without moving it.
func (u *unwrap) near(ts uint32) int64 {
	return u.total + int64(int32(ts-u.prev))
}

// ticks turns units of 1/rate seconds into a duration.
func ticks(n, rate int64) time.Duration {
	return time.Duration(n/rate)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
}

// units is the reverse of ticks, rounded down.
func units(d time.Duration, rate int64) int64 {
	return int64(d/time.Second)*rate + int64(d%time.Second)*rate/int64(time.Second)
}
