// SPDX-License-Identifier: Apache-2.0

// Package access finds out who is speaking: it checks signed requests with keys of the mirrored roster.
//
// It promises that a Verified value carries a statement which a key of that household has signed, for this cloud,
// within two minutes; functions that release or change household data take one, and only this package can make it, so
// forgetting the check does not compile. What a member may see is asked of the mirrored roster's own May, never of the
// hub. Whoever is not let in learns nothing about why: an unknown household, an unknown or removed device, a hub or
// sheet that was replaced, and a bad signature get the same answer after the same work. It trusts the store to hold the
// chain that it stored, and replays it all the same. Using the nonce is left to the store, in one step with the act.
package access

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Verified is a statement of a household's member with the roster it was checked against.
type Verified[T any] struct {
	statement T
	envelope  []byte
	state     *roster.State
	sight     roster.Sight
	nonce     store.Nonce
}

// Statement returns what was signed.
func (v *Verified[T]) Statement() *T { return &v.statement }

// Envelope returns the bytes that came.
func (v *Verified[T]) Envelope() []byte { return v.envelope }

// Roster returns the household's roster at the time of the check. It must not be changed.
func (v *Verified[T]) Roster() *roster.State { return v.state }

// Sight returns what the signer may see, as the roster and the clock were at the check.
func (v *Verified[T]) Sight() roster.Sight { return v.sight }

// Nonce returns what the store has to use up together with the act.
func (v *Verified[T]) Nonce() store.Nonce { return v.nonce }

// Keeper checks requests. Its fields are set once, before use.
type Keeper struct {
	Rosters *Mirror
	// To is this cloud's public key.
	To  ed25519.PublicKey
	Now func() time.Time
	// Admit is asked once a request is known to be a household's; its error is the answer. Nil admits all.
	Admit func(id.Household) error
}

// Stranger is the one answer to everybody whose signature does not count.
func Stranger() error {
	return api.NewProblem(api.Unauthenticated, rule.Signature, "no member of this household has signed this")
}

// refused turns a rule's verdict on the form of a request into an answer.
func refused(err error) error {
	if r := rule.Of(err); r != "" {
		return api.NewProblem(api.Invalid, r, "the statement is not in the form that the protocol asks for")
	}
	return err
}

// Write checks the statement header of a signed write to a place.
func (k *Keeper) Write(ctx context.Context, header string, household id.Household, kind, name string) (*Verified[request.Write], error) {
	b, err := base64.StdEncoding.Strict().DecodeString(header)
	if err != nil || len(b) == 0 {
		return nil, api.NewProblem(api.Invalid, rule.Syntax, "the header "+api.StatementHeader+" must hold a statement in base64")
	}
	v, err := open(ctx, k, b, request.ThingWrite, func(w *request.Write) claim {
		return claim{household: w.Household, signer: w.From, at: w.At, nonce: w.Nonce}
	})
	if err != nil {
		return nil, err
	}
	if w := v.statement; w.Household != household || w.Kind != kind || w.Name != name {
		return nil, api.NewProblem(api.Invalid, rule.Field, "the statement is for another place than the one written to")
	}
	return v, nil
}

// Fetch checks a fetch statement.
func (k *Keeper) Fetch(ctx context.Context, envelope []byte) (*Verified[request.Fetch], error) {
	return open(ctx, k, envelope, request.ThingFetch, func(f *request.Fetch) claim {
		return claim{household: f.Household, signer: f.Device, at: f.At, nonce: f.Nonce, to: f.To, addressed: true}
	})
}

// Session checks the first frame of a socket.
func (k *Keeper) Session(ctx context.Context, envelope []byte) (*Verified[request.Session], error) {
	return open(ctx, k, envelope, request.ThingSession, func(s *request.Session) claim {
		return claim{household: s.Household, signer: s.From, at: s.At, nonce: s.Nonce, to: s.To, addressed: true}
	})
}

// Relays checks a question for relays.
func (k *Keeper) Relays(ctx context.Context, envelope []byte) (*Verified[request.Relays], error) {
	return open(ctx, k, envelope, request.ThingRelays, func(r *request.Relays) claim {
		return claim{household: r.Household, signer: r.From, at: r.At, nonce: r.Nonce, to: r.To, addressed: true}
	})
}

// Push checks a message for a push service.
func (k *Keeper) Push(ctx context.Context, envelope []byte) (*Verified[request.Push], error) {
	return open(ctx, k, envelope, request.ThingPush, func(p *request.Push) claim {
		return claim{household: p.Household, signer: p.From, at: p.At, nonce: p.Nonce, to: p.To, addressed: true}
	})
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

func open[T any](ctx context.Context, k *Keeper, envelope []byte, thing string, read func(*T) claim) (*Verified[T], error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, refused(err)
	}
	v := &Verified[T]{envelope: envelope}
	if err := e.Read(thing, &v.statement); err != nil {
		return nil, refused(err)
	}
	c := read(&v.statement)
	// What is checked up to here and in the next two lines is the same for households that exist and those that do not.
	now := k.Now().UnixMilli()
	if err := request.Fresh(c.at, now); err != nil {
		return nil, api.NewProblem(api.Unauthenticated, rule.Time, "the statement is older or newer than two minutes: is a clock wrong?")
	}
	if c.addressed && !k.To.Equal(ed25519.PublicKey(c.to)) && !rule.Off(rule.Audience) {
		return nil, api.NewProblem(api.Unauthenticated, rule.Audience, "the statement is for another cloud")
	}
	state, err := k.Rosters.State(ctx, c.household)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return nil, fmt.Errorf("access: %w", err)
	}
	if state == nil && rule.Off(rule.Household) {
		return nil, Answer(store.ErrMissing)
	}
	key, known := nobody, false
	if state != nil {
		if own, ok := state.Key(c.signer); ok {
			key, known = own, true
		}
	}
	// Verified even for strangers, against a key nobody has, so that the time taken tells nothing.
	if err := e.Verify(map[id.Device]ed25519.PublicKey{c.signer: key}); err != nil || !known {
		return nil, Stranger()
	}
	if k.Admit != nil {
		if err := k.Admit(c.household); err != nil {
			return nil, err
		}
	}
	v.state, v.sight = state, roster.SightOf(state, c.signer, now)
	v.nonce = store.Nonce{Household: c.household, Signer: c.signer, Value: c.nonce, Expires: c.at + 2*request.Window}
	return v, nil
}

// nobody is a valid point that is nobody's key: the curve's base point.
var nobody = ed25519.PublicKey{
	0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
}

// Answer turns what a store says about a verified act into a problem; other errors pass.
func Answer(err error) error {
	switch {
	case errors.Is(err, store.ErrReplay):
		return api.NewProblem(api.Conflict, rule.Replay, "this statement was used before: sign a new one")
	case errors.Is(err, store.ErrConflict):
		return api.NewProblem(api.Conflict, "", "something else or something newer is stored there")
	case errors.Is(err, store.ErrFull):
		return api.NewProblem(api.TooMany, rule.Quota, "too much is waiting to be picked up: try again when the reader has been there")
	case errors.Is(err, store.ErrMissing):
		return api.NewProblem(api.NotFound, "", "there is nothing here")
	}
	return err
}
