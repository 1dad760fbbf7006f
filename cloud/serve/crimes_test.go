// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package serve_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/internal/crimes"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// committed lists the routes of the document that lies in the repository, which is what other people read.
func committed(t *testing.T) []route {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join("..", "..", "api", "openapi.json"))), &doc); err != nil {
		t.Fatal(err)
	}
	var out []route
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

// refusal is an answer that is a problem.
type refusal struct{ kind, rule string }

func (r *refusal) Error() string { return strings.TrimSpace(r.kind + " " + r.rule) }

// problemIn is the problem that an answer tells, nil if it is none.
func problemIn(body []byte) error {
	var p struct{ Type, Rule string }
	if json.Unmarshal(body, &p) != nil || !strings.HasPrefix(p.Type, "urn:keyhold:") {
		return nil
	}
	return &refusal{strings.TrimPrefix(p.Type, "urn:keyhold:"), p.Rule}
}

// answered is the refusal in an error of a client.
func answered(err error) error {
	var p *api.Problem
	if errors.As(err, &p) {
		return &refusal{string(api.KindOf(p)), string(p.Rule)}
	}
	return err
}

// errNothing says that an answer holds nothing of the household that was meant.
var errNothing = errors.New("nothing of theirs")

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// swap is how somebody of household b asks in the place of household a, and how a does.
type swap struct {
	off  []rule.Name
	says string
	// crime is b's request for what is a's, honest a's own.
	crime, honest func(a, b *side, r route) error
}

// given sends a request and wants to be given something of a's.
func given(a *side, req *http.Request) error {
	res := a.c.do(req)
	if err := problemIn(res.body); err != nil {
		return err
	}
	if len(a.found(res.body)) == 0 {
		return errNothing
	}
	return nil
}

// under an address: b has one of its own, and asks there for a's things.
func under() *swap {
	return &swap{
		off: []rule.Name{rule.WrongHousehold}, says: string(api.NotFound),
		crime: func(a, b *side, r route) error {
			i := maps.Clone(a.at(r))
			i["id"] = b.at(r)["id"]
			return given(a, b.ask(r, i))
		},
		honest: func(a, _ *side, r route) error { return given(a, a.ask(r, a.at(r))) },
	}
}

// written is a write in a's household, by whoever writes such things there or, for the crime, by b's writer under that
// name.
func written(more func(a *side, x ids)) *swap {
	write := func(a *side, by func(kind string) api.Signer, r route) error {
		x := a.at(r)
		if more != nil {
			more(a, x)
		}
		body := a.body(r.kind(), x)
		if r.kind() == request.WriteErase {
			body = a.wish("erase").Encode()
		}
		path := r.fill(x)
		_, name, _ := strings.Cut(path, "/"+r.kind()+"/")
		res := a.c.do(a.write(path, r.kind(), by(r.kind()), x["household"], name, body))
		if res.code < 300 {
			return nil
		}
		return problemIn(res.body)
	}
	return &swap{
		off: []rule.Name{rule.Signature}, says: stranger,
		crime: func(a, b *side, r route) error {
			return write(a, func(kind string) api.Signer { return a.signerOf(b, kind) }, r)
		},
		honest: func(a, _ *side, r route) error { return write(a, a.signer, r) },
	}
}

var stranger = string(api.Unauthenticated) + " " + string(rule.Signature)

// continued registers a's chain with one more link, which the keys of a household have signed under the ids of a's.
func continued(a *side, by *side) error {
	d := newDevice(a.owner.person)
	e := must(a.chain.NewLink(a.now(), roster.AddDevice{Device: d.keys, Person: d.person}))
	e.Sign(a.owner.keys.ID, by.owner.sign)
	e.Sign(d.keys.ID, d.sign)
	e.Sign(id.Hub, by.hub)
	_, err := a.api.RegisterChain(a.t.Context(), append(slices.Clone(a.chain.Chain), e.Encode()))
	return answered(err)
}

// listens opens a socket as a's hub with some key, and wants a's mail.
func listens(a *side, by api.Signer) error {
	sock, err := a.api.Socket(a.t.Context(), a.session(by))
	if err != nil {
		return answered(err)
	}
	defer func() { _ = sock.Close() }()
	ctx, cancel := context.WithTimeout(a.t.Context(), 10*time.Second)
	defer cancel()
	for {
		m, err := sock.Receive(ctx)
		if err != nil {
			return err
		}
		if len(a.found(m.Body)) > 0 {
			return nil
		}
	}
}

// other puts another id in the place of one that is taken.
func other(name string, fresh func() string) func(*side, ids) {
	return func(_ *side, x ids) { x[name] = fresh() }
}

