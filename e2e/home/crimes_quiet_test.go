// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"reflect"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

var (
	nightly = []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 420}}
	mondays = []roster.Hours{{Days: []int{1}, From: 720, Until: 780}}
)

// quietLeft is a household with a new hub. anna has two devices, which remember what was said to the one before; gus is a
// guardian, and vera sees the door.
func quietLeft(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.cameras()
	s.anna2 = s.Device(s.anna)
	s.gus = s.Bring("Gus", roster.Guardian)
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}})
	s.replaced(s.anew())
	return s
}

// word is what a device says that its person has said of the hours of all cameras.
func (s *scene) word(list []roster.Hours, at time.Duration) request.Op {
	said := request.SaidQuiet{Camera: id.HouseholdCamera, Hours: list, Said: s.now().Add(at).UnixMilli()}
	return request.Op{Kind: request.OpCarryQuiet, Said: []request.SaidQuiet{said}}
}

// hushed wants these hours to be anna's within a second and a half.
func (s *scene) hushed(r rule.Name, list []roster.Hours) error {
	s.t.Helper()
	want := []request.Quiet{{Camera: id.HouseholdCamera, Hours: list}}
	began, is := time.Now(), false
	s.Until("the hours, or none", func() bool {
		is = reflect.DeepEqual(s.Do(request.Op{Kind: request.OpQuiets}).Result.Quiets, want)
		return is || time.Since(began) > intime.By(1500*time.Millisecond)
	})
	if !is {
		return rule.Errorf(r, "anna's hours are others")
	}
	return nil
}

// wishes sets anna's hours at this hub.
func (s *scene) wishes(list []roster.Hours) {
	s.t.Helper()
	s.offset.Add(int64(time.Second)) // after what was said before
	s.Do(request.Op{Kind: request.OpSetQuiet, Camera: id.HouseholdCamera, Hours: list})
}

// TestCrimesWithQuietHours tries to give somebody hours in which they hear nothing that they have not said, or not last.
func TestCrimesWithQuietHours(t *testing.T) {
	carries := func(at time.Duration, r rule.Name) func(*scene) error {
		return func(s *scene) error {
			s.wishes(mondays)
			if err := s.ask(s.anna2, s.word(nightly, at)); err != nil {
				return err
			}
			return s.hushed(r, nightly)
		}
	}
	// A word of anna's other device, which the cloud may hand on once more when something else was said.
	handed := func(again bool) func(*scene) error {
		return func(s *scene) error {
			s.wishes(mondays)
			letter, nonce := s.anna2.command(s.word(nightly, time.Second))
			s.deliver(letter, nonce)
			if err := s.hushed(rule.Replay, nightly); err != nil || !again {
				return err
			}
			s.offset.Add(int64(2 * time.Second))
			s.wishes(mondays)
			s.deliver(letter, s.nonce())
			return s.hushed(rule.Replay, nightly)
		}
	}
	sends := func(by func(*scene) *folk) func(*scene) error {
		return func(s *scene) error {
			s.wishes(mondays)
			letter, nonce := s.anna2.commandBy(by(s), s.word(nightly, time.Second))
			s.deliver(letter, nonce)
			return s.hushed(rule.Signature, nightly)
		}
	}
	// What vera's device says of a camera, and whether the hub has it then.
	of := func(camera func(*scene) id.Camera) func(*scene) error {
		return func(s *scene) error {
			op := s.word(nightly, time.Second)
			op.Said[0].Camera = camera(s)
			reply, err := s.vera.session().Do(s.t.Context(), op)
			if err == nil && len(reply.Result.Taken) == 0 {
				err = rule.Errorf(rule.Camera, "the hub has not taken it")
			}
			s.offset.Add(int64(time.Second))
			return err
		}
	}
	judge(t, quietLeft, []crime{
		{
			name: "an older word on quiet hours in the place of a newer one", off: []rule.Name{rule.Replay}, says: string(rule.Replay),
			commit: carries(-time.Hour, rule.Replay), honest: carries(time.Second, rule.Replay),
		},
		{
			name: "a word on quiet hours, handed on once more by the cloud", off: []rule.Name{rule.Replay}, says: string(rule.Replay),
			commit: handed(true), honest: handed(false),
		},
		{
			name: "somebody else's word on one's quiet hours", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: sends(func(s *scene) *folk { return s.gus }), honest: sends(func(s *scene) *folk { return s.anna2 }),
		},
		{
			name: "a word on quiet hours of a camera that is not theirs", off: []rule.Name{rule.Camera}, says: string(rule.Camera),
			commit: of(func(s *scene) id.Camera { return s.yard }), honest: of(func(s *scene) id.Camera { return s.door }),
		},
		{
			name: "a word on quiet hours of a time to come, which nothing would take the place of", off: []rule.Name{rule.Time}, says: string(rule.Time), lasting: true,
			commit: carries(time.Hour, rule.Time), honest: carries(time.Second, rule.Time),
		},
	})
}
