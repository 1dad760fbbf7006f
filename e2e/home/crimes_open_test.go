// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"keyhold/home/gesture/gesturetest"
	"keyhold/member/session"
	"keyhold/statement/command"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// sessionOf is a device's session.
func (s *scene) sessionOf(by *folk) *session.Session {
	if by.ID() == s.Member.Keys.ID() {
		return s.Member
	}
	return by.session()
}

// newDoors lets doors be opened anew, so that none counts as open from a moment ago. The yard's wants a gesture.
func (s *scene) newDoors(list ...id.Camera) {
	s.t.Helper()
	s.drain()
	for _, c := range list {
		if c == s.yard {
			s.hang(s.sessionOf(s.anna), c, "Gate", true)
		} else {
			s.hang(s.sessionOf(s.anna), c, "Front door", false)
		}
	}
}

// attempt is a try to open a door.
type attempt struct {
	by     *folk
	at     id.Camera // the front door if nobody says
	spoil  func(*command.Command)
	sign   func(*command.Command) *dsse.Envelope
	brings *folk // who brings it; who signs if nobody else
	hold   time.Duration
	with   func(*dsse.Envelope) *request.Gesture
}

// goesIn tries it, and wants the lock to have been told where the hub says so.
func (s *scene) goesIn(a attempt) error {
	s.t.Helper()
	if a.at == "" {
		a.at = s.door
	}
	s.newDoors(a.at)
	return s.goesInNow(a)
}

func (s *scene) goesInNow(a attempt) error {
	s.t.Helper()
	own := s.sessionOf(a.by)
	given, err := asks(s.t, own, a.at)
	if err != nil {
		return err
	}
	e, err := own.Opening(a.at, given)
	must(s.t, err)
	var c command.Command
	must(s.t, e.Read(command.Thing, &c))
	if a.spoil != nil {
		a.spoil(&c)
	}
	if a.sign == nil {
		a.sign = func(c *command.Command) *dsse.Envelope {
			e, err := dsse.Signed(command.Thing, c, c.Device, own.Keys.Sign())
			must(s.t, err)
			return e
		}
	}
	e = a.sign(&c)
	if a.brings != nil {
		own = s.sessionOf(a.brings)
	}
	s.offset.Add(int64(a.hold))
	var g *request.Gesture
	if a.with != nil {
		g = a.with(e)
	}
	return s.bringsOpening(own, e, g)
}

// bringsOpening brings a command to open, and wants the lock to have been told where the hub says so.
func (s *scene) bringsOpening(own *session.Session, e *dsse.Envelope, g *request.Gesture) error {
	s.t.Helper()
	before := s.lock.opened()
	_, err := own.Do(s.t.Context(), request.Op{Kind: request.OpOpen, Act: e.Encode(), Gesture: g})
	switch told := s.lock.opened() - before; {
	case err == nil && told == 0:
		return errors.New("the lock was not told")
	case err != nil && told != 0:
		s.t.Errorf("the hub refuses (%v), and told the lock", err)
	}
	return err
}

// resets lets somebody set the front door, with a code if they may look at the hub's.
func (s *scene) resets(by *folk, gesture session.Gesture, need bool) error {
	s.t.Helper()
	d := session.Door{Camera: s.door, Name: "Front door", Kind: lock.HTTP, Gesture: need, Way: s.lock.way()}
	return s.sessionOf(by).SetDoor(s.t.Context(), d, gesture)
}

