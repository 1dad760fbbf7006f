// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// own is what every answer has for itself: a problem's id, an address, times of this moment.
var own = regexp.MustCompile(`"(id":"[a-z2-7]{13}"|address":"/v1/fetched/[a-z2-7]{26}"|expires":[0-9]{13}|now":[0-9]{13})`)

// seen is everything that a caller gets to see, with what is each answer's own blanked out, and nothing else.
func seen(c *cloud, req *http.Request) string {
	return c.do(req).seen()
}

func (r reply) seen() string {
	r.header.Del("Date")
	out := r.proto + " " + r.status + "\n"
	for _, k := range slices.Sorted(maps.Keys(r.header)) {
		out += fmt.Sprintln(k, r.header[k])
	}
	return out + own.ReplaceAllStringFunc(string(r.body), func(s string) string { return strings.Repeat("-", len(s)) })
}

// askers are requests that must not be told apart.
type askers map[string]*http.Request

// crowd is two households and everybody who is or was or never was in one of them.
type crowd struct {
	a, b    *side
	nowhere string
	wrong   ed25519.PrivateKey
	never   person
	removed person
	guest   person
	oldHub  api.Signer
	// sheets and addresses that are of no use any more.
	oldSheet, goneAddress, goneFootage, expired string
	hidden                                      *side
	wish                                        id.Hash
}

func newCrowd(t *testing.T, c *cloud) *crowd {
	t.Helper()
	x := &crowd{a: newSide(t, c), b: newSide(t, c), hidden: newSide(t, c), nowhere: id.HashOf(noise(4)).String()}
	_, x.wrong = must2(ed25519.GenerateKey(rand.Reader))
	x.never = newDevice(x.a.owner.person)
	x.expired = x.a.ids["footage"]
	c.Advance(11 * time.Minute)
	// The old sheet and the old hub.
	x.oldSheet, x.oldHub = x.a.ids["hash"], x.a.byHub()
	pub, key := must2(ed25519.GenerateKey(rand.Reader))
	x.a.append(roster.NewSheet{Sheet: roster.SheetKeys{Reader: noise(roster.XWingSize), Sign: pub}}, x.a.byOwner(), api.Signer{From: id.Sheet, Key: key})
	x.a.sheet = key
	pub, key = must2(ed25519.GenerateKey(rand.Reader))
	e := must(x.a.chain.NewLink(x.a.now(), roster.ReplaceHub{Hub: roster.HubKeys{HPKE: noise(roster.XWingSize), Sign: pub}}))
	e.Sign(x.a.owner.keys.ID, x.a.owner.sign)
	e.Sign(id.Hub, key)
	x.a.ok(x.a.chain.Append(e.Encode()))
	must(x.a.api.RegisterChain(t.Context(), x.a.chain.Chain))
	x.a.hub = key
	x.guest = x.a.welcome(roster.Guest, x.a.right(x.a.camera))
	x.removed = x.a.join()
	x.goneAddress = strings.TrimPrefix(x.a.sync(x.removed.signer()).Address, api.FetchedPrefix)
	x.goneFootage = strings.TrimPrefix(x.a.footage(x.removed.signer(), request.PurposeHistory).Address, api.FetchedPrefix)
	x.a.remove(x.removed.keys.ID)
	for _, s := range []*side{x.a, x.b, x.hidden} {
		s.ids["sync"] = strings.TrimPrefix(s.sync(s.byOwner()).Address, api.FetchedPrefix)
		s.ids["footage"] = strings.TrimPrefix(s.footage(s.byOwner(), request.PurposeHistory).Address, api.FetchedPrefix)
	}
	x.wish = x.hidden.erase(erasure.Erase)
	return x
}

// statement builds the wish of the owner.
func (h *household) wish(act string) *dsse.Envelope {
	return must(dsse.Signed(erasure.Thing, &erasure.Statement{
		Act: act, At: h.now(), Device: h.owner.keys.ID, Household: h.id, Nonce: noise(16), Person: h.owner.person, To: h.c.to,
	}, h.owner.keys.ID, h.owner.sign))
}

