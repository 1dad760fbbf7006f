// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyhold/api"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// route is a place of the API, as the server's own document names it: a new one is in every test below.
type route struct{ method, path string }

func (r route) String() string { return r.method + " " + r.path }

// routes lists every route there is.
func routes(t *testing.T, c *cloud) []route {
	t.Helper()
	res, err := c.web.Do(must(http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/v1/openapi.json", nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	out := []route{{http.MethodGet, "/v1/openapi.json"}}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			out = append(out, route{strings.ToUpper(method), path})
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes were found", len(out))
	}
	return out
}

// kind is the kind of a signed write, "" for other routes.
func (r route) kind() string {
	rest, ok := strings.CutPrefix(r.path, "/v1/households/{household}/")
	if !ok {
		return ""
	}
	kind, _, _ := strings.Cut(rest, "/")
	return kind
}

var param = regexp.MustCompile(`\{([a-z]+)\}`)

// params are the places in a path where an id stands.
func (r route) params() []string {
	var out []string
	for _, m := range param.FindAllStringSubmatch(r.path, -1) {
		out = append(out, m[1])
	}
	return out
}

// ids are what stands in these places.
type ids map[string]string

func (r route) fill(x ids) string {
	return param.ReplaceAllStringFunc(r.path, func(m string) string { return x[m[1:len(m)-1]] })
}

// with returns ids with some replaced by another's.
func (x ids) with(other ids, names ...string) ids {
	out := maps.Clone(x)
	for _, n := range names {
		out[n] = other[n]
	}
	return out
}

// side is a household with everything in it that one can ask for.
type side struct {
	*home
	ids   ids
	token []byte
	// secrets is what nobody else may be given.
	secrets map[string][]byte
}

func newSide(t *testing.T, c *cloud) *side {
	t.Helper()
	s := &side{home: newHome(t, c), token: noise(32), secrets: map[string][]byte{}}
	secret := func(name string, n int) []byte {
		s.secrets[name] = noise(n)
		return s.secrets[name]
	}
	object := s.putObject(secret("object", 500))
	s.ok(s.put(request.WritePages, api.PageName(s.run, s.camera, s.epoch, s.hour()), secret("page", 500)))
	s.ok(s.put(request.WriteNames, api.Current, secret("names", 500)))
	s.ok(s.put(request.WriteLabels, api.LabelName(s.camera), secret("label", 500)))
	s.ok(s.put(request.WriteTiles, api.TileName(s.run, 1, 0), secret("tile", 32)))
	row := request.Row{Bytes: secret("row", 1300), Camera: s.camera, Device: s.owner.keys.ID, Epoch: s.epoch, Head: s.chain.Head.Hash}
	s.ok(s.put(request.WriteEnvelopes, api.EnvelopesName(s.camera, s.epoch), must(canon.Marshal(api.Rows{Envelopes: []request.Row{row}}))))
	s.ok(s.put(request.WriteCheckpoints, api.CheckpointName(s.run), s.checkpoint(ids{"household": string(s.id), "run": string(s.run)})))
	s.ok(s.api.Mail(t.Context(), s.byOwner(), s.id, id.Hub, secret("mail", 300)))
	s.ok(s.api.Drop(t.Context(), pairing.Box(s.token), secret("drop", 300)))
	s.secrets["link"] = s.chain.Chain[0]
	s.ids = ids{
		"household": string(s.id), "camera": string(s.camera), "hour": fmt.Sprint(s.hour()), "object": string(object), "run": string(s.run),
		"epoch": string(s.epoch), "device": string(s.owner.keys.ID), "to": string(s.owner.keys.ID), "seq": "1", "level": "1", "n": "0", "width": "1",
		"current": api.Current, "hash": s.chain.Sheet.Lookup().String(), "box": pairing.Box(s.token),
		"sync":    strings.TrimPrefix(s.sync(s.byOwner()).Address, api.FetchedPrefix),
		"footage": strings.TrimPrefix(s.footage(s.byOwner(), request.PurposeHistory).Address, api.FetchedPrefix),
	}
	return s
}

// at returns this side's ids for a route: an address of the kind that it opens.
func (s *side) at(r route) ids {
	out := maps.Clone(s.ids)
	out["id"] = out["sync"]
	if strings.Contains(r.path, "/objects/") {
		out["id"] = out["footage"]
	}
	return out
}

func (s *side) checkpoint(x ids) []byte {
	return []byte(must(manifest.Checkpoint{Household: id.Household(x["household"]), Run: id.Run(x["run"]), Size: 1, At: s.now()}.Sign(s.hub)))
}

// body is what this side writes under ids, which may be another's.
func (s *side) body(kind string, x ids) []byte {
	household, device := id.Household(x["household"]), id.Device(x["device"])
	row := request.Row{Bytes: noise(1300), Camera: id.Camera(x["camera"]), Device: device, Epoch: id.Epoch(x["epoch"]), Head: s.chain.Head.Hash}
	switch kind {
	case request.WriteTiles:
		return noise(32)
	case request.WriteCheckpoints:
		return s.checkpoint(x)
	case request.WriteEnvelopes:
		return must(canon.Marshal(api.Rows{Envelopes: []request.Row{row}}))
	case request.WriteKept:
		return must(canon.Marshal(api.Kept{Objects: []id.Object{id.Object(x["object"])}, Pages: []api.KeptPage{{Epoch: id.Epoch(x["epoch"]), Hour: s.hour(), Run: id.Run(x["run"])}}}))
	case request.WriteStatus:
		return must(dsse.Signed(manifest.ThingStatus, &manifest.Status{
			At: s.now(), Head: s.chain.Head.Hash, Household: household, Run: id.Run(x["run"]),
		}, id.Hub, s.hub)).Encode()
	case request.WriteRoster:
		d := newDevice(s.owner.person)
		return s.link(roster.AddDevice{Device: d.keys, Person: d.person}, s.byOwner(), d.signer())
	case request.WriteReseals:
		e := must(dsse.Signed(request.ThingReseal, &request.Reseal{
			At: s.now(), Device: device, Head: row.Head, Household: household,
			Epochs: []request.ResealedEpoch{{Camera: row.Camera, Epoch: row.Epoch, Envelope: id.HashOf(row.Bytes)}},
		}, s.owner.keys.ID, s.owner.sign))
		return must(canon.Marshal(api.Resealed{Envelopes: []request.Row{row}, Statement: e.Encode()}))
	case request.WriteErase:
		return must(dsse.Signed(erasure.Thing, &erasure.Statement{
			Act: erasure.Keep, At: s.now(), Device: s.owner.keys.ID, Household: household, Nonce: noise(16), Person: s.owner.person, To: s.c.to,
		}, s.owner.keys.ID, s.owner.sign)).Encode()
	}
	return noise(64)
}

// signer is who of this side writes things of a kind.
func (s *side) signer(kind string) api.Signer {
	if kind == request.WriteReseals || kind == request.WriteMail {
		return s.byOwner()
	}
	return s.byHub()
}

// write makes a signed write to a path, for what its statement says.
func (s *side) write(path, kind string, by api.Signer, household, name string, body []byte) *http.Request {
	e := must(dsse.Signed(request.ThingWrite, &request.Write{
		At: s.now(), From: by.From, Household: id.Household(household), Kind: kind, Name: name, Nonce: noise(16), SHA256: id.HashOf(body), Size: int64(len(body)),
	}, by.From, by.Key))
	req := must(http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.c.base+path, bytes.NewReader(body)))
	req.Header.Set(api.StatementHeader, base64.StdEncoding.EncodeToString(e.Encode()))
	return req
}

