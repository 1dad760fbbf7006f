// SPDX-License-Identifier: Apache-2.0

package line_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"

	"keyhold/home/live/line"
)

// A film is what a camera sends: 25 pictures a second, each second as large as the others.
type film struct{ key, other int }

func (f film) needs() float64 { return wire(f.key)/2 + 24.5*wire(f.other) }

const (
	packet   = 1200
	overhead = 50
	way      = 20 * time.Millisecond
)

func wire(bytes int) float64 { return float64(bytes) * (packet + overhead) / packet }

var (
	large = film{150_000, 15_000} // 3.8 Mbit/s, with a key frame every two seconds
	small = film{10_000, 1_500}
)

// A world is a hub, a line and a viewer in a time of their own.
type world struct {
	t       *testing.T
	carries float64       // bytes a second
	held    time.Duration // what the line holds
	loss    float64
	cut     bool
	spread  bool // no two packets leave at once
	luck    *rand.Rand

	at      time.Time
	step    int
	free    time.Time // when what was sent before has gone out
	air     []flight
	viewer  *twcc.Recorder
	line    *line.Line
	steer   line.Steer
	last    line.Reading
	changes []time.Duration
	began   time.Time
}

type flight struct {
	n    uint16
	came time.Time
}

func newWorld(t *testing.T, carries float64) *world {
	t.Helper()
	at := time.Unix(1_800_000_000, 0)
	return &world{
		t: t, carries: carries, held: time.Second, luck: rand.New(rand.NewPCG(1, 2)),
		at: at, began: at, free: at, viewer: twcc.NewRecorder(1), line: line.New(at),
	}
}

// send lets bytes leave as the hub does: 24 KiB at once, the rest paced.
func (w *world) send(bytes int) {
	for sent := 0; sent < bytes; sent += packet {
		n := min(packet, bytes-sent) + overhead
		left := w.at.Add(time.Duration(max(0, sent-24<<10)) * time.Second / (3 << 19))
		if w.spread {
			left = w.at.Add(time.Duration(sent/packet) * time.Millisecond)
		}
		number := w.line.Sent(left, n)
		if w.free.Before(left) {
			w.free = left
		}
		if w.cut || w.luck.Float64() < w.loss || w.free.Sub(left) > w.held {
			continue
		}
		w.free = w.free.Add(time.Duration(float64(n) / w.carries * float64(time.Second)))
		w.air = append(w.air, flight{number, w.free.Add(way)})
	}
}

// watch lets a view go on for so long.
func (w *world) watch(long time.Duration) {
	w.t.Helper()
	for end := w.at.Add(long); w.at.Before(end); w.at = w.at.Add(20 * time.Millisecond) {
		if w.step%2 == 0 {
			f := large
			if w.steer.Narrow() {
				f = small
			}
			if w.step%100 == 0 {
				w.send(f.key)
			} else {
				w.send(f.other)
			}
		}
		if w.step++; w.step%5 == 0 {
			w.tell()
		}
	}
}

// tell is the viewer's word of what came.
func (w *world) tell() {
	w.t.Helper()
	for len(w.air) > 0 && w.air[0].came.Before(w.at) {
		w.viewer.Record(1, w.air[0].n, w.air[0].came.Sub(w.began).Microseconds())
		w.air = w.air[1:]
	}
	if w.cut {
		return
	}
	for _, p := range w.viewer.BuildFeedbackPacket() {
		b, err := p.Marshal()
		if err != nil {
			w.t.Fatal(err)
		}
		var f rtcp.TransportLayerCC
		if err := f.Unmarshal(b); err != nil {
			w.t.Fatal(err)
		}
		r, ok := w.line.Heard(w.at, &f)
		if !ok {
			continue
		}
		if w.last = r; w.steer.Take(w.at, r, large.needs()) {
			w.changes = append(w.changes, w.at.Sub(w.began))
		}
	}
}

const mbit = 1e6 / 8

