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

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Payload types.
const (
	ThingGenesis = "genesis"
	ThingLink    = "roster"
)

// Member is a device and the person it belongs to.
type Member struct {
	DeviceKeys
	Person id.Person
	Since  int64
}

// State is a verified roster.
type State struct {
	Household id.Household
	Head      Head
	At        int64
	Hub       HubKeys
	Sheet     SheetKeys
	Members   []Member
	// Chain holds the encoded envelopes, genesis first.
	Chain [][]byte
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
	return &State{
		Household: household, Head: Head{Hash: e.Hash()}, At: g.At, Hub: g.Hub, Sheet: g.Sheet,
		Members: []Member{{DeviceKeys: g.Device, Person: g.Person, Since: g.At}},
		Chain:   [][]byte{slices.Clone(envelope)},
	}, nil
}

// Replay verifies a whole chain, genesis first.
func Replay(chain [][]byte, want id.Household) (*State, error) {
	if len(chain) == 0 {
		return nil, rule.Errorf(rule.RosterSeq, "roster: the chain is empty")
	}
	s, err := Start(chain[0], want)
	if err != nil {
		return nil, err
	}
	for _, link := range chain[1:] {
		if err := s.Append(link); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Append verifies the next link with all its signatures and moves the state.
func (s *State) Append(envelope []byte) error {
	e, l, err := s.read(envelope)
	if err != nil {
		return err
	}
	if err := s.verify(e, l, true); err != nil {
		return err
	}
	s.Members = append(s.Members, Member{DeviceKeys: l.Op.Device, Person: l.Op.Person, Since: l.At})
	s.Head = Head{Hash: e.Hash(), Seq: l.Seq}
	s.At = l.At
	s.Chain = append(s.Chain, slices.Clone(envelope))
	return nil
}

// CheckProposal verifies a link that the hub has not signed yet.
func (s *State) CheckProposal(envelope []byte) (*dsse.Envelope, *Link, error) {
	e, l, err := s.read(envelope)
	if err != nil {
		return nil, nil, err
	}
	return e, l, s.verify(e, l, false)
}

func (s *State) read(envelope []byte) (*dsse.Envelope, *Link, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, nil, fmt.Errorf("roster: link: %w", err)
	}
	var l Link
	if err := e.Read(ThingLink, &l); err != nil {
		return nil, nil, fmt.Errorf("roster: link: %w", err)
	}
	return e, &l, s.follows(e, &l)
}

func (s *State) follows(e *dsse.Envelope, l *Link) error {
	switch {
	case l.Household != s.Household:
		return rule.Errorf(rule.Household, "roster: link of another household")
	case l.Seq <= s.Head.Seq && e.SignedBy(id.Hub) && s.hashAt(l.Seq) != e.Hash() && s.hubSigned(e):
		return rule.Errorf(rule.RosterFork, "roster: two statements with one number, both signed by the hub")
	case l.Seq != s.Head.Seq+1:
		return rule.Errorf(rule.RosterSeq, "roster: the link's number does not follow")
	case l.Prev != s.Head.Hash:
		return rule.Errorf(rule.RosterPrev, "roster: the link names another predecessor")
	case l.At < s.At:
		return rule.Errorf(rule.RosterTime, "roster: the link is older than its predecessor")
	}
	_, known := s.Device(l.Op.Device.ID)
	if l.Op.Kind != KindAddDevice || known || !s.hasPerson(l.Op.Person) {
		return rule.Errorf(rule.RosterOp, "roster: the operation is unknown, adds a known device, or names an unknown person")
	}
	return nil
}

func (s *State) hashAt(seq int64) id.Hash {
	e, err := dsse.Parse(s.Chain[seq])
	if err != nil {
		return id.Hash{}
	}
	return e.Hash()
}

func (s *State) hubSigned(e *dsse.Envelope) bool {
	for _, sig := range e.Signatures {
		if sig.KeyID == id.Hub {
			return ed25519.Verify(s.Hub.Sign, e.PAE(), sig.Sig)
		}
	}
	return false
}

func (s *State) hasPerson(p id.Person) bool {
	return slices.ContainsFunc(s.Members, func(m Member) bool { return m.Person == p })
}

// verify wants exactly one signer who may add a device for this person, the new device, and (for a finished link) the hub.
func (s *State) verify(e *dsse.Envelope, l *Link, finished bool) error {
	need := map[id.Device]ed25519.PublicKey{l.Op.Device.ID: l.Op.Device.Sign}
	if finished {
		need[id.Hub] = s.Hub.Sign
	}
	signers := 0
	for _, sig := range e.Signatures {
		if sig.KeyID == id.Sheet {
			need[id.Sheet] = s.Sheet.Sign
			signers++
		} else if m, ok := s.Device(sig.KeyID); ok && m.Person == l.Op.Person {
			need[m.ID] = m.Sign
			signers++
		}
	}
	if signers != 1 {
		return rule.Errorf(rule.Signer, "roster: a link needs exactly one signer who may add this device")
	}
	return e.Verify(need)
}

// Device returns a device of the roster.
func (s *State) Device(d id.Device) (Member, bool) {
	for _, m := range s.Members {
		if m.ID == d {
			return m, true
		}
	}
	return Member{}, false
}

// Key returns the verification key of a device, the sheet or the hub.
func (s *State) Key(d id.Device) (ed25519.PublicKey, bool) {
	switch d {
	case id.Hub:
		return s.Hub.Sign, true
	case id.Sheet:
		return s.Sheet.Sign, true
	}
	m, ok := s.Device(d)
	return m.Sign, ok
}

// Reader returns the key that envelopes for a device or the sheet are sealed to.
func (s *State) Reader(d id.Device) ([]byte, bool) {
	if d == id.Sheet {
		return s.Sheet.Reader, true
	}
	m, ok := s.Device(d)
	return m.DeviceKeys.Reader, ok
}

// Readers returns all devices in roster order, then the sheet: the readers of an epoch.
func (s *State) Readers() []id.Device {
	out := make([]id.Device, 0, len(s.Members)+1)
	for _, m := range s.Members {
		out = append(out, m.ID)
	}
	return append(out, id.Sheet)
}

// NewLink prepares the link that adds a device at this head; it still needs its signatures.
func (s *State) NewLink(at int64, device DeviceKeys, person id.Person) (*dsse.Envelope, error) {
	return dsse.New(ThingLink, Link{
		At: max(at, s.At), Household: s.Household, Prev: s.Head.Hash, Seq: s.Head.Seq + 1,
		Op: AddDevice{Device: device, Kind: KindAddDevice, Person: person},
	})
}
