// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// answer is everything that a refused caller gets to see, without the id that is each answer's own.
func answer(t *testing.T, res *http.Response) string {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	var body map[string]any
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if body["id"] == "" {
		t.Error("a problem without an id")
	}
	delete(body, "id")
	res.Header.Del("Date")
	out := fmt.Sprintln(res.StatusCode, body)
	for _, k := range slices.Sorted(maps.Keys(res.Header)) {
		out += fmt.Sprintln(k, res.Header[k])
	}
	return out
}

func post(t *testing.T, c *cloud, path string, body []byte) *http.Response {
	t.Helper()
	res, err := c.web.Do(must(http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+path, bytes.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestAStrangerLearnsNothingAboutWhatExists(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	_, wrong := must2(ed25519.GenerateKey(rand.Reader))
	nowhere := *h
	nowhere.id = id.Household(id.HashOf(noise(4)).String())
	unknown := api.Signer{From: must(id.NewDevice(rand.Reader)), Key: wrong}
	statements := map[string][]byte{
		"bad signature":     h.fetch(api.Signer{From: h.owner.keys.ID, Key: wrong}, request.FetchSync, request.PurposeSync),
		"unknown device":    h.fetch(unknown, request.FetchSync, request.PurposeSync),
		"unknown household": nowhere.fetch(h.byOwner(), request.FetchSync, request.PurposeSync),
		"nothing is known":  nowhere.fetch(unknown, request.FetchSync, request.PurposeSync),
	}
	seen := map[string]string{}
	for name, b := range statements {
		seen[name] = answer(t, post(t, c, "/v1/fetch", b)) //nolint:bodyclose // answer closes it
	}
	for name, got := range seen {
		if want := seen["nothing is known"]; got != want {
			t.Errorf("%s is answered with\n%s\nand what does not exist with\n%s", name, got, want)
		}
	}
	if !strings.HasPrefix(seen["bad signature"], "401") {
		t.Errorf("answered %s", seen["bad signature"])
	}
	// The same for writes, and for sockets.
	for name, w := range map[string]struct {
		h *household
		s api.Signer
	}{"bad signature": {h, api.Signer{From: id.Hub, Key: wrong}}, "unknown device": {h, unknown}, "unknown household": {&nowhere, h.byHub()}} {
		err := h.api.Write(t.Context(), w.s, w.h.id, request.WriteMail, "hub", api.Bytes([]byte("x")))
		p, ok := asProblem(err)
		if !ok || p.Kind() != api.Unauthenticated || p.Rule != rule.Signature {
			t.Errorf("write, %s: %v", name, err)
		}
		_, err = h.api.Socket(t.Context(), w.h.session(w.s))
		p, ok = asProblem(err)
		if !ok || p.Kind() != api.Unauthenticated || p.Rule != rule.Signature {
			t.Errorf("socket, %s: %v", name, err)
		}
	}
}

func TestAStatementHoldsOnceForTwoMinutesAndForThisCloud(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	wantRule := func(b []byte, k api.Kind, r rule.Name) {
		t.Helper()
		_, err := h.api.Sync(t.Context(), b)
		if p, ok := asProblem(err); !ok || p.Kind() != k || p.Rule != r {
			t.Errorf("%v, want %s (%s)", err, k, r)
		}
	}
	once := h.fetch(h.byOwner(), request.FetchSync, request.PurposeSync)
	if _, err := h.api.Sync(t.Context(), once); err != nil {
		t.Fatal(err)
	}
	wantRule(once, api.Conflict, rule.Replay)
	late := h.fetch(h.byOwner(), request.FetchSync, request.PurposeSync)
	c.Advance(2*time.Minute + time.Millisecond)
	wantRule(late, api.Unauthenticated, rule.Time)
	early := h.fetch(h.byOwner(), request.FetchSync, request.PurposeSync)
	c.Advance(-2*time.Minute - time.Millisecond)
	wantRule(early, api.Unauthenticated, rule.Time)
	c.to[0] ^= 1
	wantRule(h.fetch(h.byOwner(), request.FetchSync, request.PurposeSync), api.Unauthenticated, rule.Audience)
	c.to[0] ^= 1
	// A sweep must not forget a nonce while its statement could pass again.
	again := h.fetch(h.byOwner(), request.FetchSync, request.PurposeSync)
	if _, err := h.api.Sync(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	c.Advance(2 * time.Minute)
	if err := c.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRule(again, api.Conflict, rule.Replay)
	session := h.session(h.byOwner())
	if s, err := h.api.Socket(t.Context(), session); err != nil {
		t.Fatal(err)
	} else {
		_ = s.Close()
	}
	_, err := h.api.Socket(t.Context(), session)
	wantKind(t, err, api.Conflict)
}

func TestAWriteIsWhatItsStatementSays(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	body := noise(1000)
	object := must(id.NewObject(rand.Reader))
	name := api.ObjectName(h.camera, h.hour(), object)
	send := func(path string, signed api.Body, sent []byte) error {
		t.Helper()
		e := must(dsse.Signed(request.ThingWrite, &request.Write{
			At: h.now(), From: id.Hub, Household: h.id, Kind: request.WriteObjects, Name: name, Nonce: noise(16), SHA256: signed.SHA256, Size: signed.Size,
		}, id.Hub, h.hub))
		req := must(http.NewRequestWithContext(t.Context(), http.MethodPut, c.base+"/v1/households/"+path, bytes.NewReader(sent)))
		req.Header.Set(api.StatementHeader, base64.StdEncoding.EncodeToString(e.Encode()))
		res, err := c.web.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode < 300 {
			return nil
		}
		var p api.Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
			return err
		}
		return &p
	}
	right := string(h.id) + "/objects/" + name
	changed := bytes.Clone(body)
	changed[500] ^= 1
	for what, err := range map[string]error{
		"another hash":      send(right, api.Bytes(body), changed),
		"shorter":           send(right, api.Bytes(body), body[:999]),
		"longer":            send(right, api.Bytes(body), append(bytes.Clone(body), 0)),
		"another name":      send(string(h.id)+"/objects/"+api.ObjectName(h.camera, h.hour()+1, object), api.Bytes(body), body),
		"another kind":      send(string(h.id)+"/names/current", api.Bytes(body), body),
		"another household": send(id.HashOf(noise(1)).String()+"/objects/"+name, api.Bytes(body), body),
	} {
		if api.KindOf(err) != api.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := h.footage(h.byOwner(), request.PurposeHistory); len(got.Objects) != 0 {
		t.Fatalf("refused writes left %v", got.Objects)
	}
	if err := send(right, api.Bytes(body), body); err != nil {
		t.Fatal(err)
	}
	// The id is taken for good, for this household. Another one that names the same does not come to know.
	wantKind(t, send(right, api.Bytes(changed), changed), api.Conflict)
	other := newHousehold(t, c)
	for _, b := range [][]byte{changed, body, changed} {
		err := other.put(request.WriteObjects, api.ObjectName(other.camera, other.hour(), object), b)
		if bytes.Equal(b, changed) != (err == nil) {
			t.Errorf("another household's object of this name: %v", err)
		}
	}
	for from, want := range map[*household][]byte{h: body, other: changed} {
		if got := from.read(from.byOwner(), object); !bytes.Equal(got, want) {
			t.Error("an object is not what its household wrote")
		}
	}
}

func TestWritesOfTheWrongFormAreRefused(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	cam, run, epo, hour := string(h.camera), string(h.run), string(h.epoch), fmt.Sprint(h.hour())
	foreign := newHousehold(t, c)
	checkpoint := func(of *household, by ed25519.PrivateKey, size int64) []byte {
		return []byte(must(manifest.Checkpoint{Household: of.id, Run: h.run, Size: size, At: h.now()}.Sign(by)))
	}
	row := request.Row{Bytes: noise(1300), Camera: h.camera, Device: id.Sheet, Epoch: must(id.NewEpoch(rand.Reader))}
	for _, w := range []struct {
		kind, name string
		body       []byte
	}{
		{request.WriteObjects, cam + "/" + hour, noise(9)},
		{request.WriteObjects, "household/" + hour + "/" + string(must(id.NewObject(rand.Reader))), noise(9)},
		{request.WriteObjects, cam + "/0" + hour + "/" + string(must(id.NewObject(rand.Reader))), noise(9)},
		{request.WriteObjects, cam + "/-1/" + string(must(id.NewObject(rand.Reader))), noise(9)},
		{request.WritePages, run + "/" + cam + "/" + epo, noise(9)},
		{request.WritePages, run + "/" + cam + "/" + epo + "/" + hour, noise(api.MaxPage + 1)},
		{request.WriteKept, "household", []byte(`{"objects":[],"pages":[]}`)},
		{request.WriteKept, cam, []byte(`{"objects":["obj"],"pages":[]}`)},
		{request.WriteKept, cam, []byte(`{"objects":[],"pages":[{"epoch":"` + epo + `","hour":-1,"run":"` + run + `"}]}`)},
		{request.WriteTiles, run + "/0/0", noise(33)},
		{request.WriteTiles, run + "/0/0", nil},
		{request.WriteTiles, run + "/0/0", noise(257 * 32)},
		{request.WriteTiles, run + "/7/0", noise(32)},
		{request.WriteCheckpoints, run, []byte("no note")},
		{request.WriteCheckpoints, run, checkpoint(foreign, h.hub, 1)},
		{request.WriteCheckpoints, run, checkpoint(h, foreign.hub, 1)},
		{request.WriteCheckpoints, string(must(id.NewRun(rand.Reader))), checkpoint(h, h.hub, 1)},
		{request.WriteEnvelopes, cam + "/" + epo, []byte(`{"envelopes": []}`)},
		{request.WriteEnvelopes, cam + "/" + epo, must(canon.Marshal(api.Rows{Envelopes: []request.Row{row}}))},
		{request.WriteNames, "previous", noise(9)},
		{request.WriteStatus, api.Current, noise(9)},
		{request.WriteRoster, "1", noise(9)},
		{request.WriteReseals, string(h.owner.keys.ID), noise(9)},
	} {
		err := h.put(w.kind, w.name, w.body)
		if k := api.KindOf(err); k != api.Invalid && k != api.NotFound && k != api.Denied {
			t.Errorf("%s %s: %v", w.kind, w.name, err)
		}
	}
	// And by whom: the hub's things are the hub's, a device's are a device's.
	wantKind(t, h.api.Write(t.Context(), h.byOwner(), h.id, request.WriteNames, api.Current, api.Bytes(noise(9))), api.Denied)
	wantKind(t, h.api.Write(t.Context(), h.byOwner(), h.id, request.WriteKept, cam, api.Bytes([]byte(`{"objects":[],"pages":[]}`))), api.Denied)
	wantKind(t, h.api.Write(t.Context(), h.bySheet(), h.id, request.WritePages, api.PageName(h.run, h.camera, h.epoch, 1), api.Bytes(noise(9))), api.Denied)
	// A checkpoint never goes back.
	if err := h.put(request.WriteCheckpoints, run, checkpoint(h, h.hub, 5)); err != nil {
		t.Fatal(err)
	}
	wantKind(t, h.put(request.WriteCheckpoints, run, checkpoint(h, h.hub, 4)), api.Conflict)
}

func TestMailHasBounds(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	wantKind(t, h.api.Mail(t.Context(), h.byOwner(), h.id, id.Hub, noise(api.MaxMail+1)), api.Invalid)
	wantKind(t, h.api.Mail(t.Context(), h.byOwner(), h.id, must(id.NewDevice(rand.Reader)), noise(1)), api.NotFound)
	sent := 0
	var err error
	for ; sent < 1000; sent++ {
		if err = h.api.Mail(t.Context(), h.byOwner(), h.id, id.Hub, noise(1)); err != nil {
			break
		}
	}
	wantKind(t, err, api.TooMany)
	if sent != 256 {
		t.Errorf("%d messages were taken", sent)
	}
	if err := h.api.Mail(t.Context(), h.bySheet(), h.id, id.Hub, noise(1)); err != nil {
		t.Errorf("one sender's quota stops another: %v", err)
	}
	// A look still reaches the hub.
	h.footage(h.byOwner(), request.PurposeHistory)
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	limits := serve.DefaultLimits
	limits.Stranger = serve.Rate{PerSecond: 1, Burst: 3}
	limits.Household = serve.Rate{PerSecond: 1, Burst: 5}
	c := startIn(t, t.TempDir(), &clock{now: time.Now()}, limits)
	h := newHousehold(t, c)
	refused := func(n int, f func() error) {
		t.Helper()
		for i := range n {
			if err := f(); api.KindOf(err) == api.TooMany {
				t.Fatalf("refused at %d", i)
			}
		}
		wantKind(t, f(), api.TooMany)
	}
	// A chain costs what its length is.
	if _, err := h.api.RegisterChain(t.Context(), h.chain.Chain); err != nil {
		t.Fatal(err)
	}
	c.Advance(3 * time.Second)
	long := h.chain.Chain
	for len(long) < 40 {
		long = append(long, h.chain.Chain[0]) // no chain, but that is found out later
	}
	_, err := h.api.RegisterChain(t.Context(), long)
	wantKind(t, err, api.TooMany)
	refused(2, func() error { _, err := h.api.Sheet(t.Context(), id.HashOf(noise(4))); return err })
	refused(5, func() error { return h.put(request.WriteNames, api.Current, noise(9)) })
	c.Advance(time.Second)
	if err := h.put(request.WriteNames, api.Current, noise(9)); err != nil {
		t.Errorf("after a second: %v", err)
	}
}

func TestWhatIsNoRouteIsAProblem(t *testing.T) {
	c := start(t)
	for _, r := range []struct{ method, path string }{
		{"GET", "/v1/"},
		{"GET", "/v1/households"},
		{"DELETE", "/v1/info"},
		{"GET", "/v1/sheets/none"},
		{"GET", "/v1/fetched/x/objects/y"},
		{"PUT", "/v1/households/x/objects/y"},
		{"PUT", "/v1/households/x/names/current"},
		{"POST", "/v1/fetch"},
		{"POST", "/v1/relays"},
		{"POST", "/v1/pushes"},
		{"POST", "/v1/households"},
		{"GET", "/v1/drops/x"},
		{"GET", "/v1/fetched/x/tiles/y/-1/0/0"},
		{"GET", "/v1/openapi.yaml"},
		{"GET", "/docs"},
	} {
		req := must(http.NewRequestWithContext(t.Context(), r.method, c.base+r.path, strings.NewReader("{}")))
		res, err := c.web.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		var p api.Problem
		if err := json.Unmarshal(b, &p); err != nil || res.Header.Get("Content-Type") != "application/problem+json" ||
			p.Status != res.StatusCode || p.ID == "" || p.Kind() == api.Internal {
			t.Errorf("%s %s: %s %s", r.method, r.path, res.Status, b)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: lax headers %v", r.method, r.path, res.Header)
		}
	}
}
