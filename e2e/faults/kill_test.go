// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/e2e/harness"
	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/statement/request"
)

// kills is how often each of the two is killed.
func kills(t *testing.T) int {
	t.Helper()
	n, err := harness.Amount("KEYHOLD_TEST_KILLS", 5)
	must(t, err)
	return n
}

const (
	// openSegment is the longest that an open segment of the test's films may be: four seconds and a
	// group of pictures, and what the hub gathers before it wakes up.
	openSegment = 6500 * time.Millisecond
)

var cameras = []string{"Door", "Yard"}

// home starts a world with two cameras that record.
func home(t *testing.T) *harness.World {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	films := map[string]string{}
	for i, name := range cameras {
		films[name] = w.Path(name + ".mp4")
		must(t, harness.Film{Seconds: 10, Colour: []string{"Tomato", "Teal"}[i]}.Make(ctx, films[name]))
	}
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, films))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	for _, name := range cameras {
		_, err := w.Owner(ctx, "cameras", "add", name, w.CameraURL(name))
		must(t, err)
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// load asks for packs to leave early, again and again, so that packs close and go up all the time.
// The function that it returns ends it and waits.
func load(t *testing.T, w *harness.World) (stop func()) {
	t.Helper()
	folder, err := device.Open(w.Path("device"))
	must(t, err)
	at, err := folder.Household()
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			ask, done := context.WithTimeout(ctx, 3*time.Second)
			if s, err := session.Open(folder, &api.Client{Base: at.Cloud, HTTP: new(http.Client)}); err == nil {
				_, _ = s.Do(ask, request.Op{Kind: request.OpLeaveEarly}) // whoever is dead does not answer
			}
			done()
			pause(ctx, time.Second)
		}
	})
	return func() { cancel(); wg.Wait() }
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// grown waits until the hub has more packs than before, and then for a moment of chance.
func grown(t *testing.T, w *harness.World, than int) {
	t.Helper()
	must(t, w.Hub.Until(t.Context(), time.Minute, "recording more packs", func(ctx context.Context) bool {
		list, err := objects(ctx, w.Path("hub"))
		return err == nil && len(list) >= than+4
	}))
	pause(t.Context(), rand.N(2500*time.Millisecond))
}

// caughtUp waits until the cloud has all that the hub has recorded so far.
func caughtUp(t *testing.T, w *harness.World) {
	t.Helper()
	before, err := objects(t.Context(), w.Path("hub"))
	must(t, err)
	must(t, w.Hub.Until(t.Context(), time.Minute, "catching up", func(ctx context.Context) bool {
		now, err := objects(ctx, w.Path("hub"))
		if err != nil || len(now) < len(before) {
			return false
		}
		for _, o := range now[:len(before)] {
			if !o.inside {
				return false
			}
		}
		return true
	}))
}

// lossless wants every object that was ever acknowledged to be in the vault, byte for byte, and a
// member to see one unbroken account of both cameras: footage, and gaps with their reasons.
func lossless(t *testing.T, w *harness.World, acknowledged map[string]object) []harness.Stretch {
	t.Helper()
	for _, o := range acknowledged {
		if err := stored(w.Path("cloud/objects"), o); err != nil {
			t.Errorf("an acknowledged pack is lost: %v", err)
		}
	}
	all := onRecord(t, w)
	for _, name := range cameras {
		var reached int64
		for _, s := range all {
			if s.Name != name {
				continue
			}
			if reached != 0 && s.From-reached > 500 {
				t.Errorf("%s: %d ms before a stretch (%s) are not accounted for", name, s.From-reached, s.Kind)
			}
			reached = max(reached, s.Until)
		}
		if reached == 0 {
			t.Errorf("%s: nothing was recorded", name)
		}
	}
	for _, name := range cameras {
		file := w.Path(name + "-export.mp4")
		if _, err := w.Owner(t.Context(), "export", "--camera", name, "--from", "-15m", "--until", "now", "--out", file); err != nil {
			t.Errorf("%s: what is served cannot be exported whole: %v", name, err)
		}
	}
	return all
}

func TestHubKilledUnderLoadLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	w := home(t)
	stop := load(t, w)
	defer stop()
	acknowledged := map[string]object{}
	var killed, back []time.Time
	for range kills(t) {
		list, err := objects(t.Context(), w.Path("hub"))
		must(t, err)
		grown(t, w, len(list))
		w.Hub.Kill()
		killed = append(killed, time.Now())
		if list, err = objects(t.Context(), w.Path("hub")); err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			acknowledged[o.name] = o
		}
		if _, err := sound(t.Context(), w); err != nil {
			t.Errorf("after kill %d: %v", len(killed), err)
		}
		must(t, w.StartHub(t.Context()))
		back = append(back, time.Now())
	}
	stop()
	caughtUp(t, w)
	must(t, w.Hub.Until(t.Context(), time.Minute, "recording after the last kill", func(context.Context) bool {
		return time.Since(back[len(back)-1]) > 8*time.Second
	}))
	must(t, w.Hub.Stop())
	r, err := sound(t.Context(), w)
	must(t, err)
	if r.Packs != r.Uploaded || r.Vault != r.Packs {
		t.Errorf("of %d packs %d are uploaded, %d of them checked in the vault", r.Packs, r.Uploaded, r.Vault)
	}
	all := lossless(t, w, acknowledged)
	for _, name := range cameras {
		for i, at := range killed {
			gap := around(all, name, at.UnixMilli())
			if gap == nil {
				t.Errorf("%s: kill %d at %d has no signed gap; on record are %+v", name, i+1, at.UnixMilli(), all)
				continue
			}
			if lost := at.Sub(time.UnixMilli(gap.From)); lost > openSegment {
				t.Errorf("%s: kill %d lost %s, more than an open segment", name, i+1, lost)
			}
			if away := time.UnixMilli(gap.Until).Sub(back[i]); away > 6*time.Second {
				t.Errorf("%s: %s after restart %d before a picture is kept", name, away, i+1)
			}
		}
	}
	t.Logf("%d packs, %d of them acknowledged before a kill; nothing lost", r.Packs, len(acknowledged))
}

// onRecord is every segment and every gap as the hub signed them, read and verified by the member. (The
// listing for persons joins what lies close together.)
func onRecord(t *testing.T, w *harness.World) []harness.Stretch {
	t.Helper()
	folder, err := device.Open(w.Path("device"))
	must(t, err)
	at, err := folder.Household()
	must(t, err)
	s, err := session.Open(folder, &api.Client{Base: at.Cloud, HTTP: new(http.Client)})
	must(t, err)
	var all []harness.Stretch
	now := time.Now().UnixMilli()
	v, err := s.Steady(t.Context(), func(v *session.View) error {
		all = nil
		for _, c := range v.Names.Cameras {
			tl, err := v.Timeline(t.Context(), c.ID, now-12*3_600_000, now)
			if err != nil {
				return err
			}
			for _, x := range tl.Segments {
				all = append(all, harness.Stretch{Kind: "recorded", Name: c.Name, From: x.Start, Until: x.End})
			}
			for _, g := range tl.Gaps {
				all = append(all, harness.Stretch{Kind: "gap", Name: c.Name, From: g.From, Until: g.Until, Reason: g.Reason})
			}
		}
		return nil
	})
	must(t, err)
	if len(v.Alarms) > 0 {
		t.Errorf("alarms: %v", v.Alarms)
	}
	slices.SortStableFunc(all, func(a, b harness.Stretch) int { return cmp.Compare(a.From, b.From) })
	return all
}

// around finds the gap in which a time lies.
func around(all []harness.Stretch, name string, at int64) *harness.Stretch {
	for i, s := range all {
		if s.Name == name && s.Kind == "gap" && s.From <= at && at <= s.Until {
			return &all[i]
		}
	}
	return nil
}

func TestCloudKilledUnderLoadLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	w := home(t)
	stop := load(t, w)
	defer stop()
	acknowledged := map[string]object{}
	for i := range kills(t) {
		list, err := objects(t.Context(), w.Path("hub"))
		must(t, err)
		grown(t, w, len(list))
		// What the hub has noted before the kill, the cloud has confirmed.
		list, err = objects(t.Context(), w.Path("hub"))
		must(t, err)
		w.Cloud.Kill()
		for _, o := range list {
			if o.inside {
				acknowledged[o.name] = o
			}
		}
		for _, o := range acknowledged {
			if err := stored(w.Path("cloud/objects"), o); err != nil {
				t.Errorf("kill %d: %v", i+1, err)
			}
		}
		// The hub records on without it: nobody can ask packs to leave early now, so only time passes.
		pause(t.Context(), time.Second+rand.N(3*time.Second))
		must(t, w.StartCloud(t.Context()))
	}
	stop()
	caughtUp(t, w)
	must(t, w.Hub.Stop())
	r, err := sound(t.Context(), w)
	must(t, err)
	if r.Packs != r.Uploaded || r.Vault != r.Packs {
		t.Errorf("of %d packs %d are uploaded, %d of them checked in the vault", r.Packs, r.Uploaded, r.Vault)
	}
	for _, s := range lossless(t, w, acknowledged) {
		if s.Kind == "gap" {
			t.Errorf("%s: a gap (%s) although only the cloud was away", s.Name, s.Reason)
		}
	}
	// No half object lies about: what is in the vault is what the hub knows.
	known := map[string]bool{}
	list, err := objects(t.Context(), w.Path("hub"))
	must(t, err)
	for _, o := range list {
		known[o.name] = true
	}
	must(t, filepath.WalkDir(w.Path("cloud/objects"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" && !known[d.Name()] {
			t.Errorf("the vault holds %s, which no leaf names", d.Name())
		}
		return err
	}))
}
