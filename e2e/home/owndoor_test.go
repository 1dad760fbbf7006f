// SPDX-License-Identifier: Apache-2.0

package home

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// ownDoors is a hub that may ask the rig's camera, which opens a lock itself.
func ownDoors(t *testing.T) *Rig {
	t.Helper()
	r := Unpaired(t)
	r.ffmpeg = none
	r.here.Addresses = append(r.here.Addresses, r.Camera.ONVIF())
	r.Begin()
	return r
}

// itself lets the door at a camera be opened by the camera.
func (r *Rig) itself(c id.Camera, token string) error {
	return r.Member.SetDoor(r.t.Context(), session.Door{Camera: c, Name: "Front door", Kind: lock.ONVIF, Way: &lock.Way{Relay: token}}, r.digits)
}

// times is how often the rig's camera was told to open its lock.
func (r *Rig) times() int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.Camera.Lock().String()+"/", nil)
	must(r.t, err)
	req.SetBasicAuth("u", "p")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	must(r.t, err)
	defer resp.Body.Close()
	var s camera.LockState
	b, err := io.ReadAll(resp.Body)
	must(r.t, err)
	must(r.t, json.Unmarshal(b, &s))
	return s.Opened
}

// another puts another camera in the place of the rig's, at the same addresses.
func (r *Rig) another(edit func(*camera.Config)) {
	r.t.Helper()
	cfg := cameraConfig()
	cfg.Addr, cfg.ONVIF, cfg.Discovery, cfg.Lock = r.Camera.Addr().String(), r.Camera.ONVIF().String(), r.Camera.Discovery().String(), r.Camera.Lock().String()
	edit(&cfg)
	r.Camera.Close()
	var err error
	r.Camera, err = camera.Start(cfg)
	must(r.t, err)
}

// A doorbell's own relay, and a door of its door control service, open as every other lock does: once for three taps, on
// the record, with the picture; also while nobody may look.
func TestADoorOpensByTheCameraItself(t *testing.T) {
	t.Parallel()
	r := ownDoors(t)
	ctx := t.Context()
	bell, gate := r.Add("Doorbell", "a"), r.Add("Gate", "b")
	r.Packs(bell, 1)
	if err := r.itself(bell, "relay-9"); word(err) != request.RefusedNoRelay {
		t.Errorf("a relay that the camera has not: %v", err)
	}
	r.drain()
	if err := r.itself(bell, camera.DoorToken); word(err) != request.RefusedNoRelay {
		t.Errorf("another camera's door at the same address: %v", err)
	}
	if len(r.gestures) != 0 {
		t.Error("the hub shows a code for what it refuses")
	}
	must(t, r.itself(bell, ""))
	var wg sync.WaitGroup
	for range 3 {
		s := r.owner().session()
		wg.Go(func() {
			if _, err := s.Open(ctx, bell, nil); err != nil {
				t.Errorf("one of three taps: %v", err)
			}
		})
	}
	wg.Wait()
	if n := r.times(); n != 1 {
		t.Errorf("three taps told the relay %d times", n)
	}
	one := r.outcome(bell, manifest.Opened, 1)
	r.Until("the picture of the moment", func() bool {
		return slices.ContainsFunc(r.Timeline(bell).Moments, func(m *manifest.Moment) bool { return m.Number == one.Number })
	})

	must(t, r.itself(gate, camera.DoorToken))
	must(t, r.private(gate, nil, true))
	if _, err := r.Member.Open(ctx, gate, nil); err != nil {
		t.Errorf("at a camera that is private: %v", err)
	}
	if n := r.times(); n != 2 {
		t.Errorf("the lock was told %d times", n)
	}
	r.outcome(gate, manifest.Opened, 1)

	// It is there once the hub is back, and nobody reads in the hub's files where.
	r.Stop()
	r.Start()
	r.Serving()
	r.offset.Add(int64(6 * time.Second))
	if _, err := r.Member.Open(ctx, gate, nil); err != nil {
		t.Errorf("after the hub began anew: %v", err)
	}
	r.hasNoPassword("device_service", `"p"`)
}

// A camera that does not open is not said to have opened.
func TestACameraThatDoesNotOpenTheDoor(t *testing.T) {
	t.Parallel()
	r := ownDoors(t)
	bell, gate := r.Add("Doorbell", "a"), r.Add("Gate", "b")
	must(t, r.itself(bell, ""))
	must(t, r.itself(gate, ""))
	tries := map[id.Camera]int{}
	try := func(what string, c id.Camera, want, outcome string) {
		t.Helper()
		r.offset.Add(int64(6 * time.Second)) // else it counts as open from a moment ago
		tries[c]++
		if _, err := r.Member.Open(t.Context(), c, nil); word(err) != want {
			t.Errorf("%s: %v", what, err)
		}
		r.outcome(c, outcome, tries[c])
	}
	r.another(func(c *camera.Config) { c.Habits.Jammed = true })
	try("a lock that stays shut", gate, request.RefusedLockAway, manifest.OpenUnanswered)
	if n := r.times(); n != 1 {
		t.Errorf("a lock that stays shut was told %d times", n)
	}
	r.another(func(c *camera.Config) { c.Habits.RelayStays = true })
	try("a relay that would stay", bell, request.RefusedLockNo, manifest.OpenRefused)
	if err := r.itself(bell, ""); word(err) != request.RefusedRelayStays {
		t.Errorf("a relay that would stay: %v", err)
	}
	r.another(func(c *camera.Config) { c.Feeds[0].Relay = false })
	try("a relay that is gone", bell, request.RefusedLockNo, manifest.OpenRefused)
	if err := r.itself(bell, ""); word(err) != request.RefusedNoRelay {
		t.Errorf("a camera without a relay: %v", err)
	}
	r.another(func(c *camera.Config) { c.Pass = "another" })
	try("a wrong password", bell, request.RefusedLockNo, manifest.OpenRefused)
	if err := r.itself(bell, ""); word(err) != request.RefusedPassword {
		t.Errorf("a wrong password: %v", err)
	}
	r.another(func(*camera.Config) {})
	if n := r.times(); n != 0 {
		t.Errorf("it was told %d times meanwhile", n)
	}
	try("the camera as it was", bell, "", manifest.Opened)
	r.Camera.Close()
	try("a camera that is away", bell, request.RefusedLockAway, manifest.OpenUnanswered)
}
