// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"errors"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/talk"
	"keyhold/statement/command"
	"keyhold/statement/dsse"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// tries lets a device talk at the door with a command that was spoiled, and end it at once if it may.
func (s *scene) tries(by *folk, spoil func(*command.Command), sign func(*command.Command) *dsse.Envelope) error {
	s.t.Helper()
	v := s.talker(by.session(), s.door)
	defer v.close()
	return s.triesBy(v, spoil, sign)
}

func (s *scene) triesBy(v *talker, spoil func(*command.Command), sign func(*command.Command) *dsse.Envelope) error {
	s.t.Helper()
	given, err := v.ask()
	if err != nil {
		return err
	}
	c := v.command(given)
	if spoil != nil {
		spoil(c)
	}
	if sign == nil {
		sign = v.signed
	}
	return s.letTalk(v, sign(c))
}

// letTalk brings a command; where it is carried out it ends that, so that the next has room.
func (s *scene) letTalk(v *talker, e *dsse.Envelope) error {
	s.t.Helper()
	err := v.act(e)
	if err == nil {
		v.hush()
		v.over()
	}
	return err
}

// talks may watch the door, and talk there.
func (s *scene) talks() *folk {
	return s.seesLive(func(r *roster.Right) { r.Actions = append(r.Actions, roster.Talk) })
}

func crimesOfTalking() []crime {
	honest := func(s *scene) error { return s.tries(s.ben, nil, nil) }
	return []crime{
		{
			name: "talk from a session that was stolen, without the device's key", off: []rule.Name{rule.Signature}, says: talk.Invalid, honest: honest,
			commit: func(s *scene) error {
				thief := s.newFolk("")
				return s.tries(s.ben, nil, func(c *command.Command) *dsse.Envelope {
					e, err := dsse.Signed(command.Thing, c, c.Device, thief.Sign())
					must(s.t, err)
					return e
				})
			},
		},
		{
			name: "a command to talk, by another's connection", off: []rule.Name{rule.Audience, rule.Replay}, says: talk.Invalid, honest: honest,
			commit: func(s *scene) error {
				ben := s.talker(s.ben.session(), s.door)
				defer ben.close()
				given, err := ben.ask()
				if err != nil {
					return err
				}
				other := s.talker(s.gus.session(), s.door)
				defer other.close()
				return s.letTalk(other, ben.signed(ben.command(given)))
			},
		},
		{
			name: "a command to talk, by another view of the same device", off: []rule.Name{rule.Replay}, says: talk.Late, honest: honest,
			commit: func(s *scene) error {
				v := s.talker(s.ben.session(), s.door)
				defer v.close()
				given, err := v.ask()
				if err != nil {
					return err
				}
				other := s.talker(s.ben.session(), s.yard)
				defer other.close()
				return s.letTalk(other, v.signed(v.command(given)))
			},
		},
		{
			name: "a command to talk, brought once more", off: []rule.Name{rule.Replay}, says: talk.Late, honest: honest,
			commit: func(s *scene) error {
				v := s.talker(s.ben.session(), s.door)
				defer v.close()
				given, err := v.ask()
				if err != nil {
					return err
				}
				e := v.signed(v.command(given))
				if err := s.letTalk(v, e); err != nil {
					return err
				}
				// A hub that took it twice cannot write it down before the end of the first is: a thief tries again.
				s.Until("the same once more", func() bool {
					err = s.letTalk(v, e)
					var act *actError
					return !errors.As(err, &act) || act.word != talk.Failed
				})
				return err
			},
		},
		{
			name: "a command to talk, held back until nobody expects it", off: []rule.Name{rule.Time}, says: talk.Late, honest: honest,
			commit: func(s *scene) error {
				v := s.talker(s.ben.session(), s.door)
				defer v.close()
				given, err := v.ask()
				if err != nil {
					return err
				}
				s.offset.Add(int64(11 * time.Second))
				return s.letTalk(v, v.signed(v.command(given)))
			},
		},
		{
			name: "a command to talk, at another camera than was asked for", off: []rule.Name{rule.Replay}, says: talk.Late, honest: honest,
			commit: func(s *scene) error { return s.tries(s.ben, func(c *command.Command) { c.Target = s.yard }, nil) },
		},
		{
			name: "a command to talk, good for an hour", off: []rule.Name{rule.Replay}, says: talk.Late, honest: honest,
			commit: func(s *scene) error {
				return s.tries(s.ben, func(c *command.Command) { c.NotAfter += time.Hour.Milliseconds() }, nil)
			},
		},
		{
			name: "a command to talk, under an old roster", off: []rule.Name{rule.Head}, says: talk.Stale, honest: honest,
			commit: func(s *scene) error {
				old, _ := s.Member.Roster.HashAt(s.Member.Roster.Head.Seq - 1)
				return s.tries(s.ben, func(c *command.Command) { c.Head = old }, nil)
			},
		},
		{
			name: "a command to talk, for another hub", off: []rule.Name{rule.Audience}, says: talk.Invalid, honest: honest,
			commit: func(s *scene) error {
				return s.tries(s.ben, func(c *command.Command) { c.Hub = s.newFolk("").Public().Sign }, nil)
			},
		},
		{
			name: "a quick reply that says other words than were signed", off: []rule.Name{rule.Signature}, says: talk.Invalid,
			commit: func(s *scene) error {
				v := s.talker(s.ben.session(), s.door)
				defer v.close()
				return s.triesBy(v, says("Please leave the parcel at the door."), func(c *command.Command) *dsse.Envelope {
					e := v.signed(c)
					says("Nobody is at home.")(c)
					e.Payload = v.signed(c).Payload
					return e
				})
			},
			honest: func(s *scene) error { return s.tries(s.ben, says("Please leave the parcel at the door."), nil) },
		},
		{
			name: "talk by a viewer who may only look", off: []rule.Name{rule.Action}, says: talk.Denied,
			commit: func(s *scene) error { return s.tries(s.seesLive(nil), nil, nil) },
			honest: func(s *scene) error { return s.tries(s.talks(), nil, nil) },
		},
		{
			name: "a viewer talks in a child's room", off: []rule.Name{rule.Child}, says: talk.Child,
			commit: func(s *scene) error { return s.nursery(s.talks()) },
			honest: func(s *scene) error { return s.nursery(s.gus) },
		},
		{
			name: "talk without a chime before it", off: []rule.Name{rule.Chime}, says: string(rule.Chime),
			commit: func(s *scene) error { return s.atOnce() },
			honest: honest,
		},
	}
}

