// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// The first message carries a name, an offer and a roster that can be long. It is sealed to a key that comes out of the
// link's secret, so that the operator neither reads it nor shows the joiner another offer, and it is cut into parts that
// fit into a box.

const (
	chunk    = pairing.Chunk
	maxParts = pairing.MaxParts
	ended    = pairing.Ended
)

var (
	// ErrGrown says that the roster does not fit into an invitation.
	ErrGrown = errors.New("the household's roster has grown too long for an invitation")

	errNoPart = rule.Errorf(rule.Invitation, "no part of an offer")
)

func offerKey(secret []byte) (*box.Key, error) {
	return box.NewKey(pairing.Derive(secret, pairing.InviteOffer))
}

func partContext(household id.Household, joiner []byte, part, of int) (info, aad box.Context) {
	return joinInfo(household, "offer"), box.Context{"box": pairing.Box(joiner), "of": strconv.Itoa(of), "part": strconv.Itoa(part)}
}

// sealWelcome cuts a message into sealed parts.
func sealWelcome(household id.Household, secret []byte, w welcome) ([][]byte, error) {
	key, err := offerKey(secret)
	if err != nil {
		return nil, err
	}
	w.Offer = w.Plain()
	text, err := canon.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode the offer: %w", err)
	}
	of := (len(text) + chunk - 1) / chunk
	if of > maxParts {
		return nil, ErrGrown
	}
	var parts [][]byte
	for i := range of {
		sealed, err := sealPart(household, key, endsOf(secret).joiner, i, of, text[i*chunk:min(len(text), (i+1)*chunk)])
		if err != nil {
			return nil, err
		}
		parts = append(parts, sealed)
	}
	return parts, nil
}

func sealPart(household id.Household, key *box.Key, joiner []byte, part, of int, plain []byte) ([]byte, error) {
	info, aad := partContext(household, joiner, part, of)
	sealed, err := box.Seal(key.Public(), info, aad, plain)
	if err != nil {
		return nil, fmt.Errorf("seal the offer: %w", err)
	}
	return append([]byte{byte(part), byte(of)}, sealed...), nil
}

// sealEnd is the inviter's word that it no longer waits.
func sealEnd(household id.Household, secret []byte) ([]byte, error) {
	key, err := offerKey(secret)
	if err != nil {
		return nil, err
	}
	return sealPart(household, key, endsOf(secret).joiner, ended, 0, nil)
}

// gathering is what a joiner has of the first message.
type gathering struct {
	household id.Household
	key       *box.Key
	joiner    []byte
	of        int
	parts     map[int][]byte
}

func newGathering(household id.Household, secret []byte) (*gathering, error) {
	key, err := offerKey(secret)
	return &gathering{household: household, key: key, joiner: endsOf(secret).joiner, parts: map[int][]byte{}}, err
}

// add takes one message of the box. errNoPart says that it is something else, ErrEnded that the inviter has gone.
func (g *gathering) add(body []byte) error {
	part, of, plain, err := openPart(g.household, g.key, g.joiner, body)
	switch {
	case err != nil:
		return err
	case of == 0:
		return ErrEnded
	case g.of != 0 && g.of != of:
		return errNoPart
	}
	g.of, g.parts[part] = of, plain
	return nil
}

// OpenPart opens one message of the joiner's box: a chunk, its number, and how many there are. Where the inviter no
// longer waits there are none.
func OpenPart(household id.Household, secret, body []byte) (part, of int, plain []byte, err error) {
	key, err := offerKey(secret)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("make the offer's key: %w", err)
	}
	return openPart(household, key, endsOf(secret).joiner, body)
}

func openPart(household id.Household, key *box.Key, joiner, body []byte) (part, of int, plain []byte, err error) {
	if len(body) < 2 {
		return 0, 0, nil, errNoPart
	}
	part, of = int(body[0]), int(body[1])
	info, aad := partContext(household, joiner, part, of)
	plain, err = key.Open(info, aad, body[2:])
	inOrder := of >= 1 && of <= maxParts && part < of
	if err != nil || (!inOrder && (part != ended || of != 0)) {
		return 0, 0, nil, errNoPart
	}
	return part, of, plain, nil
}

// whole returns the message once all of it is there.
func (g *gathering) whole() (*welcome, error) {
	if g.of == 0 || len(g.parts) < g.of {
		return nil, nil
	}
	var text []byte
	for i := range g.of {
		text = append(text, g.parts[i]...)
	}
	var w welcome
	if err := canon.UnmarshalMax(text, &w, maxParts*chunk); err != nil {
		return nil, fmt.Errorf("read the offer: %w", err)
	}
	return &w, nil
}

// leave drops all parts.
func (i *Invitation) leave(ctx context.Context, state *roster.State) error {
	parts, err := sealWelcome(i.s.Home.Household, i.secret, welcome{Offer: i.Offer, Roster: state.Chain})
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := drop(ctx, i.s.Client, endsOf(i.secret).joiner, part); err != nil {
			return err
		}
	}
	i.told = len(state.Chain)
	return nil
}
