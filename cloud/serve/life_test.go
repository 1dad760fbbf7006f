// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/cloud/vault/folder"
	"keyhold/internal/intime"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The client's idle connections of net/http's own default transport.
		goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

func TestDropsMeetInABox(t *testing.T) {
	c := start(t)
	cl := c.client()
	token := noise(32)
	box := pairing.Box(token)
	got := make(chan []api.Drop, 1)
	go func() {
		d, err := cl.Drops(t.Context(), box, token, 0, 25*time.Second)
		if err != nil {
			t.Error(err)
		}
		got <- d
	}()
	if err := c.client().Drop(t.Context(), box, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	select {
	case d := <-got:
		if len(d) != 1 || string(d[0].Body) != "hello" || d[0].N != 1 {
			t.Errorf("%+v", d)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("a drop does not end the wait")
	}
	if d, err := cl.Drops(t.Context(), box, token, 1, 0); err != nil || len(d) != 0 {
		t.Errorf("after the first: %v, %v", d, err)
	}
	_, err := cl.Drops(t.Context(), box, noise(32), 0, 0)
	wantKind(t, err, api.Denied)
	wantKind(t, cl.Drop(t.Context(), box, noise(api.MaxMail+1)), api.Invalid)
	for range 15 {
		if err := cl.Drop(t.Context(), box, noise(10)); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, cl.Drop(t.Context(), box, noise(10)), api.TooMany)
	c.Advance(24*time.Hour + time.Second)
	if d, err := cl.Drops(t.Context(), box, token, 0, 0); err != nil || len(d) != 0 {
		t.Errorf("a day later: %d drops, %v", len(d), err)
	}
}

func TestAStopEndsWaitsAndSocketsAndLosesNothing(t *testing.T) {
	dir, now := t.TempDir(), &clock{now: time.Now()}
	c := startIn(t, dir, now, serve.Limits{})
	h := newHousehold(t, c)
	body := noise(5000)
	object := h.putObject(body)
	if err := h.api.Mail(t.Context(), h.byHub(), h.id, h.owner.keys.ID, []byte("kept")); err != nil {
		t.Fatal(err)
	}
	hub := h.socket(h.byHub())
	waits := make(chan struct{})
	token := noise(32)
	go func() {
		defer close(waits)
		_, _ = c.client().Drops(t.Context(), pairing.Box(token), token, 0, 25*time.Second)
	}()
	ended := make(chan error, 1)
	go func() {
		_, err := hub.Receive(t.Context())
		ended <- err
	}()
	began := time.Now()
	c.stop()
	if took := time.Since(began); took > intime.By(5*time.Second) {
		t.Errorf("stopping took %v", took)
	}
	if err := <-ended; api.KindOf(err) != api.Unavailable {
		t.Errorf("the socket ended with %v", err)
	}
	<-waits // with an empty answer or a broken connection, but it ended

	// The next process finds everything; a second one at the same time is kept out.
	again := startIn(t, dir, now, serve.Limits{})
	if _, err := serve.Open(t.Context(), serve.Config{Data: dir}); !errors.Is(err, folder.ErrInUse) {
		t.Errorf("a second process: %v", err)
	}
	if !bytes.Equal(again.to, c.to) {
		t.Error("the cloud has another key")
	}
	h.c, h.api = again, again.client()
	d, err := h.socket(h.byOwner()).Receive(t.Context())
	if err != nil || string(d.Body) != "kept" {
		t.Errorf("mail after a restart: %v", err)
	}
	f := h.footage(h.byOwner(), request.PurposeExport)
	r, err := h.api.Object(t.Context(), f.Address, object, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
		t.Errorf("object after a restart: %v", err)
	}
}

func TestThirtyDaysAreKept(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	object := h.putObject(noise(100))
	page := api.PageName(h.run, h.camera, h.epoch, h.hour())
	if err := h.put(request.WritePages, page, noise(10)); err != nil {
		t.Fatal(err)
	}
	from := h.now()
	listed := func() int {
		t.Helper()
		if err := c.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := h.api.Sync(t.Context(), h.fetchFrom(h.byOwner(), request.FetchSync, request.PurposeSync, from))
		if err != nil {
			t.Fatal(err)
		}
		f, err := h.api.Footage(t.Context(), h.fetchFrom(h.byOwner(), request.FetchFootage, request.PurposeExport, from))
		if err != nil {
			t.Fatal(err)
		}
		return len(s.Pages) + len(f.Objects)
	}
	path := filepath.Join(c.dir, "objects", string(object)[4:6], string(object))
	c.Advance(30 * 24 * time.Hour)
	if n := listed(); n != 2 {
		t.Errorf("after 30 days %d things are left", n)
	}
	c.Advance(2 * time.Hour)
	if n := listed(); n != 0 {
		t.Errorf("two hours later %d things are left", n)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the object's file: %v", err)
	}
}

func TestWhatIsToStayOutlivesThirtyDays(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	kept, other := h.putObject(noise(100)), h.putObject(noise(100))
	page, hour := api.PageName(h.run, h.camera, h.epoch, h.hour()), h.hour()
	h.ok(h.put(request.WritePages, page, noise(10)))
	keep := func(k api.Kept) { h.ok(h.put(request.WriteKept, api.KeptName(h.camera), must(canon.Marshal(k)))) }
	there := func(o id.Object) bool {
		t.Helper()
		h.ok(c.Sweep(t.Context()))
		_, err := os.Stat(filepath.Join(c.dir, "objects", string(o)[4:6], string(o)))
		return err == nil
	}
	keep(api.Kept{Objects: []id.Object{kept}, Pages: []api.KeptPage{{Epoch: h.epoch, Hour: hour, Run: h.run}}})
	c.Advance(31 * 24 * time.Hour)
	if !there(kept) || there(other) {
		t.Errorf("after 31 days what is to stay is there: %v, its neighbour: %v", there(kept), there(other))
	}
	s, err := h.api.Sync(t.Context(), h.fetchFrom(h.byOwner(), request.FetchSync, request.PurposeSync, 0))
	h.ok(err)
	f, err := h.api.Footage(t.Context(), h.fetchFrom(h.byOwner(), request.FetchFootage, request.PurposeExport, 0))
	h.ok(err)
	if len(s.Pages) != 1 || len(f.Objects) != 1 || f.Objects[0].Object != kept {
		t.Errorf("listed are %d pages and %v", len(s.Pages), f.Objects)
	}
	keep(api.Kept{Objects: []id.Object{}, Pages: []api.KeptPage{}})
	if there(kept) {
		t.Error("it stays when it is to stay no more")
	}
	many := api.Kept{Pages: []api.KeptPage{}}
	for range api.MaxKept + 1 {
		many.Objects = append(many.Objects, must(id.NewObject(rand.Reader)))
	}
	wantKind(t, h.put(request.WriteKept, api.KeptName(h.camera), must(canon.Marshal(many))), api.TooMany)
}

func TestAnObjectWithoutARowGoesAfterADay(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	kept := h.putObject(noise(100))
	orphan := must(id.NewObject(rand.Reader))
	dir := filepath.Join(c.dir, "objects", string(orphan)[4:6])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, string(orphan))
	if err := os.WriteFile(path, noise(10), 0o600); err != nil {
		t.Fatal(err)
	}
	there := func() bool {
		t.Helper()
		if err := c.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(path)
		return err == nil
	}
	c.Advance(23 * time.Hour)
	if !there() {
		t.Error("it went too early: a writer may be about to add its row")
	}
	c.Advance(8 * time.Hour)
	if there() {
		t.Error("it is still there")
	}
	if _, err := os.Stat(filepath.Join(c.dir, "objects", string(kept)[4:6], string(kept))); err != nil {
		t.Errorf("the object with a row: %v", err)
	}
}

func TestTheLogNamesNobody(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	object := h.putObject(noise(100))
	f := h.footage(h.byOwner(), request.PurposeHistory)
	// A fault of ours, which is logged: the row is there and the bytes are not.
	if err := os.Remove(filepath.Join(c.dir, "objects", string(object)[4:6], string(object))); err != nil {
		t.Fatal(err)
	}
	_, err := h.api.Object(t.Context(), f.Address, object, 0, -1)
	p, ok := asProblem(err)
	if !ok || p.Kind() != api.Internal {
		t.Fatalf("%v", err)
	}
	if strings.Contains(p.Title, "obj_") {
		t.Error("the answer tells what went wrong")
	}
	_, _ = h.api.Socket(t.Context(), h.session(api.Signer{From: id.Hub, Key: h.sheet}))
	c.stop()
	log := c.log.String()
	if !strings.Contains(log, p.ID) || !strings.Contains(log, "fetched object") {
		t.Errorf("the log lacks the fault's id or place:\n%s", log)
	}
	for what, secret := range map[string]string{
		"household": string(h.id), "object": string(object), "camera": string(h.camera), "device": string(h.owner.keys.ID),
		"address": strings.TrimPrefix(f.Address, "/v1/fetched/"), "network address": "127.0.0.1", "folder": filepath.Base(c.dir) + "/objects/ab/obj",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s:\n%s", what, log)
		}
	}
}

