// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// The cloud's program is dead. Whoever is at home looks, saves and removes all the same; when the cloud is back, it has
// everything, and nobody is alarmed.
func TestTheCloudDiesAndTheHomeGoesOn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	bring(t, w, "device", "eva", "--person", "Eva", "--role", "viewer", "--cameras", "Door")
	must(t, harness.Poll(ctx, time.Minute, "something recorded", func(ctx context.Context) bool {
		out, err := w.Owner(ctx, "list", "--camera", "Door", "--json")
		return err == nil && strings.Contains(out, `"segments":`)
	}))
	person(t, w, "eva", 0, "list") // her first command, by which her device learns where the hub is
	w.Cloud.Kill()

	const said = "At home, without the cloud"
	s := person(t, w, "device", 0, "export", "--camera", "Door", "--from", "-1m", "--until", "now", "--out", w.Path("door.mp4"))
	wants(t, "saving", s.Said, said, "Every segment is the hub's")
	wants(t, "the check of what was saved", person(t, w, "device", 0, "verify", w.Path("door.mp4")).Said+s.Said, "the hub's")
	s = person(t, w, "device", 0, "live", "--camera", "Door", "--out", w.Path("door.h264"), "--for", "4s", "--json")
	wants(t, "watching", s.Said, said)
	wants(t, "watching", s.Out, `"event":"first-picture"`)
	wants(t, "who is watching", person(t, w, "device", 0, "live", "--who").Out, "Nobody is watching.")
	wants(t, "the cameras", person(t, w, "device", 0, "cameras", "list").Out, "Door", "recording")
	wants(t, "looking as a viewer", person(t, w, "eva", 0, "list", "--camera", "Door").Said, said)
	s = person(t, w, "device", 0, "remove", "Eva", "--yes")
	wants(t, "removing", s.Said, said, "In force: Eva is out")
	if gone := person(t, w, "eva", 1, "list"); strings.Contains(gone.Out, "Door") {
		t.Errorf("who was removed is shown %s", gone.Out)
	}

	must(t, w.StartCloud(ctx))
	must(t, harness.Poll(ctx, time.Minute, "the cloud having heard of it", func(ctx context.Context) bool {
		out, err := w.Owner(ctx, "roster")
		return err == nil && !strings.Contains(out, "Eva")
	}))
	s = person(t, w, "device", 0, "list", "--camera", "Door")
	hides(t, "a list once the cloud is back", s.Said, said, "ALARM")
	must(t, noAddress(w.Path("logs/hub.log"), w.Path("device/hub.json")))
	must(t, noAddress(w.Path("logs/cloud.log"), w.Path("device/hub.json")))
}

// noAddress wants none of the addresses that a device was told in a log.
func noAddress(log, told string) error {
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	hub, err := os.ReadFile(told)
	if err != nil {
		return err
	}
	found := false
	for word := range strings.SplitSeq(string(hub), `"`) {
		host, port, ok := strings.Cut(word, ":")
		if !ok || strings.Trim(port, "0123456789") != "" || strings.Count(host, ".") != 3 {
			continue
		}
		found = true
		if !strings.HasPrefix(host, "127.") && strings.Contains(string(text), host) || strings.Contains(string(text), word) {
			return errors.New("an address of the home's network stands in " + log)
		}
	}
	if !found {
		return errors.New("the device was told no address")
	}
	return nil
}

// Attack: the cloud keeps back a removal. Control: a device that does not know the way home is told so after a minute.
// One that does has it in force within seconds.
func TestARemovalThatTheCloudKeepsBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var keeps atomic.Bool
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	cloud, err := url.Parse(w.CloudURL())
	must(t, err)
	pass := httputil.NewSingleHostReverseProxy(cloud)
	operator := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if keeps.Load() && r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/mail/hub") {
			_, _ = io.Copy(io.Discard, r.Body)
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		pass.ServeHTTP(rw, r)
	}))
	t.Cleanup(operator.Close)
	must(t, w.StartCloud(ctx))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, operator.URL))
	bring(t, w, "device", "eva", "--person", "Eva", "--role", "viewer")
	bring(t, w, "device", "ben", "--person", "Ben", "--role", "viewer")
	told, err := os.ReadFile(w.Path("device/hub.json"))
	must(t, err)
	keeps.Store(true)

	must(t, os.Remove(w.Path("device/hub.json")))
	s := person(t, w, "device", 3, "remove", "Eva", "--yes")
	wants(t, "the control", s.Said, "is not in force after a minute", "withheld")

	must(t, os.WriteFile(w.Path("device/hub.json"), told, 0o600))
	began := time.Now()
	s = person(t, w, "device", 0, "remove", "Ben", "--yes")
	wants(t, "at home", s.Said, "Delivered to the hub at home, without the cloud.", "In force: Ben is out")
	t.Logf("in force after %s", time.Since(began))
	// The one that was kept back goes with the next command, whatever that is.
	s = person(t, w, "device", 0, "roster")
	wants(t, "the next command", s.Said, "The removal of Eva is in force now: delivered to the hub at home, without the cloud.")
}