// erase sends the owner's wish by the hub, and returns its hash.
func (h *household) erase(act string) id.Hash {
	h.t.Helper()
	e := h.wish(act)
	h.ok(h.put(request.WriteErase, api.Current, e.Encode()))
	return e.Hash()
}

func (x *crowd) get(path string) *http.Request {
	return must(http.NewRequestWithContext(x.a.t.Context(), http.MethodGet, x.a.c.base+path, nil))
}

// strangers are signers nobody knows, or no more, each with the household they name.
func (x *crowd) strangers(from func(*side) id.Device) map[string]struct {
	household string
	by        api.Signer
} {
	type as = struct {
		household string
		by        api.Signer
	}
	a := string(x.a.id)
	out := map[string]as{
		"a household that is not there": {x.nowhere, api.Signer{From: from(x.a), Key: x.wrong}},
		"a bad signature":               {a, api.Signer{From: from(x.a), Key: x.wrong}},
		"a device that never was":       {a, x.never.signer()},
		"a device that was removed":     {a, x.removed.signer()},
		"another household's device":    {a, x.b.byOwner()},
	}
	if from(x.a) == id.Hub {
		out["the hub that was replaced"] = as{a, x.oldHub}
		out["another household's hub"] = as{a, x.b.byHub()}
	}
	return out
}

// writes are groups for a signed write.
func (x *crowd) writes(r route) []askers {
	kind, group := r.kind(), askers{}
	from := func(s *side) id.Device { return s.signer(kind).From }
	for name, as := range x.strangers(from) {
		i := x.a.ids.with(ids{"household": as.household}, "household")
		path := r.fill(i)
		_, thing, _ := strings.Cut(path, "/"+kind+"/")
		group[name] = x.a.write(path, kind, as.by, as.household, thing, noise(64))
	}
	groups := []askers{group}
	// What a member may name that is not there, and what is there and another's.
	named := func(what string, names map[string]string) {
		group := askers{}
		for name, value := range names {
			group[name] = x.a.ask(r, x.a.ids.with(ids{what: value}, what))
		}
		groups = append(groups, group)
	}
	switch kind {
	case request.WriteObjects:
		named("object", map[string]string{"an unknown object": string(must(id.NewObject(rand.Reader))), "another household's object": x.b.ids["object"]})
		named("camera", map[string]string{"an unknown camera": string(must(id.NewCamera(rand.Reader))), "another household's camera": x.b.ids["camera"]})
	case request.WritePages, request.WriteTiles, request.WriteCheckpoints:
		named("run", map[string]string{"an unknown run": string(must(id.NewRun(rand.Reader))), "another household's run": x.b.ids["run"]})
	case request.WriteEnvelopes:
		named("epoch", map[string]string{"an unknown epoch": string(must(id.NewEpoch(rand.Reader))), "another household's epoch": x.b.ids["epoch"]})
	case request.WriteLabels, request.WriteKept:
		named("camera", map[string]string{"an unknown camera": string(must(id.NewCamera(rand.Reader))), "another household's camera": x.b.ids["camera"]})
	case request.WriteReseals:
		named("device", map[string]string{"a device that never was": string(x.never.keys.ID), "a removed one": string(x.removed.keys.ID), "another household's": x.b.ids["device"]})
	case request.WriteMail:
		named("to", map[string]string{"a device that never was": string(x.never.keys.ID), "a removed one": string(x.removed.keys.ID), "another household's": x.b.ids["to"]})
	}
	return groups
}

