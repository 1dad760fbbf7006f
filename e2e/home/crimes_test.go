// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/internal/crimes"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

// A crime is one thing that somebody inside the household, a finder, a thief or the operator tries.
type crime struct {
	name string
	// off are the checks that are switched off for the mutant: that which has to refuse, and what would speak in its
	// place because it guards the same thing.
	off []rule.Name
	// says is the word or kind with which it is refused.
	says string
	// lasting says that the household is of no more use once the crime succeeded: whoever still checks leaves it.
	lasting bool
	// ruins says that nothing else can be tried on that household, not even with the check off.
	ruins bool
	// commit tries it; nil says that it worked.
	commit func(*scene) error
	// honest does the same where it is right.
	honest func(*scene) error
}

// scene is a household with everybody in it. anna began it, and ben has been an owner for as long; gus is a guardian,
// vera sees the door, sam is a guest who sees it until a day from now.
type scene struct {
	*Rig
	anna, anna2, ben, gus, vera, sam, sheet *folk
	// otto has been an owner since today, in the scene of two owners.
	otto       *folk
	door, yard id.Camera
	// bensKey is a passkey of ben's, once he has one.
	bensKey *key
	// listening is what the scene at the door has besides.
	listening *doorScene
	// smart is what the scene with a broker has besides.
	smart *smartScene
	// before are the keys of a hub that was replaced, in the scene of a new hub.
	before *household.Keys
	// former is the document of names of an earlier moment, and code that of a hub that waits, in the scene of a broken hub.
	former json.RawMessage
	code   string
	// mark is a star of the hub before, in the scene of stars that were left behind.
	mark star.Mark
}

func theHousehold(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna, s.sheet = s.owner(), s.Rig.sheet()
	s.anna2 = s.Device(s.anna)
	s.ben = s.Bring("Ben", roster.Owner)
	// Everybody's voice counts. The cameras come afterwards: one whose clock jumps is away for a while.
	s.offset.Add(int64(8 * 24 * time.Hour))
	s.cameras()
	s.gus = s.Bring("Gus", roster.Guardian)
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}})
	s.sam = s.guest("Sam")
	return s
}

// cameras adds both at once: for each the hub waits for a first picture.
func (s *scene) cameras() {
	s.t.Helper()
	type added struct {
		reply *request.Reply
		err   error
	}
	other, yard := s.anna.session(), make(chan added, 1)
	go func() {
		reply, err := other.Do(s.t.Context(), request.Op{Kind: request.OpAddCamera, Name: "Yard", URL: s.URL("b")})
		yard <- added{reply, err}
	}()
	s.door = s.Add("Door", "a")
	came := <-yard
	must(s.t, came.err)
	s.yard = came.reply.Result.Camera
}

func (s *scene) day(n int) int64 { return s.now().AddDate(0, 0, n).UnixMilli() }

// guest sees the door until tomorrow.
func (s *scene) guest(name string) *folk { return s.Bring(name, roster.Guest, s.until(s.day(1))) }

func (s *scene) until(ms int64) roster.Right {
	return roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}, Until: ms}
}

// ask lets somebody send a command, with the code on the hub's terminal where the hub wants one: every attacker here has
// looked at it. The owner's roster follows.
func (s *scene) ask(by *folk, op request.Op) error {
	s.t.Helper()
	own := s.Member
	if by.ID() != own.Keys.ID() {
		own = by.session()
	}
	reply, err := own.Do(s.t.Context(), op)
	if word(err) == request.RefusedGesture {
		op.Gesture = &request.Gesture{Code: s.shown()}
		reply, err = own.Do(s.t.Context(), op)
	}
	if err == nil && len(reply.Result.Link) > 0 {
		s.follow(reply.Result.Link)
	}
	return err
}

// shown is the newest code on the hub's terminal.
func (s *scene) shown() string {
	code := (<-s.gestures).Code
	for {
		select {
		case g := <-s.gestures:
			code = g.Code
		default:
			return code
		}
	}
}

// forget lets codes go that nobody typed.
func (s *scene) forget() { s.drain() }

// bring asks, by a courier, for a link that these have signed.
func (s *scene) bring(courier *folk, op roster.Op, by ...*folk) error {
	s.t.Helper()
	return s.ask(courier, request.Op{Kind: request.OpAppendLink, Link: s.link(op, by...), Name: "A phone", PersonName: "Somebody"})
}

// said is the word of the hub, or the kind of the cloud's problem, or the rule of a reader.
func said(err error) string {
	var no *session.RefusedError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &no):
		return no.Word
	case wordOfAct(err) != "":
		return wordOfAct(err)
	case rule.Of(err) != "":
		return string(rule.Of(err))
	case api.KindOf(err) != "":
		return string(api.KindOf(err))
	}
	return err.Error()
}

// TestCrimesInTheHousehold tries each crime on the real hub, cloud and reader, which have to refuse it; without the one
// check, where it has to succeed; and what is right beside it, which has to work.
func TestCrimesInTheHousehold(t *testing.T) {
	// Those first in which somebody reads the whole record, while that is short.
	judge(t, theHousehold, slices.Concat(crimesWithAnInvitation(), crimesOnReaders(), crimesOfLeaving(), crimesAtTheHub(), crimesByPasskey(), crimesAtTheCloud(), crimesOfOwners(), crimesWithASheet(), crimesWithTheClock(), crimesOfWatching(), crimesOfTalking(), crimesAtHome(), crimesInTheApp()))
}

// trial is a crime and what came of it.
type trial struct {
	crime
	*crimes.Row
}

// judge tries crimes on a scene. What lasts is tried without its check on another one, together with all that the same
// check refuses: with it off, everybody there goes on with what came of it.
func judge(t *testing.T, stage func(*testing.T) *scene, list []crime) {
	t.Helper()
	s := stage(t)
	rows := make([]*crimes.Row, len(list))
	var groups [][]trial
	for i, c := range list {
		one := trial{c, crimes.New(c.name, c.off[0])}
		rows[i] = one.Row
		t.Run(c.name, func(t *testing.T) { one.refused(t, s) })
		if !c.lasting {
			continue
		}
		same := slices.IndexFunc(groups, func(g []trial) bool { return !c.ruins && !g[0].ruins && slices.Equal(g[0].off, c.off) })
		if same < 0 {
			groups = append(groups, []trial{one})
		} else {
			groups[same] = append(groups[same], one)
		}
	}
	for _, group := range groups {
		t.Run("without the check against "+group[0].name, func(t *testing.T) {
			victim := stage(t)
			crimes.Switch(t, group[0].off...)
			for _, one := range group {
				t.Run(one.name, func(t *testing.T) { one.succeeds(t, victim) })
			}
		})
	}
	crimes.Report(t, "household", rows)
}

// refused wants the crime to be refused, and what is right beside it to work; if nothing stays of it, also that it
// succeeds without its check.
func (c *trial) refused(t *testing.T, s *scene) {
	s.t = t
	err := c.commit(s)
	s.forget()
	c.Tried(t, err, said(err), c.says)
	if !c.lasting {
		t.Run("without the check", func(t *testing.T) {
			crimes.Switch(t, c.off...)
			c.succeeds(t, s)
		})
		s.t = t
	}
	err = c.honest(s)
	c.Honest(t, err, said(err))
}

// succeeds wants the crime to succeed where its check is off.
func (c *trial) succeeds(t *testing.T, s *scene) {
	s.t = t
	err := c.commit(s)
	s.forget()
	c.Unchecked(t, err, said(err))
}
