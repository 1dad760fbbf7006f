// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestPacketsComeInTheOrderInWhichTheyWereSent(t *testing.T) {
	t.Parallel()
	const first = 65_534 // it wraps
	now := time.Unix(1_790_000_000, 0)
	for name, c := range map[string]struct {
		come, want []uint16
		late       int // at this place a patience has passed
		lost       bool
	}{
		"as sent":                {come: []uint16{0, 1, 2, 3}, want: []uint16{0, 1, 2, 3}, late: -1},
		"one behind":             {come: []uint16{0, 2, 3, 1, 4}, want: []uint16{0, 1, 2, 3, 4}, late: -1},
		"twice":                  {come: []uint16{0, 1, 1, 0, 2}, want: []uint16{0, 1, 2}, late: -1},
		"one lost":               {come: []uint16{0, 2, 3, 4}, want: []uint16{0, 2, 3, 4}, late: 3, lost: true},
		"one lost, not yet late": {come: []uint16{0, 2, 3, 4}, want: []uint16{0}, late: -1},
		"the lost one too late":  {come: []uint16{0, 2, 3, 1}, want: []uint16{0, 2, 3}, late: 2, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			var o order
			var got []uint16
			lost, at := false, now
			for i, n := range c.come {
				if i == c.late {
					at = at.Add(patience + time.Millisecond)
				}
				ready, gone := o.take(&rtp.Packet{Header: rtp.Header{SequenceNumber: first + n}}, at)
				lost = lost || gone
				for _, p := range ready {
					got = append(got, p.SequenceNumber-first)
				}
			}
			if len(got) != len(c.want) || lost != c.lost {
				t.Fatalf("%v came out, lost: %v; want %v", got, lost, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Fatalf("%v came out, want %v", got, c.want)
				}
			}
		})
	}
}
