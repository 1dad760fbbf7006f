// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"slices"

	"keyhold/statement/id"
)

// apply moves the state by a link that was verified.
func (s *State) apply(p *proposal) {
	l := p.link
	switch op := l.Op.(type) {
	case AddDevice:
		s.addDevice(op.Device, op.Person, l.At)
	case AddPerson:
		x := Person{ID: op.Person, Since: l.At}
		s.give(&x, op.Role, op.Rights, l.At)
		s.persons[op.Person] = len(s.People)
		s.People = append(s.People, x)
		s.addDevice(op.Device, op.Person, l.At)
	case AddPasskey:
		s.addPasskey(op, l.At)
	case SetRights:
		s.give(s.person(op.Person), op.Role, op.Rights, l.At)
	case Remove:
		if p.removal.Person != "" {
			s.removePerson(p.removal.Person)
		} else {
			s.removeDevice(p.removal.Device)
		}
	case NewSheet:
		s.takeSheet(p, op.Sheet)
	case AnnounceRemoval:
		s.Announced[op.Person] = l.At
	case Object:
		delete(s.Announced, op.Person)
	case ReplaceHub:
		s.replaceHub(op, l)
	}
}

func (s *State) addDevice(d DeviceKeys, person id.Person, at int64) {
	s.devices[d.ID] = len(s.Members)
	s.Members = append(s.Members, Member{DeviceKeys: d, Person: person, Since: at})
}

func (s *State) removeDevice(d id.Device) {
	s.Members = slices.DeleteFunc(s.Members, func(m Member) bool {
		if m.ID != d {
			return false
		}
		s.former = append(s.former, m)
		s.Gone[string(m.ID)] = true
		return true
	})
	s.index()
}

func (s *State) removePerson(p id.Person) {
	for _, m := range s.Devices(p) {
		s.removeDevice(m.ID)
	}
	s.People = slices.DeleteFunc(s.People, func(x Person) bool { return x.ID == p })
	s.Gone[string(p)] = true
	delete(s.Announced, p)
	if p == s.SheetPerson {
		clear(s.Announced) // what a sheet without power has announced
	}
	s.index()
}

// takeSheet puts another sheet into force. What the old one announced is void: it may have been in other hands.
func (s *State) takeSheet(p *proposal, sheet SheetKeys) {
	s.Gone[s.Sheet.former()] = true
	s.Sheet = sheet
	clear(s.Announced)
	if s.person(s.SheetPerson) != nil {
		return
	}
	for _, sig := range p.envelope.Signatures {
		if m, ok := s.Device(sig.KeyID); ok {
			s.SheetPerson = m.Person
		}
	}
}
