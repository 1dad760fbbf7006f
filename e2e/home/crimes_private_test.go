// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// behindDoors is a household with two cameras: vera sees the door, and pia (where gus is elsewhere) may turn it off as
// well; paul (where sam is) may in hours
// that are not now.
func behindDoors(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.ben = s.Bring("Ben", roster.Owner)
	s.cameras()
	history := []roster.Action{roster.History}
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: history, Cameras: []id.Camera{s.door}})
	turns := roster.Right{Actions: []roster.Action{roster.History, roster.Private}, Cameras: []id.Camera{s.door}}
	s.gus = s.Bring("Pia", roster.Viewer, turns)
	turns.Zone = "UTC"
	turns.Hours = []roster.Hours{{Days: []int{int(s.now().UTC().AddDate(0, 0, 3).Weekday())%7 + 1}, From: 0, Until: 1}}
	s.sam = s.Bring("Paul", roster.Viewer, turns)
	return s
}

// setting is the next of a camera, as a device would sign it: not private.
func (s *scene) setting(by *folk, c id.Camera) private.Setting {
	s.t.Helper()
	x := private.Setting{
		At: s.now().UnixMilli(), Camera: c, Device: by.ID(), Head: s.Member.Roster.Head.Hash, Hours: []roster.Hours{}, Household: s.Member.Home.Household, Seq: 1,
	}
	list, err := s.Member.Privates(s.t.Context())
	must(s.t, err)
	for _, one := range list {
		if one.Camera == c {
			x.Seq = one.Seq + 1
		}
	}
	return x
}

// brings lets a device bring a setting that somebody signed.
func (s *scene) brings(by *folk, x private.Setting, key ed25519.PrivateKey) error {
	s.t.Helper()
	e, err := dsse.Signed(private.Thing, &x, x.Device, key)
	must(s.t, err)
	return s.ask(by, request.Op{Kind: request.OpPrivate, Private: e.Encode()})
}

// sets lets somebody set a camera, or all.
func (s *scene) sets(by *folk, c id.Camera, spoil func(*private.Setting)) error {
	x := s.setting(by, c)
	if spoil != nil {
		spoil(&x)
	}
	return s.brings(by, x, by.Sign())
}

// turned turns the door off, and waits until nobody reads it.
func (s *scene) turned(on bool) {
	s.t.Helper()
	s.off(s.Member, s.door, on)
	if on {
		s.quiet("a")
		return
	}
	s.Until("a reader of the door", func() bool { return s.reads("a") == 1 })
}

// read says whether a private camera is read within a second and a half; then it is as before.
func (s *scene) read(r rule.Name) error {
	s.t.Helper()
	began := time.Now()
	s.Until("a reader, or none", func() bool { return s.reads("a") > 0 || time.Since(began) > intime.By(1500*time.Millisecond) })
	if s.reads("a") == 0 {
		return rule.Errorf(r, "nobody reads the private camera")
	}
	return nil
}

// filled lets the disk be full for a while, and says whether the door is read afterwards.
func (s *scene) filled(off bool) error {
	s.t.Helper()
	s.turned(off)
	s.free.Store(1)
	s.Until("the other camera's end", func() bool { return s.reads("b") == 0 })
	s.free.Store(1 << 40)
	s.Until("the other camera again", func() bool { return s.reads("b") == 1 })
	err := s.read(rule.Private)
	s.turned(false)
	return err
}

// clockBack sets the hub's clock back while the door is private by its hours, and says whether it is read then.
func (s *scene) clockBack(by time.Duration) error {
	s.t.Helper()
	now := s.now().UTC()
	day, minute := (int(now.Weekday())+6)%7+1, now.Hour()*60+now.Minute()
	must(s.t, s.sets(s.anna, s.door, func(x *private.Setting) {
		x.Hours, x.Zone = []roster.Hours{{Days: []int{day}, From: max(minute-1, 0), Until: min(minute+30, 1440)}}, "UTC"
	}))
	s.quiet("a")
	s.astray.Store(int64(-by))
	err := s.read(rule.Time)
	s.astray.Store(0)
	must(s.t, s.sets(s.anna, s.door, nil))
	s.Until("a reader of the door", func() bool { return s.reads("a") == 1 })
	return err
}

// again adds the door once more, under another name.
func (s *scene) again(off bool) error {
	s.t.Helper()
	s.turned(off)
	reply, err := s.anna.session().Do(s.t.Context(), request.Op{Kind: request.OpAddCamera, Name: "Another", URL: s.URL("a")})
	if err == nil {
		s.Do(request.Op{Kind: request.OpRemoveCamera, Camera: reply.Result.Camera})
	}
	s.turned(false)
	return err
}

