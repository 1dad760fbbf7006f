// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/e2e/harness"
	"keyhold/home/camera"
	"keyhold/home/gesture"
	"keyhold/home/hub"
	"keyhold/home/ingest"
	"keyhold/member/pair"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
)

const patience = 90 * time.Second

// Rig is a cloud, a camera and a hub.
type Rig struct {
	t      *testing.T
	Dir    string // the hub's folder
	Origin string
	Camera *camera.Camera
	Member *session.Session
	Vault  string
	heard  string // what the camera's speaker has heard
	Cloud  *serve.Server
	ffmpeg string       // the hub's
	words  []string     // on the recovery sheet
	offset atomic.Int64 // added to everybody's clock, ns
	astray atomic.Int64 // added to the hub's clock besides, ns
	uptime func() time.Duration
	free   atomic.Int64 // what the hub is told of its disk
	// way stands between everybody and the cloud where a test sets it.
	way     atomic.Pointer[func(cloud http.Handler) http.Handler]
	stop    context.CancelFunc
	ended   chan error
	serving chan id.Household
	// gestures are the codes that the hub shows.
	gestures chan gesture.Request
	// lock opens a door, by its own address on this computer.
	lock *testLock
	// find are asked for cameras; the rig's own if there are none.
	find []netip.AddrPort
	here ingest.Here // what of this computer may be a camera
	// stream is where integrations read cameras.
	stream string
	// hubPID is the newest hub of its own process.
	hubPID int
	mu     sync.Mutex
	log    strings.Builder // what the hub logged; guarded by mu
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// film is what all cameras show, and second is it in small; TestMain renders them.
var film, second string

func TestMain(m *testing.M) {
	if dir := os.Getenv(asHubDir); dir != "" {
		os.Exit(beHub(dir))
	}
	dir, err := os.MkdirTemp("", "keyhold-film-")
	if err == nil {
		film = filepath.Join(dir, "film.mp4")
		second = filepath.Join(dir, "second.mp4")
		for path, f := range map[string]harness.Film{film: {Seconds: 4, Small: true}, second: {Seconds: 4, Small: true, Half: true}} {
			err = errors.Join(err, f.Make(context.Background(), path))
		}
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// Unpaired starts cloud and camera. push are services that the cloud brings alerts to.
func Unpaired(t *testing.T, push ...string) *Rig {
	t.Helper()
	r := &Rig{t: t, Dir: filepath.Join(t.TempDir(), "hub"), Vault: t.TempDir(), gestures: make(chan gesture.Request, 64), stream: "127.0.0.1:0"}
	r.uptime = func() time.Duration { return time.Hour } // a hub waits on a machine that was switched on just now; this one may have been
	r.free.Store(1 << 40)
	cloud, err := serve.Open(t.Context(), serve.Config{Data: r.Vault, Log: slog.New(slog.DiscardHandler), Now: r.now, PushHosts: push})
	must(t, err)
	r.Cloud = cloud
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := cloud.Handler()
		if way := r.way.Load(); way != nil {
			h = (*way)(h)
		}
		h.ServeHTTP(w, req)
	}))
	r.Origin = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		must(t, cloud.Close())
		server.Close()
	})
	r.lock = newLock(t)
	r.here = ingest.Here{Addresses: []netip.AddrPort{r.lock.address()}}
	config := cameraConfig()
	r.heard = filepath.Join(t.TempDir(), "heard.wav")
	config.Speaker = &camera.SpeakerConfig{File: r.heard}
	r.Camera, err = camera.Start(config)
	must(t, err)
	t.Cleanup(func() { r.Camera.Close() })
	return r
}

// cameraConfig is a camera of two pictures that answers ONVIF; one of them has a second stream, a button and a relay, the
// other a door.
func cameraConfig() camera.Config {
	const free = "127.0.0.1:0"
	return camera.Config{
		Addr: free, ONVIF: free, Discovery: free, Lock: free, User: "u", Pass: "p",
		Feeds: []camera.Feed{{Path: "a", File: film, Small: second, Button: true, Relay: true}, {Path: "b", File: film, Door: true}},
	}
}

// New starts cloud and camera, and a hub that is paired with a device.
func New(t *testing.T) *Rig {
	t.Helper()
	r := Unpaired(t)
	r.Begin()
	return r
}

// none is a program that is not there.
const none = "no-such-program"

// Plain is New without preview pictures, which cost more than all the rest, for what has nothing to do with them.
func Plain(t *testing.T, push ...string) *Rig {
	t.Helper()
	r := Unpaired(t, push...)
	r.ffmpeg = none
	r.Begin()
	return r
}

// Begin starts the hub and pairs it with a device.
func (r *Rig) Begin() {
	r.t.Helper()
	codes := r.Start()
	r.t.Cleanup(r.Stop)
	must(r.t, r.Pair((<-codes).String()))
	r.Serving()
}

// Pair begins a household with a device.
func (r *Rig) Pair(code string) error {
	maker := &pair.Maker{
		Client: r.client(), Now: r.now, Rand: rand.Reader, Step: func(string) {},
		Confirm: func(words []string, _ id.Household) error { r.words = words; return nil },
	}
	folder, _, err := maker.Make(r.t.Context(), pair.Wish{
		Code: code, PersonName: "Person", DeviceName: "Device", Zone: "Europe/Berlin", Dir: filepath.Join(r.t.TempDir(), "device"),
	})
	if err != nil {
		return err
	}
	if r.Member, err = session.Open(folder, r.client()); err != nil {
		return err
	}
	r.Member.Now = r.now
	return nil
}

func (r *Rig) now() time.Time { return time.Now().Add(time.Duration(r.offset.Load())) }

