// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"time"

	"keyhold/statement/dsse"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// crossed lets two devices of vera remove each other: the first removal counts, and the other comes too late.
func (s *scene) crossed(late bool) error {
	s.t.Helper()
	a, b := s.Device(s.vera), s.Device(s.vera)
	first, second := s.removal("", b.ID(), a), s.removal("", a.ID(), b)
	if err := s.ask(s.anna, first); err != nil || !late {
		return err
	}
	return s.ask(s.anna, second)
}

// kept is what two owners have signed, brought to the hub some days later.
func (s *scene) kept(days int) error {
	s.t.Helper()
	op := s.removal(s.Bring("Otto", roster.Owner).Person, "", s.anna, s.ben)
	s.offset.Add(int64(time.Duration(days)*24*time.Hour + time.Minute))
	return s.ask(s.anna, op)
}

// swapped is what a joiner sent, with keys in it that are another's.
func (s *scene) swapped(other bool) error {
	s.t.Helper()
	secret := []byte("the secret, 16 b")
	f, op := s.addDevice(s.anna.Person)
	mine, err := dsse.Parse(s.link(op, f))
	must(s.t, err)
	g, op := s.addDevice(s.anna.Person)
	theirs, err := dsse.Parse(s.link(op, g))
	must(s.t, err)
	came := mine
	if other {
		came = theirs
	}
	return pairing.CheckMAC(pairing.MAC(secret, pairing.InviteMAC, mine.PAE()), secret, pairing.InviteMAC, came.PAE())
}

// invites is a person brought in by a device that may be gone by then.
func (s *scene) invites(gone bool) error {
	s.t.Helper()
	by := s.Device(s.ben)
	if gone {
		s.order(s.ben, s.removal("", by.ID(), s.ben))
	}
	f, op := s.addPerson(roster.Guardian)
	return s.bring(s.anna, op, by, f)
}

func crimesOfOwners() []crime {
	return []crime{
		{
			name: "an owner alone evicts another", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna) },
			honest: func(s *scene) error { return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna, s.ben) },
		},
		{
			name: "of two that remove each other the second acts, too", off: []rule.Name{rule.Signer}, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.crossed(true) },
			honest: func(s *scene) error { return s.crossed(false) },
		},
		{
			name: "what two owners signed once is kept for a quarrel", off: []rule.Name{rule.RosterTime}, lasting: true, says: request.RefusedStale,
			commit: func(s *scene) error { return s.kept(8) },
			honest: func(s *scene) error { return s.kept(6) },
		},
		{
			name: "an invitation by a device that was removed", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.invites(true) },
			honest: func(s *scene) error { return s.invites(false) },
		},
		{
			name: "the keys of whoever is invited are swapped on the way", off: []rule.Name{rule.Invitation}, says: string(rule.Invitation),
			commit: func(s *scene) error { return s.swapped(true) },
			honest: func(s *scene) error { return s.swapped(false) },
		},
	}
}
