// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"context"
	"image/jpeg"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera"
	"keyhold/home/ingest"
	"keyhold/home/record"
	"keyhold/internal/intime"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// breath is longer than what the hub takes for one press.
const breath = 450 * time.Millisecond

// presses is how often somebody presses: 200 times in a soak.
func presses(t *testing.T) int {
	t.Helper()
	n, err := harness.Amount("KEYHOLD_TEST_PRESSES", 20)
	must(t, err)
	return n
}

// between is how long a visitor waits before the press that follows on the nth: the hub takes some in a row, and then one
// every two seconds.
func between(n int) time.Duration {
	if n > 20 {
		return 2200 * time.Millisecond
	}
	return breath
}

// bells collects what a device is told at once.
type bells struct {
	mu   sync.Mutex
	list []session.Heard
	came []time.Time
}

// hears lets a device listen.
func (r *Rig) hears(s *session.Session) *bells {
	r.t.Helper()
	line, err := s.Line(r.t.Context())
	must(r.t, err)
	b := &bells{}
	done := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		for {
			a, err := line.NextAlert(ctx)
			if err != nil {
				return
			}
			b.mu.Lock()
			b.list, b.came = append(b.list, *a), append(b.came, time.Now())
			b.mu.Unlock()
		}
	}()
	r.t.Cleanup(func() { stop(); <-done; line.Close() })
	return b
}

// of counts the alerts of a camera.
func (b *bells) of(c id.Camera) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, a := range b.list {
		if a.Camera == c {
			n++
		}
	}
	return n
}

func (b *bells) all() []session.Heard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.list)
}

// bell says by what a camera rings, and waits until that is heard. It gives the address of a webhook that needs no TLS.
func (r *Rig) bell(c id.Camera, bell request.Bell) string {
	r.t.Helper()
	hooks := r.Do(request.Op{Kind: request.OpSetBell, Camera: c, Bell: &bell}).Result.Hooks
	r.Until("a bell that is heard", func() bool {
		for _, b := range r.Do(request.Op{Kind: request.OpBells}).Result.Bells {
			if b.Camera == c && b.Kind == bell.Kind {
				return b.State == "listening"
			}
		}
		return false
	})
	for _, h := range hooks {
		if strings.HasPrefix(h, "http://") {
			return h
		}
	}
	return ""
}

// post rings by a webhook, and gives the status.
func (r *Rig) post(hook string) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, hook, strings.NewReader(`{"event":"press"}`))
	must(r.t, err)
	resp, err := new(http.Client).Do(req)
	must(r.t, err)
	_, _ = io.Copy(io.Discard, resp.Body)
	must(r.t, resp.Body.Close())
	return resp.StatusCode
}

// presses are those on the record of a camera.
func (r *Rig) presses(c id.Camera) []*manifest.Press {
	r.t.Helper()
	return r.Timeline(c).Presses
}