// fetches are groups for the login.
func (x *crowd) fetches(route) []askers {
	strangers := askers{}
	post := func(h *household, b []byte) *http.Request {
		return must(http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.c.base+"/v1/fetch", bytes.NewReader(b)))
	}
	for name, as := range x.strangers(func(s *side) id.Device { return s.owner.keys.ID }) {
		h := *x.a.household
		h.id = id.Household(as.household)
		strangers[name] = post(&h, h.fetch(as.by, request.FetchSync, request.PurposeSync))
	}
	footage := func(s *side, who api.Signer, cameras map[string]id.Camera) askers {
		out := askers{}
		for name, camera := range cameras {
			out[name] = post(s.household, s.fetch(who, request.FetchFootage, request.PurposeHistory, camera))
		}
		return out
	}
	unknown := must(id.NewCamera(rand.Reader))
	return []askers{
		strangers,
		footage(x.a, x.guest.signer(), map[string]id.Camera{"an unknown camera": unknown, "one that is not theirs": x.a.other, "another household's": x.b.camera}),
		footage(x.a, x.a.byOwner(), map[string]id.Camera{"an unknown camera": unknown, "another household's": x.b.camera}),
		footage(x.hidden, x.hidden.byOwner(), map[string]id.Camera{"an unknown camera": unknown, "one that is hidden": x.hidden.camera}),
	}
}

// fetched are groups for what stands under an address.
func (x *crowd) fetched(r route) []askers {
	with := func(i ids, name string, values map[string]string) askers {
		out := askers{}
		for what, value := range values {
			out[what] = x.get(r.fill(i.with(ids{name: value}, name)))
		}
		return out
	}
	mine := x.a.at(r)
	gone, kind := x.goneAddress, "sync"
	if strings.Contains(r.path, "/objects/") {
		gone, kind = x.goneFootage, "footage"
	}
	groups := []askers{with(mine, "id", map[string]string{
		"an unknown address": id.Base32(noise(16)), "one that has ended": x.expired, "one of a removed device": gone,
		"one of a household that is to be erased": x.hidden.ids[kind],
	})}
	random := map[string]func() string{
		"object": func() string { return string(must(id.NewObject(rand.Reader))) },
		"run":    func() string { return string(must(id.NewRun(rand.Reader))) },
		"camera": func() string { return string(must(id.NewCamera(rand.Reader))) },
		"epoch":  func() string { return string(must(id.NewEpoch(rand.Reader))) },
	}
	for _, name := range r.params() {
		if f, ok := random[name]; ok {
			groups = append(groups, with(mine, name, map[string]string{"what is not there": f(), "what is another household's": x.b.ids[name]}))
		}
	}
	if strings.Contains(r.path, "/pages/") {
		theirs := mine.with(ids{"id": strings.TrimPrefix(x.a.sync(x.guest.signer()).Address, api.FetchedPrefix)}, "id")
		groups = append(groups, with(theirs, "camera", map[string]string{
			"a camera that is not there": random["camera"](), "one that is not theirs": string(x.a.other),
			"another household's": x.b.ids["camera"], "the household's own": string(id.HouseholdCamera),
		}))
	}
	return groups
}