func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	for listen, ok := range map[string]bool{
		"127.0.0.1:7440": true, "localhost:1": true, "[::1]:0": true,
		"0.0.0.0:7440": false, ":7440": false, "192.0.2.1:80": false, "[::]:1": false, "cloud.example:80": false,
	} {
		c := serve.Config{Data: "x"}
		if err := c.Check(listen); (err == nil) != ok {
			t.Errorf("%s: %v", listen, err)
		}
		c.TLSCert, c.TLSKey = "cert", "key"
		if err := c.Check(listen); err != nil {
			t.Errorf("%s with a certificate: %v", listen, err)
		}
	}
	for _, c := range []serve.Config{{Data: "x", TLSCert: "cert"}, {}, {Data: "x", Origin: "cloud.example"}, {Data: "x", Origin: "https://a/b"}} {
		if c.Check("127.0.0.1:1") == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	body := noise(200_000)
	object := must(id.NewObject(rand.Reader))
	ctx, cancel := context.WithCancel(t.Context())
	broken := api.Bytes(body)
	broken.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(body[:100_000]), ending{cancel})), nil
	}
	name := api.ObjectName(h.camera, h.hour(), object)
	if err := h.api.Write(ctx, h.byHub(), h.id, request.WriteObjects, name, broken); err == nil {
		t.Fatal("half a body was taken")
	}
	if f := h.footage(h.byOwner(), request.PurposeHistory); len(f.Objects) != 0 {
		t.Errorf("listed: %v", f.Objects)
	}
	if err := h.put(request.WriteObjects, name, body); err != nil {
		t.Errorf("the second attempt: %v", err)
	}
}

// ending is a reader at which the caller gives up.
type ending struct{ cancel context.CancelFunc }

func (e ending) Read([]byte) (int, error) {
	e.cancel()
	return 0, context.Canceled
}

func TestTheAppStandsBesideTheAPI(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "the app's own")
		w.Header().Set("Cache-Control", "immutable")
		_, _ = io.WriteString(w, "app at "+r.URL.Path)
	})
	s, err := serve.Open(t.Context(), serve.Config{Data: t.TempDir(), App: app, Origin: "https://cloud.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return rec
	}
	for _, path := range []string{"/", "/join", "/assets/a.js"} {
		rec := get(path)
		if rec.Body.String() != "app at "+path || rec.Header().Get("Content-Security-Policy") != "the app's own" || rec.Header().Get("Cache-Control") != "immutable" {
			t.Errorf("%s: %v %s", path, rec.Header(), rec.Body)
		}
		if rec.Header().Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: browsers are not told to insist on TLS", path)
		}
	}
	if rec := get("/v1/nothing"); rec.Code != http.StatusNotFound || strings.Contains(rec.Body.String(), "app at") {
		t.Errorf("the app answers for the API: %s", rec.Body)
	}
}
