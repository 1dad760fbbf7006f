// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/internal/intime"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// lamps is a hub with a camera that has a light, and may be at more places.
func lamps(t *testing.T, more ...string) *Rig {
	t.Helper()
	r := Unpaired(t)
	r.ffmpeg = none
	r.another(func(c *camera.Config) { c.Feeds[0].Light = true })
	r.here.Addresses = append(r.here.Addresses, r.Camera.ONVIF(), r.Camera.Lock())
	for _, address := range more {
		u, err := url.Parse(address)
		must(t, err)
		r.here.Addresses = append(r.here.Addresses, netip.MustParseAddrPort(u.Host))
	}
	r.Begin()
	return r
}

// lights says by what a camera's light is lit, and gives the hub's word against it.
func (r *Rig) lights(s *session.Session, c id.Camera, l *request.Light) string {
	_, err := s.Do(r.t.Context(), request.Op{Kind: request.OpSetLight, Camera: c, Light: l})
	return word(err)
}

// lamp is how the hub says that a camera's light is, "" if it knows of none.
func (r *Rig) lamp(c id.Camera) string {
	r.t.Helper()
	for _, l := range r.Do(request.Op{Kind: request.OpLights}).Result.Lights {
		if l.Camera == c {
			return l.State
		}
	}
	return ""
}

// burns waits until the simulated light is lit, or out.
func (r *Rig) burns(why string, lit bool) {
	r.t.Helper()
	what := "the light out: "
	if lit {
		what = "the light lit: "
	}
	r.Until(what+why, func() bool { return r.Camera.Light().Lit == lit })
}

func (r *Rig) hasLight(c id.Camera) bool {
	r.t.Helper()
	return slices.ContainsFunc(r.View().Names.Cameras, func(n manifest.NamedCam) bool { return n.ID == c && n.Light })
}

// A light at a camera is lit while anybody looks live, and not a moment longer: whatever ends the last look, and also when
// the hub was cut off.
func TestALightIsLitWhileSomebodyLooks(t *testing.T) {
	t.Parallel()
	r := lamps(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	r.Packs(door, 1)
	ben, vera := r.Bring("Ben", roster.Guardian), r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Live}})
	own := &request.Light{Kind: request.LightONVIF}
	for _, one := range []struct {
		by   *session.Session
		at   id.Camera
		want *request.Light
		word string
	}{
		{vera.session(), door, own, request.RefusedDenied},
		{r.Member, door, &request.Light{Kind: request.LightONVIF, Relay: camera.RelayToken}, request.RefusedRelayFalls},
		{r.Member, door, &request.Light{Kind: request.LightONVIF, Relay: "light-9"}, request.RefusedNoRelay},
		{r.Member, yard, own, request.RefusedNoRelay},
		{ben.session(), door, own, ""},
	} {
		if w := r.lights(one.by, one.at, one.want); w != one.word {
			t.Errorf("setting %+v is refused as %q, want %q", one.want, w, one.word)
		}
	}
	r.burns("two seconds after it was set", false)
	if n := r.Camera.Light().Turned; n != 2 {
		t.Errorf("so that somebody sees which it is it was turned %d times", n)
	}
	if r.times() != 0 {
		t.Error("the lock has heard of it")
	}
	r.Until("the names saying that there is a light", func() bool { return r.hasLight(door) && !r.hasLight(yard) })

	// The first picture, and a second who looks.
	atFirst := false
	v, err := r.watch(r.Member, func() { atFirst = r.Camera.Light().Lit }, door)
	must(t, err)
	r.burns("somebody looks", true)
	t.Logf("it was lit when the first picture came: %v", atFirst)
	other, err := r.watch(vera.session(), nil, door)
	must(t, err)
	v.end()
	r.livesOf(door, 2, manifest.LiveBegan)
	r.Until("the end of the first look", func() bool {
		return slices.ContainsFunc(r.lives(door), func(l *manifest.Live) bool { return l.View == v.ID && l.State == manifest.LiveEnded })
	})
	if s := r.lamp(door); !r.Camera.Light().Lit || s != request.LightOn {
		t.Errorf("while the second looks it is lit: %v, and said to be %q", r.Camera.Light().Lit, s)
	}
	other.end()
	r.burns("nobody looks any more", false)
	if n := r.Camera.Light().Turned; n != 4 {
		t.Errorf("for two who looked it was turned %d times in all", n)
	}

	// Who looks at another camera is not told of at this one.
	there, err := r.watch(r.Member, nil, yard)
	must(t, err)
	r.Until("pictures", func() bool { return there.n.Load() > 30 })
	there.end()
	if n := r.Camera.Light().Turned; n != 4 {
		t.Errorf("by a look at another camera it was turned %d times", n)
	}

	// Private, and a hub that ends, and one that was cut off.
	_, err = r.watch(vera.session(), nil, door)
	must(t, err)
	r.burns("somebody looks again", true)
	r.off(r.Member, door, true)
	r.burns("it is private", false)
	if w := r.lights(r.Member, door, own); w != request.RefusedPrivate {
		t.Errorf("while it is private setting it is refused as %q", w)
	}
	r.off(r.Member, door, false)
	r.Until("a camera that is back", func() bool { return r.state(door) == request.CameraRecording })
	_, err = r.watch(vera.session(), nil, door)
	must(t, err)
	r.burns("somebody looks once more", true)
	r.Stop()
	if r.Camera.Light().Lit {
		t.Error("it burns on when the hub has ended")
	}
	r.light("/on") // as a hub leaves it that is cut off
	r.Start()
	r.Serving()
	r.burns("a hub that is back", false)

	// An integration that reads looks as well.
	f := r.foreign(r.lets("Recorder", door)[0])
	f.sees(t, 1)
	r.burns("an integration reads", true)
	r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: "Recorder"})
	r.burns("it reads no more", false)

	_, err = r.watch(r.Member, nil, door)
	must(t, err)
	r.burns("somebody looks for the last time", true)
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: door})
	r.burns("the camera is removed", false)
	if s := r.lamp(door); s != "" {
		t.Errorf("the light of a camera that is gone is %q", s)
	}
	r.hasNoPassword("device_service", `"p"`)
}

