// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/talk"
	"keyhold/internal/intime"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// posting is a hub with a camera that takes sound by a POST, and not by RTSP.
func posting(t *testing.T, more ...string) *Rig {
	t.Helper()
	r := Unpaired(t)
	r.ffmpeg = none
	r.another(func(c *camera.Config) { c.Speaker = &camera.SpeakerConfig{File: r.heard, Post: true} })
	r.here.Addresses = append(r.here.Addresses, r.Camera.ONVIF())
	for _, address := range more {
		u, err := url.Parse(address)
		must(t, err)
		r.here.Addresses = append(r.here.Addresses, netip.MustParseAddrPort(u.Host))
	}
	r.Begin()
	return r
}

// aloud is where the rig's camera takes sound, with a password.
func (r *Rig) aloud(password string) string {
	return "http://u:" + password + "@" + r.Camera.ONVIF().String() + "/axis-cgi/audio/transmit.cgi"
}

// setSpeaker says where a camera takes sound, and gives the hub's word against it.
func (r *Rig) setSpeaker(s *session.Session, c id.Camera, url string) string {
	_, err := s.Do(r.t.Context(), request.Op{Kind: request.OpSetSpeaker, Camera: c, URL: url})
	return word(err)
}

// A camera that takes sound at an address of its own is talked to as every other, once somebody has said where that is:
// after a chime, on the record, and no longer than somebody holds the button.
func TestTalkingToASpeakerAtAnAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	r := posting(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	anna := r.talker(r.Member, door)
	if anna.speaker.Load() {
		t.Error("it has a speaker before anybody has said where")
	}
	for url, want := range map[string]string{
		r.aloud("wrong"): request.RefusedPassword, strings.Replace(r.aloud("p"), "/axis-cgi/audio/", "/other/", 1): request.RefusedNoSpeaker,
		"rtsp://192.0.2.1/": request.RefusedAddress, "http://" + r.lock.address().Addr().String() + ":1/": request.RefusedAddress,
	} {
		if w := r.setSpeaker(r.Member, door, url); w != want {
			t.Errorf("an address that is none is refused as %q, want %q", w, want)
		}
	}
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpTrySpeaker, Camera: door}); word(err) != request.RefusedNoSpeaker {
		t.Errorf("trying what nobody has set: %v", err)
	}
	if w := r.setSpeaker(r.Member, door, r.aloud("p")); w != "" {
		t.Fatalf("it was refused as %q", w)
	}
	if chimes := cameratest.Chimes(cameratest.Heard(t, r.heard)); len(chimes) != 1 {
		t.Fatalf("once it is set it chimed at %v", chimes)
	}
	r.Do(request.Op{Kind: request.OpTrySpeaker, Camera: door})
	if chimes := cameratest.Chimes(cameratest.Heard(t, r.heard)); len(chimes) != 2 {
		t.Errorf("once it is tried it chimed at %v", chimes)
	}
	r.Until("word that the camera has a speaker", anna.speaker.Load)

	stop := anna.speak() // from before the chime
	began := time.Now()
	must(t, anna.press())
	t.Logf("one may talk %s after the press", time.Since(began))
	if !r.claimed() {
		t.Error("somebody talks, and the speaker is not claimed")
	}
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpTrySpeaker, Camera: door}); word(err) != request.RefusedTaken {
		t.Errorf("a chime while somebody talks: %v", err)
	}
	spoke := time.Now()
	// What comes late is not played, and a machine with other things to do speaks late: so it is so much in all.
	r.Until("four and a half seconds of the voice", func() bool { return long(r.tones(voice)) >= 4500*time.Millisecond })
	let := r.letGo(anna)
	stop()
	chimes, said := cameratest.Chimes(cameratest.Heard(t, r.heard)), r.tones(voice)
	if len(chimes) != 3 || len(said) == 0 || said[0].From < chimes[2].Until-20*time.Millisecond {
		t.Fatalf("it chimed at %v, and the voice was heard at %v", chimes, said)
	}
	first, last := r.Camera.Heard().Add(said[0].From), r.Camera.Heard().Add(said[len(said)-1].Until)
	t.Logf("of %s that were spoken %s were heard, from %s after one may talk until %s after the button was let go", let.Sub(spoke), long(said), first.Sub(spoke), last.Sub(let))
	if first.Sub(spoke) > intime.By(400*time.Millisecond) || last.Sub(let) > intime.By(200*time.Millisecond) {
		t.Errorf("it is heard from %s after one may talk until %s after the button was let go", first.Sub(spoke), last.Sub(let))
	}
	r.Until("it on the record, and no chime that was alone", func() bool {
		list := r.Timeline(door).Talks
		return len(list) == 1 && list[0].State == manifest.TalkEnded && list[0].View == anna.view
	})

	// It is there once the hub is back, and nobody reads in its log where.
	r.Stop()
	r.Start()
	r.Serving()
	again := r.talker(r.Member, door)
	r.Until("word of the speaker from a hub that is back", again.speaker.Load)
	if r.logged("transmit.cgi") || r.logged(r.Camera.ONVIF().String()) {
		t.Error("the hub logs where the speaker is")
	}
	speaks := func() bool {
		v := r.View()
		i := slices.IndexFunc(v.Names.Cameras, func(c manifest.NamedCam) bool { return c.ID == door })
		return v.Names.Cameras[i].Speaker
	}
	r.Until("the names saying that it has one", speaks)
	if w := r.setSpeaker(r.Member, door, ""); w != "" {
		t.Errorf("forgetting it was refused as %q", w)
	}
	r.Until("the names saying that it has none", func() bool { return !speaks() })
	if w := again.press(); w == nil {
		t.Error("somebody talks by what was forgotten")
	}
	r.off(r.Member, door, true)
	if w := r.setSpeaker(r.Member, door, r.aloud("p")); w != request.RefusedPrivate {
		t.Errorf("of a camera that is private it is refused as %q", w)
	}
}

