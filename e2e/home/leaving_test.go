// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/hub"
	"keyhold/internal/intime"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const week = 7 * 24 * time.Hour

// erase has everything erased, by somebody who stands at the hub, and says when that is due.
func (r *Rig) erase() (due int64) {
	r.t.Helper()
	hidden, err := r.Member.Erase(r.t.Context(), func(bool) (string, error) { return (<-r.gestures).Code, nil })
	must(r.t, err)
	return hidden.Due
}

// traces are what would betray that this household was here.
func (r *Rig) traces(c id.Camera) map[string][]byte {
	r.t.Helper()
	s := r.Member
	out := map[string][]byte{
		"the household": []byte(s.Home.Household), "the camera": []byte(c), "the device": []byte(s.Keys.ID()), "the person": []byte(s.Home.Person),
		"the hub's key": []byte(base64.StdEncoding.EncodeToString(s.Roster.Hub.Sign)), "the epoch": []byte(r.recorded(c)[0].epoch),
	}
	body, err := os.ReadFile(r.recorded(c)[0].path)
	must(r.t, err)
	out["a recording"] = body[len(body)/2 : len(body)/2+64]
	return out
}

// found looks for traces in the names and bytes of everything in a folder, as they are and in base64.
func found(t *testing.T, dir string, traces map[string][]byte) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, trace := range traces {
			forms := [][]byte{trace}
			for i := range 3 {
				text := base64.StdEncoding.EncodeToString(append(make([]byte, i), trace...))
				forms = append(forms, []byte(text[4:len(text)-4]))
			}
			if slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Contains(body, f) || strings.Contains(path, string(f)) }) {
				out = append(out, name+" in "+filepath.Base(path))
			}
		}
		return nil
	})
	must(t, err)
	return out
}

// hubErased waits until the hub has erased itself.
func (r *Rig) hubErased() {
	r.t.Helper()
	select {
	case err := <-r.ended:
		if !errors.Is(err, hub.ErrErased) {
			r.t.Fatalf("the hub ended with %v", err)
		}
	case <-time.After(patience):
		r.t.Fatal("the hub does not erase itself")
	}
	r.stop()
	r.stop = nil
}

// TestDeletingEverythingLeavesNothing sweeps all that the operator, the hub and a member hold, seven days later.
func TestDeletingEverythingLeavesNothing(t *testing.T) {
	r := Plain(t)
	c := r.Add("Door", "a")
	r.Packs(c, 2)
	guardian := r.Bring("Gus", roster.Guardian)
	r.View()
	traces, links := r.traces(c), len(r.Member.Roster.Chain)
	reading, err := footage.Start(t.Context(), r.Member, r.View(), c, r.Timeline(c).Segments, request.PurposeHistory)
	must(t, err)
	_, err = reading.Segment(t.Context(), 0)
	must(t, err)
	due := r.erase()
	if got := due - r.now().UnixMilli(); got < (week-time.Minute).Milliseconds() || got > (week+time.Minute).Milliseconds() {
		t.Errorf("it is due in %d ms", got)
	}
	// Everybody is told whose wish it is, and is shown nothing.
	_, err = guardian.session().Sync(t.Context())
	var told *session.HiddenError
	if !errors.As(err, &told) || told.By != r.Member.Keys.ID() || told.Due != due {
		t.Fatalf("the guardian is told: %v", err)
	}
	// And who was reading just then: it is no recording that the cloud withholds.
	if _, err := reading.Segment(t.Context(), 1); !errors.As(err, &told) || told.Due != due {
		t.Errorf("who was reading is told: %v", err)
	}
	if _, err := r.Member.Erased(t.Context()); !errors.Is(err, session.ErrNoReceipt) {
		t.Errorf("a receipt before the time: %v", err)
	}
	// The control: the scanner sees everything as long as it is there.
	for name, dir := range map[string]string{"hub": r.Dir, "cloud": r.Vault} {
		if got := found(t, dir, traces); len(got) < len(traces) {
			t.Fatalf("there are only %d traces of %d at the %s: %v", len(got), len(traces), name, got)
		}
	}
	if got := found(t, r.Member.Folder.Dir(), traces); len(got) < 4 {
		t.Fatalf("there are only %d traces with the member: %v", len(got), got)
	}
	// The hub goes on until the time has come: it may still be taken back.
	r.offset.Add(int64(week - time.Hour))
	must(t, r.Cloud.Sweep(t.Context()))
	if got := found(t, r.Dir, traces); len(got) < len(traces) {
		t.Fatalf("the hub has erased too early: %v", got)
	}
	r.offset.Add(int64(time.Hour + time.Minute))
	must(t, r.Cloud.Sweep(t.Context()))
	r.hubErased()

	done, err := r.Member.Erased(t.Context())
	must(t, err)
	if done.Missing != 0 || done.Known != links || done.Counts["links"] != int64(links) || done.Counts["objects"] < 2 || done.Bytes == 0 {
		t.Errorf("the receipt says %+v", done.Receipt)
	}
	must(t, r.Member.Folder.Clear())
	for name, dir := range map[string]string{"hub": r.Dir, "cloud": r.Vault, "member": r.Member.Folder.Dir()} {
		if got := found(t, dir, traces); len(got) > 0 {
			t.Errorf("left at the %s: %q", name, got)
		}
	}
	files, err := os.ReadDir(r.Dir)
	must(t, err)
	for _, f := range files {
		if f.Name() != "lock" {
			t.Errorf("the hub keeps %s", f.Name())
		}
	}
	// The hub is as new, and belongs to whom it is paired with next.
	codes := r.Start()
	r.t.Cleanup(r.Stop)
	must(t, r.Pair((<-codes).String()))
	r.Serving()
	r.Add("Door", "a")
}

