// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"crypto/ed25519"
	"slices"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// proposal is a link under examination.
type proposal struct {
	envelope *dsse.Envelope
	link     *Link
	// removal and its envelope belong to a link that removes.
	removal  *Removal
	ordered  *dsse.Envelope
	finished bool // the hub has signed, or must have
}

// check does all that is asked of a link, in the order of docs/protocol.md section 3.
func (s *State) check(r reading, finished bool) (*proposal, error) {
	if r.err != nil {
		return nil, r.err
	}
	p := &proposal{envelope: r.envelope, link: r.link, finished: finished}
	if err := s.follows(p.envelope, p.link); err != nil {
		return p, err
	}
	if err := s.checkOp(p, r.inner); err != nil {
		return p, err
	}
	if role, rights, ok := granted(p.link.Op); ok && !role.Fits(rights) && !rule.Off(rule.Rights) {
		return p, rule.Errorf(rule.Rights, "roster: these rights do not belong to this role")
	}
	return p, s.verify(p)
}

func granted(op Op) (Role, []Right, bool) {
	switch op := op.(type) {
	case AddPerson:
		return op.Role, op.Rights, true
	case SetRights:
		return op.Role, op.Rights, true
	}
	return "", nil, false
}

// follows checks the link's place in the chain.
func (s *State) follows(e *dsse.Envelope, l *Link) error {
	switch {
	case l.Household != s.Household && !rule.Off(rule.Household):
		return rule.Errorf(rule.Household, "roster: link of another household")
	case s.forks(e, l) && !rule.Off(rule.RosterFork):
		return rule.Errorf(rule.RosterFork, "roster: two statements with one number, both signed by the hub")
	case l.Seq != s.Head.Seq+1:
		return rule.Errorf(rule.RosterSeq, "roster: the link's number does not follow")
	case l.Prev != s.Head.Hash:
		return rule.Errorf(rule.RosterPrev, "roster: the link names another predecessor")
	case l.At < s.At && !rule.Off(rule.RosterTime):
		return rule.Errorf(rule.RosterTime, "roster: the link is older than its predecessor")
	}
	return nil
}

// forks says that a hub signed two statements with one number. A hub that is being replaced may not sign the number of
// its replacement either.
func (s *State) forks(e *dsse.Envelope, l *Link) bool {
	if l.Seq > s.Head.Seq || !e.SignedBy(id.Hub) {
		return false
	}
	if hash, _ := s.HashAt(l.Seq); hash == e.Hash() {
		return false
	}
	at := slices.IndexFunc(e.Signatures, func(sig dsse.Signature) bool { return sig.KeyID == id.Hub })
	for i, h := range s.hubs {
		last := i == len(s.hubs)-1
		if l.Seq >= h.from && (last || l.Seq <= s.hubs[i+1].from) && ed25519.Verify(h.sign, e.PAE(), e.Signatures[at].Sig) {
			return true
		}
	}
	return false
}

// checkOp asks whether the operation makes sense in this roster, whoever signed it.
func (s *State) checkOp(p *proposal, inner innerReading) error {
	refuse := func(bad bool, what string) error {
		if bad && !rule.Off(rule.RosterOp) {
			return rule.Errorf(rule.RosterOp, "roster: %s", what)
		}
		return nil
	}
	switch op := p.link.Op.(type) {
	case AddDevice:
		if err := refuse(s.taken(string(op.Device.ID)), "the device's id is or was in the roster"); err != nil {
			return err
		}
		return refuse(s.person(op.Person) == nil, "the device's person is not there")
	case AddPerson:
		return refuse(s.taken(string(op.Device.ID)) || s.taken(string(op.Person)), "the person's or device's id is or was in the roster")
	case AddPasskey:
		if err := refuse(s.taken(string(op.Passkey.ID)), "the passkey's id is or was in the roster"); err != nil {
			return err
		}
		return refuse(s.person(op.Person) == nil, "the passkey's person is not there")
	case SetRights:
		return s.checkSetRights(p.envelope, op)
	case Remove:
		var err error
		p.ordered, p.removal, err = s.checkRemoval(inner, p.link.At)
		return err
	case NewSheet:
		return refuse(op.Sheet.former() == s.Sheet.former() || s.Gone[op.Sheet.former()], "the sheet is or was this household's")
	case AnnounceRemoval:
		target := s.person(op.Person)
		_, again := s.Announced[op.Person]
		return refuse(target == nil || target.Role != Owner || s.onlyOwner(target) || target.ID == s.SheetPerson || again,
			"only the removal of an owner who is not the only one, and not the sheet's person, is announced, and once")
	case Object:
		_, ok := s.Announced[op.Person]
		return refuse(!ok, "nothing was announced that one could object to")
	case ReplaceHub:
		return refuse(op.Hub.former() == s.Hub.former() || s.Gone[op.Hub.former()], "the hub is or was this household's")
	}
	return rule.Errorf(rule.RosterOp, "roster: an operation that this version does not know")
}

