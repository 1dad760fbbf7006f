// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// How long it takes until a right counts against another owner (milliseconds).
const (
	// OwnerWait is how long somebody has to be an owner before they have a voice in removing another.
	OwnerWait = 7 * 24 * 3_600_000
	// ObjectWait is how long any owner may object to a removal by the sheet.
	ObjectWait = 72 * 3_600_000
	// VoiceLasts is how long a removal that several sign may be on its way: a word that nobody seconded ends.
	VoiceLasts = 7 * 24 * 3_600_000
	// RemovalAhead is how far a removal's time may be after that of its link.
	RemovalAhead = 2 * 60_000
)

// maxVoices is how many may sign a removal together.
const maxVoices = 4

// Removal asks the hub to remove a device, or a person with all devices. It names its target and no place in the
// chain: it stays good at every later head for as long as those who signed it may order it.
type Removal struct {
	At        int64        `json:"at"`
	Device    id.Device    `json:"device"`
	Head      Head         `json:"head"`
	Household id.Household `json:"household"`
	Person    id.Person    `json:"person"`
}

// Check refuses values that the types allow.
func (r *Removal) Check() error {
	if r.At <= 0 || !r.Household.Valid() || r.Head.Seq < 0 {
		return fmt.Errorf("removal: a malformed time, household or head")
	}
	if (r.Device == "") == (r.Person == "") || (r.Device != "" && !r.Device.Valid() && !r.Device.Passkey()) || (r.Person != "" && !r.Person.Valid()) {
		return fmt.Errorf("removal: it names either a device or a person")
	}
	return nil
}

// RemoveDevice prepares the removal of a device; it still needs its signatures.
func (s *State) RemoveDevice(at int64, d id.Device) (*dsse.Envelope, error) {
	return dsse.New(ThingRemoval, Removal{At: at, Device: d, Head: s.Head, Household: s.Household})
}

// RemovePerson prepares the removal of a person; it still needs its signatures.
func (s *State) RemovePerson(at int64, p id.Person) (*dsse.Envelope, error) {
	return dsse.New(ThingRemoval, Removal{At: at, Head: s.Head, Household: s.Household, Person: p})
}

// CheckRemoval says whether a removal would hold in a link made now.
func (s *State) CheckRemoval(envelope []byte, at int64) (*Removal, error) {
	e, r, err := s.checkRemoval(readRemoval(envelope), max(at, s.At))
	if err != nil {
		return nil, err
	}
	return r, s.verifyRemoval(e, r, max(at, s.At))
}

// CheckVoice says whether a removal of an owner, signed by one device of another owner, would hold if a second one
// signed it too. It returns whose word it is.
func (s *State) CheckVoice(envelope []byte, at int64) (*Removal, id.Person, error) {
	at = max(at, s.At)
	e, r, err := s.checkRemoval(readRemoval(envelope), at)
	if err != nil {
		return nil, "", err
	}
	target, by := s.person(r.Person), e.Signatures[0].KeyID
	voice := s.personOf(by)
	if target == nil || target.Role != Owner || len(e.Signatures) != 1 || !s.HasVoice(by, at) || voice == target {
		return nil, "", rule.Errorf(rule.Signer, "roster: the removal is not the word of one owner on another")
	}
	if at > r.At+VoiceLasts {
		return nil, "", rule.Errorf(rule.RosterTime, "roster: nobody has seconded this removal within seven days")
	}
	return r, voice.ID, s.signed(e, []id.Device{by}, nil, true, "roster: the removal is not signed by whose word it is")
}

// HasVoice says whether a device speaks for an owner who has been that for long enough.
func (s *State) HasVoice(d id.Device, at int64) bool {
	p := s.personOf(d)
	return p != nil && !d.ReturnKey() && p.Role == Owner && at >= p.OwnerSince+OwnerWait
}

