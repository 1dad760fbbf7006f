// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"crypto/ed25519"
	"encoding/base64"
	"maps"
	"sync"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// stranger is the one answer to everybody whose signature does not count.
func stranger() *api.Problem {
	return api.NewProblem(api.Unauthenticated, rule.Signature, "no member of this household has signed this")
}

func nothing() *api.Problem { return api.NewProblem(api.NotFound, "", "there is nothing here") }

func denied() *api.Problem { return api.NewProblem(api.Denied, "", "this is not yours to see now") }

func tooMany() *api.Problem {
	return api.NewProblem(api.TooMany, "", "too many requests: wait a little and try again")
}

// claim is what every request says about itself.
type claim struct {
	household id.Household
	signer    id.Device
	at        int64
	nonce     []byte
	to        []byte
	addressed bool // whether to counts
}

// verify opens a statement and wants it to be signed by somebody of the roster for this hub, fresh and for the first time.
func verify[T any](d *Door, envelope []byte, thing string, read func(*T) claim) (*T, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, malformed(err)
	}
	var statement T
	if err := e.Read(thing, &statement); err != nil {
		return nil, malformed(err)
	}
	c, now := read(&statement), d.c.Now().UnixMilli()
	if err := request.Fresh(c.at, now); err != nil {
		return nil, api.NewProblem(api.Unauthenticated, rule.Time, "the statement is older or newer than two minutes: is a clock wrong?")
	}
	if c.addressed && !d.key().Equal(ed25519.PublicKey(c.to)) && !rule.Off(rule.Audience) {
		return nil, api.NewProblem(api.Unauthenticated, rule.Audience, "the statement is for somebody else")
	}
	s := d.c.Roster()
	key, ok := s.Key(c.signer)
	if !ok && rule.Off(rule.Device) {
		if m, was := s.Former(c.signer); was {
			key, ok = m.Sign, true
		}
	}
	another := c.household != s.Household && !rule.Off(rule.Household)
	if !ok || c.signer == id.Hub || another || e.Verify(map[id.Device]ed25519.PublicKey{c.signer: key}) != nil {
		return nil, stranger()
	}
	if !d.nonces.fresh(c.nonce, now, c.at+2*request.Window) && !rule.Off(rule.Replay) {
		return nil, api.NewProblem(api.Conflict, rule.Replay, "this statement was used before: sign a new one")
	}
	return &statement, nil
}

func (d *Door) key() ed25519.PublicKey { return d.c.Key.Public().(ed25519.PublicKey) }

// malformed turns a rule's verdict on the form of a request into an answer.
func malformed(err error) error {
	return api.NewProblem(api.Invalid, rule.Of(err), "the statement is not in the form that the protocol asks for")
}

func (d *Door) write(header string, place request.Write) (*request.Write, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(header)
	if err != nil || len(b) == 0 {
		return nil, api.NewProblem(api.Invalid, rule.Syntax, "the header "+api.StatementHeader+" must hold a statement in base64")
	}
	w, err := verify(d, b, request.ThingWrite, func(w *request.Write) claim {
		return claim{household: w.Household, signer: w.From, at: w.At, nonce: w.Nonce}
	})
	if err != nil {
		return nil, err
	}
	if w.Household != place.Household || w.Kind != place.Kind || w.Name != place.Name {
		return nil, api.NewProblem(api.Invalid, rule.Field, "the statement is for another place than the one written to")
	}
	return w, nil
}

func (d *Door) fetchStatement(envelope []byte) (*request.Fetch, error) {
	return verify(d, envelope, request.ThingFetch, func(f *request.Fetch) claim {
		return claim{household: f.Household, signer: f.Device, at: f.At, nonce: f.Nonce, to: f.To, addressed: true}
	})
}

func (d *Door) session(envelope []byte) (*request.Session, error) {
	return verify(d, envelope, request.ThingSession, func(s *request.Session) claim {
		return claim{household: s.Household, signer: s.From, at: s.At, nonce: s.Nonce, to: s.To, addressed: true}
	})
}

// nonces remembers what came, for as long as it could pass again. They are few: a signature of the household is needed
// for each.
type nonces struct {
	mu       sync.Mutex
	until    map[string]int64 // guarded by mu
	forgetAt int              // guarded by mu
}

func (n *nonces) fresh(nonce []byte, now, until int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil {
		n.until = map[string]int64{}
	}
	if len(n.until) >= n.forgetAt {
		maps.DeleteFunc(n.until, func(_ string, until int64) bool { return until < now })
		n.forgetAt = 2*len(n.until) + 256
	}
	_, was := n.until[string(nonce)]
	n.until[string(nonce)] = until
	return !was
}