// alike says for each route what must not be told apart, or why there is nothing.
var alike = map[string]func(*crowd, route) []askers{
	"GET /v1/info":         nil, // says nothing about anybody
	"GET /v1/openapi.json": nil, // the same for all
	"POST /v1/households":  nil, // whoever has a genesis with its signatures was in that household
	"POST /v1/drops/{box}": nil, // whoever knows a box's name may put something in, and is told the number it has there
	"GET /v1/socket":       nil, // TestSocketsTellNobodyApart
	"GET /v1/drops/{box}": func(x *crowd, r route) []askers {
		out := askers{}
		for name, box := range map[string]string{"a box that is not there": x.nowhere, "another's box": x.b.ids["box"]} {
			req := x.get(r.fill(ids{"box": box}) + "?after=0&wait=0")
			req.Header.Set(api.DropTokenHeader, base64.StdEncoding.EncodeToString(x.a.token))
			out[name] = req
		}
		return []askers{out}
	},
	"GET /v1/sheets/{hash}": func(x *crowd, r route) []askers {
		return []askers{{
			"an unknown sheet": x.get(r.fill(ids{"hash": x.nowhere})), "one that was replaced": x.get(r.fill(ids{"hash": x.oldSheet})),
			"a household's own hash": x.get(r.fill(ids{"hash": string(x.a.id)})),
		}}
	},
	"GET /v1/receipts/{hash}": func(x *crowd, r route) []askers {
		return []askers{{
			"an unknown statement": x.get(r.fill(ids{"hash": x.nowhere})), "one that is not carried out yet": x.get(r.fill(ids{"hash": x.wish.String()})),
			"a household's own hash": x.get(r.fill(ids{"hash": string(x.a.id)})),
		}}
	},
	"POST /v1/fetch":                        (*crowd).fetches,
	"POST /v1/pushes":                       (*crowd).pushes,
	"POST /v1/relays":                       (*crowd).relays,
	"GET /v1/fetched/{id}/objects/{object}": (*crowd).fetched,
	"GET /v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}":           (*crowd).fetched,
	"GET /v1/fetched/{id}/tiles/{run}/{level}/{n}/{width}":               (*crowd).fetched,
	"PUT /v1/households/{household}/checkpoints/{run}":                   (*crowd).writes,
	"PUT /v1/households/{household}/envelopes/{camera}/{epoch}":          (*crowd).writes,
	"PUT /v1/households/{household}/erase/{current}":                     (*crowd).writes,
	"PUT /v1/households/{household}/labels/{camera}":                     (*crowd).writes,
	"PUT /v1/households/{household}/kept/{camera}":                       (*crowd).writes,
	"PUT /v1/households/{household}/mail/{to}":                           (*crowd).writes,
	"PUT /v1/households/{household}/names/{current}":                     (*crowd).writes,
	"PUT /v1/households/{household}/objects/{camera}/{hour}/{object}":    (*crowd).writes,
	"PUT /v1/households/{household}/pages/{run}/{camera}/{epoch}/{hour}": (*crowd).writes,
	"PUT /v1/households/{household}/reseals/{device}":                    (*crowd).writes,
	"PUT /v1/households/{household}/roster/{seq}":                        (*crowd).writes,
	"PUT /v1/households/{household}/status/{current}":                    (*crowd).writes,
	"PUT /v1/households/{household}/tiles/{run}/{level}/{n}":             (*crowd).writes,
}

func TestWhatIsThereAndWhatIsNotAreAnsweredAlike(t *testing.T) {
	c := start(t)
	x := newCrowd(t, c)
	all := routes(t, c)
	for _, r := range all {
		f, listed := alike[r.String()]
		if !listed {
			t.Errorf("%s is not in the table: say what must not be told apart there, or why there is nothing", r)
		}
		if f == nil {
			continue
		}
		for _, group := range f(x, r) {
			if len(group) < 2 {
				t.Errorf("%s: a group of %d tells nothing", r, len(group))
			}
			first, want := "", ""
			for _, name := range slices.Sorted(maps.Keys(group)) {
				got := seen(c, group[name])
				if first == "" {
					first, want = name, got
				}
				if got != want {
					t.Errorf("%s: %s is answered with\n%s\nbut %s with\n%s", r, name, got, first, want)
				}
			}
		}
	}
	for name := range alike {
		if !slices.ContainsFunc(all, func(r route) bool { return r.String() == name }) {
			t.Errorf("%s is in the table and not in the cloud", name)
		}
	}
}

func TestSocketsTellNobodyApart(t *testing.T) {
	c := start(t)
	x := newCrowd(t, c)
	var first, want string
	for name, as := range x.strangers(func(*side) id.Device { return id.Hub }) {
		h := *x.a.household
		h.id = id.Household(as.household)
		conn, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(c.base, "http")+"/v1/socket", nil) //nolint:bodyclose // Dial says that its callers never need to
		if err != nil {
			t.Fatal(err)
		}
		res.Header.Del("Sec-Websocket-Accept") // made from the caller's own key
		h.ok(conn.Write(t.Context(), websocket.MessageText, h.session(as.by)))
		_, frame, err := conn.Read(t.Context())
		h.ok(err)
		_, _, err = conn.Read(t.Context())
		got := reply{res.StatusCode, res.Proto, res.Status, res.Header, frame}.seen() + "\n" + fmt.Sprint(err)
		_ = conn.CloseNow()
		if first == "" {
			first, want = name, got
		}
		if got != want {
			t.Errorf("%s is answered with\n%s\nbut %s with\n%s", name, got, first, want)
		}
	}
	if !strings.Contains(want, string(api.Unauthenticated)) {
		t.Errorf("answered %s", want)
	}
}