func TestTwentyPressesOfEachKindOfBell(t *testing.T) {
	t.Parallel()
	presses := presses(t)
	r := Unpaired(t)
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = broker.Stop() })
	r.ffmpeg, r.here = none, ingest.Here{Addresses: []netip.AddrPort{netip.MustParseAddrPort(broker.Address)}}
	r.Begin()
	third, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "c", File: film}}})
	must(t, err)
	t.Cleanup(third.Close)
	door := r.addFound("Door") // its own bell is found with it
	yard := r.Add("Yard", "b")
	gate := r.Do(request.Op{Kind: request.OpAddCamera, Name: "Gate", URL: "rtsp://" + third.Addr().String() + "/c"}).Result.Camera
	r.Until("the bell of the camera that was found", func() bool {
		list := r.Do(request.Op{Kind: request.OpBells}).Result.Bells
		return len(list) == 1 && list[0].Camera == door && list[0].Kind == request.BellONVIF && list[0].State == "listening"
	})
	hook := r.bell(yard, request.Bell{Kind: request.BellWebhook})
	r.bell(gate, request.Bell{Kind: request.BellMQTT, URL: broker.URL(broker.Password), Topic: "home/gate"})
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Live}, Cameras: []id.Camera{yard}})
	heard, other := r.hears(r.Member), r.hears(vera.session())

	all := []id.Camera{door, yard, gate}
	var took []time.Duration
	for i := range presses {
		must(t, r.Camera.Press("a"))
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the webhook answers %d", status)
		}
		must(t, broker.Publish(t.Context(), "home/gate", "pressed"))
		r.Until("an alert of each", func() bool {
			return !slices.ContainsFunc(all, func(c id.Camera) bool { return heard.of(c) <= i })
		})
		came := time.Now()
		if i == 9 {
			r.Camera.Forget("a") // as a camera does that starts anew
			r.Until("another subscription", func() bool { now, ever, _ := r.Camera.Subscribed("a"); return now == 1 && ever == 2 })
		}
		r.Until("a breath", func() bool { return time.Since(came) > between(i) })
	}
	r.Camera.Move("a")
	r.Until("the record of all", func() bool {
		return !slices.ContainsFunc(all, func(c id.Camera) bool { return len(r.presses(c)) < presses })
	})
	seen := map[int64]bool{}
	for _, c := range all {
		if n := heard.of(c); n != presses {
			t.Errorf("%d presses rang %d times", presses, n)
		}
		list := r.presses(c)
		if len(list) != presses {
			t.Errorf("%d presses stand %d times on the record", presses, len(list))
		}
		for _, p := range list {
			if seen[p.Number] {
				t.Errorf("number %d was given twice", p.Number)
			}
			seen[p.Number] = true
		}
	}
	heard.mu.Lock()
	for i, a := range heard.list {
		if a.Kind != alert.Press || a.Late {
			t.Errorf("an alert is %+v", a)
		}
		took = append(took, heard.came[i].Sub(time.UnixMilli(a.At)))
	}
	heard.mu.Unlock()
	slices.Sort(took)
	t.Logf("from the press to the device: %s at the median, %s at the longest of %d", took[len(took)/2], took[len(took)-1], len(took))
	// Who may see the yard alone hears the yard alone.
	if n := len(other.all()); n != other.of(yard) || n != presses {
		t.Errorf("vera was told %d times, %d of it of her camera", n, other.of(yard))
	}
	// Who listens, and gives no command, is told on and on: of more than lies in the mailbox of somebody who is silent.
	for heard.of(yard) < presses+10 {
		n := heard.of(yard)
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the webhook answers %d", status)
		}
		r.Until("one more", func() bool { return heard.of(yard) > n })
		<-time.After(between(n))
	}
	// What was seen stands apart, and recording has not suffered.
	tl := r.Timeline(door)
	if len(tl.Moments) == 0 {
		t.Error("no moment was kept")
	}
	if slices.ContainsFunc(tl.Gaps, func(g *manifest.Gap) bool { return g.Reason != manifest.GapHub }) {
		t.Errorf("gaps: %v", tl.Gaps)
	}
	r.hasNoPassword()
}

