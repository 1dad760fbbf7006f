// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"encoding/json"
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Link is a statement that continues the roster.
type Link struct {
	At        int64
	Household id.Household
	Op        Op
	Prev      id.Hash
	Seq       int64
}

// Check refuses values that the types allow.
func (l *Link) Check() error {
	if l.At <= 0 || !l.Household.Valid() || l.Seq < 1 {
		return fmt.Errorf("roster link: a malformed time, household or number")
	}
	if err := l.Op.check(); err != nil {
		return fmt.Errorf("roster link: %w", err)
	}
	return nil
}

// frame is what every link has besides its operation.
type frame struct {
	At        int64        `json:"at"`
	Household id.Household `json:"household"`
	Prev      id.Hash      `json:"prev"`
	Seq       int64        `json:"seq"`
}

// wire is a link as it is written; O is one of the operations below, with its kind beside its fields.
type wire[O any] struct {
	frame
	Op O `json:"op"`
}

type (
	tag struct {
		Kind Kind `json:"kind"`
	}
	addDevice struct {
		tag
		AddDevice
	}
	addPerson struct {
		tag
		AddPerson
	}
	addPasskey struct {
		tag
		AddPasskey
	}
	setRights struct {
		tag
		SetRights
	}
	remove struct {
		tag
		Remove
	}
	newSheet struct {
		tag
		NewSheet
	}
	announceRemoval struct {
		tag
		AnnounceRemoval
	}
	object struct {
		tag
		Object
	}
	replaceHub struct {
		tag
		ReplaceHub
	}
)

// MarshalJSON writes the operation with its kind.
func (l Link) MarshalJSON() ([]byte, error) {
	f, t := frame{l.At, l.Household, l.Prev, l.Seq}, tag{}
	if l.Op != nil {
		t.Kind = l.Op.Kind()
	}
	switch op := l.Op.(type) {
	case AddDevice:
		return json.Marshal(wire[addDevice]{f, addDevice{t, op}})
	case AddPerson:
		op.Rights = Plain(op.Rights)
		return json.Marshal(wire[addPerson]{f, addPerson{t, op}})
	case AddPasskey:
		return json.Marshal(wire[addPasskey]{f, addPasskey{t, op}})
	case SetRights:
		op.Rights = Plain(op.Rights)
		return json.Marshal(wire[setRights]{f, setRights{t, op}})
	case Remove:
		return json.Marshal(wire[remove]{f, remove{t, op}})
	case NewSheet:
		return json.Marshal(wire[newSheet]{f, newSheet{t, op}})
	case AnnounceRemoval:
		return json.Marshal(wire[announceRemoval]{f, announceRemoval{t, op}})
	case Object:
		return json.Marshal(wire[object]{f, object{t, op}})
	case ReplaceHub:
		op.Runs = append([]ClosedRun{}, op.Runs...)
		return json.Marshal(wire[replaceHub]{f, replaceHub{t, op}})
	}
	return nil, fmt.Errorf("roster: a link without an operation (%T)", l.Op)
}

// Choose finds out which operation a link holds (canon.Chooser).
func (l *Link) Choose(tree any) (any, error) {
	link, _ := tree.(map[string]any)
	op, _ := link["op"].(map[string]any)
	kind, ok := op["kind"].(string)
	if !ok {
		return nil, rule.Errorf(rule.Shape, "roster: a link without an operation")
	}
	switch Kind(kind) {
	case KindAddDevice:
		return &wire[addDevice]{}, nil
	case KindAddPerson:
		return &wire[addPerson]{}, nil
	case KindAddPasskey:
		return &wire[addPasskey]{}, nil
	case KindSetRights:
		return &wire[setRights]{}, nil
	case KindRemove:
		return &wire[remove]{}, nil
	case KindNewSheet:
		return &wire[newSheet]{}, nil
	case KindAnnounceRemoval:
		return &wire[announceRemoval]{}, nil
	case KindObject:
		return &wire[object]{}, nil
	case KindReplaceHub:
		return &wire[replaceHub]{}, nil
	}
	return nil, rule.Errorf(rule.RosterOp, "roster: an operation that this version does not know")
}

// Chosen takes over what was read (canon.Chooser).
func (l *Link) Chosen(read any) {
	switch w := read.(type) {
	case *wire[addDevice]:
		l.set(w.frame, w.Op.AddDevice)
	case *wire[addPerson]:
		l.set(w.frame, w.Op.AddPerson)
	case *wire[addPasskey]:
		l.set(w.frame, w.Op.AddPasskey)
	case *wire[setRights]:
		l.set(w.frame, w.Op.SetRights)
	case *wire[remove]:
		l.set(w.frame, w.Op.Remove)
	case *wire[newSheet]:
		l.set(w.frame, w.Op.NewSheet)
	case *wire[announceRemoval]:
		l.set(w.frame, w.Op.AnnounceRemoval)
	case *wire[object]:
		l.set(w.frame, w.Op.Object)
	case *wire[replaceHub]:
		l.set(w.frame, w.Op.ReplaceHub)
	}
}

func (l *Link) set(f frame, op Op) {
	*l = Link{At: f.At, Household: f.Household, Op: op, Prev: f.Prev, Seq: f.Seq}
}

// NewLink prepares a link at this head; it still needs its signatures.
func (s *State) NewLink(at int64, op Op) (*dsse.Envelope, error) {
	return dsse.New(ThingLink, Link{At: max(at, s.At), Household: s.Household, Op: op, Prev: s.Head.Hash, Seq: s.Head.Seq + 1})
}

// LinkAt returns a link of the chain; genesis (0) is none.
func (s *State) LinkAt(seq int64) (*Link, bool) {
	e, ok := s.envelope(seq)
	if !ok || seq < 1 {
		return nil, false
	}
	var l Link
	if err := e.Read(ThingLink, &l); err != nil {
		return nil, false // cannot be: Append has read it
	}
	return &l, true
}

// SignersAt returns who ordered a link, besides the hub that put it into the chain: those who signed it, or for a
// removal those who signed that.
func (s *State) SignersAt(seq int64) []id.Device {
	e, ok := s.envelope(seq)
	if !ok {
		return nil
	}
	if l, ok := s.LinkAt(seq); ok {
		if op, ok := l.Op.(Remove); ok {
			inner, err := dsse.Parse(op.Removal)
			if err != nil {
				return nil // cannot be: Append has read it
			}
			e = inner
		}
	}
	var out []id.Device
	for _, sig := range e.Signatures {
		if sig.KeyID != id.Hub {
			out = append(out, sig.KeyID)
		}
	}
	return out
}

func (s *State) envelope(seq int64) (*dsse.Envelope, bool) {
	if seq < 0 || seq >= int64(len(s.Chain)) {
		return nil, false
	}
	e, err := dsse.Parse(s.Chain[seq])
	return e, err == nil
}

// HashAt returns the hash of a statement of the chain.
func (s *State) HashAt(seq int64) (id.Hash, bool) {
	if seq == s.Head.Seq {
		return s.Head.Hash, true
	}
	e, ok := s.envelope(seq)
	if !ok {
		return id.Hash{}, false
	}
	return e.Hash(), true
}

var (
	_ canon.Checker = (*Link)(nil)
	_ canon.Chooser = (*Link)(nil)
)
