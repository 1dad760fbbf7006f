// SPDX-License-Identifier: Apache-2.0

// Package roster is the household's chain of who belongs to it.
//
// Genesis and links are statements; State is what they say together. Every key that Keyhold uses comes out of a State
// that was replayed from a household id or a head which a person saw (pairing code, invitation, sheet), never from a
// server's word. A State is only ever moved by Append, which refuses under the rules of docs/protocol.md section 3 and
// then leaves the State as it was.
package roster

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"time"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Payload types.
const (
	ThingGenesis = "genesis"
	ThingLink    = "roster"
	ThingRemoval = "removal"
)

// State is a verified roster.
type State struct {
	Household id.Household
	Head      Head
	At        int64
	Hub       HubKeys
	Sheet     SheetKeys
	// SheetPerson is whose sheet it is. Once that person is gone the sheet has no power.
	SheetPerson id.Person
	// Members are the devices that are there now, People the persons, both in the order in which they came.
	Members []Member
	People  []Person
	// Announced holds the owners whose removal by the sheet was announced, and when.
	Announced map[id.Person]int64
	// Gone holds every id that was removed, and the hashes of keys of earlier sheets and hubs: none comes back.
	Gone map[string]bool
	// Chain holds the encoded envelopes, genesis first.
	Chain [][]byte

	former  []Member
	hubs    []era
	closed  map[id.Run]closed // runs that hubs left behind
	devices map[id.Device]int // places in Members
	persons map[id.Person]int // places in People
	zones   map[string]*time.Location
	proves  dsse.Prover // says whether a signature is right
}

// Start verifies genesis. want is the household it must be, or "" where the caller checks by other means (the sheet's
// key, the pairing code).
func Start(envelope []byte, want id.Household) (*State, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, fmt.Errorf("roster: genesis: %w", err)
	}
	var g Genesis
	if err := e.Read(ThingGenesis, &g); err != nil {
		return nil, fmt.Errorf("roster: genesis: %w", err)
	}
	household := id.Household(e.Hash().String())
	if want != "" && household != want && !rule.Off(rule.Household) {
		return nil, rule.Errorf(rule.Household, "roster: genesis of another household")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{g.Device.ID: g.Device.Sign, id.Sheet: g.Sheet.Sign, id.Hub: g.Hub.Sign}); err != nil {
		return nil, fmt.Errorf("roster: genesis: %w", err)
	}
	s := &State{
		Household: household, Head: Head{Hash: e.Hash()}, At: g.At, Hub: g.Hub, Sheet: g.Sheet, SheetPerson: g.Person,
		Members:   []Member{{DeviceKeys: g.Device, Person: g.Person, Since: g.At}},
		People:    []Person{{ID: g.Person, Role: Owner, Since: g.At, OwnerSince: g.At}},
		Announced: map[id.Person]int64{}, Gone: map[string]bool{},
		Chain: [][]byte{slices.Clone(envelope)},
		hubs:  []era{{0, g.At, g.Hub.Sign, true}}, closed: map[id.Run]closed{}, zones: map[string]*time.Location{}, proves: ed25519.Verify,
	}
	s.index()
	return s, nil
}

// Append verifies the next link with all its signatures and moves the state.
func (s *State) Append(envelope []byte) error {
	return s.appendRead(envelope, readLink(envelope))
}

func (s *State) appendRead(envelope []byte, r reading) error {
	p, err := s.check(r, true)
	if err != nil {
		return err
	}
	s.apply(p)
	s.Head = Head{Hash: p.envelope.Hash(), Seq: p.link.Seq}
	s.At = p.link.At
	s.Chain = append(s.Chain, slices.Clone(envelope))
	return nil
}

// CheckProposal verifies a link that the hub has not signed yet.
func (s *State) CheckProposal(envelope []byte) (*dsse.Envelope, *Link, error) {
	p, err := s.check(readLink(envelope), false)
	if p == nil {
		return nil, nil, err
	}
	return p.envelope, p.link, err
}