// swaps says for each route how one household asks in the place of another, or why it cannot.
var swaps = map[string]*swap{
	"GET /v1/info":            nil, // says nothing about anybody
	"GET /v1/sheets/{hash}":   nil, // the hash of a sheet is the right to be told its chain
	"GET /v1/receipts/{hash}": nil, // the hash of a statement is the right to be told what came of it
	"POST /v1/drops/{box}":    nil, // a box's name is the right to put something in
	"GET /v1/drops/{box}": {
		off: []rule.Name{rule.WrongHousehold}, says: string(api.Denied),
		crime:  func(a, b *side, r route) error { return given(a, b.ask(r, a.at(r))) },
		honest: func(a, _ *side, r route) error { return given(a, a.ask(r, a.at(r))) },
	},
	"GET /v1/socket": {
		off: []rule.Name{rule.Signature}, says: stranger,
		crime:  func(a, b *side, _ route) error { return listens(a, b.byHub()) },
		honest: func(a, _ *side, _ route) error { return listens(a, a.byHub()) },
	},
	"POST /v1/households": {
		off: []rule.Name{rule.Signature}, says: string(api.Invalid) + " " + string(rule.Signature),
		crime:  func(a, b *side, _ route) error { return continued(a, b) },
		honest: func(a, _ *side, _ route) error { return continued(a, a) },
	},
	"POST /v1/fetch": {
		off: []rule.Name{rule.Signature}, says: stranger,
		crime:  func(a, b *side, r route) error { return given(a, b.ask(r, a.at(r))) },
		honest: func(a, _ *side, r route) error { return given(a, a.ask(r, a.at(r))) },
	},
	"GET /v1/fetched/{id}/objects/{object}":                     under(),
	"GET /v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}":  under(),
	"GET /v1/fetched/{id}/tiles/{run}/{level}/{n}/{width}":      under(),
	"PUT /v1/households/{household}/checkpoints/{run}":          written(nil),
	"PUT /v1/households/{household}/envelopes/{camera}/{epoch}": written(other("epoch", func() string { return string(must(id.NewEpoch(rand.Reader))) })),
	"PUT /v1/households/{household}/erase/{current}":            written(nil),
	"PUT /v1/households/{household}/labels/{camera}":            written(nil),
	"PUT /v1/households/{household}/mail/{to}":                  written(nil),
	"PUT /v1/households/{household}/names/{current}":            written(nil),
	"PUT /v1/households/{household}/objects/{camera}/{hour}/{object}": written(other("object", func() string {
		return string(must(id.NewObject(rand.Reader)))
	})),
	"PUT /v1/households/{household}/pages/{run}/{camera}/{epoch}/{hour}": written(nil),
	"PUT /v1/households/{household}/reseals/{device}":                    written(nil),
	"PUT /v1/households/{household}/roster/{seq}": written(func(a *side, x ids) {
		x["seq"] = fmt.Sprint(a.chain.Head.Seq + 1)
	}),
	"PUT /v1/households/{household}/status/{current}":        written(nil),
	"PUT /v1/households/{household}/tiles/{run}/{level}/{n}": written(other("n", func() string { return "1" })),
}

// TestCrimesAcrossHouseholds tries on every route of the committed document to get, as somebody of one household, what
// is another's, or to write in its place. A route that is not in the table fails it.
func TestCrimesAcrossHouseholds(t *testing.T) {
	c := startWith(t, serve.Config{Data: t.TempDir()})
	all := committed(t)
	var rows []*crimes.Row
	for _, r := range all {
		s, listed := swaps[r.String()]
		if !listed {
			t.Errorf("%s is not in the table: say how another household would ask there, or why it cannot", r)
		}
		if s == nil {
			continue
		}
		row := crimes.New("another household's ids at "+r.String(), s.off[0])
		rows = append(rows, row)
		t.Run(strings.NewReplacer("/", " ", "{", "", "}", "").Replace(r.String()), func(t *testing.T) {
			// Each has two households of its own: what the mutant lets through stays.
			c.Advance(time.Minute)
			a, b := newSide(t, c), newSide(t, c)
			err := s.crime(a, b, r)
			row.Tried(t, err, said(err), s.says)
			t.Run("without the check", func(t *testing.T) {
				c.Advance(time.Minute)
				a, b := newSide(t, c), newSide(t, c)
				crimes.Switch(t, s.off...)
				err := s.crime(a, b, r)
				row.Unchecked(t, err, said(err))
			})
			err = s.honest(a, b, r)
			row.Honest(t, err, said(err))
		})
	}
	for name := range swaps {
		if !slices.ContainsFunc(all, func(r route) bool { return r.String() == name }) {
			t.Errorf("%s is in the table and not in the document", name)
		}
	}
	row := crimes.New("an owner has another household erased", rule.Household)
	t.Run(row.Attack, func(t *testing.T) {
		a, b := newSide(t, c), newSide(t, c)
		err := b.erases(a)
		row.Tried(t, err, said(err), string(api.Invalid)+" "+string(rule.Household))
		t.Run("without the check", func(t *testing.T) {
			a := newSide(t, c)
			crimes.Switch(t, rule.Household)
			err := b.erases(a)
			row.Unchecked(t, err, said(err))
		})
		err = b.erases(b)
		row.Honest(t, err, said(err))
	})
	crimes.Report(t, "cloud", append(rows, row))
}

