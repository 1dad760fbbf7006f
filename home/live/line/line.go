// SPDX-License-Identifier: Apache-2.0

// Package line tells what a viewer's line carries, and whether it carries what is to be sent.
//
// A viewer says of each packet when it came (transport-wide feedback, as WebRTC has it). A camera sends in bursts: a key
// frame fills every line for a moment, and that means nothing. So what counts is whether a queue on the way is ever empty
// (CoDel's measure, RFC 8289): one that never is, or that overflows, is behind, and then what comes out of it is what the
// line carries. Where nothing waits, what packets that left together took to arrive says how much it could carry.
package line

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

const (
	// remembered is how many packets are known while nothing was said of them.
	remembered = 2048
	// slot is how long a reading takes at least, and fewest how many packets.
	slot   = 500 * time.Millisecond
	fewest = 5
	// epoch is how long the quickest way is remembered, half of that at least: clocks drift, and ways change.
	epoch = 30 * time.Second
	// bestFor is the same of how quickly packets come that left at once, and together how close those leave; long is how
	// many bytes of them say something.
	bestFor  = 10 * time.Second
	together = 500 * time.Microsecond
	long     = 3 << 10
	// tick is the unit of the reference time in feedback.
	tick = 64 * time.Millisecond
)

// A Reading is what a line did for about half a second.
type Reading struct {
	// Queue is the least that a packet waited on the way, beyond what the quickest one took.
	Queue time.Duration
	// Loss is the share of packets that did not come.
	Loss float64
	// Bytes came within Span.
	Bytes int
	Span  time.Duration
	// Best is the rate at which packets came lately that had left at once, in bytes a second; 0 where there were none.
	Best float64
}

// A Line is the line to one viewer. Its methods may be called by any goroutine.
type Line struct {
	mu     sync.Mutex
	began  time.Time // guarded by mu, as is all that follows
	sent   [remembered]departure
	next   uint16 // the number of the next packet
	judged uint16 // the first number of which nothing was said

	reference uint32 // of the last feedback
	clock     time.Duration
	heard     bool // there was one
	any       bool // some packet came

	quickest lately
	now      reading
	run      train
	best     trains
}

type departure struct {
	at   time.Duration
	size int
}

// reading is one under way.
type reading struct {
	since      time.Duration // when it began
	came, lost int
	bytes      int
	least      time.Duration // the least time on the way
	from, to   time.Duration // arrivals: the last one before, and the last one
}

// New is a line of which nothing is known.
func New(at time.Time) *Line { return &Line{began: at} }

// Sent gives the number that a packet of so many bytes is to carry that leaves now.
func (l *Line) Sent(at time.Time, size int) uint16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.next
	l.sent[n%remembered] = departure{at.Sub(l.began), size}
	l.next++
	return n
}

// Heard takes feedback. It says when a reading is complete.
func (l *Line) Heard(at time.Time, f *rtcp.TransportLayerCC) (Reading, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.best.age(at.Sub(l.began))
	came, deltas, n := l.reckon(f.ReferenceTime), f.RecvDeltas, f.BaseSequenceNumber
	left := f.PacketStatusCount
	each := func(symbol uint16) bool {
		if left == 0 {
			return false
		}
		left--
		received := symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
		if received {
			if len(deltas) == 0 {
				return false
			}
			came += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
		}
		if received || symbol == rtcp.TypeTCCPacketNotReceived {
			l.judge(n, received, came, at)
		}
		n++
		return true
	}
	for _, c := range f.PacketChunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				if !each(c.PacketStatusSymbol) {
					break
				}
			}
		case *rtcp.StatusVectorChunk:
			for _, s := range c.SymbolList {
				if !each(s) {
					break
				}
			}
		}
	}
	return l.read(at)
}

// reckon gives a feedback's reference time by the viewer's clock, which has 24 bits.
func (l *Line) reckon(reference uint32) time.Duration {
	if l.heard {
		l.clock += time.Duration(int32((reference-l.reference)<<8)>>8) * tick
	}
	l.reference, l.heard = reference, true
	return l.clock
}

// judge takes what is said of one packet; only the first word counts, so a packet that is sent again is one that was lost.
func (l *Line) judge(n uint16, received bool, came time.Duration, at time.Time) {
	if int16(n-l.judged) < 0 || int16(n-l.next) >= 0 {
		return
	}
	if l.judged = n + 1; l.next-n > remembered {
		return
	}
	if !received {
		l.now.lost++
		l.best.note(l.run)
		l.run = train{}
		return
	}
	d := l.sent[n%remembered]
	way := came - d.at
	l.quickest.note(at.Sub(l.began), way)
	if l.now.came == 0 || way < l.now.least {
		l.now.least = way
	}
	if l.any {
		l.now.bytes += d.size
	} else {
		l.any, l.now.from, l.now.to = true, came, came // what came before the first of all is not known
	}
	l.now.came++
	l.now.to = max(l.now.to, came)
	l.best.note(l.run.add(d, came))
}

// read completes a reading that has what it takes.
func (l *Line) read(at time.Time) (Reading, bool) {
	r, now := &l.now, at.Sub(l.began)
	if now-r.since < slot || r.came+r.lost < fewest || r.came == 0 {
		return Reading{}, false
	}
	out := Reading{
		Queue: r.least - l.quickest.least(),
		Loss:  float64(r.lost) / float64(r.came+r.lost),
		Bytes: r.bytes, Span: r.to - r.from,
		Best: l.best.rate(),
	}
	*r = reading{since: now, from: r.to, to: r.to}
	return out, true
}

// A train is packets that left at once.
type train struct {
	left     time.Duration // when the newest of them did
	came, to time.Duration // when the first and the newest of them arrived
	bytes    int           // behind the first
	some     bool
}

// add takes the next packet; if that is none of it, what the train was is given, and another begins.
func (t *train) add(d departure, came time.Duration) (over train) {
	if t.some && d.at-t.left <= together && came >= t.to {
		t.left, t.to, t.bytes = d.at, came, t.bytes+d.size
		return train{}
	}
	over = *t
	*t = train{left: d.at, came: came, to: came, some: true}
	return over
}

// trains is what came of them lately: in this stretch of time and the one before.
type trains struct {
	since        time.Duration
	this, before struct {
		bytes int
		took  time.Duration
	}
}

// age forgets what is long ago.
func (t *trains) age(now time.Duration) {
	if passed := now - t.since; passed > bestFor/2 {
		if t.before = t.this; passed > bestFor {
			t.before.bytes, t.before.took = 0, 0
		}
		t.this.bytes, t.this.took, t.since = 0, 0, now
	}
}

func (t *trains) note(one train) {
	if one.bytes < long {
		return
	}
	t.this.bytes += one.bytes
	t.this.took += max(one.to-one.came, time.Millisecond) // no clock is finer
}

// rate is that of all of them, 0 where there are none.
func (t *trains) rate() float64 {
	took := t.this.took + t.before.took
	if took == 0 {
		return 0
	}
	return float64(t.this.bytes+t.before.bytes) / took.Seconds()
}

// lately is the least of what was noted lately: in this stretch of time and the one before.
type lately struct {
	since         time.Duration
	this, before  time.Duration
	some, earlier bool
}

func (l *lately) note(now, way time.Duration) {
	if passed := now - l.since; passed > epoch/2 {
		l.before, l.earlier = l.this, l.some && passed <= epoch
		l.some, l.since = false, now
	}
	if !l.some || way < l.this {
		l.this, l.some = way, true
	}
}

func (l *lately) least() time.Duration {
	if l.earlier {
		return min(l.this, l.before)
	}
	return l.this
}