func (s *State) checkSetRights(e *dsse.Envelope, op SetRights) error {
	target := s.person(op.Person)
	if target == nil {
		return rule.Errorf(rule.RosterOp, "roster: the person is not there")
	}
	if rule.Off(rule.RosterOp) {
		return nil
	}
	if target.Role == Owner {
		return rule.Errorf(rule.RosterOp, "roster: an owner keeps every right until they leave or are removed")
	}
	if slices.ContainsFunc(e.Signatures, func(sig dsse.Signature) bool { return s.personOf(sig.KeyID) == target }) {
		return rule.Errorf(rule.RosterOp, "roster: nobody changes their own rights")
	}
	return nil
}

// taken says that an id stands for something that is or was in the roster.
func (s *State) taken(name string) bool {
	_, device := s.devices[id.Device(name)]
	_, person := s.persons[id.Person(name)]
	return device || person || s.Gone[name]
}

// verify wants exactly the signers that the operation needs.
func (s *State) verify(p *proposal) error {
	proof := p.proof(s)
	var by []id.Device
	for _, sig := range p.envelope.Signatures {
		if _, ok := proof[sig.KeyID]; !ok {
			by = append(by, sig.KeyID)
		}
	}
	if err := s.signed(p.envelope, by, proof, s.maySign(p.link.Op, by) && s.longEnough(p.link, by), "roster: the link is not signed by those who may order it"); err != nil {
		return err
	}
	if p.ordered != nil {
		return s.verifyRemoval(p.ordered, p.removal, p.link.At)
	}
	return nil
}

// proof is who has to have signed whoever orders the link: the hub, and those whose keys come in by it.
func (p *proposal) proof(s *State) map[id.Device]ed25519.PublicKey {
	proof := map[id.Device]ed25519.PublicKey{}
	if p.finished {
		proof[id.Hub] = s.Hub.Sign
	}
	switch op := p.link.Op.(type) {
	case AddDevice:
		proof[op.Device.ID] = op.Device.Sign
	case AddPerson:
		proof[op.Device.ID] = op.Device.Sign
	case AddPasskey:
		proof[op.Passkey.ID] = op.Passkey.Sign
	case NewSheet:
		proof[id.Sheet] = op.Sheet.Sign
	case ReplaceHub:
		if p.finished {
			proof[id.Hub] = op.Hub.Sign
		}
	}
	return proof
}

// signed passes if by may sign and all of by and proof have signed.
func (s *State) signed(e *dsse.Envelope, by []id.Device, proof map[id.Device]ed25519.PublicKey, allowed bool, what string) error {
	need := map[id.Device]ed25519.PublicKey{}
	for d, key := range proof {
		need[d] = key
	}
	for _, d := range by {
		key, ok := s.Key(d)
		if ok && d != id.Hub {
			need[d] = key
		}
		allowed = allowed && ok && d != id.Hub
	}
	if allowed {
		return e.VerifyWith(need, s.proves)
	}
	if !rule.Off(rule.Signer) {
		return rule.Errorf(rule.Signer, "%s", what)
	}
	// With the rule off, whoever signs may; but a signature still has to be one.
	known := *e
	known.Signatures = slices.DeleteFunc(slices.Clone(e.Signatures), func(sig dsse.Signature) bool { return need[sig.KeyID] == nil })
	for d := range need {
		if !e.SignedBy(d) {
			delete(need, d)
		}
	}
	return known.VerifyWith(need, s.proves)
}

// maySign says whether these may order the operation.
func (s *State) maySign(op Op, by []id.Device) bool {
	if op.Kind() == KindRemove {
		return len(by) == 0
	}
	if op.Kind() == KindReplaceHub {
		return s.mayReplaceHub(by)
	}
	if len(by) != 1 {
		return false
	}
	actor, sheet, back := s.personOf(by[0]), by[0] == id.Sheet, by[0].ReturnKey()
	if actor == nil {
		return false
	}
	switch op := op.(type) {
	case AddDevice:
		return actor.ID == op.Person
	case AddPerson:
		return !back && actor.Role.Manages(op.Role)
	case AddPasskey:
		return !back && actor.ID == op.Person
	case SetRights:
		target := s.person(op.Person)
		return !back && target != nil && actor.Role.Manages(target.Role) && actor.Role.Manages(op.Role)
	case NewSheet:
		if s.person(s.SheetPerson) == nil {
			return !back && actor.Role == Owner
		}
		return !back && actor.ID == s.SheetPerson
	case AnnounceRemoval:
		return sheet && actor.Role == Owner
	case Object:
		return !back && actor.Role == Owner
	}
	return false
}

// mayReplaceHub wants the sheet alone, the only owner, or two owners.
func (s *State) mayReplaceHub(by []id.Device) bool {
	if len(by) != 1 && len(by) != 2 {
		return false
	}
	seen := map[id.Person]bool{}
	for _, d := range by {
		p := s.personOf(d)
		if p == nil || p.Role != Owner || seen[p.ID] || d.Passkey() {
			return false
		}
		seen[p.ID] = true
	}
	if len(by) == 1 {
		return by[0] == id.Sheet || s.owners() == 1
	}
	return !slices.Contains(by, id.Sheet)
}
