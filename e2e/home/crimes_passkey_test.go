// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"keyhold/home/gesture/gesturetest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// gestured asks, as anna, for a new guardian, with the word of a passkey on it.
func (s *scene) gestured(k *key, spoil func(*gesturetest.Answer)) error {
	s.t.Helper()
	f, op := s.addPerson(roster.Guardian)
	link := s.link(op, s.anna, f)
	a := gesturetest.Answer{Challenge: hashOf(s.t, link)}
	spoil(&a)
	g, err := k.Passkey.Sign(a)
	must(s.t, err)
	reply, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpAppendLink, Link: link, Name: "A phone", PersonName: "Somebody", Gesture: g})
	if err == nil {
		s.follow(reply.Result.Link)
	}
	return err
}

func honestly(*gesturetest.Answer) {}

// slipped asks for a passkey, with a code that everybody has seen.
func (s *scene) slipped(k *key, by ...*folk) error {
	s.t.Helper()
	return s.bring(by[0], roster.AddPasskey{Passkey: k.Keys(), Person: k.Person}, by...)
}

func crimesByPasskey() []crime {
	byKey := func(commit func(s *scene, k *key) error) func(*scene) error {
		return func(s *scene) error { s.t.Helper(); return commit(s, s.Key(s.anna)) }
	}
	return []crime{
		{
			name: "a passkey's word given at another address", off: []rule.Name{rule.Origin}, says: request.RefusedGestureWrong,
			commit: byKey(func(s *scene, k *key) error {
				return s.gestured(k, func(a *gesturetest.Answer) {
					a.Origin, a.Domain = "https://keyhold.example.evil", "keyhold.example.evil"
				})
			}),
			honest: byKey(func(s *scene, k *key) error { return s.gestured(k, honestly) }),
		},
		{
			name: "a passkey's word without finger, face or PIN", off: []rule.Name{rule.Verified}, says: request.RefusedGestureWrong,
			commit: byKey(func(s *scene, k *key) error {
				return s.gestured(k, func(a *gesturetest.Answer) { a.Flags = gesturetest.Present })
			}),
			honest: byKey(func(s *scene, k *key) error { return s.gestured(k, honestly) }),
		},
		{
			name: "a passkey's word on another statement", off: []rule.Name{rule.Gesture}, says: request.RefusedGestureWrong,
			commit: byKey(func(s *scene, k *key) error {
				f, op := s.addPerson(roster.Guest, s.until(s.day(1)))
				harmless := hashOf(s.t, s.link(op, s.anna, f))
				return s.gestured(k, func(a *gesturetest.Answer) { a.Challenge = harmless })
			}),
			honest: byKey(func(s *scene, k *key) error { return s.gestured(k, honestly) }),
		},
		{
			name: "another person's passkey stands in for the code", off: []rule.Name{rule.Gesture}, says: request.RefusedGestureWrong,
			commit: func(s *scene) error { return s.gestured(s.Key(s.vera), honestly) },
			honest: func(s *scene) error { return s.gestured(s.Key(s.anna), honestly) },
		},
		{
			name: "a passkey's word signed by a key that is not its own", off: []rule.Name{rule.Signature}, says: request.RefusedGestureWrong,
			commit: byKey(func(s *scene, k *key) error {
				return s.gestured(k, func(a *gesturetest.Answer) { a.Key = s.newKey(s.anna).Passkey })
			}),
			honest: byKey(func(s *scene, k *key) error { return s.gestured(k, honestly) }),
		},
		{
			name: "the thief of an unlocked phone makes a passkey of their own", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: func(s *scene) error {
				k := s.newKey(s.anna)
				reply, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpAppendLink, Link: k.link(s.anna), Name: "Mine"})
				if err == nil {
					s.follow(reply.Result.Link)
				}
				return err
			},
			honest: func(s *scene) error { k := s.newKey(s.anna); return s.slipped(k, s.anna, k.folk) },
		},
		{
			name: "a passkey slipped in under somebody else's name", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { k := s.newKey(s.anna); return s.slipped(k, s.ben, k.folk) },
			honest: func(s *scene) error { k := s.newKey(s.ben); return s.slipped(k, s.ben, k.folk) },
		},
		{
			name: "a passkey that never proved its keys", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.slipped(s.newKey(s.ben), s.ben) },
			honest: func(s *scene) error { k := s.newKey(s.ben); return s.slipped(k, s.ben, k.folk) },
		},
		{
			name: "the finder of a passkey becomes somebody else", off: signer, lasting: true, says: request.RefusedDenied,
			commit: byKey(func(s *scene, k *key) error {
				f, op := s.addDevice(s.ben.Person)
				return s.bring(k.folk, op, k.folk, f)
			}),
			honest: byKey(func(s *scene, k *key) error {
				f, op := s.addDevice(s.anna.Person)
				return s.bring(k.folk, op, k.folk, f)
			}),
		},
		{
			name: "the finder of a passkey invites", off: signer, lasting: true, says: request.RefusedDenied,
			commit: byKey(func(s *scene, k *key) error {
				f, op := s.addPerson(roster.Owner)
				return s.bring(k.folk, op, k.folk, f)
			}),
			honest: byKey(func(s *scene, k *key) error {
				f, op := s.addPerson(roster.Owner)
				return s.bring(s.anna, op, s.anna, f)
			}),
		},
		{
			name: "a passkey votes against an owner", off: signer, lasting: true, says: request.RefusedDenied,
			commit: byKey(func(s *scene, k *key) error { return s.evict(s.anna, s.Bring("Otto", roster.Owner), k.folk, s.ben) }),
			honest: func(s *scene) error { return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna, s.ben) },
		},
	}
}