func crimesOfOpening() []crime {
	honest := func(s *scene) error { return s.goesIn(attempt{by: s.ben}) }
	spoiled := func(spoil func(*scene, *command.Command)) func(*scene) error {
		return func(s *scene) error {
			return s.goesIn(attempt{by: s.ben, spoil: func(c *command.Command) { spoil(s, c) }})
		}
	}
	return []crime{
		{
			name: "a door is opened by a command that is forged", off: []rule.Name{rule.Signature}, says: request.RefusedInvalid, honest: honest,
			commit: func(s *scene) error {
				return s.goesIn(attempt{by: s.ben, sign: func(c *command.Command) *dsse.Envelope {
					e, err := dsse.Signed(command.Thing, c, c.Device, s.newFolk("").Sign())
					must(s.t, err)
					return e
				}})
			},
		},
		{
			name: "a command to open, brought by another device", off: []rule.Name{rule.Audience}, says: request.RefusedInvalid, honest: honest,
			commit: func(s *scene) error { return s.goesIn(attempt{by: s.ben, brings: s.gus}) },
		},
		{
			name: "a command to open, brought once more", off: []rule.Name{rule.Replay}, says: request.RefusedLate, honest: honest,
			commit: func(s *scene) error {
				var kept *dsse.Envelope
				err := s.goesIn(attempt{by: s.ben, with: func(e *dsse.Envelope) *request.Gesture { kept = e; return nil }})
				if err != nil {
					return err
				}
				s.newDoors(s.door)
				return s.bringsOpening(s.sessionOf(s.ben), kept, nil)
			},
		},
		{
			name: "a command to open that the cloud holds back until nobody expects it", off: []rule.Name{rule.Time}, says: request.RefusedLate, honest: honest,
			commit: func(s *scene) error { return s.goesIn(attempt{by: s.ben, hold: 11 * time.Second}) },
		},
		{
			name: "a command to open, at another door than was asked for", off: []rule.Name{rule.Replay}, says: request.RefusedLate, honest: honest,
			commit: func(s *scene) error {
				s.newDoors(s.door, s.yard)
				return s.goesInNow(attempt{by: s.ben, at: s.yard, spoil: func(c *command.Command) { c.Target = s.door }})
			},
		},
		{
			name: "a door is opened over a challenge that the cloud invents", off: []rule.Name{rule.Replay}, says: request.RefusedLate, honest: honest,
			commit: spoiled(func(_ *scene, c *command.Command) { c.Challenge = bytes.Repeat([]byte{7}, command.ChallengeSize) }),
		},
		{
			name: "a command to open, good for an hour", off: []rule.Name{rule.Replay}, says: request.RefusedLate, honest: honest,
			commit: spoiled(func(_ *scene, c *command.Command) { c.NotAfter += time.Hour.Milliseconds() }),
		},
		{
			name: "a command to open, under an old roster", off: []rule.Name{rule.Head}, says: request.RefusedStale, honest: honest,
			commit: spoiled(func(s *scene, c *command.Command) { c.Head, _ = s.Member.Roster.HashAt(s.Member.Roster.Head.Seq - 1) }),
		},
		{
			name: "a command to open, for another hub", off: []rule.Name{rule.Audience}, says: request.RefusedInvalid, honest: honest,
			commit: spoiled(func(s *scene, c *command.Command) { c.Hub = s.newFolk("").Public().Sign }),
		},
		{
			name: "a door is opened by a viewer who may only look", off: []rule.Name{rule.Action}, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.goesIn(attempt{by: s.vera}) },
			honest: func(s *scene) error {
				return s.goesIn(attempt{by: s.seesLive(func(r *roster.Right) { r.Actions = append(r.Actions, roster.Open) })})
			},
		},
		{
			name: "a door is opened from a stolen phone, without a gesture", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: func(s *scene) error { return s.goesIn(attempt{by: s.ben, at: s.yard}) },
			honest: func(s *scene) error {
				s.newDoors(s.yard)
				before := s.lock.opened()
				_, err := s.sessionOf(s.ben).Open(s.t.Context(), s.yard, s.digits)
				if err == nil && s.lock.opened() == before {
					err = errors.New("the lock was not told")
				}
				return err
			},
		},
		{
			name: "a door is opened with a finger that was laid on for another time", off: []rule.Name{rule.Gesture}, says: request.RefusedGestureWrong,
			commit: func(s *scene) error {
				return s.goesIn(attempt{by: s.ben, at: s.yard, with: s.finger([]byte("another time"))})
			},
			honest: func(s *scene) error { return s.goesIn(attempt{by: s.ben, at: s.yard, with: s.finger(nil)}) },
		},
		{
			name: "a door is opened with the code for another's device", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: func(s *scene) error {
				s.newDoors(s.yard)
				if s.goesInNow(attempt{by: s.gus, at: s.yard}) == nil { // else the hub shows a code for it
					s.newDoors(s.yard)
				}
				code := s.anyCode()
				return s.goesInNow(attempt{by: s.ben, at: s.yard, with: func(*dsse.Envelope) *request.Gesture { return &request.Gesture{Code: code} }})
			},
			honest: func(s *scene) error {
				s.newDoors(s.yard)
				_ = s.goesInNow(attempt{by: s.ben, at: s.yard})
				code := s.anyCode()
				return s.goesInNow(attempt{by: s.ben, at: s.yard, with: func(*dsse.Envelope) *request.Gesture { return &request.Gesture{Code: code} }})
			},
		},
		{
			name: "a stolen phone sets the door so that it wants no gesture", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: func(s *scene) error { s.newDoors(s.door); return s.resets(s.ben, nil, false) },
			honest: func(s *scene) error { s.newDoors(s.door); return s.resets(s.ben, s.digits, false) },
		},
		{
			name: "a guardian sets what opens a door", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: func(s *scene) error { s.newDoors(s.door); return s.resets(s.gus, s.digits, true) },
			honest: func(s *scene) error { s.newDoors(s.door); return s.resets(s.ben, s.digits, true) },
		},
		{
			name: "a door leads to a program on the hub's own computer", off: []rule.Name{rule.Here}, says: request.RefusedLockNo,
			commit: func(s *scene) error {
				other := newLock(s.t)
				s.newDoors(s.door)
				d := session.Door{Camera: s.door, Name: "Front door", Kind: lock.HTTP, Way: other.way()}
				must(s.t, s.sessionOf(s.anna).SetDoor(s.t.Context(), d, s.digits))
				_, err := s.sessionOf(s.anna).Open(s.t.Context(), s.door, nil)
				if err == nil && other.opened() == 0 {
					err = errors.New("nobody was told")
				}
				return err
			},
			honest: honest,
		},
		{
			name: "three taps tell the lock three times", off: []rule.Name{rule.Once}, says: string(rule.Once),
			commit: func(s *scene) error { return s.taps() },
			honest: honest,
		},
	}
}