func (r *Rig) client() *api.Client {
	return &api.Client{Base: r.Origin, HTTP: new(http.Client), Now: r.now}
}

// Start starts the hub; the channel gets its code if it belongs to nobody.
func (r *Rig) Start() <-chan pairing.Code {
	codes := make(chan pairing.Code, 1)
	ctx, stop := context.WithCancel(context.Background())
	r.stop, r.ended, r.serving = stop, make(chan error, 1), make(chan id.Household, 1)
	if len(r.find) == 0 {
		r.find = []netip.AddrPort{r.Camera.Discovery()}
	}
	h := &hub.Hub{
		Find: r.find, Dir: r.Dir, Cloud: r.Origin, LAN: "127.0.0.1:0", Bell: "127.0.0.1:0", Stream: r.stream, FFmpeg: r.ffmpeg, Here: r.here, Log: slog.New(slog.NewTextHandler(logWriter{r}, nil)),
		ShowCode:    func(c pairing.Code) { codes <- c },
		Serving:     func(h id.Household) { r.serving <- h },
		ShowGesture: func(g gesture.Request) { r.gestures <- g },
		Now:         func() time.Time { return r.now().Add(time.Duration(r.astray.Load())) },
		Uptime:      r.uptime,
		Space:       func() (int64, error) { return r.free.Load(), nil }, SpaceEvery: 200 * time.Millisecond, PageLooks: 40,
	}
	ended := r.ended
	go func() { ended <- h.Run(ctx) }()
	return codes
}

// logWriter gives the hub's log to the test.
type logWriter struct{ r *Rig }

func (w logWriter) Write(b []byte) (int, error) {
	w.r.t.Logf("hub: %s", b)
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.log.Write(b)
}

// logged says whether something stands in the hub's log.
func (r *Rig) logged(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.log.String(), text)
}

// Serving waits until the hub records.
func (r *Rig) Serving() {
	r.t.Helper()
	select {
	case <-r.serving:
	case err := <-r.ended:
		r.t.Fatalf("the hub ended: %v", err)
	case <-time.After(patience):
		r.t.Fatal("the hub does not begin to record")
	}
}

// Stop ends the hub in order; a second time does nothing.
func (r *Rig) Stop() {
	r.t.Helper()
	if r.stop == nil {
		return
	}
	r.stop()
	r.stop = nil
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Errorf("the hub ended with %v", err)
		}
	case <-time.After(patience):
		r.t.Fatal("the hub does not stop")
	}
}

// URL is the camera's address.
func (r *Rig) URL(path string) string { return "rtsp://u:p@" + r.Camera.Addr().String() + "/" + path }

// Do sends a command and wants it to be carried out.
func (r *Rig) Do(op request.Op) *request.Reply {
	r.t.Helper()
	reply, err := r.Member.Do(r.t.Context(), op)
	must(r.t, err)
	return reply
}

// Add adds a camera.
func (r *Rig) Add(name, path string) id.Camera {
	r.t.Helper()
	return r.Do(request.Op{Kind: request.OpAddCamera, Name: name, URL: r.URL(path)}).Result.Camera
}

// View is what the member sees now, verified; an alarm fails the test.
func (r *Rig) View() *session.View {
	r.t.Helper()
	v, err := r.Member.Steady(r.t.Context(), func(*session.View) error { return nil })
	must(r.t, err)
	if len(v.Alarms) > 0 {
		r.t.Fatalf("alarms: %v", v.Alarms)
	}
	return v
}

// Timeline is what the member sees of a camera, from an hour ago.
func (r *Rig) Timeline(c id.Camera) *session.Timeline {
	r.t.Helper()
	now := r.now().UnixMilli()
	var tl *session.Timeline
	_, err := r.Member.Steady(r.t.Context(), func(v *session.View) (err error) {
		tl, err = v.Timeline(r.t.Context(), c, now-3_600_000, now+3_600_000)
		return err
	})
	must(r.t, err)
	return tl
}

// Until polls.
func (r *Rig) Until(what string, f func() bool) {
	r.t.Helper()
	must(r.t, harness.Poll(r.t.Context(), patience, what, func(context.Context) bool { return f() }))
}

// leaveEarly asks all packs to leave early, and says no: it is not done yet.
func (r *Rig) leaveEarly() bool {
	r.Do(request.Op{Kind: request.OpLeaveEarly})
	return false
}

// Packs waits until so many packs of a camera are seen, asking them to leave early, and returns them.
func (r *Rig) Packs(c id.Camera, n int) []*manifest.Pack {
	r.t.Helper()
	return r.packs(c, "seeing packs", func(list []*manifest.Pack) bool { return len(list) >= n })
}

// NewEpoch waits until footage is sealed to another epoch than this, and returns all packs.
func (r *Rig) NewEpoch(c id.Camera, old id.Epoch) []*manifest.Pack {
	r.t.Helper()
	return r.packs(c, "sealing to another epoch", func(list []*manifest.Pack) bool {
		return len(list) > 0 && list[len(list)-1].Epoch != old
	})
}

func (r *Rig) packs(c id.Camera, what string, enough func([]*manifest.Pack) bool) []*manifest.Pack {
	r.t.Helper()
	var out []*manifest.Pack
	var asked time.Time
	r.Until(what, func() bool {
		if time.Since(asked) > 500*time.Millisecond {
			r.Do(request.Op{Kind: request.OpLeaveEarly, Cameras: []id.Camera{c}})
			asked = time.Now()
		}
		out = out[:0]
		for _, s := range r.Timeline(c).Segments {
			if len(out) == 0 || out[len(out)-1] != s.Pack {
				out = append(out, s.Pack)
			}
		}
		return enough(out)
	})
	return out
}
