// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/pion/rtcp"

	"keyhold/home/ingest"
)

// weigh takes what a viewer says of the packets that came. It never waits.
func (v *View) weigh(f *rtcp.TransportLayerCC) {
	r, ok := v.line.Heard(time.Now(), f)
	if !ok {
		return
	}
	select {
	case v.readings <- r:
	default: // the next one says as much
	}
}

// needed is what is sent where the line does not matter, in bytes a second; 0 while that is not known. It belongs to talk.
func (v *View) needed() float64 {
	sum := 0.0
	for _, t := range v.tracks {
		v.mu.Lock()
		shown, small := t.shown, t.wantSmall
		v.mu.Unlock()
		f := t.main
		if small && t.small != nil {
			f = t.small
		}
		switch {
		case !shown:
		case f == nil || f.rate() == 0:
			return 0
		default:
			sum += f.rate()
		}
	}
	return sum
}

const (
	// flowSome is the least that says how much a stream brings, flowLong what is measured from key frame to key frame,
	// flowMost the same of who sends hardly any.
	flowSome = 2 * ingest.VideoRate
	flowLong = 4 * ingest.VideoRate
	flowMost = 15 * ingest.VideoRate
)

// A flow is how much a stream brings, by the camera's own clock.
type flow struct {
	session *ingest.Session
	from    int64 // of the first picture
	to      int64 // of the newest
	bytes   int
	before  float64 // the rate of the stretch before, in bytes a second
}

func (f *flow) add(p *picture) {
	if p.session != f.session {
		*f = flow{session: p.session, from: p.dts, before: f.before}
	}
	if long := p.dts - f.from; p.key && long >= flowLong || long >= flowMost {
		f.before, f.from, f.bytes = f.rate(p.dts), p.dts, 0
	}
	f.to = p.dts
	f.bytes += p.size + overhead*len(p.packets)
}

func (f *flow) rate(to int64) float64 {
	return float64(f.bytes) * ingest.VideoRate / float64(to-f.from)
}

// rate is how much a stream brings in bytes a second; 0 while that is not known.
func (f *feed) rate() float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flow.before == 0 && f.flow.to-f.flow.from >= flowSome {
		return f.flow.rate(f.flow.to)
	}
	return f.flow.before
}
