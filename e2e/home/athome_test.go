// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/internal/intime"
	"keyhold/member/athome"
	"keyhold/member/device"
	"keyhold/member/export"
	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// learn lets the owner's device ask where its hub is at home.
func (r *Rig) learn() device.Hub {
	r.t.Helper()
	r.Do(request.Op{Kind: request.OpPing}) // somebody has answered
	must(r.t, r.Member.LearnHome(r.t.Context()))
	h, err := r.Member.Folder.Hub()
	must(r.t, err)
	if len(h.Addresses) != 1 {
		r.t.Fatalf("the hub says that it is at %v", h.Addresses)
	}
	return h
}

// again is the owner's device as another program of it begins.
func (r *Rig) again() *session.Session {
	r.t.Helper()
	s, err := session.Open(r.Member.Folder, r.client())
	must(r.t, err)
	s.Now = r.now
	return s
}

// keepBack lets the cloud swallow all letters to the hub.
func (r *Rig) keepBack() {
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodPut && strings.HasSuffix(req.URL.Path, "/mail/"+string(id.Hub)) {
				_, _ = io.Copy(io.Discard, req.Body)
				w.WriteHeader(http.StatusNoContent)
				return
			}
			cloud.ServeHTTP(w, req)
		})
	}
	r.way.Store(&way)
}

// dead lets the cloud answer nobody.
func (r *Rig) dead() {
	way := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
	r.way.Store(&way)
}

func TestARemovalThatTheCloudKeepsBackIsDeliveredAtHome(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	eva := r.Bring("Eva", roster.Viewer, always(door))
	r.Packs(door, 1)
	where := r.learn()
	r.keepBack()
	target := session.Target{Person: eva.Person}

	// The control: as long as the device does not know where its hub is, nothing happens, and nobody lies about it.
	must(t, r.Member.Folder.SetHub(device.Hub{}))
	away := r.again()
	removal, err := away.NewRemoval(target)
	must(t, err)
	trying, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	done, err := away.Remove(trying, removal, target)
	cancel()
	if done || err == nil || target.Gone(away.Roster) {
		t.Fatalf("without a way home the removal is in force: %v %v", done, err)
	}
	if r.count(`SELECT count(*) FROM roster`) != 2 {
		t.Fatal("the hub has heard of it")
	}

	must(t, r.Member.Folder.SetHub(where))
	home := r.again()
	began := time.Now()
	done, err = home.Remove(t.Context(), removal, target)
	took := time.Since(began)
	// It went by home: the cloud swallows letters to the hub. The reply comes by both ways, and either may be the first.
	if err != nil || !done || home.AtHome() {
		t.Fatalf("at home: %v %v", done, err)
	}
	if took > intime.By(20*time.Second) {
		t.Errorf("it took %s", took)
	}
	t.Logf("in force after %s", took)
	// The hub tells whoever it can: the cloud is shown the link, and the device sees it there.
	r.Until("the link at the cloud", func() bool {
		v, err := home.Sync(t.Context())
		return err == nil && len(v.Alarms) == 0 && target.Gone(v.Roster)
	})
	if home.AtHome() {
		t.Error("the cloud answers, and the device has left it")
	}
	for _, a := range where.Addresses {
		if r.logged(a) {
			t.Error("an address of the home's network stands in the hub's log")
		}
	}
}

func TestWithTheCloudGoneOneLooksAndSavesAtHome(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 2)
	r.View()
	where := r.learn()
	r.dead()

	for _, cached := range []bool{true, false} {
		s := r.again()
		if !cached {
			must(t, os.RemoveAll(s.Folder.Cache()))
		}
		v, err := s.Steady(t.Context(), func(*session.View) error { return nil })
		must(t, err)
		if !s.AtHome() || len(v.Alarms) > 0 {
			t.Fatalf("at home %v, alarms %v", s.AtHome(), v.Alarms)
		}
		if c, ok := v.Camera("Door"); !ok || c.ID != door {
			t.Error("the camera has no name at home")
		}
		// What is recorded while the cloud is away is there, too.
		since := r.now().UnixMilli()
		var tl *session.Timeline
		r.Until("footage from after the cloud went", func() bool {
			_, err := s.Do(t.Context(), request.Op{Kind: request.OpLeaveEarly})
			must(t, err)
			v, err = s.Sync(t.Context())
			must(t, err)
			tl, err = v.Timeline(t.Context(), door, 0, r.now().UnixMilli())
			must(t, err)
			n := len(tl.Segments)
			return n > 4 && tl.Segments[n-1].Start > since
		})
		out := filepath.Join(t.TempDir(), "door.mp4")
		result, err := export.Write(t.Context(), s, v, tl, out, func(int64, int64) {})
		must(t, err)
		if result.Segments != len(tl.Segments) {
			t.Errorf("%d segments of %d", result.Segments, len(tl.Segments))
		}
	}
	// It is a look like any other.
	s := r.again()
	v, err := s.Sync(t.Context())
	must(t, err)
	tl, err := v.Timeline(t.Context(), door, 0, r.now().UnixMilli())
	must(t, err)
	looks := 0
	for _, l := range tl.Looks {
		if l.Device == s.Keys.ID() && l.Purpose == request.PurposeExport {
			looks++
		}
	}
	if looks != 2 {
		t.Errorf("%d looks are on the record, not 2", looks)
	}
	// Live.
	view, err := r.watch(s, nil, door)
	must(t, err)
	r.Until("pictures", func() bool { return view.n.Load() > 30 })
	view.end()

	// The cloud comes back and has it all, and the device finds nothing wrong.
	r.way.Store(nil)
	r.Until("the cloud having caught up", func() bool {
		v, err := r.again().Sync(t.Context())
		return err == nil && len(v.Alarms) == 0 && v.Status != nil && v.Status.Signed == v.Status.Uploaded
	})
	for _, a := range where.Addresses {
		if r.logged(a) {
			t.Error("an address of the home's network stands in the hub's log")
		}
	}
}

