// SPDX-License-Identifier: Apache-2.0

// Package ingesttest plays hours of a clip through the hub's own handling of packets in seconds, on a clock of the
// test's making.
package ingesttest

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"keyhold/home/camera"
	"keyhold/home/ingest"
)

// Start is where the clock of a replay begins.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Options say how a replay differs from a perfect camera.
type Options struct {
	For time.Duration
	// Drift of the sound's clock, in millionths.
	Drift int64
	// Reports is the time between sender reports; none if 0.
	Reports time.Duration
	// Late is how long a packet takes to arrive; nil for not at all.
	Late func(n int) time.Duration
	// Describe may change what the camera says of itself; what it sends stays.
	Describe func(*ingest.Tracks)
	// Change may change a packet before it is taken, or drop it by returning false.
	Change func(at time.Duration, p *camera.Packet) bool
}

// Replay plays a clip into a sink and ends the session when it is over.
func Replay(t testing.TB, clip string, o Options, sink ingest.Sink) {
	t.Helper()
	c, err := camera.OpenClip(clip)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seq, err := camera.NewSequence(c)
	if err != nil {
		t.Fatal(err)
	}
	seq.Drift = o.Drift
	now := Start
	tracks, err := ingest.Choose(seq.Description())
	if err != nil {
		t.Fatal(err)
	}
	if o.Describe != nil {
		o.Describe(&tracks)
	}
	asm, err := ingest.NewAssembler(ingest.AssemblerConfig{
		Tracks: tracks, Now: func() time.Time { return now }, Frame: sink.Frame, Lost: sink.Lost,
	})
	if err != nil {
		t.Fatal(err)
	}
	reported := [2]time.Duration{-time.Hour, -time.Hour}
	for n := 0; ; n++ {
		pkts, err := seq.Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(pkts) > 0 && pkts[0].Due >= o.For {
			break
		}
		for i := range pkts {
			p := &pkts[i]
			if o.Change != nil && !o.Change(p.Due, p) {
				continue
			}
			at := Start.Add(p.Due)
			if o.Late != nil {
				at = at.Add(o.Late(n))
			}
			if at.After(now) { // one connection: nothing overtakes
				now = at
			}
			kind := ingest.Video
			if p.Audio {
				kind = ingest.Audio
				asm.AudioPacket(p.RTP)
			} else {
				asm.VideoPacket(p.RTP)
			}
			if o.Reports > 0 && p.Due-reported[kind] >= o.Reports {
				reported[kind] = p.Due
				asm.Control(kind, &rtcp.SenderReport{
					SSRC: p.RTP.SSRC, NTPTime: ntp(Start.Add(p.Shown)), RTPTime: p.RTP.Timestamp,
				})
			}
		}
	}
	asm.End(ingest.ReasonStopped)
}

func ntp(t time.Time) uint64 {
	s := uint64(t.Unix() + 2208988800)
	return s<<32 | uint64(t.Nanosecond())<<32/1e9
}
