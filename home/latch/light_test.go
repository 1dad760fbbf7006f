// SPDX-License-Identifier: Apache-2.0

package latch

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/statement/rule"
)

var near = func(netip.Addr) bool { return true }

// A camera's lamp is turned by the relay that stays as it is set, and by no other: one that falls back since, one of another
// camera and one behind another password are left alone.
func TestALampAtACamerasRelay(t *testing.T) {
	t.Parallel()
	film := cameratest.Clip(t, cameratest.Plain())
	cam, err := camera.Start(camera.Config{
		Addr: "127.0.0.1:0", ONVIF: "127.0.0.1:0", Discovery: "127.0.0.1:0", Lock: "127.0.0.1:0", User: "anna", Pass: "secret",
		Feeds: []camera.Feed{{Path: "door", File: film, Relay: true, Light: true}, {Path: "yard", File: film, Relay: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	d := &Driver{Here: []netip.AddrPort{cam.ONVIF()}, Near: near}
	own := func(path string) *Own {
		return &Own{Device: Device{Service: "http://" + cam.ONVIF().String() + "/onvif/" + path + "/device_service"}, User: "anna", Password: "secret"}
	}
	o := own("door")
	for token, want := range map[string]error{camera.RelayToken: ErrFalls, "light-9": ErrNone} {
		if err := d.ChooseLamp(t.Context(), own("door"), token); !errors.Is(err, want) {
			t.Errorf("the relay %q: %v", token, err)
		}
	}
	if err := d.ChooseLamp(t.Context(), own("yard"), ""); !errors.Is(err, ErrFalls) {
		t.Errorf("a camera whose relays all fall back: %v", err)
	}
	if err := d.ChooseLamp(t.Context(), o, ""); err != nil || o.Token != camera.LightToken {
		t.Fatalf("it chooses %q: %v", o.Token, err)
	}
	turn := func(o Own, on bool, want error, lit bool) {
		t.Helper()
		if err := d.TurnOwn(t.Context(), &o, on); !errors.Is(err, want) || cam.Light().Lit != lit {
			t.Errorf("turned on=%v it says %v, and is %+v", on, err, cam.Light())
		}
	}
	turn(*o, true, nil, true)
	turn(*o, false, nil, false)
	other := *o
	other.Password = "another"
	turn(other, true, ErrPassword, false)
	other = *o
	other.Serial = "another"
	if err := d.TurnOwn(t.Context(), &other, true); rule.Of(err) != rule.WrongCamera || cam.Light().Lit {
		t.Errorf("of another camera it says %v", err)
	}
	other = *o
	other.Token = camera.RelayToken // since it was chosen it has become a door's
	turn(other, true, ErrFalls, false)
	if cam.Light().Turned != 2 {
		t.Errorf("it was turned %d times", cam.Light().Turned)
	}
	cam.Close()
	turn(*o, true, ErrAway, false)
}

// A lamp by HTTP is told by a POST, with its password and at its own place alone; whatever but 2xx is no.
func TestALampByHTTP(t *testing.T) {
	t.Parallel()
	var told []string
	lamp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		told = append(told, r.Method+" "+r.URL.RequestURI()+" "+password)
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/on", http.StatusTemporaryRedirect)
		case "/who":
			w.WriteHeader(http.StatusUnauthorized)
		case "/no":
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(lamp.Close)
	at := netip.MustParseAddrPort(lamp.Listener.Addr().String())
	d := &Driver{Here: []netip.AddrPort{at}, Near: near}
	base := strings.Replace(lamp.URL, "//", "//u:p@", 1)
	if err := d.Tell(t.Context(), base+"/on?turn=on"); err != nil || len(told) != 1 || told[0] != "POST /on?turn=on p" {
		t.Errorf("it was told %q: %v", told, err)
	}
	for path, want := range map[string]error{"/who": ErrPassword, "/no": ErrNo} {
		if err := d.Tell(t.Context(), base+path); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	told = nil
	if err := d.Tell(t.Context(), base+"/away"); rule.Of(err) != rule.Elsewhere || len(told) != 1 {
		t.Errorf("sent on it was told %q: %v", told, err)
	}
	for name, one := range map[string]struct {
		d    Driver
		want rule.Name
	}{
		"on this computer":        {Driver{Near: near}, rule.Here},
		"where a door is opened":  {Driver{Here: d.Here, Near: near, Locks: []netip.AddrPort{at}}, rule.Gesture},
		"that is not of the home": {Driver{Here: d.Here, Near: func(netip.Addr) bool { return false }}, rule.Here},
	} {
		if err := one.d.Tell(t.Context(), base+"/on"); rule.Of(err) != one.want || strings.Contains(err.Error(), at.String()) {
			t.Errorf("a lamp %s: %v", name, err)
		}
	}
	lamp.Close()
	if err := d.Tell(t.Context(), base+"/on"); !errors.Is(err, ErrAway) {
		t.Errorf("a lamp that is gone: %v", err)
	}
}