func TestAtHomeOnlyTheHouseholdIsAnswered(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	eva, ben := r.Bring("Eva", roster.Viewer, always(door)), r.Bring("Ben", roster.Viewer, always(door))
	where := r.learn()
	ask := func(by *folk, spoil func(*request.Fetch)) error { return r.askAtHome(where, by, by, spoil) }
	footage := func(c id.Camera) func(*request.Fetch) {
		return func(f *request.Fetch) {
			f.Kind, f.Purpose, f.Cameras = request.FetchFootage, request.PurposeHistory, []id.Camera{c}
		}
	}
	must(t, ask(eva, nil))
	must(t, ask(eva, footage(door)))
	for name, c := range map[string]struct {
		err  error
		kind api.Kind
	}{
		"another camera":           {ask(eva, footage(yard)), api.Denied},
		"a stranger's device":      {ask(r.newFolk(""), nil), api.Unauthenticated},
		"in the name of another":   {r.askAtHome(where, eva, ben, nil), api.Unauthenticated},
		"for the cloud":            {ask(eva, func(f *request.Fetch) { f.To = r.Member.Home.To }), api.Unauthenticated},
		"ten minutes old":          {ask(eva, func(f *request.Fetch) { f.At -= 600_000 }), api.Unauthenticated},
		"another household's name": {ask(eva, func(f *request.Fetch) { f.Household = id.Household(id.HashOf([]byte("x")).String()) }), api.Unauthenticated},
	} {
		if api.KindOf(c.err) != c.kind {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	socket := r.socketAtHome(where, ben)
	ended := make(chan error, 1)
	go func() { _, err := socket.Receive(t.Context()); ended <- err }()
	r.Do(r.removal(ben.Person, "", r.owner()))
	if err := ask(ben, nil); api.KindOf(err) != api.Unauthenticated {
		t.Errorf("who was removed: %v", err)
	}
	select {
	case err := <-ended:
		if api.KindOf(err) != api.Unauthenticated {
			t.Errorf("the socket of who was removed ends with %v", err)
		}
	case <-time.After(patience):
		t.Error("the socket of who was removed stays open")
	}
}

func TestAtHomeWhatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	where := r.learn()
	client := r.clientAtHome(where)
	if err := client.Mail(t.Context(), r.Member.Signer(), r.Member.Home.Household, id.Hub, make([]byte, api.MaxMail+1)); api.KindOf(err) != api.Invalid {
		t.Errorf("a letter that is too long: %v", err)
	}
	if _, err := client.Sync(t.Context(), make([]byte, dsse.MaxBytes+1)); api.KindOf(err) != api.Invalid {
		t.Errorf("a statement that is too long: %v", err)
	}
	if err := client.Mail(t.Context(), r.Member.Signer(), r.Member.Home.Household, r.Member.Keys.ID(), []byte("x")); api.KindOf(err) != api.NotFound {
		t.Errorf("a letter to somebody else: %v", err)
	}
	if err := client.Write(t.Context(), r.Member.Signer(), r.Member.Home.Household, request.WriteErase, api.Current, api.Bytes(nil)); api.KindOf(err) != api.NotFound {
		t.Errorf("another kind of write: %v", err)
	}
	// Older TLS is not spoken, and nothing without.
	old := tls.Dialer{Config: &tls.Config{MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true}} //nolint:gosec // it is to be refused
	if conn, err := old.DialContext(t.Context(), "tcp", where.Addresses[0]); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 is spoken")
	}
	another := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	if _, err := athome.Client(another, where.Addresses).Info(t.Context()); !errors.Is(err, athome.ErrAnother) {
		t.Errorf("a hub with another key than expected: %v", err)
	}
}

func (r *Rig) clientAtHome(where device.Hub) *api.Client {
	c := athome.Client(where.Key, where.Addresses)
	c.Now = r.now
	return c
}

// askAtHome sends the hub a fetch in somebody's name, signed by a key, made as it ought to be and then spoiled.
func (r *Rig) askAtHome(where device.Hub, name, key *folk, spoil func(*request.Fetch)) error {
	r.t.Helper()
	c := r.clientAtHome(where)
	nonce, err := c.Nonce()
	must(r.t, err)
	now := r.now().UnixMilli()
	f := request.Fetch{
		At: now, Cameras: []id.Camera{}, Device: name.ID(), From: now - 60_000, Household: r.Member.Home.Household, Kind: request.FetchSync,
		Nonce: nonce, Purpose: request.PurposeSync, To: where.Key, Until: now,
	}
	if spoil != nil {
		spoil(&f)
	}
	e, err := dsse.Signed(request.ThingFetch, &f, name.ID(), key.Sign())
	must(r.t, err)
	if f.Kind == request.FetchFootage {
		_, err = c.Footage(r.t.Context(), e.Encode())
	} else {
		_, err = c.Sync(r.t.Context(), e.Encode())
	}
	return err
}

func (r *Rig) socketAtHome(where device.Hub, by *folk) *api.Socket {
	r.t.Helper()
	c := r.clientAtHome(where)
	nonce, err := c.Nonce()
	must(r.t, err)
	e, err := dsse.Signed(request.ThingSession, &request.Session{
		At: r.now().UnixMilli(), From: by.ID(), Household: r.Member.Home.Household, Nonce: nonce, To: where.Key,
	}, by.ID(), by.Sign())
	must(r.t, err)
	s, err := c.Socket(r.t.Context(), e.Encode())
	must(r.t, err)
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}
