// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"time"
)

const (
	// burst is what may leave at once: far less than the smallest receive buffer that a browser has, and more than a picture
	// of an ordinary camera between two key frames.
	burst = 32 << 10
	// portion is what leaves together of a picture that is larger: to wait before each packet would wake the machine five
	// thousand times a second.
	portion = 16 << 10
	// paceOf is how quickly a view of one camera is sent, bytes a second; each further camera adds a quarter. It is fast
	// enough to make up for seconds in a moment, and slow enough for the air of a home.
	paceOf = 6 << 20
	// paceAway is the same through a relay: there the line out of the home is in between.
	paceAway = 3 << 19
)

// A pacer spreads what would burst: a key frame of 200 kB overflows a receive buffer.
type pacer struct {
	rate   float64 // bytes a second
	credit float64
	last   time.Time
}

func newPacer(cameras int, away bool) *pacer {
	one := float64(paceOf)
	if away {
		one = paceAway
	}
	return &pacer{rate: one * (0.75 + 0.25*float64(cameras)), credit: burst}
}

// wait returns when n more bytes may leave, of rest that are to leave now; false if the context has ended.
func (p *pacer) wait(ctx context.Context, n, rest int) bool {
	p.fill(time.Now())
	if p.credit < float64(n) {
		t := time.NewTimer(time.Duration((float64(max(n, min(rest, portion))) - p.credit) / p.rate * float64(time.Second)))
		select {
		case <-ctx.Done():
			t.Stop()
			return false
		case <-t.C:
		}
		p.fill(time.Now())
	}
	p.credit -= float64(n)
	return ctx.Err() == nil
}

func (p *pacer) fill(now time.Time) {
	if !p.last.IsZero() {
		p.credit = min(burst, p.credit+now.Sub(p.last).Seconds()*p.rate)
	}
	p.last = now
}
