// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"cmp"
	"encoding/json"
	"errors"
	"testing"

	"keyhold/member/replace"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

// errLetGo is what somebody meets who wants to see again what was starred once, and is so no more.
var errLetGo = errors.New("let go")

// starredAndBroken is a household whose hub is gone, and a new one that waits. Two moments of the door were starred, and one
// was let go; the operator has kept what the hub had said before that.
func starredAndBroken(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.door = s.Add("Door", "a")
	_, moment := s.starFirst(s.door)
	must(t, s.Member.SetStar(t.Context(), s.door, moment+1, true))
	s.marked(s.door, 2)
	must(t, s.answered(func(answer map[string]json.RawMessage) { s.former = answer["names"] }, func() error { return s.synced(s.Member) }))
	must(t, s.Member.SetStar(t.Context(), s.door, moment+1, false))
	s.marked(s.door, 1)
	s.code = s.anew()
	return s
}

// bringsTwo puts in the hub that waits, brings it what was starred, and wants two stars there.
func (s *scene) bringsTwo() error {
	s.t.Helper()
	p := &replace.Replacer{Session: s.Member, Step: func(string) {}}
	if err := p.Replace(s.t.Context(), s.code); err != nil {
		return err
	}
	if _, err := replace.CarryStars(s.t.Context(), s.Member, p.Was()); err != nil {
		return err
	}
	if len(s.starred(s.Member, s.door)) < 2 {
		return errLetGo
	}
	return nil
}

// TestCrimesWithStarsAtTheTakeover show the device that puts a new hub in what the old one had said before a star was let go.
func TestCrimesWithStarsAtTheTakeover(t *testing.T) {
	judge(t, starredAndBroken, []crime{{
		name: "names from before a star was let go, at the takeover", off: []rule.Name{rule.RolledBack}, says: string(rule.RolledBack), lasting: true, ruins: true,
		commit: func(s *scene) error {
			return s.answered(func(answer map[string]json.RawMessage) { answer["names"] = s.former }, s.bringsTwo)
		},
		honest: func(s *scene) error {
			if err := s.bringsTwo(); !errors.Is(err, errLetGo) {
				return cmp.Or(err, errors.New("what was let go came along"))
			}
			return nil
		},
	}})
}

// starsLeft is a household with a new hub that was not yet brought what was starred under the one before: a moment of the
// door. vera was a member there, and is no more; gus is a guardian, sam a guest who sees the door.
func starsLeft(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.cameras()
	s.starFirst(s.door)
	s.gus = s.Bring("Gus", roster.Guardian)
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	s.sam = s.guest("Sam")
	s.marked(s.door, 1)
	s.order(s.anna, s.removal(s.vera.Person, "", s.anna))
	s.mark = marksOf(s.starred(s.Member, s.door))[0]
	code := s.anew()
	p := &replace.Replacer{Session: s.Member, Step: func(string) {}}
	must(t, p.Replace(t.Context(), code))
	s.Serving()
	return s
}

// left is the star of the door, as it stands on the record that was left behind.
func (s *scene) left() *request.Carried {
	s.t.Helper()
	out, whole, err := s.Member.LeftStar(s.t.Context(), s.door, s.mark)
	must(s.t, err)
	if out == nil || !whole {
		s.t.Fatal("the star is not found on the record that was left behind")
	}
	return out
}

// bringsStar has somebody bring a star to the hub, spoiled.
func (s *scene) bringsStar(by *folk, camera id.Camera, spoil func(*request.Carried)) error {
	s.t.Helper()
	c := s.left()
	if spoil != nil {
		spoil(c)
	}
	return s.ask(by, request.Op{Kind: request.OpCarryStar, Camera: camera, Carried: c})
}

// forged puts a star on the leaf that somebody signs afterwards, as if it had been on the record.
func (s *scene) forged(by *folk, c *request.Carried) {
	s.t.Helper()
	parsed, err := manifest.ParseLeaf(c.Star.Leaf)
	must(s.t, err)
	leaf := parsed.(*manifest.Star)
	set, err := star.Kept(leaf.Statement, s.Member.Roster)
	must(s.t, err)
	set.Device, set.Moment, set.Seq = by.ID(), set.Moment-1, set.Seq+1
	e, err := dsse.Signed(star.Thing, set, by.ID(), by.Sign())
	must(s.t, err)
	leaf.Device, leaf.Person, leaf.Statement = by.ID(), by.Person, e.Encode()
	c.Star.Leaf, err = canon.Marshal(leaf)
	must(s.t, err)
	c.Packs = []request.Proved{}
}

// TestCrimesWithStarsAtANewHub hand a new hub stars that nobody had set under the old one, or that are not theirs to bring.
func TestCrimesWithStarsAtANewHub(t *testing.T) {
	honest := func(s *scene) error { return s.bringsStar(s.gus, s.door, nil) }
	judge(t, starsLeft, []crime{
		{
			name: "a star that somebody who was removed signs afterwards, brought as if the old hub had taken it", off: []rule.Name{rule.NotIncluded}, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				return s.bringsStar(s.gus, s.door, func(c *request.Carried) { s.forged(s.vera, c) })
			},
			honest: honest,
		},
		{
			name: "a star of one camera, brought for another", off: []rule.Name{rule.WrongCamera}, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				return s.bringsStar(s.gus, s.yard, func(c *request.Carried) { c.Packs = []request.Proved{} })
			},
			honest: honest,
		},
		{
			name: "a star of the old hub's, brought by a guest", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.bringsStar(s.sam, s.door, nil) }, honest: honest,
		},
		{
			name: "a star that came along and was let go, brought again", off: []rule.Name{rule.Replay}, says: request.RefusedExists,
			commit: func(s *scene) error {
				if list := s.starred(s.Member, s.door); len(list) > 0 {
					must(s.t, s.ask(s.gus, request.Op{Kind: request.OpCarryStar, Camera: s.door}))
					for _, one := range list {
						must(s.t, s.Member.SetStar(s.t.Context(), s.door, one.Moment, false))
					}
				}
				return s.bringsStar(s.gus, s.door, nil)
			},
			honest: func(s *scene) error {
				must(s.t, s.Member.SetStar(s.t.Context(), s.door, s.now().UnixMilli(), true))
				if len(s.starred(s.Member, s.door)) == 0 {
					return errors.New("nothing is starred")
				}
				return nil
			},
		},
	})
}