// erases lets this side's owner and hub order that a household be erased, which may be another's, and wants it to be
// hidden then.
func (s *side) erases(other *side) error {
	e := must(dsse.Signed(erasure.Thing, &erasure.Statement{
		Act: erasure.Erase, At: s.now(), Device: s.owner.keys.ID, Household: other.id, Nonce: noise(16), Person: s.owner.person, To: s.c.to,
	}, s.owner.keys.ID, s.owner.sign))
	if err := answered(s.put(request.WriteErase, api.Current, e.Encode())); err != nil {
		return err
	}
	if len(other.sync(other.byOwner()).Erase) == 0 {
		return errNothing
	}
	return nil
}

// theft is what somebody tries with what was copied from a member's connection, or lay about.
type theft struct {
	name   string
	off    rule.Name
	says   string
	crime  func(s *side) error
	honest func(s *side) error
}

// posted sends a fetch statement.
func posted(s *side, statement []byte) error {
	_, err := s.c.client().Sync(s.t.Context(), statement)
	return answered(err)
}

// greeted sends the first frame of a socket.
func greeted(s *side, frame []byte) error {
	conn, _, err := websocket.Dial(s.t.Context(), "ws"+strings.TrimPrefix(s.c.base, "http")+"/v1/socket", nil) //nolint:bodyclose // Dial says that its callers never need to
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	if err := conn.Write(s.t.Context(), websocket.MessageText, frame); err != nil {
		return err
	}
	_, said, err := conn.Read(s.t.Context())
	if err != nil {
		return err
	}
	var answer struct{ Problem json.RawMessage }
	if err := json.Unmarshal(said, &answer); err != nil {
		return err
	}
	return problemIn(answer.Problem)
}

// elsewhere reads an object under a copied address, from a connection of somebody's own.
func elsewhere(s *side, address, object string) error {
	res := s.c.do(must(http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.c.base+"/v1/fetched/"+address+"/objects/"+object, nil)))
	if err := problemIn(res.body); err != nil {
		return err
	}
	if len(res.body) == 0 {
		return errNothing
	}
	return nil
}

// opened looks into a box some time after something was put in.
func opened(s *side, later time.Duration) error {
	s.ok(s.api.Drop(s.t.Context(), s.ids["box"], s.secrets["drop"]))
	s.c.Advance(later)
	return given(s, s.ask(route{http.MethodGet, "/v1/drops/{box}"}, s.ids))
}

func thefts() []theft {
	replayed := string(api.Conflict) + " " + string(rule.Replay)
	return []theft{
		{
			name: "a member's login is copied and sent again", off: rule.Replay, says: replayed,
			crime: func(s *side) error {
				copied := s.fetch(s.byOwner(), request.FetchSync, request.PurposeSync)
				if err := posted(s, copied); err != nil {
					s.t.Fatal(err)
				}
				return posted(s, copied)
			},
			honest: func(s *side) error { return posted(s, s.fetch(s.byOwner(), request.FetchSync, request.PurposeSync)) },
		},
		{
			name: "the first word on a member's socket is copied and said again", off: rule.Replay, says: replayed,
			crime: func(s *side) error {
				copied := s.session(s.byOwner())
				if err := greeted(s, copied); err != nil {
					s.t.Fatal(err)
				}
				return greeted(s, copied)
			},
			honest: func(s *side) error { return greeted(s, s.session(s.byOwner())) },
		},
		{
			name: "an invitation of the day before is opened", off: rule.Time, says: errNothing.Error(),
			crime:  func(s *side) error { return opened(s, 24*time.Hour+time.Second) },
			honest: func(s *side) error { return opened(s, 23*time.Hour) },
		},
		{
			name: "a copied address is read after ten minutes", off: rule.Ended, says: string(api.NotFound),
			crime: func(s *side) error {
				copied := s.ids["footage"]
				s.c.Advance(11 * time.Minute)
				return elsewhere(s, copied, s.ids["object"])
			},
			// Within the ten minutes it is as good for a thief as for its owner: what lies there is sealed.
			honest: func(s *side) error {
				fresh := strings.TrimPrefix(s.footage(s.byOwner(), request.PurposeHistory).Address, api.FetchedPrefix)
				return elsewhere(s, fresh, s.ids["object"])
			},
		},
		{
			name: "a copied address is read for what it does not list", off: rule.Camera, says: string(api.Denied),
			crime: func(s *side) error {
				guest := s.welcome(roster.Guest, s.right(s.other))
				address := strings.TrimPrefix(s.sync(guest.signer()).Address, api.FetchedPrefix)
				r := route{http.MethodGet, "/v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}"}
				return given(s, s.ask(r, s.ids.with(ids{"id": address}, "id")))
			},
			honest: func(s *side) error {
				guest := s.welcome(roster.Guest, s.right(s.camera))
				s.c.Advance(time.Second)
				s.ok(s.put(request.WritePages, api.PageName(s.run, s.camera, s.epoch, s.hour()), s.secrets["page"]))
				address := strings.TrimPrefix(s.sync(guest.signer()).Address, api.FetchedPrefix)
				r := route{http.MethodGet, "/v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}"}
				return given(s, s.ask(r, s.ids.with(ids{"id": address, "hour": fmt.Sprint(s.hour())}, "id", "hour")))
			},
		},
	}
}