func TestALineThatCarriesWhatIsNeededIsLeftAlone(t *testing.T) {
	for name, set := range map[string]func(*world){
		"wide":                        func(*world) {},
		"just wide enough":            func(w *world) { w.carries = large.needs() * 1.1 },
		"with losses":                 func(w *world) { w.loss = 0.05 },
		"that holds little":           func(w *world) { w.held = 150 * time.Millisecond },
		"after a burst of a whole MB": func(w *world) { w.carries = 5 * mbit; w.held = 10 * time.Second; w.send(1 << 20) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 10*mbit)
			set(w)
			w.watch(2 * time.Minute)
			if len(w.changes) > 0 {
				t.Errorf("it counts as narrow after %v; the last reading was %+v", w.changes, w.last)
			}
		})
	}
}

func TestALineThatWasCutIsNotNarrow(t *testing.T) {
	w := newWorld(t, 10*mbit)
	for range 5 {
		w.watch(10 * time.Second)
		w.cut = true
		w.watch(2 * time.Second)
		w.cut = false
	}
	w.watch(20 * time.Second)
	if len(w.changes) > 0 {
		t.Errorf("it counts as narrow after %v", w.changes)
	}
}

func TestANarrowLineIsFoundAndLeftAloneUntilItIsWide(t *testing.T) {
	for name, set := range map[string]func(*world){
		"that holds much":   func(*world) {},
		"that holds little": func(w *world) { w.held = 30 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2*mbit)
			set(w)
			w.watch(6 * time.Second)
			if !w.steer.Narrow() {
				t.Fatalf("it is not narrow; the last reading was %+v", w.last)
			}
			w.watch(5 * time.Minute)
			if len(w.changes) != 1 {
				t.Fatalf("it changed after %v", w.changes)
			}
			if got := w.last.Best; got < 1.6*mbit || got > 2.5*mbit {
				t.Errorf("a line of 250,000 bytes a second is said to carry %.0f", got)
			}
			w.carries = 10 * mbit
			w.watch(30 * time.Second)
			if w.steer.Narrow() {
				t.Fatalf("it is wide, and that is not found; the last reading was %+v", w.last)
			}
			w.watch(2 * time.Minute)
			if len(w.changes) != 2 {
				t.Errorf("it changed after %v", w.changes)
			}
		})
	}
}

func TestWhereNothingTellsTheLineIsTriedMoreAndMoreSeldom(t *testing.T) {
	w := newWorld(t, 2*mbit)
	w.spread = true
	w.watch(20 * time.Minute)
	if w.last.Best != 0 {
		t.Fatalf("something tells: %+v", w.last)
	}
	// Tries after 10, 20, 40, 80, 160 seconds, then every five minutes.
	if n := len(w.changes); n < 11 || n > 19 {
		t.Errorf("in twenty minutes it changed %d times: %v", n, w.changes)
	}
	var tried, before time.Duration
	for i := 1; i+1 < len(w.changes); i += 2 {
		if tried = w.changes[i] - w.changes[i-1]; tried < before {
			t.Errorf("a try came after %s, the one before after %s", tried, before)
		}
		if ended := w.changes[i+1] - w.changes[i]; ended > 8*time.Second {
			t.Errorf("a try in vain lasted %s", ended)
		}
		before = tried
	}
}

func TestWhatIsNotKnownChangesNothing(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	var s line.Steer
	behind := line.Reading{Queue: time.Second, Bytes: 1000, Span: time.Second}
	for range 100 {
		at = at.Add(time.Second)
		if s.Take(at, behind, 0) {
			t.Fatal("nobody knows what is needed, and the line is too narrow for it")
		}
	}
}

func TestFeedbackThatSaysNothingTrueIsHarmless(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	l := line.New(at)
	for range 10 {
		l.Sent(at, 1250)
	}
	for _, f := range []rtcp.TransportLayerCC{
		{},
		{BaseSequenceNumber: 5, PacketStatusCount: 65535, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 8191}}},
		{BaseSequenceNumber: 60000, PacketStatusCount: 65535, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{RunLength: 8191}}},
		{BaseSequenceNumber: 0, PacketStatusCount: 2, ReferenceTime: 1<<24 - 1, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.StatusVectorChunk{SymbolList: []uint16{3, 1, 1, 1}}}, RecvDeltas: []*rtcp.RecvDelta{{Delta: -1 << 30}, {Delta: 1 << 30}}},
	} {
		if r, ok := l.Heard(at.Add(time.Second), &f); ok {
			t.Errorf("it makes a reading of it: %+v", r)
		}
	}
}
