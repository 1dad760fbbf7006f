// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/e2e/harness"
	"keyhold/home/check"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/member/device"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// elsewhere is a second cloud.
type elsewhere struct {
	*session.Session
	place   request.Place
	vault   string
	cloud   *serve.Server
	objects atomic.Int32 // that were sent there
}

func (r *Rig) elsewhere() *elsewhere {
	r.t.Helper()
	a := &elsewhere{vault: r.t.TempDir()}
	cloud, err := serve.Open(r.t.Context(), serve.Config{Data: a.vault, Log: slog.New(slog.DiscardHandler), Now: r.now})
	must(r.t, err)
	a.cloud = cloud
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPut && strings.Contains(req.URL.Path, "/objects/") {
			a.objects.Add(1)
		}
		cloud.Handler().ServeHTTP(w, req)
	}))
	r.t.Cleanup(func() {
		server.CloseClientConnections()
		must(r.t, cloud.Close())
		server.Close()
	})
	client := &api.Client{Base: server.URL, HTTP: new(http.Client), Now: r.now}
	info, err := client.Info(r.t.Context())
	must(r.t, err)
	a.place = request.Place{To: info.To, URL: server.URL}
	a.Session = r.Member.At(a.place, client)
	return a
}

// code types what the hub shows.
func (r *Rig) code(bool) (string, error) { return (<-r.gestures).Code, nil }

// aged lets so much time pass that the hub has forgotten what it recorded until now.
func (r *Rig) aged() {
	r.t.Helper()
	r.Stop()
	r.offset.Add(int64(4 * 24 * time.Hour))
	r.Start()
	r.Serving()
	r.Until("the hub having forgotten", func() bool {
		n := 0
		r.query(`SELECT count(*) FROM packs WHERE ends < $1`, []any{r.now().Add(-3 * 24 * time.Hour).UnixMilli()}, func(scan func(...any) error) error { return scan(&n) })
		return n == 0
	})
}

// history reads and opens everything of a camera since a week.
func history(ctx context.Context, r *Rig, s *session.Session, c id.Camera) (segments int, err error) {
	now := r.now().UnixMilli()
	v, err := s.Sync(ctx)
	if err != nil {
		return 0, err
	}
	t, err := v.Timeline(ctx, c, now-8*24*3_600_000, now)
	if err != nil {
		return 0, err
	}
	f, err := footage.Start(ctx, s, v, c, t.Segments, request.PurposeHistory)
	if err != nil {
		return 0, err
	}
	for i := range f.Len() {
		if _, err := f.Segment(ctx, i); err != nil {
			return 0, err
		}
	}
	return f.Len(), nil
}

// Nobody moves to a cloud that does not keep all that is starred: there it would be gone, and nobody told.
func TestNobodyMovesToWhereStarsAreNotKept(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	ctx := t.Context()
	door := r.Add("Door", "a")
	r.starFirst(door)
	there := r.elsewhere()
	must(t, r.Member.Prepare(ctx, there.Session, r.code))
	signing, err := household.ReadKeys(hub.LayoutOf(r.Dir).Keys)
	must(t, err)
	// As much is kept there as may be, of another camera.
	other, err := id.NewCamera(rand.Reader)
	must(t, err)
	keep := func(n int) {
		t.Helper()
		r.keepAt(there.Client, signing.Sign, other, n)
	}
	keep(api.MaxKept)
	var no *session.RefusedError
	if err := r.Member.Copy(ctx, func(int, int) {}); !errors.As(err, &no) || no.Word != request.RefusedFull {
		t.Errorf("copying to a cloud that does not keep what is starred ends with: %v", err)
	}
	keep(0)
	must(t, r.Member.Copy(ctx, func(int, int) {}))
}

