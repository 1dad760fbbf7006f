// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"crypto/ed25519"
	"maps"
	"slices"
	"time"
	_ "time/tzdata" // so that hours mean the same where no time zones are installed

	"keyhold/statement/id"
)

// Person is somebody of the household.
type Person struct {
	ID     id.Person
	Role   Role
	Rights []Right
	// Since is when the person came, OwnerSince when they became an owner (0: they are none).
	Since      int64
	OwnerSince int64

	times []timetable // of each right
}

// Member is a device, or a passkey, and the person it belongs to.
type Member struct {
	DeviceKeys
	Person id.Person
	Since  int64
	// Passkey is nil for a device.
	Passkey *PasskeyKeys
}

// Person returns a person of the household.
func (s *State) Person(p id.Person) (Person, bool) {
	if x := s.person(p); x != nil {
		return *x, true
	}
	return Person{}, false
}

func (s *State) person(p id.Person) *Person {
	i, ok := s.persons[p]
	if !ok {
		return nil
	}
	return &s.People[i]
}

// PersonOf returns whose device this is. The sheet counts as its person's as long as that person is there.
func (s *State) PersonOf(d id.Device) (Person, bool) {
	if x := s.personOf(d); x != nil {
		return *x, true
	}
	return Person{}, false
}

func (s *State) personOf(d id.Device) *Person {
	if d == id.Sheet {
		return s.person(s.SheetPerson)
	}
	i, ok := s.devices[d]
	if !ok {
		return nil
	}
	return s.person(s.Members[i].Person)
}

// Devices returns a person's devices in roster order.
func (s *State) Devices(p id.Person) []Member {
	var out []Member
	for _, m := range s.Members {
		if m.Person == p {
			out = append(out, m)
		}
	}
	return out
}

// Device returns a device of the roster.
func (s *State) Device(d id.Device) (Member, bool) {
	if i, ok := s.devices[d]; ok {
		return s.Members[i], true
	}
	return Member{}, false
}

// Former returns a device that was removed: old looks and links name it.
func (s *State) Former(d id.Device) (Member, bool) {
	for _, m := range s.former {
		if m.ID == d {
			return m, true
		}
	}
	return Member{}, false
}

// Ever returns a device that is or was in the household.
func (s *State) Ever(d id.Device) (Member, bool) {
	if m, ok := s.Device(d); ok {
		return m, true
	}
	return s.Former(d)
}

// Key returns the verification key of a device, the sheet or the hub. The sheet has none once its person is gone.
func (s *State) Key(d id.Device) (ed25519.PublicKey, bool) {
	switch d {
	case id.Hub:
		return s.Hub.Sign, true
	case id.Sheet:
		if s.person(s.SheetPerson) == nil {
			return nil, false
		}
		return s.Sheet.Sign, true
	}
	m, ok := s.Device(d)
	return m.Sign, ok
}

// Reader returns the key that envelopes for a device or the sheet are sealed to.
func (s *State) Reader(d id.Device) ([]byte, bool) {
	if d == id.Sheet {
		if s.person(s.SheetPerson) == nil {
			return nil, false
		}
		return s.Sheet.Reader, true
	}
	m, ok := s.Device(d)
	return m.DeviceKeys.Reader, ok
}

// Clone returns a copy that Append moves without touching this one.
func (s *State) Clone() *State {
	c := *s
	c.Members, c.People, c.Chain = slices.Clone(s.Members), slices.Clone(s.People), slices.Clone(s.Chain)
	c.former = slices.Clone(s.former)
	c.cloneHubs(s)
	c.Announced, c.Gone, c.zones = maps.Clone(s.Announced), maps.Clone(s.Gone), maps.Clone(s.zones)
	c.devices, c.persons = maps.Clone(s.devices), maps.Clone(s.persons)
	return &c
}

// index makes the look-ups anew after something was removed.
func (s *State) index() {
	s.devices, s.persons = map[id.Device]int{}, map[id.Person]int{}
	for i, m := range s.Members {
		s.devices[m.ID] = i
	}
	for i, p := range s.People {
		s.persons[p.ID] = i
	}
}

// owners counts them.
func (s *State) owners() int {
	n := 0
	for i := range s.People {
		if s.People[i].Role == Owner {
			n++
		}
	}
	return n
}

// onlyOwner says that the household would have nobody left to manage it.
func (s *State) onlyOwner(p *Person) bool { return p.Role == Owner && s.owners() == 1 }

// give sets a person's role and rights, and finds their time zones once for all.
func (s *State) give(p *Person, role Role, rights []Right, at int64) {
	switch {
	case role != Owner:
		p.OwnerSince = 0
	case p.Role != Owner:
		p.OwnerSince = at
	}
	p.Role, p.Rights, p.times = role, rights, make([]timetable, len(rights))
	for i, r := range rights {
		p.times[i] = newTimetable(s.zone(r.Zone), r.Hours)
	}
}

// zone returns nil for a name that nobody knows: hours in it are never open.
func (s *State) zone(name string) *time.Location {
	if name == "" {
		return nil
	}
	loc, ok := s.zones[name]
	if !ok {
		var err error
		if loc, err = time.LoadLocation(name); err != nil {
			loc = nil
		}
		s.zones[name] = loc
	}
	return loc
}