// ask makes the request of this side for a route, with ids that may be another's.
func (s *side) ask(r route, x ids) *http.Request {
	path := r.fill(x)
	if kind := r.kind(); kind != "" {
		_, name, _ := strings.Cut(path, "/"+kind+"/")
		return s.write(path, kind, s.signer(kind), x["household"], name, s.body(kind, x))
	}
	var body []byte
	switch r.path {
	case "/v1/households":
		body = s.chain.Chain[0]
	case "/v1/fetch":
		body = must(dsse.Signed(request.ThingFetch, &request.Fetch{
			At: s.now(), Cameras: []id.Camera{id.Camera(x["camera"])}, Device: id.Device(x["device"]), Household: id.Household(x["household"]),
			Kind: request.FetchSync, Nonce: noise(16), Purpose: request.PurposeSync, To: s.c.to, Until: s.now(),
		}, id.Device(x["device"]), s.owner.sign)).Encode()
	case "/v1/pushes":
		body = s.push(id.Household(x["household"]), s.byHub(), nobodyThere+"/p")
	case "/v1/relays":
		body = s.relays(id.Household(x["household"]), api.Signer{From: id.Device(x["device"]), Key: s.owner.sign})
	case "/v1/drops/{box}":
		if r.method == http.MethodPost {
			body = noise(20)
		} else {
			path += "?after=0&wait=0"
		}
	}
	req := must(http.NewRequestWithContext(s.t.Context(), r.method, s.c.base+path, bytes.NewReader(body)))
	if r.path == "/v1/drops/{box}" {
		req.Header.Set(api.DropTokenHeader, base64.StdEncoding.EncodeToString(s.token))
	}
	return req
}

// reply is an answer that was read to its end.
type reply struct {
	code          int
	proto, status string
	header        http.Header
	body          []byte
}

// do sends a request and reads its whole answer.
func (c *cloud) do(req *http.Request) reply {
	c.t.Helper()
	res, err := c.web.Transport.RoundTrip(req) // and no redirect is followed
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Proto, res.Status, res.Header, b}
}

