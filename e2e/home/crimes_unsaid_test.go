// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"cmp"
	"encoding/json"
	"errors"
	"testing"

	"keyhold/member/replace"
	"keyhold/statement/masks"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// aBrokenHub is a household whose hub is gone, and a new one that waits. A part of the door's picture was covered, and it
// was private at all hours; the operator has kept what the hub had said before that.
func aBrokenHub(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.door = s.Add("Door", "a")
	named := func(set bool) bool {
		c, ok := s.View().Camera("Door")
		return ok && (len(c.Masks) == 1) == set && (c.Private != nil) == set
	}
	s.Until("the door's name", func() bool { return named(false) })
	must(t, s.answered(func(answer map[string]json.RawMessage) { s.former = answer["names"] }, func() error { return s.synced(s.Member) }))
	s.mask(s.Member, s.door, window)
	must(t, s.private(s.door, allWeek, false))
	s.Until("the names saying what is covered and private", func() bool { return named(true) })
	s.code = s.anew()
	return s
}

// putIn puts in the hub that waits. carry says that it is told then what was covered.
func (s *scene) putIn(carry bool) error {
	s.t.Helper()
	p := &replace.Replacer{Session: s.Member, Step: func(string) {}}
	if err := p.Replace(s.t.Context(), s.code); err != nil || !carry {
		return err
	}
	_, err := replace.Carry(s.t.Context(), s.Member, p.Was(), true)
	return err
}

// errCovered and errPrivate are what somebody meets who wants to see what was covered before, or when.
var errCovered, errPrivate = errors.New("covered"), errors.New("private")

// bare connects the door again, and says whether the hub shows all of it, at all hours.
func (s *scene) bare() error {
	s.t.Helper()
	if off, err := s.Member.Privates(s.t.Context()); err != nil || len(off) > 0 {
		return cmp.Or(err, errPrivate)
	}
	if s.state(s.door) == request.CameraUnconnected {
		s.Add("Door", "a")
	}
	if s.state(s.door) == request.CameraUnsaid {
		return errCovered
	}
	list, err := s.Member.Masks(s.t.Context())
	if err == nil && len(list) > 0 && len(list[len(list)-1].Masks) > 0 {
		err = errCovered
	}
	return err
}

// TestCrimesAtTheTakeover try to have a camera recorded whole, or when it was to be off, because its hub is new: by showing
// the device that puts it in what the old hub had said before that was set, and by keeping from the new one what it is told.
func TestCrimesAtTheTakeover(t *testing.T) {
	judge(t, aBrokenHub, []crime{
		{
			name: "names from before a camera was covered and private, at the takeover", off: []rule.Name{rule.RolledBack}, says: string(rule.RolledBack), lasting: true, ruins: true,
			commit: func(s *scene) error {
				err := s.answered(func(answer map[string]json.RawMessage) { answer["names"] = s.former }, func() error { return s.putIn(true) })
				if err != nil {
					return err
				}
				return s.bare()
			},
			honest: func(s *scene) error { return s.putIn(false) },
		},
		{
			name: "a camera connected to a new hub that was not told what is covered", off: []rule.Name{rule.Masks}, says: errCovered.Error(), lasting: true, ruins: true,
			commit: func(s *scene) error {
				if s.Member.Roster.Now().Place == 0 {
					must(s.t, s.putIn(false))
				}
				return s.bare()
			},
			honest: func(s *scene) error {
				_, err := s.Member.SetMasks(s.t.Context(), s.door, func([]masks.Mask) []masks.Mask { return nil })
				s.Until("it being recorded", func() bool { return s.state(s.door) == request.CameraRecording })
				return err
			},
		},
	})
}
