// SPDX-License-Identifier: Apache-2.0

package find

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
)

// simulated starts three simulated cameras with a password, whose clock is an hour ahead.
func simulated(t *testing.T, cfg camera.Config) *camera.Camera {
	t.Helper()
	film := cameratest.Clip(t, cameratest.Plain())
	cfg.Addr, cfg.ONVIF, cfg.User, cfg.Pass, cfg.Skew = "127.0.0.1:0", "127.0.0.1:0", "anna", `p<&">ä`, time.Hour
	for _, path := range []string{"door", "garden", "yard"} {
		cfg.Feeds = append(cfg.Feeds, camera.Feed{Path: path, File: film, Serial: t.Name() + path})
	}
	c, err := camera.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func look(t *testing.T, to netip.AddrPort) []Device {
	t.Helper()
	found, err := Look(t.Context(), Config{Ask: []netip.AddrPort{to}, Wait: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFindsThreeCamerasAndTheirStreams(t *testing.T) {
	t.Parallel()
	c := simulated(t, camera.Config{Discovery: "127.0.0.1:0"})
	found := look(t, c.Discovery())
	if len(found) != 3 {
		t.Fatalf("found %v", found)
	}
	for i, path := range []string{"door", "garden", "yard"} {
		d := found[i]
		if !strings.HasSuffix(d.Service, "/onvif/"+path+"/device_service") || d.Maker != "Keyhold" || d.Model != "Simulated camera" || !strings.HasPrefix(d.Endpoint, "urn:uuid:") {
			t.Errorf("%s was found as %+v", path, d)
		}
		if _, err := Open(d, "", "").Details(t.Context()); !errors.Is(err, ErrPassword) {
			t.Errorf("without a password: %v", err)
		}
		wrong := Open(d, "anna", "another")
		if err := wrong.Clock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := wrong.Details(t.Context()); !errors.Is(err, ErrPassword) {
			t.Errorf("with another password: %v", err)
		}
		// Its clock is an hour ahead, so that a digest of our time does not hold; the one over HTTP knows no time.
		late := Open(d, "anna", `p<&">ä`)
		if _, err := late.Details(t.Context()); err != nil || late.digest == nil {
			t.Errorf("without its clock: %v, digest over HTTP: %v", err, late.digest != nil)
		}
		right := Open(d, "anna", `p<&">ä`)
		if err := right.Clock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if right.ahead < 59*time.Minute || right.ahead > 61*time.Minute {
			t.Errorf("the clock is %v ahead", right.ahead)
		}
		details, err := right.Details(t.Context())
		if err != nil || details.Serial != t.Name()+path || right.digest != nil {
			t.Errorf("%+v, %v; digest over HTTP: %v", details, err, right.digest != nil)
		}
		streams, err := right.Streams(t.Context())
		if err != nil || len(streams) != 1 {
			t.Fatalf("streams %v, %v", streams, err)
		}
		s := streams[0]
		if s.URL != "rtsp://"+c.Addr().String()+"/"+path || s.Codec != "H264" || s.Width != 320 || s.Height != 180 {
			t.Errorf("%s sends %+v", path, s)
		}
		b, err := right.Snapshot(t.Context(), s.Snapshot, 20_000)
		if err != nil || len(b) > 20_000 {
			t.Fatalf("a picture of %d bytes, %v", len(b), err)
		}
		if cfg, err := jpeg.DecodeConfig(bytes.NewReader(b)); err != nil || cfg.Width != 320 || cfg.Height != 180 {
			t.Errorf("a picture of %d×%d, %v", cfg.Width, cfg.Height, err)
		}
	}
}

func TestEverybodyIsAsked(t *testing.T) {
	t.Parallel()
	c := simulated(t, camera.Config{})
	found, err := Look(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	// Others on this machine may answer as well.
	service := "/onvif/garden/device_service"
	if !slices.ContainsFunc(found, func(d Device) bool {
		details := Open(d, "anna", `p<&">ä`)
		if !strings.HasSuffix(d.Service, service) || details.Clock(t.Context()) != nil {
			return false
		}
		said, err := details.Details(t.Context())
		return err == nil && said.Serial == t.Name()+"garden"
	}) {
		t.Errorf("the camera at %v is not among %v", c.Addr(), found)
	}
}

// Who asks one address wants to know who is there: a camera elsewhere that hears it as well is none of them.
func TestWhoWasNotAskedIsNotFound(t *testing.T) {
	t.Parallel()
	c := simulated(t, camera.Config{Discovery: "0.0.0.0:0"}) // it hears all of this machine, and answers from 127.0.0.1
	at := func(host byte) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, host}), c.Discovery().Port())
	}
	if found := look(t, at(1)); len(found) != 3 {
		t.Errorf("where it is there were %v", found)
	}
	if found := look(t, at(9)); len(found) != 0 {
		t.Errorf("where nobody is there were %v", found)
	}
}

func TestSearchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	if found, err := Look(ctx, Config{Wait: time.Minute}); err != nil || len(found) != 0 || time.Since(began) > 10*time.Second {
		t.Errorf("found %v, %v after %v", found, err, time.Since(began))
	}
}

func TestOnlyAddressesOfAHome(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"192.168.1.20": true, "10.0.0.1": true, "172.16.4.4": true, "169.254.3.3": true, "127.0.0.1": true, "100.64.0.1": true,
		"8.8.8.8": false, "172.32.0.1": false, "224.0.0.1": false, "0.0.0.0": false,
	} {
		if AtHome(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: want %v", text, want)
		}
	}
}