// holds says whether an answer holds a secret, as it is or in the base64 that JSON carries.
func holds(answer, secret []byte) bool {
	return bytes.Contains(answer, secret) || bytes.Contains(answer, []byte(base64.StdEncoding.EncodeToString(secret)))
}

// found lists the secrets of a side that an answer holds.
func (s *side) found(answer []byte) []string {
	var out []string
	for name, secret := range s.secrets {
		if holds(answer, secret) {
			out = append(out, name)
		}
	}
	return out
}

// everything that this side is shown, and what lies in the vault for it.
func (s *side) everything() string {
	s.t.Helper()
	a := s.sync(s.byOwner())
	a.Address, a.Expires, a.Now = "", 0, 0
	f := s.footage(s.byOwner(), request.PurposeHistory)
	out := string(must(json.Marshal(a))) + string(must(json.Marshal(f.Objects)))
	for _, o := range f.Objects {
		out += id.HashOf(must(s.open(f.Address, o.Object))).String()
	}
	return out
}

// Two households; one uses every id of the other, in every place where an id can stand. The other's things are not
// given, not changed and not added to.
func TestIdsOfAnotherHouseholdOpenNothing(t *testing.T) {
	c := start(t)
	a, b := newSide(t, c), newSide(t, c)
	before := a.everything()
	shots, given := 0, map[string]bool{}
	shoot := func(r route, what string, req *http.Request) {
		t.Helper()
		shots++
		res := c.do(req)
		if got := a.found(res.body); len(got) > 0 {
			t.Errorf("%s, with %s: answered %s with another household's %v", r, what, res.status, got)
		}
	}
	for _, r := range routes(t, c) {
		own, other := b.at(r), a.at(r)
		if r.path == "/v1/socket" {
			continue // below
		}
		// The control: with its own ids, in its own household, the same request is answered.
		if res := c.do(a.ask(r, a.at(r))); r.kind() == "" {
			for _, name := range a.found(res.body) {
				given[name] = true
			}
			if res.code >= 300 && r.path != "/v1/receipts/{hash}" {
				t.Errorf("%s: a household's own request is answered %s %s", r, res.status, res.body)
			}
		}
		names := r.params()
		switch r.path {
		case "/v1/fetch":
			names = []string{"household", "camera", "device"}
		case "/v1/pushes":
			names = []string{"household"}
		case "/v1/relays":
			names = []string{"household", "device"}
		}
		for _, name := range names {
			if r.path == "/v1/sheets/{hash}" || (name == "box" && r.method == http.MethodPost) {
				continue // the hash of a sheet is the right to be told its chain, and a box's name to put something in
			}
			shoot(r, "its "+name, b.ask(r, own.with(other, name)))
		}
		// All of them together, but for an address: whoever was given one may read there for ten minutes.
		all := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "id" || n == "hash" || n == "box" })
		shoot(r, "all its ids", b.ask(r, own.with(other, all...)))
		if kind := r.kind(); kind != "" {
			_, name, _ := strings.Cut(r.fill(other), "/"+kind+"/")
			body := b.body(kind, other)
			shoot(r, "a statement for one household and the path of another", b.write(r.fill(other), kind, b.signer(kind), string(b.id), name, body))
			shoot(r, "the path of one household and a statement for another", b.write(r.fill(own), kind, b.signer(kind), string(a.id), name, body))
		}
	}
	for _, name := range []string{"object", "page", "names", "label", "tile", "row", "drop", "link"} {
		if !given[name] {
			t.Errorf("the control was not given its own %s: this has shown nothing", name)
		}
	}
	for what, who := range map[string]api.Signer{
		"the owner": {From: a.owner.keys.ID, Key: b.owner.sign}, "the hub": b.byHub(), "a device of another": b.byOwner(),
	} {
		stolen := *a.household
		stolen.c = c
		if _, err := a.api.Socket(t.Context(), stolen.session(who)); api.KindOf(err) != api.Unauthenticated {
			t.Errorf("a socket as %s: %v", what, err)
		}
	}
	if shots < 60 {
		t.Errorf("only %d requests were made", shots)
	}
	// The controls have written once more of everything that is the owner's; nothing else has changed.
	after := a.everything()
	if before == after {
		t.Error("the control's own writes left nothing: this has shown nothing")
	}
	again := newSide(t, c)
	x := again.everything()
	for _, r := range routes(t, c) {
		if r.kind() != "" {
			c.do(b.ask(r, again.at(r)))
			c.do(b.write(r.fill(again.at(r)), r.kind(), again.signerOf(b, r.kind()), string(again.id), r.fill(ids{}), noise(10)))
		}
	}
	if again.everything() != x {
		t.Error("another household's writes have changed what a household is shown")
	}
}

// signerOf is somebody of another household under the name of this one's writer.
func (s *side) signerOf(other *side, kind string) api.Signer {
	return api.Signer{From: s.signer(kind).From, Key: other.signer(kind).Key}
}