// checkRemoval does what belongs to the rule roster-op (and roster-time).
func (s *State) checkRemoval(read innerReading, at int64) (*dsse.Envelope, *Removal, error) {
	e, r, err := read.envelope, read.removal, read.err
	if err != nil {
		return nil, nil, err
	}
	hash, known := s.HashAt(r.Head.Seq)
	if (r.Household != s.Household || !known || hash != r.Head.Hash) && !rule.Off(rule.RosterOp) {
		return nil, nil, rule.Errorf(rule.RosterOp, "roster: the removal is of another household, or made at a head that is not in this chain")
	}
	if r.At > at+RemovalAhead && !rule.Off(rule.RosterTime) {
		return nil, nil, rule.Errorf(rule.RosterTime, "roster: the removal is newer than its link; is a clock wrong?")
	}
	if len(e.Signatures) > 1 && at > r.At+VoiceLasts && !rule.Off(rule.RosterTime) {
		return nil, nil, rule.Errorf(rule.RosterTime, "roster: what several sign has to be in force within seven days")
	}
	return e, r, s.checkTarget(e, r, at)
}

func (s *State) checkTarget(e *dsse.Envelope, r *Removal, at int64) error {
	if r.Device != "" {
		if _, ok := s.Device(r.Device); !ok {
			return rule.Errorf(rule.RosterOp, "roster: the removal names a device that is not there")
		}
		return nil
	}
	p := s.person(r.Person)
	switch {
	case p == nil:
		return rule.Errorf(rule.RosterOp, "roster: the removal names a person who is not there")
	case s.onlyOwner(p) && !rule.Off(rule.RosterOp):
		return rule.Errorf(rule.RosterOp, "roster: the only owner cannot be removed: make somebody else an owner first")
	case p.Role == Owner && e.SignedBy(id.Sheet) && p.ID != s.SheetPerson && !rule.Off(rule.RosterOp):
		since, ok := s.Announced[p.ID]
		if !ok {
			return rule.Errorf(rule.RosterOp, "roster: removing an owner by the sheet has to be announced, and nobody may have objected")
		}
		if at < since+ObjectWait {
			return rule.Errorf(rule.RosterOp, "roster: the removal of an owner was announced less than 72 hours ago")
		}
	}
	return nil
}

// verifyRemoval wants signers who may order the removal, and their signatures.
func (s *State) verifyRemoval(e *dsse.Envelope, r *Removal, at int64) error {
	var by []id.Device
	for _, sig := range e.Signatures {
		by = append(by, sig.KeyID)
	}
	allowed := false
	if r.Device != "" {
		allowed = s.mayRemoveDevice(by, r.Device)
	} else {
		allowed = s.mayRemovePerson(by, s.person(r.Person), at)
	}
	return s.signed(e, by, nil, allowed, "roster: the removal is not signed by those who may order it")
}

func (s *State) mayRemoveDevice(by []id.Device, d id.Device) bool {
	if len(by) != 1 {
		return false
	}
	actor := s.personOf(by[0])
	m, _ := s.Device(d)
	target := s.person(m.Person)
	if actor == nil || target == nil {
		return false
	}
	return actor == target || (!by[0].ReturnKey() && s.removesAlone(actor, target))
}

// removesAlone says whether somebody may remove another person, or a device of theirs, without asking anybody. Nobody
// may so remove an owner.
func (s *State) removesAlone(actor, target *Person) bool {
	return target.Role != Owner && actor.Role.Manages(target.Role)
}

func (s *State) mayRemovePerson(by []id.Device, target *Person, at int64) bool {
	if len(by) == 0 || len(by) > maxVoices {
		return false
	}
	if len(by) == 1 && by[0] == id.Sheet {
		// checkTarget has asked for the announcement.
		sheet := s.personOf(id.Sheet)
		return sheet != nil && sheet.Role == Owner && target.Role == Owner && sheet != target
	}
	if len(by) == 1 {
		actor := s.personOf(by[0])
		return actor != nil && !by[0].Passkey() && (actor == target || s.removesAlone(actor, target))
	}
	seen := map[id.Person]bool{target.ID: true}
	for _, d := range by {
		p := s.personOf(d)
		if !s.HasVoice(d, at) || seen[p.ID] {
			return false
		}
		seen[p.ID] = true
	}
	return target.Role == Owner
}

var _ canon.Checker = (*Removal)(nil)