// One that we did not write: ffmpeg hears the chime, and then the voice.
func TestTalkingToASpeakerThatIsFFmpegs(t *testing.T) {
	t.Parallel()
	address, chimed := cameratest.Posted(t, "")
	r := posting(t, address)
	door := r.Add("Door", "a")
	if w := r.setSpeaker(r.Member, door, address); w != "" {
		t.Fatalf("it was refused as %q", w)
	}
	if chimes := cameratest.Chimes(chimed()); len(chimes) != 1 {
		t.Errorf("once it is set it chimed at %v", chimes)
	}
	_, heard := cameratest.Posted(t, address)
	anna := r.talker(r.Member, door)
	stop := anna.speak()
	defer stop()
	r.Until("word that the camera has a speaker", anna.speaker.Load)
	must(t, anna.press())
	<-time.After(5 * time.Second) // that is how long somebody talks
	anna.hush()
	all := heard()
	chimes, said := cameratest.Chimes(all), cameratest.Tones(all, voice)
	t.Logf("of five seconds %s were heard: %v, after the chime at %v", long(said), said, chimes)
	if len(chimes) != 1 || len(said) == 0 || said[0].From < chimes[0].Until-20*time.Millisecond || long(said) < 5*time.Second-intime.By(500*time.Millisecond) {
		t.Errorf("of five seconds %s were heard: %v, after the chime at %v", long(said), said, chimes)
	}
}

// A loudspeaker that takes bare RTP, which is ffmpeg's as well.
func TestTalkingToASpeakerThatTakesRTP(t *testing.T) {
	t.Parallel()
	address, _, end := cameratest.Listening(t, "PCMA", "")
	r := posting(t, address)
	door := r.Add("Door", "a")
	if w := r.setSpeaker(r.Member, door, address+"?codec=pcma"); w != "" {
		t.Fatalf("it was refused as %q", w)
	}
	end()
	_, heard, _ := cameratest.Listening(t, "PCMA", address)
	anna := r.talker(r.Member, door)
	stop := anna.speak()
	defer stop()
	r.Until("word that the camera has a speaker", anna.speaker.Load)
	must(t, anna.press())
	r.Until("two seconds of the voice", func() bool { return long(cameratest.Tones(heard(), voice)) > 2*time.Second })
	anna.hush()
	if w := anna.over(); w != talk.Released {
		t.Errorf("it ended as %s", w)
	}
	all := heard()
	chimes, said := cameratest.Chimes(all), cameratest.Tones(all, voice)
	if len(chimes) != 1 || len(said) == 0 || said[0].From < chimes[0].Until-20*time.Millisecond {
		t.Errorf("the voice was heard at %v, after the chime at %v", said, chimes)
	}
}

// A camera that takes a connection and then nothing keeps nobody waiting: that is said, and the hub goes on.
func TestASpeakerThatTakesNothingIsSaidToTheOneWhoTalks(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	var kept []net.Conn
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*net.TCPConn).SetReadBuffer(1024)
			kept = append(kept, c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		for _, c := range kept {
			_ = c.Close()
		}
	})
	address := "http://" + l.Addr().String() + "/talk"
	r := posting(t, address)
	door := r.Add("Door", "a")
	if w := r.setSpeaker(r.Member, door, strings.Replace(address, "//", "//u:p@", 1)); w != request.RefusedUnreachable {
		t.Errorf("one that does not say what it wants to see is refused as %q", w)
	}
	if w := r.setSpeaker(r.Member, door, address); w != "" {
		t.Fatalf("it was refused as %q", w) // whether it is heard nobody can tell but who stands there
	}
	anna := r.talker(r.Member, door)
	r.Until("word that the camera has a speaker", anna.speaker.Load)
	stop := anna.speak()
	defer stop()
	must(t, anna.press())
	if w := anna.over(); w != talk.Camera {
		t.Errorf("it ended as %s", w)
	}
	r.Packs(door, 1)
}