// TestCrimesWithAStolenSession tries what a thief can do with what was copied on its way: a login, the first word of a
// socket, an address. Nothing of it can be used twice, elsewhere or later; the one thing that can be used is an address,
// within its ten minutes, and what lies there is sealed.
func TestCrimesWithAStolenSession(t *testing.T) {
	c := start(t)
	var rows []*crimes.Row
	for _, one := range thefts() {
		row := crimes.New(one.name, one.off)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			s := newSide(t, c)
			err := one.crime(s)
			row.Tried(t, err, said(err), one.says)
			t.Run("without the check", func(t *testing.T) {
				s := newSide(t, c)
				crimes.Switch(t, one.off)
				err := one.crime(s)
				row.Unchecked(t, err, said(err))
			})
			err = one.honest(s)
			row.Honest(t, err, said(err))
		})
	}
	crimes.Report(t, "cloud", rows)
}

// errAlike says that answers do not differ by a byte of body or headers.
var errAlike = errors.New("alike")

// told compares the answers to all that must not be told apart on some routes; nil says that some differ.
func (x *crowd) told(t *testing.T, of func(route) bool) error {
	t.Helper()
	compared := 0
	for _, r := range committed(t) {
		if !of(r) || alike[r.String()] == nil {
			continue
		}
		for _, group := range alike[r.String()](x, r) {
			first := ""
			for _, req := range group {
				got := seen(x.a.c, req)
				if first == "" {
					first = got
				}
				if compared++; got != first {
					return nil
				}
			}
		}
	}
	if compared < 10 {
		t.Fatalf("only %d answers were compared: that shows nothing", compared)
	}
	return errAlike
}

// welcomed asks as the one who belongs there, who is given what they ask for.
func (x *crowd) welcomed(of func(route) bool) error {
	for _, r := range committed(x.a.t) {
		if !of(r) || r.kind() != "" {
			continue
		}
		if err := given(x.a, x.a.ask(r, x.a.at(r))); err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
	}
	return nil
}

// TestCrimesOfAsking tries to find out what is there by asking for it, on every route where something could be told:
// what exists and what does not have to be the same in every byte of body and headers.
func TestCrimesOfAsking(t *testing.T) {
	fetched := func(r route) bool { return strings.HasPrefix(r.path, api.FetchedPrefix) }
	signed := func(r route) bool { return r.kind() != "" || r.path == "/v1/fetch" }
	var rows []*crimes.Row
	for _, one := range []struct {
		name string
		off  rule.Name
		of   func(route) bool
	}{
		{"a stranger asks whether a household or a device is there", rule.Household, signed},
		{"a stranger asks whether an address was ever good", rule.Household, fetched},
		{"a member asks whether something of another household is there", rule.WrongHousehold, fetched},
	} {
		row := crimes.New(one.name, one.off)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			c := start(t)
			x := newCrowd(t, c)
			err := x.told(t, one.of)
			row.Tried(t, err, said(err), errAlike.Error())
			t.Run("without the check", func(t *testing.T) {
				crimes.Switch(t, one.off)
				err := x.told(t, one.of)
				row.Unchecked(t, err, said(err))
			})
			err = x.welcomed(one.of)
			row.Honest(t, err, said(err))
		})
	}
	crimes.Report(t, "cloud", rows)
}
