// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/pion/rtp"
)

const (
	// patience is how long packets wait for one that is missing: it is being sent again.
	patience = 300 * time.Millisecond
	// mostOrdered is how many may wait.
	mostOrdered = 2048
)

// An order puts packets back into the order in which they were sent.
type order struct {
	started bool
	next    uint16
	early   map[uint16]*rtp.Packet
	since   time.Time // when next began to be missing
}

// take gives the packets whose turn it is, and whether some before them are lost for good.
func (o *order) take(p *rtp.Packet, now time.Time) (ready []*rtp.Packet, lost bool) {
	if !o.started {
		o.started, o.next, o.early = true, p.SequenceNumber, map[uint16]*rtp.Packet{}
	}
	if int16(p.SequenceNumber-o.next) < 0 {
		return nil, false // too late, or twice
	}
	if len(o.early) == 0 {
		o.since = now
	}
	o.early[p.SequenceNumber] = p
	if o.early[o.next] == nil && (now.Sub(o.since) > patience || len(o.early) > mostOrdered) {
		lost = true
		for o.early[o.next] == nil {
			o.next++
		}
	}
	for o.early[o.next] != nil {
		ready = append(ready, o.early[o.next])
		delete(o.early, o.next)
		o.next++
		o.since = now
	}
	return ready, lost
}