// A household moves: what only the old cloud has is copied, the hub goes over, and its members read everything there.
func TestAHouseholdMoves(t *testing.T) {
	r := Plain(t)
	ctx := t.Context()
	c := r.Add("Door", "a")
	r.Packs(c, 3)
	r.Until("everything at the cloud", func() bool { _, err := history(ctx, r, r.Member, c); return err == nil })
	r.aged()
	r.Packs(c, 1)
	before, err := history(ctx, r, r.Member, c)
	must(t, err)
	there := r.elsewhere()

	must(t, r.Member.Prepare(ctx, there.Session, r.code))
	must(t, r.Member.Prepare(ctx, there.Session, nil)) // the same again needs nobody
	steps := 0
	must(t, r.Member.Copy(ctx, func(done, total int) { steps = done }))
	if there.objects.Load() < 3 || steps == 0 {
		t.Errorf("%d objects were copied in %d steps", there.objects.Load(), steps)
	}
	copied := there.objects.Load()
	must(t, r.Member.Copy(ctx, func(int, int) {}))
	if there.objects.Load() != copied {
		t.Errorf("%d objects were copied again", there.objects.Load()-copied)
	}
	if _, err := there.Arrived(ctx); err == nil {
		t.Error("the hub has arrived before it went")
	}
	taken, err := r.Member.Take(ctx)
	must(t, err)
	must(t, r.Member.Switch(ctx))
	must(t, harness.Poll(ctx, 2*patience, "the hub coming to the other cloud", func(ctx context.Context) bool {
		_, err := there.Arrived(ctx)
		if err != nil {
			t.Logf("not yet: %v", err)
		}
		return err == nil
	}))
	must(t, there.Bring(ctx, taken))
	after, err := history(ctx, r, there.Session, c)
	must(t, err)
	if after < before {
		t.Errorf("%d segments were there, %d are", before, after)
	}
	must(t, there.Settle())
	home, err := r.Member.Folder.Household()
	must(t, err)
	if home.Cloud != there.place.URL {
		t.Errorf("the device is with %s", home.Cloud)
	}
	left := r.Member
	r.Member = there.Session
	r.Packs(c, 1) // it records on, and answers here
	r.View()

	// The old cloud is told to erase, by a statement that is for it alone.
	must(t, there.EraseAt(ctx, left.Home.To, r.code))
	if _, err := left.Sync(ctx); !errors.As(err, new(*session.HiddenError)) {
		t.Errorf("the old cloud shows: %v", err)
	}
	r.View()
	r.offset.Add(int64(week + time.Minute))
	must(t, r.Cloud.Sweep(ctx))
	if _, err := left.Sync(ctx); !session.IsStranger(err) {
		t.Errorf("the old cloud knows the household: %v", err)
	}
	r.Stop()
	r.Start()
	r.Serving()
	r.Packs(c, 1)
	select {
	case err := <-r.ended:
		t.Fatalf("the hub has erased itself with the old cloud: %v", err)
	default:
	}
	r.Stop()
	report, err := check.Run(ctx, r.Dir, there.vault)
	must(t, err)
	if !report.Sound() {
		t.Errorf("%v", report.Faults)
	}
	r.Start() // with the old address still
	r.Serving()
	r.Packs(c, 1)
}

// A sheet that took the place of another was given what the one before could read. That lies with the old cloud alone:
// the hub has sealed it to the old sheet.
func TestANewSheetStillReadsEverythingAfterAMove(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	ctx := t.Context()
	c := r.Add("Door", "a")
	r.Packs(c, 2)
	fresh, err := keys.NewSheet(rand.Reader)
	must(t, err)
	secret, err := device.SheetSecret(fresh)
	must(t, err)
	next, owner := &folk{secret, r.Member.Person(), r}, r.owner()
	pub := secret.Public()
	sheetKeys := roster.SheetKeys{Reader: pub.Reader, Sign: pub.Sign}
	r.order(owner, request.Op{Kind: request.OpAppendLink, Link: r.link(roster.NewSheet{Sheet: sheetKeys}, owner, next)})
	_, err = r.Member.Give(ctx, pub, session.Everything)
	must(t, err)
	r.Packs(c, 1)
	opened := func(s *session.Session) (all []string) {
		_, err := s.Steady(ctx, func(v *session.View) error {
			all = nil
			return v.EachEpoch(ctx, func(c id.Camera, e id.Epoch, _ *manifest.Epoch, _ string) error {
				all = append(all, string(c)+"/"+string(e))
				return nil
			})
		})
		must(t, err)
		slices.Sort(all)
		return all
	}
	before := opened(next.session())
	there := r.elsewhere()
	must(t, r.Member.Prepare(ctx, there.Session, r.code))
	must(t, r.Member.Copy(ctx, func(int, int) {}))
	taken, err := r.Member.Take(ctx)
	must(t, err)
	must(t, r.Member.Switch(ctx))
	must(t, harness.Poll(ctx, 2*patience, "the hub coming to the other cloud", func(ctx context.Context) bool {
		_, err := there.Arrived(ctx)
		return err == nil
	}))
	must(t, there.Bring(ctx, taken))
	after := opened(next.session().At(there.place, there.Client))
	for _, epoch := range before {
		if !slices.Contains(after, epoch) {
			t.Errorf("the new sheet no longer opens %s", epoch)
		}
	}
	if len(before) < 4 {
		t.Errorf("before it opened %q", before)
	}
}
