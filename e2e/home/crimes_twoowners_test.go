// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// twoOwners is a household of two who have been owners for long, anna (with two devices) and ben; otto is one since
// today, gus a guardian.
func twoOwners(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.door = s.Add("Door", "a")
	s.anna = s.owner()
	s.anna2 = s.Device(s.anna)
	s.ben = s.Bring("Ben", roster.Owner)
	s.gus = s.Bring("Gus", roster.Guardian)
	s.offset.Add(int64(8 * 24 * time.Hour))
	s.otto = s.Bring("Otto", roster.Owner)
	s.Packs(s.door, 1)
	return s
}

// halfLink puts in some hub, with the ends of the record as the owner sees them, signed by these.
func (s *scene) halfLink(hub roster.HubKeys, change func(*roster.ClosedRun), by ...*folk) *dsse.Envelope {
	s.t.Helper()
	op := roster.ReplaceHub{Hub: hub}
	// That the old hub is silent is an alarm, and why there is a new one.
	v, err := s.Member.Steady(s.t.Context(), func(*session.View) error { return nil })
	must(s.t, err)
	for _, r := range v.Runs {
		c := roster.ClosedRun{Root: r.Root, Run: r.Run, Size: r.Size}
		if change != nil {
			change(&c)
		}
		op.Runs = append(op.Runs, c)
	}
	e, err := s.Member.Roster.NewLink(s.now().UnixMilli(), op)
	must(s.t, err)
	for _, f := range by {
		e.Sign(f.ID(), f.Sign())
	}
	return e
}

// shows lets ben's device look at what came in the mail.
func (s *scene) shows(from *folk, e *dsse.Envelope) error {
	s.t.Helper()
	_, err := replace.Read(s.t.Context(), s.ben.session(), from.ID(), e.Encode())
	return err
}

// says is somebody's answer on a link, in the name of a device.
func (s *scene) says(link *dsse.Envelope, name id.Device, by *folk) []byte {
	s.t.Helper()
	e, err := dsse.Signed(pairing.ThingSecond, &pairing.Second{
		Answer: pairing.SecondYes, At: s.now().UnixMilli(), Device: name, Household: s.Member.Home.Household,
		Link: link.Hash(), Signature: ed25519.Sign(by.Sign(), link.PAE()),
	}, name, by.Sign())
	must(s.t, err)
	return e.Encode()
}

// wholeBy is anna's link with the answer that somebody gave to another, or the same.
func (s *scene) wholeBy(link *dsse.Envelope, answer []byte) error {
	s.t.Helper()
	said, err := pairing.OpenSecond(answer, s.Member.Roster, s.now().UnixMilli())
	if err != nil {
		return err
	}
	half, err := s.Member.Roster.CheckHalf(link.Encode())
	must(s.t, err)
	_, err = replace.Whole(s.Member.Roster, half, said)
	return err
}

// inForce brings a link to the cloud that these have signed, and the hub that it names.
func (s *scene) inForce(by ...*folk) error {
	s.t.Helper()
	keys := s.someHub()
	e := s.halfLink(keys.Public(), nil, by...)
	e.Sign(id.Hub, keys.Sign)
	_, err := s.client().RegisterChain(s.t.Context(), append(append([][]byte{}, s.Member.Roster.Chain...), e.Encode()))
	return err
}

// cut lets a link end the old hub's record early, some time after that hub has gone.
func (s *scene) cut(short bool) error {
	s.t.Helper()
	s.Stop()
	if short {
		s.offset.Add(int64(20 * time.Minute))
	}
	return s.shows(s.anna, s.halfLink(s.someHub().Public(), func(c *roster.ClosedRun) {
		if short {
			c.Root, c.Size = id.HashOf(), 0
		}
	}, s.anna))
}

func crimesOfTwoOwners() []crime {
	hub := func(s *scene) roster.HubKeys { return s.someHub().Public() }
	asks := func(s *scene) error { return s.shows(s.anna, s.halfLink(hub(s), nil, s.anna)) }
	agrees := func(s *scene) error {
		link := s.halfLink(hub(s), nil, s.anna)
		return s.wholeBy(link, s.says(link, s.ben.ID(), s.ben))
	}
	return []crime{
		{
			name: "the operator swaps the hub under the second owner's eyes", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: func(s *scene) error {
				mine, theirs := s.halfLink(hub(s), nil, s.anna), s.halfLink(hub(s), nil)
				theirs.Signatures = mine.Signatures
				return s.shows(s.anna, theirs)
			},
			honest: asks,
		},
		{
			name: "the operator invents that an owner asks for a second", off: []rule.Name{rule.Signer}, says: string(rule.Signer),
			commit: func(s *scene) error {
				nobody := s.newFolk("")
				return s.shows(nobody, s.halfLink(hub(s), nil, nobody))
			},
			honest: asks,
		},
		{
			name: "an owner of today asks for a second", off: []rule.Name{rule.Signer}, says: string(rule.Signer),
			commit: func(s *scene) error { return s.shows(s.otto, s.halfLink(hub(s), nil, s.otto)) },
			honest: asks,
		},
		{
			name: "a guardian asks for a second", off: []rule.Name{rule.Signer}, says: string(rule.Signer),
			commit: func(s *scene) error { return s.shows(s.gus, s.halfLink(hub(s), nil, s.gus)) },
			honest: asks,
		},
		{
			name: "a second signature for one hub is used for another", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: func(s *scene) error {
				return s.wholeBy(s.halfLink(hub(s), nil, s.anna), s.says(s.halfLink(hub(s), nil, s.anna), s.ben.ID(), s.ben))
			},
			honest: agrees,
		},
		{
			name: "the operator answers in the second owner's place", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: func(s *scene) error {
				link := s.halfLink(hub(s), nil, s.anna)
				return s.wholeBy(link, s.says(link, s.ben.ID(), s.newFolk("")))
			},
			honest: agrees,
		},
		{
			name: "an owner of today agrees to a new hub", off: []rule.Name{rule.Signer}, says: string(rule.Signer),
			commit: func(s *scene) error {
				link := s.halfLink(hub(s), nil, s.anna)
				return s.wholeBy(link, s.says(link, s.otto.ID(), s.otto))
			},
			honest: agrees,
		},
		{
			name: "two devices of one owner put in a hub", off: []rule.Name{rule.Signer}, says: string(api.Invalid), lasting: true,
			commit: func(s *scene) error { return s.inForce(s.anna, s.anna2) },
			honest: func(s *scene) error {
				link := s.halfLink(hub(s), nil, s.anna)
				return s.wholeBy(link, s.says(link, s.ben.ID(), s.ben))
			},
		},
		// From here on the old hub has stopped.
		{
			name: "a wish for a second is kept and shown later", off: []rule.Name{rule.Time}, says: string(rule.Time),
			commit: func(s *scene) error {
				s.Stop()
				link := s.halfLink(hub(s), nil, s.anna)
				s.offset.Add(int64(16 * time.Minute))
				return s.shows(s.anna, link)
			},
			honest: asks,
		},
		{
			name: "an owner cuts off the end of the old hub's record", off: []rule.Name{rule.RolledBack}, says: string(rule.RolledBack),
			commit: func(s *scene) error { return s.cut(true) },
			honest: func(s *scene) error { return s.cut(false) },
		},
	}
}

// TestCrimesOfTwoOwners tries what an owner, a thief of a device and the operator may try where two owners put in a hub.
func TestCrimesOfTwoOwners(t *testing.T) { judge(t, twoOwners, crimesOfTwoOwners()) }