// light tells the simulated light, past the hub.
func (r *Rig) light(path string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://"+r.Camera.Lock().String()+camera.LightPath+path, http.NoBody)
	must(r.t, err)
	req.SetBasicAuth("u", "p")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	must(r.t, err)
	must(r.t, resp.Body.Close())
}

// bulb is a light by HTTP that can hang.
type bulb struct {
	mu    sync.Mutex
	hang  chan struct{} // nil while it answers; guarded by mu
	said  []string      // what it was told, with the passwords; guarded by mu
	waits int           // who waits for an answer; guarded by mu
}

func newBulb(t *testing.T) (*bulb, string) {
	t.Helper()
	b := &bulb{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, password, _ := req.BasicAuth()
		b.mu.Lock()
		hang := b.hang
		if hang != nil {
			b.waits++
		} else {
			b.said = append(b.said, req.URL.Path+" "+password)
		}
		b.mu.Unlock()
		if hang != nil {
			<-hang
		}
	}))
	t.Cleanup(func() { b.hangs(false); server.Close() })
	return b, server.URL
}

func (b *bulb) hangs(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case on && b.hang == nil:
		b.hang = make(chan struct{})
	case !on && b.hang != nil:
		close(b.hang)
		b.hang = nil
	}
}

func (b *bulb) waited() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits > 0
}

// all is what it was told, and last the newest of it.
func (b *bulb) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

func (b *bulb) last() string {
	said := b.all()
	if len(said) == 0 {
		return ""
	}
	return said[len(said)-1]
}

// A light that hangs keeps nobody from the picture. That it does not answer is said, and it is told until it has heard.
func TestALightThatHangsKeepsNobodyFromThePicture(t *testing.T) {
	t.Parallel()
	b, address := newBulb(t)
	r := lamps(t, address)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	at := strings.Replace(address, "//", "//u:p@", 1)
	way := &request.Light{Kind: request.LightHTTP, On: at + "/on", Off: at + "/off"}
	if w := r.lights(r.Member, door, &request.Light{Kind: request.LightHTTP, On: "mqtt://192.0.2.1/", Off: at}); w != request.RefusedAddress {
		t.Errorf("an address that is none is refused as %q", w)
	}
	if w := r.lights(r.Member, door, way); w != "" {
		t.Fatalf("it was refused as %q", w)
	}
	r.Until("it out again, with the password that belongs to it", func() bool { return b.last() == "/off p" })
	r.Until("word of that", func() bool { return r.lamp(door) == request.LightOff })
	b.hangs(true)
	began := time.Now()
	v, err := r.watch(r.Member, nil, door)
	must(t, err)
	took := time.Unix(0, v.first.Load()).Sub(began)
	t.Logf("first picture %s after it was asked for, by a light that hangs", took)
	if limit := intime.By(time.Second); took > limit {
		t.Errorf("the first picture came after %s, later than %s", took, limit)
	}
	r.Until("the light asked", b.waited)
	r.Until("word that it does not answer", func() bool { return r.lamp(door) == request.LightAway })
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpTryLight, Camera: door}); word(err) != request.RefusedLightAway {
		t.Errorf("trying it: %v", err)
	}
	b.hangs(false)
	r.Until("it lit, once it answers", func() bool { return b.last() == "/on p" && r.lamp(door) == request.LightOn })
	v.end()
	r.Until("it out", func() bool { return b.last() == "/off p" })
	told := b.all()
	r.Do(request.Op{Kind: request.OpTryLight, Camera: door})
	if got := b.all()[len(told):]; !slices.Contains(got, "/on p") {
		t.Errorf("once it is tried it was told %q", got)
	}
	if w := r.lights(r.Member, door, nil); w != "" {
		t.Errorf("forgetting it is refused as %q", w)
	}
	r.Until("it out, and forgotten", func() bool { return b.last() == "/off p" && !r.hasLight(door) })
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpTryLight, Camera: door}); word(err) != request.RefusedNoLight {
		t.Errorf("trying what is forgotten: %v", err)
	}
	r.hasNoPassword(strings.TrimPrefix(address, "http://"), "/on")
}