// anyCode is the newest code on the hub's terminal, or any where it shows none because it wants none.
func (s *scene) anyCode() string {
	if len(s.gestures) == 0 {
		return "000000"
	}
	return s.shown()
}

// finger lays a finger of ben's on; said is what it is laid on for, the command itself if nil.
func (s *scene) finger(said []byte) func(*dsse.Envelope) *request.Gesture {
	s.t.Helper()
	if s.bensKey == nil { // before anything is signed: the roster moves
		s.bensKey = s.Key(s.ben)
	}
	return func(e *dsse.Envelope) *request.Gesture {
		what := said
		if what == nil {
			what = hashOf(s.t, e.Encode())
		}
		g, err := s.bensKey.Passkey.Sign(gesturetest.Answer{Challenge: what})
		must(s.t, err)
		return g
	}
}

// taps opens the front door by three devices at once, and says how often the lock was told.
func (s *scene) taps() error {
	s.t.Helper()
	s.newDoors(s.door)
	before := s.lock.opened()
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i, by := range []*session.Session{s.ben.session(), s.ben.session(), s.ben.session()} {
		wg.Go(func() { _, errs[i] = by.Open(s.t.Context(), s.door, nil) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if n := s.lock.opened() - before; n == 1 {
		return rule.Errorf(rule.Once, "told once for three")
	}
	return nil
}

// TestCrimesOfOpening tries to come in by doors that others may open.
func TestCrimesOfOpening(t *testing.T) { judge(t, theHousehold, crimesOfOpening()) }