// TestAnotherOwnerKeepsEverything takes an erasure back while the hub is away: it must not erase anything on its own.
func TestAnotherOwnerKeepsEverything(t *testing.T) {
	r := Plain(t)
	c := r.Add("Door", "a")
	ben, gus := r.Bring("Ben", roster.Owner), r.Bring("Gus", roster.Guardian)
	r.Packs(c, 1)
	r.erase()
	if _, err := gus.session().Keep(t.Context()); !errors.Is(err, session.ErrNotOwner) {
		t.Errorf("a guardian keeps everything: %v", err)
	}
	r.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), intime.By(3*time.Second))
	defer cancel()
	heard, err := ben.session().Keep(ctx)
	must(t, err)
	if heard {
		t.Error("a hub that is off has heard of it")
	}
	_, err = ben.session().Keep(t.Context())
	if !errors.Is(err, session.ErrNothingErased) {
		t.Errorf("it is kept twice: %v", err)
	}
	r.offset.Add(int64(week + time.Hour))
	must(t, r.Cloud.Sweep(t.Context()))
	r.Start()
	t.Cleanup(r.Stop)
	r.Serving()
	before := len(r.Packs(c, 1))
	r.packs(c, "recording on", func(list []*manifest.Pack) bool { return len(list) > before })
	if _, err := r.Member.Erased(t.Context()); !errors.Is(err, session.ErrNothingErased) {
		t.Errorf("something is still to be erased: %v", err)
	}
	// And again, taken back by way of the hub.
	r.erase()
	heard, err = r.Member.Keep(t.Context())
	must(t, err)
	if !heard {
		t.Error("the hub has not heard that everything is kept")
	}
	r.View()
}

// TestAHubThatDiedWhileErasingGoesOn finishes what a crash left.
func TestAHubThatDiedWhileErasingGoesOn(t *testing.T) {
	r := Plain(t)
	c := r.Add("Door", "a")
	r.Packs(c, 1)
	traces := r.traces(c)
	r.Stop()
	must(t, os.WriteFile(filepath.Join(r.Dir, "erased"), nil, 0o600))
	must(t, os.RemoveAll(filepath.Join(r.Dir, "keys")))
	codes := r.Start()
	t.Cleanup(r.Stop)
	<-codes // it belongs to nobody
	if got := found(t, r.Dir, traces); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
}

// A receipt is asked for by everybody, so it is the cloud's key that counts.
func TestAHubErasesNothingOnAForgedReceipt(t *testing.T) {
	r := Plain(t)
	c := r.Add("Door", "a")
	r.Packs(c, 1)
	r.erase()
	_, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	asked := r.forgeReceipts(key)
	r.offset.Add(int64(week + time.Minute))
	r.Until("asking for the receipt", func() bool { return asked.Load() > 1 })
	if !r.logged("not signed by the cloud alone") {
		t.Error("the hub does not say why it does not believe the receipt")
	}
	select {
	case err := <-r.ended:
		t.Fatalf("the hub has ended: %v", err)
	default:
	}
	if known, err := r.Member.Erased(t.Context()); known != nil || rule.Of(err) != rule.Signature {
		t.Errorf("the member believes it: %v", err)
	}
}

// forgeReceipts puts receipts into the cloud's mouth that another key has signed, and counts them.
func (r *Rig) forgeReceipts(key ed25519.PrivateKey) *atomic.Int32 {
	r.t.Helper()
	asked := new(atomic.Int32)
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			hash, ok := strings.CutPrefix(req.URL.Path, "/v1/receipts/")
			if !ok {
				cloud.ServeHTTP(w, req)
				return
			}
			statement, err := id.ParseHash(hash)
			if err != nil {
				cloud.ServeHTTP(w, req)
				return
			}
			note, _ := erasure.Receipt{Statement: statement, At: r.now().UnixMilli(), List: id.HashOf(nil)}.Sign(key)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(api.Receipt{Note: note})
			asked.Add(1)
		})
	}
	r.way.Store(&way)
	return asked
}
