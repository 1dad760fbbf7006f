// SPDX-License-Identifier: Apache-2.0

package session

import (
	"math"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// standing is how the roster stood between two of its statements, by the times that stand in them.
type standing struct {
	from, until int64
	hash        id.Hash
	people      map[id.Person]roster.Person
	whose       map[id.Device]id.Person
	sheetOf     id.Person
}

// standings tells the roster's past. A device's keys and a member's word are judged by the roster of their time: who was
// removed since may have given keys before, and nobody is given keys for a time in which they had no right.
func standings(s *roster.State) []standing {
	var out []standing
	now := standing{people: map[id.Person]roster.Person{}, whose: map[id.Device]id.Person{}}
	for i, raw := range s.Chain {
		e, err := dsse.Parse(raw)
		if err != nil {
			return out // the state was checked; this cannot be
		}
		at := now.read(s, int64(i), e)
		if len(out) > 0 {
			out[len(out)-1].until = at
		}
		now.from, now.until, now.hash = at, math.MaxInt64, e.Hash()
		out = append(out, now.copy())
	}
	return out
}

func (s *standing) copy() standing {
	c := *s
	c.people, c.whose = map[id.Person]roster.Person{}, map[id.Device]id.Person{}
	for k, v := range s.people {
		c.people[k] = v
	}
	for k, v := range s.whose {
		c.whose[k] = v
	}
	return c
}

// read moves by one statement and returns its time.
func (s *standing) read(state *roster.State, seq int64, e *dsse.Envelope) int64 {
	if seq == 0 {
		var g roster.Genesis
		if e.Read(roster.ThingGenesis, &g) == nil {
			s.people[g.Person] = roster.PersonWith(g.Person, roster.Owner, nil)
			s.whose[g.Device.ID], s.sheetOf = g.Person, g.Person
		}
		return g.At
	}
	l, ok := state.LinkAt(seq)
	if !ok {
		return s.from
	}
	switch op := l.Op.(type) {
	case roster.AddDevice:
		s.whose[op.Device.ID] = op.Person
	case roster.AddPasskey:
		s.whose[op.Passkey.ID] = op.Person
	case roster.AddPerson:
		s.people[op.Person] = roster.PersonWith(op.Person, op.Role, op.Rights)
		s.whose[op.Device.ID] = op.Person
	case roster.SetRights:
		s.people[op.Person] = roster.PersonWith(op.Person, op.Role, op.Rights)
	case roster.Remove:
		s.remove(op.Removal)
	}
	return l.At
}

func (s *standing) remove(raw []byte) {
	e, err := dsse.Parse(raw)
	if err != nil {
		return
	}
	var r roster.Removal
	if e.Read(roster.ThingRemoval, &r) != nil {
		return
	}
	delete(s.whose, r.Device)
	if r.Person == "" {
		return
	}
	delete(s.people, r.Person)
	for d, p := range s.whose {
		if p == r.Person {
			delete(s.whose, d)
		}
	}
}

// may says whether a device had a right at a time within this standing.
func (s *standing) may(d id.Device, a roster.Action, c id.Camera, at int64) bool {
	p, ok := s.people[s.whose[d]]
	if !ok {
		return false
	}
	return p.May(a, c, at) == ""
}

const (
	// late is how long a link may be on its way: signed by one device, it waits for another, and for six digits.
	late = 30 * minute
	// skew is how far clocks may differ.
	skew = 2 * minute
)

// mayLack says whether this reader can honestly have no key for what was recorded between two times: somewhere in
// there, by the roster of that time, it had no right to it. Who was there from the beginning lacks nothing honestly.
func (v *View) mayLack(c id.Camera, from, until int64) bool {
	me := v.s.Keys.ID()
	past := v.standings()
	action := roster.History
	if c == id.HouseholdCamera {
		action = roster.People
	}
	for i := range past {
		s := &past[i]
		begins, ends := s.from-skew, s.until
		if i == 0 {
			begins = 0
		}
		if ends < math.MaxInt64-late {
			ends += late
		}
		begins, ends = max(begins, from-skew), min(ends, until+skew)
		if begins > ends {
			continue
		}
		if me == id.Sheet {
			// A sheet that was made later has its own keys only from then on; what is older was handed to it.
			if s.from < v.sheetSince() {
				return true
			}
			continue
		}
		for at := begins; at <= ends; at += minute {
			if !s.may(me, action, c, at) {
				return true
			}
		}
	}
	return false
}

// sheetSince is when the sheet that is in force was made: 0 for the first one.
func (v *View) sheetSince() int64 {
	since := int64(0)
	for seq := int64(1); seq < int64(len(v.Roster.Chain)); seq++ {
		if l, ok := v.Roster.LinkAt(seq); ok {
			if _, is := l.Op.(roster.NewSheet); is {
				since = l.At
			}
		}
	}
	return since
}

// standings are told once a View: most readers never need them.
func (v *View) standings() []standing {
	v.pastOnce.Do(func() { v.past = standings(v.Roster) })
	return v.past
}

// May says whether this reader may do something with a camera now: "" for yes, else why not.
func (s *Session) May(a roster.Action, c id.Camera) roster.Reason {
	return s.Roster.May(s.Keys.ID(), a, c, s.nowMS())
}

// SeesPeople says whether this reader sees the household's own pages: names, looks, who belongs to it.
func (s *Session) SeesPeople() bool { return s.May(roster.People, id.HouseholdCamera) == "" }
