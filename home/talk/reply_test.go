// SPDX-License-Identifier: Apache-2.0

package talk

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/home/speech"
	"keyhold/home/state"
	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
)

const porch id.Camera = "cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"

// A doorstep is a desk with one camera that has a speaker, and a record that is read back.
type doorstep struct {
	*Desk
	cam   *camera.Camera
	heard string

	mu     sync.Mutex
	leaves []manifest.Talk
}

func newDoorstep(t *testing.T, speak func(context.Context, *quickreply.Reply) ([]byte, error)) *doorstep {
	t.Helper()
	p := &doorstep{heard: filepath.Join(t.TempDir(), "heard.wav")}
	film := cameratest.Clip(t, cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=15", "-t", "2", "-c:v", "libx264", "-bf", "0", "-g", "15", "-pix_fmt", "yuv420p"})
	var err error
	p.cam, err = camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: film}}, Speaker: &camera.SpeakerConfig{File: p.heard}})
	must(t, err)
	t.Cleanup(func() { p.cam.Close() })
	source, err := ingest.New(ingest.Config{URL: "rtsp://" + p.cam.Addr().String() + "/a"})
	must(t, err)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	may := func(id.Device, id.Camera) roster.Reason { return "" }
	p.Desk, err = New(t.Context(), Config{
		DB: db, Speak: speak, Aloud: may, May: func(d id.Device, _ roster.Action, c id.Camera) roster.Reason { return may(d, c) },
		Open: func(ctx context.Context, _ id.Camera) (Line, error) { return source.Speaker(ctx) },
		Record: func(ctx context.Context, l *manifest.Talk, also func(*sql.Tx) error) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.leaves = append(p.leaves, *l)
			return db.Write(ctx, also)
		},
		Tell: func() {}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	t.Cleanup(p.Close)
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// visitor is somebody who looks, and what the hub says to them.
func (p *doorstep) visitor(person id.Person) (*visit, chan live.Act) {
	said := make(chan live.Act, 8)
	v, _ := p.Attend(Viewer{Device: "dev_aaaaaaaaaaaaaaaaaaaaaaaaaa", Person: person, Say: func(what any) {
		if act, ok := what.(live.Act); ok {
			said <- act
		}
	}}).(*visit)
	return v, said
}

func (p *doorstep) orders(v *visit, r *quickreply.Reply) (by id.Person, word string) {
	return p.begin(v, &command.Command{Action: roster.Talk, Reply: r, Target: porch}, id.HashOf([]byte(r.Text)))
}

// over waits for the end.
func over(t *testing.T, said chan live.Act, states ...string) string {
	t.Helper()
	for {
		select {
		case act := <-said:
			if len(states) == 0 || act.State != states[0] {
				t.Fatalf("the hub says %+v, and not one of %v", act, states)
			}
			if states = states[1:]; len(states) == 0 {
				return act.Word
			}
		case <-time.After(time.Minute):
			t.Fatal("the hub says nothing")
		}
	}
}

// sounding is how long something is heard that is no silence.
func sounding(samples []int16) (sum time.Duration) {
	const window = ingest.SpeechRate / 50
	for ; len(samples) >= window; samples = samples[window:] {
		power := 0.0
		for _, x := range samples[:window] {
			power += math.Pow(float64(x)/math.MaxInt16, 2)
		}
		if power/window > 1e-4 {
			sum += 20 * time.Millisecond
		}
	}
	return sum
}

func TestAQuickReplyIsHeardAfterTheChimeAndStandsOnTheRecord(t *testing.T) {
	t.Parallel()
	speaker, err := speech.Find("")
	must(t, err)
	p := newDoorstep(t, speaker.Say)
	anna, said := p.visitor("per_anna")
	ben, _ := p.visitor("per_ben")
	words := &quickreply.Reply{Language: "de", Text: "Bitte leg das Paket vor die Tür."}
	if _, word := p.orders(anna, words); word != "" {
		t.Fatalf("it was refused: %s", word)
	}
	if by, word := p.orders(ben, words); word != Busy || by != "per_anna" {
		t.Errorf("a second one at the same time: %q by %q", word, by)
	}
	if word := over(t, said, live.ActBegun, live.ActOn, live.ActOver); word != Said {
		t.Errorf("it ended as %s", word)
	}
	law, err := speaker.Say(t.Context(), words)
	must(t, err)
	var pcm g711.Mulaw
	pcm.Unmarshal(law)
	spoken := make([]int16, len(law))
	for i := range spoken {
		spoken[i] = int16(pcm[2*i])<<8 | int16(pcm[2*i+1])
	}
	samples := cameratest.Heard(t, p.heard)
	chimes := cameratest.Chimes(samples)
	if len(chimes) == 0 || chimes[0].From > 40*time.Millisecond {
		t.Fatalf("the chime is heard at %v", chimes)
	}
	after := samples[int(chimes[0].Until*ingest.SpeechRate/time.Second):]
	want, got := sounding(spoken), sounding(after)
	t.Logf("of %s that are spoken, %s are heard after the chime", want, got)
	if want < time.Second || got < want/2 || got > 2*want {
		t.Errorf("of %s that are spoken, %s are heard after the chime", want, got)
	}
	// Whoever ordered it ends it, too.
	words = &quickreply.Reply{Language: "en", Text: "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, sixteen."}
	if _, word := p.orders(anna, words); word != "" {
		t.Fatalf("it was refused: %s", word)
	}
	over(t, said, live.ActBegun, live.ActOn)
	anna.Hush(porch)
	if word := over(t, said, live.ActOver); word != Released {
		t.Errorf("it ended as %s", word)
	}
	p.Close() // the end is on the record
	if len(p.leaves) != 4 {
		t.Fatalf("%d leaves", len(p.leaves))
	}
	for i, l := range p.leaves {
		if l.Reply == nil || i > 1 && l.Reply.Text != words.Text || (l.State == manifest.TalkEnded) != (i%2 == 1) || l.Person != "per_anna" {
			t.Errorf("leaf %d: %+v says %+v", i, l, l.Reply)
		}
	}
}

func TestAHubThatCannotSpeakSaysSoAndNothingIsOnTheRecord(t *testing.T) {
	t.Parallel()
	words := &quickreply.Reply{Language: "en", Text: "I’ll be right there."}
	p := newDoorstep(t, nil)
	anna, _ := p.visitor("per_anna")
	if _, word := p.orders(anna, words); word != NoVoice {
		t.Errorf("without the program: %q", word)
	}
	broken := newDoorstep(t, func(context.Context, *quickreply.Reply) ([]byte, error) { return nil, errors.New("broken") })
	anna, said := broken.visitor("per_anna")
	if _, word := broken.orders(anna, words); word != "" {
		t.Fatalf("it was refused: %s", word)
	}
	if word := over(t, said, live.ActOver); word != NoVoice {
		t.Errorf("it ended as %s", word)
	}
	if _, ever := broken.cam.Claimed(); ever != 0 || len(broken.leaves) != 0 {
		t.Errorf("the speaker was claimed %d times, and there are %d leaves", ever, len(broken.leaves))
	}
}

func TestWhatAReplySaidIsOnTheRecordAlsoAfterThePowerFailed(t *testing.T) {
	t.Parallel()
	p := newDoorstep(t, nil)
	anna, _ := p.visitor("per_anna")
	words := &quickreply.Reply{Language: "nl", Text: "Ik kom eraan."}
	must(t, newCall(p.Desk, anna, &command.Command{Reply: words, Target: porch}, id.HashOf([]byte("act"))).record())
	must(t, p.Recover(t.Context()))
	if n := len(p.leaves); n != 2 || p.leaves[1].State != manifest.TalkEnded || p.leaves[1].Reply == nil || *p.leaves[1].Reply != *words {
		t.Errorf("%d leaves, and the last is %+v", n, p.leaves[n-1])
	}
}