func TestCrimesAroundWhatIsPrivate(t *testing.T) {
	honest := func(s *scene) error { return s.sets(s.ben, s.door, nil) }
	spoilt := func(spoil func(*scene, *private.Setting)) func(*scene) error {
		return func(s *scene) error {
			return s.sets(s.ben, s.door, func(x *private.Setting) { spoil(s, x) })
		}
	}
	may := func(by func(*scene) *folk, c func(*scene) id.Camera) func(*scene) error {
		return func(s *scene) error { return s.sets(by(s), c(s), nil) }
	}
	door, yard := func(s *scene) id.Camera { return s.door }, func(s *scene) id.Camera { return s.yard }
	all := func(*scene) id.Camera { return id.HouseholdCamera }
	vera, pia, paul := func(s *scene) *folk { return s.vera }, func(s *scene) *folk { return s.gus }, func(s *scene) *folk { return s.sam }
	judge(t, behindDoors, []crime{
		{
			name: "an earlier word that turns a private camera on again", off: []rule.Name{rule.Replay}, says: request.RefusedStale,
			commit: func(s *scene) error {
				old := s.setting(s.ben, s.door)
				must(s.t, s.brings(s.ben, old, s.ben.Sign()))
				s.turned(true)
				err := s.brings(s.ben, old, s.ben.Sign())
				if err == nil {
					err = s.read(rule.Replay)
					s.turned(true) // the number of what is set has gone back
				}
				s.turned(false)
				return err
			},
			honest: honest,
		},
		{
			name: "a word from three minutes ago", off: []rule.Name{rule.Time}, says: request.RefusedInvalid,
			commit: spoilt(func(_ *scene, x *private.Setting) { x.At -= 180_000 }), honest: honest,
		},
		{
			name: "a word made under an earlier roster", off: []rule.Name{rule.Head}, says: request.RefusedStale,
			commit: spoilt(func(s *scene, x *private.Setting) { x.Head, _ = s.Member.Roster.HashAt(1) }), honest: honest,
		},
		{
			name: "a word for another household", off: []rule.Name{rule.Household}, says: request.RefusedInvalid, lasting: true, ruins: true,
			commit: spoilt(func(_ *scene, x *private.Setting) { x.Household = id.Household(id.HashOf([]byte("x")).String()) }), honest: honest,
		},
		{
			name: "an owner's word, brought by a viewer", off: []rule.Name{rule.Audience}, says: request.RefusedInvalid,
			commit: func(s *scene) error { return s.brings(s.vera, s.setting(s.ben, s.door), s.ben.Sign()) }, honest: honest,
		},
		{
			name: "an owner's word, signed by somebody else", off: []rule.Name{rule.Signature}, says: request.RefusedInvalid, lasting: true, ruins: true,
			commit: func(s *scene) error { return s.brings(s.ben, s.setting(s.ben, s.door), s.vera.Sign()) }, honest: honest,
		},
		{
			name: "a viewer who turns a camera off without that right", off: []rule.Name{rule.Action}, says: request.RefusedDenied,
			commit: may(vera, door), honest: may(pia, door),
		},
		{
			name: "a viewer who turns off another camera than theirs", off: []rule.Name{rule.Camera}, says: request.RefusedDenied,
			commit: may(pia, yard), honest: may(pia, door),
		},
		{
			name: "a viewer who turns all cameras off", off: []rule.Name{rule.Role, rule.Camera}, says: request.RefusedDenied,
			commit: may(pia, all), honest: may(func(s *scene) *folk { return s.ben }, all),
		},
		{
			name: "a viewer, out of their hours", off: []rule.Name{rule.Hours}, says: request.RefusedDenied,
			commit: may(paul, door), honest: may(pia, door),
		},
		{
			name: "a disk that was full and has room again, to have a private camera read", off: []rule.Name{rule.Private}, says: string(rule.Private),
			commit: func(s *scene) error { return s.filled(true) }, honest: func(s *scene) error { return s.filled(false) },
		},
		{
			name: "a private camera, added once more", off: []rule.Name{rule.Private}, says: request.RefusedPrivate,
			commit: func(s *scene) error { return s.again(true) }, honest: func(s *scene) error { return s.again(false) },
		},
		{
			name: "the hub's clock, set back out of a private camera's hours", off: []rule.Name{rule.Time}, says: string(rule.Time),
			commit: func(s *scene) error { return s.clockBack(3 * time.Hour) },
			honest: func(s *scene) error { // a clock that is a little behind opens nothing, and its hours end
				must(s.t, s.sets(s.anna, s.door, nil))
				return s.read(rule.Time)
			},
		},
		{
			name: "the record, to say that somebody turned it off who did not", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: func(s *scene) error { return s.onRecord(s.hubKey()) }, honest: func(s *scene) error { return s.onRecord(s.ben.Sign()) },
		},
	})
}

// onRecord is a setting of ben's as a reader of the record reads it, signed with a key.
func (s *scene) onRecord(key ed25519.PrivateKey) error {
	s.t.Helper()
	x := s.setting(s.ben, s.door)
	e, err := dsse.Signed(private.Thing, &x, x.Device, key)
	must(s.t, err)
	_, err = private.Kept(e.Encode(), s.Member.Roster)
	return err
}
