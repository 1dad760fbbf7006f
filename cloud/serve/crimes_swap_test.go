// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package serve_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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

// relayed is an error unless an answer lists relays, be it none, or says what came of a push.
func relayed(a *side, req *http.Request) error {
	res := a.c.do(req)
	if err := problemIn(res.body); err != nil || res.code == http.StatusOK {
		return err
	}
	return errNothing
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
	"POST /v1/pushes": {
		off: []rule.Name{rule.Signature}, says: stranger,
		crime:  func(a, b *side, r route) error { return relayed(a, b.ask(r, a.at(r))) },
		honest: func(a, _ *side, r route) error { return relayed(a, a.ask(r, a.at(r))) },
	},
	"POST /v1/relays": {
		off: []rule.Name{rule.Signature}, says: stranger,
		crime:  func(a, b *side, r route) error { return relayed(a, b.ask(r, a.at(r))) },
		honest: func(a, _ *side, r route) error { return relayed(a, a.ask(r, a.at(r))) },
	},
	"GET /v1/fetched/{id}/objects/{object}":                     under(),
	"GET /v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}":  under(),
	"GET /v1/fetched/{id}/tiles/{run}/{level}/{n}/{width}":      under(),
	"PUT /v1/households/{household}/checkpoints/{run}":          written(nil),
	"PUT /v1/households/{household}/envelopes/{camera}/{epoch}": written(other("epoch", func() string { return string(must(id.NewEpoch(rand.Reader))) })),
	"PUT /v1/households/{household}/erase/{current}":            written(nil),
	"PUT /v1/households/{household}/kept/{camera}":              written(nil),
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