// says makes a command one that lets the hub speak.
func says(text string) func(*command.Command) {
	return func(c *command.Command) { c.Reply = &quickreply.Reply{Language: "en", Text: text} }
}

// TestCrimesOfListening are those in which live sound has to be made for the criminal.
func TestCrimesOfListening(t *testing.T) {
	listens := func(child bool, refused rule.Name, by func(*scene) *folk) func(*scene) error {
		return func(s *scene) error {
			who := by(s)
			if child {
				must(s.t, s.anna.session().SetChild(s.t.Context(), s.door, true))
			}
			if !s.hearsLive(s.anna.session(), who.session(), s.door) {
				return rule.Errorf(refused, "nothing is heard")
			}
			return nil
		}
	}
	hears := func(s *scene) *folk {
		return s.seesLive(func(r *roster.Right) { r.Actions = []roster.Action{roster.History, roster.Listen, roster.Live} })
	}
	stage := func(t *testing.T) *scene {
		t.Helper()
		s := &scene{Rig: New(t)}
		s.anna = s.owner()
		s.cameras()
		s.gus = s.Bring("Gus", roster.Guardian)
		return s
	}
	judge(t, stage, []crime{
		{
			name: "a viewer who may only look listens", off: []rule.Name{rule.Action}, says: string(rule.Action),
			commit: listens(false, rule.Action, func(s *scene) *folk { return s.seesLive(nil) }), honest: listens(false, rule.Action, hears),
		},
		{
			name: "a viewer listens in a child's room", off: []rule.Name{rule.Child}, says: string(rule.Child),
			commit: listens(true, rule.Child, hears), honest: listens(true, rule.Child, func(s *scene) *folk { return s.gus }),
		},
	})
}

// nursery lets somebody talk at the door while that is in a child's room.
func (s *scene) nursery(by *folk) error {
	s.t.Helper()
	must(s.t, s.anna.session().SetChild(s.t.Context(), s.door, true))
	defer func() { must(s.t, s.anna.session().SetChild(s.t.Context(), s.door, false)) }()
	return s.tries(by, nil, nil)
}

// atOnce talks with a device that sends its voice from the beginning, and says whether a chime was heard before it.
func (s *scene) atOnce() error {
	s.t.Helper()
	v := s.talker(s.ben.session(), s.door)
	defer v.close()
	before := len(cameratest.Heard(s.t, s.heard))
	after := func() []int16 { return cameratest.Heard(s.t, s.heard)[before:] }
	stop := v.speak()
	if err := v.press(); err != nil {
		return err
	}
	s.Until("the voice", func() bool { return len(cameratest.Tones(after(), voice)) > 0 })
	stop()
	v.hush()
	v.over()
	chime, said := cameratest.Chimes(after()), cameratest.Tones(after(), voice)
	if len(chime) > 0 && chime[0].From < said[0].From {
		return rule.Errorf(rule.Chime, "it chimes first")
	}
	return nil
}