func TestTheMomentIsThatOfThePress(t *testing.T) {
	t.Parallel()
	r := New(t)
	counted := filepath.Join(t.TempDir(), "counted.mp4")
	must(t, harness.Film{Seconds: 16, Small: true, Count: true}.Make(t.Context(), counted))
	bell, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "bell", File: counted}}})
	must(t, err)
	t.Cleanup(bell.Close)
	door := r.Do(request.Op{Kind: request.OpAddCamera, Name: "Door", URL: "rtsp://" + bell.Addr().String() + "/bell"}).Result.Camera
	hook := r.bell(door, request.Bell{Kind: request.BellWebhook})
	heard := r.hears(r.Member)
	r.Packs(door, 1)
	// On a machine with much else to do a picture can come too late for its moment, which then goes without.
	pressed := 0
	for seen := 0; seen < 3; pressed++ {
		before := len(r.Timeline(door).Moments)
		began, into := time.Now(), bell.Into("bell")
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the webhook answers %d", status)
		}
		var newest *manifest.Moment
		r.Until("the moment on the record", func() bool {
			list := r.Timeline(door).Moments
			if len(list) > before {
				newest = list[len(list)-1]
			}
			return newest != nil
		})
		there := time.Since(began)
		info, err := os.Stat(record.PackPath(filepath.Join(r.Vault, "objects"), newest.Object))
		must(t, err)
		t.Logf("the moment was at the cloud %s after the press, or earlier: written %s after it, %d bytes", there.Round(time.Millisecond), info.ModTime().Sub(began).Round(time.Millisecond), newest.Size)
		if len(newest.Files) != 2 {
			if pressed-seen > 3 {
				t.Fatalf("after %d presses the moment has %d files", pressed+1, len(newest.Files))
			}
			r.Until("a breath", func() bool { return time.Since(began) > breath })
			continue
		}
		seen++
		picture, err := jpeg.Decode(bytes.NewReader(r.file(door, newest, 1)))
		must(t, err)
		shown := harness.Counted(picture)
		if d := (shown-into+24*time.Second)%(16*time.Second) - 8*time.Second; d.Abs() > intime.By(300*time.Millisecond) {
			t.Errorf("at %s of the film somebody pressed, and the picture is of %s", into, shown)
		}
		// The film of it begins with a key frame, and is one that others read.
		if film := r.file(door, newest, 0); !bytes.Contains(film[:64], []byte("ftyp")) {
			t.Error("the moment is no film")
		}
		r.Until("a breath", func() bool { return time.Since(began) > breath })
	}
	if n := len(heard.all()); n != pressed {
		t.Errorf("%d presses rang %d times", pressed, n)
	}
	// What happened just before is there, long before a pack closes by itself: the one that was open has left, with what
	// was seen a second before the press, and at the press itself.
	list := r.presses(door)
	press := list[len(list)-1].Pressed
	shown := func(at int64) bool {
		return slices.ContainsFunc(r.Timeline(door).Segments, func(s session.Segment) bool { return s.Start <= at && at <= s.End })
	}
	r.Until("what was seen before the press and at it", func() bool { return shown(press-1000) && shown(press) })
}

// file reads and opens a file of a moment.
func (r *Rig) file(c id.Camera, m *manifest.Moment, n int) []byte {
	r.t.Helper()
	f, err := footage.Start(r.t.Context(), r.Member, r.View(), c, []session.Segment{{File: m.Files[n], Pack: m.Pack(), Number: n}}, request.PurposeTiles)
	must(r.t, err)
	b, err := f.Segment(r.t.Context(), 0)
	must(r.t, err)
	return b
}

func TestQuietIsForOnePersonAndOneCamera(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	yard := r.Add("Yard", "b")
	hook := r.bell(yard, request.Bell{Kind: request.BellWebhook})
	ben := r.Bring("Ben", roster.Owner)
	own, bens := r.hears(r.Member), r.hears(ben.session())
	ring := func() {
		t.Helper()
		n := bens.of(yard)
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the webhook answers %d", status)
		}
		r.Until("ben's alert", func() bool { return bens.of(yard) == n+1 })
		came := time.Now()
		r.Until("a breath", func() bool { return time.Since(came) > breath })
	}
	ring()
	r.Until("anna's alert", func() bool { return own.of(yard) == 1 })
	until := r.now().Add(time.Hour).UnixMilli()
	r.Do(request.Op{Kind: request.OpSnooze, Camera: yard, Until: until})
	if list := r.Do(request.Op{Kind: request.OpSnoozes}).Result.Snoozes; len(list) != 1 || list[0] != (request.Snooze{Camera: yard, Until: until}) {
		t.Errorf("the quiet is %v", list)
	}
	// It outlives the hub.
	r.Stop()
	r.Start()
	r.Serving()
	// The hub may have taken other ports.
	hook = r.bell(yard, request.Bell{Kind: request.BellWebhook})
	ring()
	if n := own.of(yard); n != 1 {
		t.Errorf("anna, who wants quiet, was told %d times", n-1)
	}
	r.Do(request.Op{Kind: request.OpSnooze, Camera: yard})
	ring()
	r.Until("anna's alert again", func() bool { return own.of(yard) == 2 })
	list := own.all()
	if list[0].Seq+2 != list[1].Seq {
		t.Errorf("the numbers are %d and %d", list[0].Seq, list[1].Seq)
	}
	if _, err := ben.session().Do(t.Context(), request.Op{Kind: request.OpSnooze, Camera: yard, Until: r.now().Add(8 * 24 * time.Hour).UnixMilli()}); word(err) != request.RefusedInvalid {
		t.Errorf("quiet for eight days: %v", err)
	}
}
