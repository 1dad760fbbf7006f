// SPDX-License-Identifier: Apache-2.0

package talk

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"keyhold/home/ingest"
	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

func TestWhatIsSaidHasItsPlaceInTimeAndNoMoreThanFits(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_790_000_000, 0)
	type sent struct {
		stamp uint32
		ms    int // after it began
	}
	for name, c := range map[string]struct {
		sent []sent
		want []int64 // places in samples; -1 is dropped
	}{
		"as it is said":                 {[]sent{{7000, 400}, {7160, 420}, {7320, 441}}, []int64{3200, 3360, 3520}},
		"with a pause":                  {[]sent{{7000, 400}, {7960, 520}}, []int64{3200, 4160}},
		"one twice":                     {[]sent{{7000, 400}, {7160, 420}, {7160, 421}, {7320, 440}}, []int64{3200, 3360, -1, 3520}},
		"one late":                      {[]sent{{7160, 400}, {7000, 405}, {7320, 420}}, []int64{3200, -1, 3360}},
		"a clock that jumps":            {[]sent{{7000, 400}, {900_000, 420}, {900_160, 440}}, []int64{3200, 3360, 3520}},
		"a number that goes round":      {[]sent{{4_294_967_216, 400}, {80, 420}}, []int64{3200, 3360}},
		"before the chime is reckoned":  {[]sent{{7000, 0}, {7160, 20}}, []int64{0, 160}},
		"a jump back far, by the clock": {[]sent{{90_000, 400}, {10, 500}}, []int64{3200, 4000}},
	} {
		l := placing{began: began}
		var got []int64
		for _, s := range c.sent {
			at, ok := l.of(&rtp.Packet{Header: rtp.Header{Timestamp: s.stamp}, Payload: make([]byte, piece)}, began.Add(time.Duration(s.ms)*time.Millisecond))
			if got = append(got, int64(at)); !ok {
				got[len(got)-1] = -1
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	// A flood: nobody says more than the time has room for, and half a second.
	l, n := placing{began: began}, 0
	for i := range 1000 {
		if _, ok := l.of(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i * piece)}, Payload: make([]byte, piece)}, began.Add(time.Second)); ok {
			n++
		}
	}
	if n > 27 {
		t.Errorf("%d packets of 20 ms were played at one moment", n)
	}
}

// slow is a speaker's line on a hub that has no time for it, once.
type slow struct {
	stall time.Duration
	began time.Time
	late  []time.Duration // how much later than its place in the time each piece came
}

func (l *slow) Write(speech []byte, at uint32) error {
	l.late = append(l.late, time.Since(l.began)-time.Duration(at)*time.Second/ingest.SpeechRate)
	if len(l.late) == 3 {
		time.Sleep(l.stall) // of the test's own clock
	}
	return nil
}
func (l *slow) Done() <-chan struct{} { return nil }
func (l *slow) Close()                {}

func TestAChimeThatABusyHubBreaksIsNotThrownAwayAsLate(t *testing.T) {
	t.Parallel()
	chime, err := makeChime()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		may := func(id.Device, id.Camera) roster.Reason { return "" }
		d := &Desk{work: t.Context(), c: Config{Now: time.Now, May: func(d id.Device, _ roster.Action, c id.Camera) roster.Reason { return may(d, c) }, Aloud: may}}
		k := newCall(d, &visit{}, &command.Command{}, id.Hash{})
		l := &slow{stall: 700 * time.Millisecond, began: time.Now()}
		if !k.play(l, l.began, chime) || len(l.late) != len(chime) {
			t.Fatalf("of %d pieces %d were played", len(chime), len(l.late))
		}
		for i, late := range l.late {
			if late < 0 || late > 50*time.Millisecond {
				t.Errorf("piece %d came %s after its place in the time", i, late)
			}
		}
		// What is said has its place after it.
		if took := time.Since(l.began); took < time.Duration(len(chime))*20*time.Millisecond+640*time.Millisecond {
			t.Errorf("it is over after %s", took)
		}
	})
}

func TestAHubThatHasNoTimeForAMomentLosesNothingThatIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		may := func(id.Device, id.Camera) roster.Reason { return "" }
		d := &Desk{work: t.Context(), c: Config{Now: time.Now, May: func(d id.Device, _ roster.Action, c id.Camera) roster.Reason { return may(d, c) }, Aloud: may}}
		k := newCall(d, &visit{}, &command.Command{}, id.Hash{})
		l := &slow{stall: 190 * time.Millisecond, began: time.Now()}
		done := make(chan struct{})
		go func() { defer close(done); k.pass(l, l.began) }()
		const pieces = 50
		for i := range pieces {
			k.say(&rtp.Packet{Header: rtp.Header{Timestamp: uint32(i * piece)}, Payload: make([]byte, piece)})
			time.Sleep(20 * time.Millisecond)
		}
		k.end(Released)
		<-done
		if len(l.late) != pieces {
			t.Errorf("of %d pieces %d were played", pieces, len(l.late))
		}
	})
}

func TestNoCamerasAddressIsLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d := &Desk{work: ctx, c: Config{
		Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Open: func(context.Context, id.Camera) (Line, error) {
			return nil, errors.New("dial tcp 192.168.1.77:554: connect: no route to host")
		},
	}}
	k := newCall(d, &visit{desk: d, Viewer: Viewer{Say: func(any) {}}}, &command.Command{Target: "cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"}, id.Hash{})
	k.speak()
	if k.why() != Camera || log.Len() == 0 || strings.Contains(log.String(), "192.168") {
		t.Errorf("it ended as %s, and was logged as %s", k.why(), log.String())
	}
}

func TestTheChimeIsShortAndHeard(t *testing.T) {
	t.Parallel()
	chime, err := makeChime()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(chime); n < 10 || n > 25 {
		t.Errorf("it has %d pieces of 20 ms", n)
	}
	for i, p := range chime {
		if len(p) != piece {
			t.Errorf("piece %d has %d samples", i, len(p))
		}
	}
}
