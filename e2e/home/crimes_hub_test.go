// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/rand"
	"slices"
	"time"

	"keyhold/member/device"
	"keyhold/sealing/keys"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

var signer = []rule.Name{rule.Signer}

// addDevice is a new device of a person.
func (s *scene) addDevice(person id.Person) (*folk, roster.AddDevice) {
	f := s.newFolk(person)
	return f, roster.AddDevice{Device: f.Public(), Person: person}
}

// addPerson is a new person.
func (s *scene) addPerson(role roster.Role, rights ...roster.Right) (*folk, roster.AddPerson) {
	f := s.newFolk("")
	return f, roster.AddPerson{Device: f.Public(), Person: f.Person, Rights: rights, Role: role}
}

// evict asks, by a courier, for the removal of a person by these.
func (s *scene) evict(courier *folk, target *folk, by ...*folk) error {
	s.t.Helper()
	return s.ask(courier, s.removal(target.Person, "", by...))
}

// crafted is a removal of sam's device with a field that is not as it should be.
func (s *scene) crafted(spoil func(*roster.Removal)) error {
	s.t.Helper()
	victim := s.Device(s.sam)
	r := roster.Removal{At: s.now().UnixMilli(), Device: victim.ID(), Head: s.Member.Roster.Head, Household: s.Member.Home.Household}
	spoil(&r)
	e, err := dsse.New(roster.ThingRemoval, r)
	must(s.t, err)
	return s.ask(s.anna, request.Op{Kind: request.OpRemove, Removal: signed(e, s.anna)})
}

// newSheet is a sheet nobody has seen.
func (s *scene) newSheet() (*folk, roster.NewSheet) {
	s.t.Helper()
	fresh, err := keys.NewSheet(rand.Reader)
	must(s.t, err)
	secret, err := device.SheetSecret(fresh)
	must(s.t, err)
	pub := secret.Public()
	return &folk{secret, s.anna.Person, s.Rig}, roster.NewSheet{Sheet: roster.SheetKeys{Reader: pub.Reader, Sign: pub.Sign}}
}

// lists says whether the hub tells somebody of a camera.
func (s *scene) lists(by *folk, c id.Camera) error {
	s.t.Helper()
	reply, err := by.session().Do(s.t.Context(), request.Op{Kind: request.OpListCameras})
	must(s.t, err)
	if !slices.ContainsFunc(reply.Result.Cameras, func(r request.CameraReport) bool { return r.ID == c }) {
		return &hidden{}
	}
	return nil
}

// hidden says that something which is there was not told.
type hidden struct{}

func (*hidden) Error() string { return "not told" }

func crimesAtTheHub() []crime {
	var voice *folk // an owner since today
	return []crime{
		{
			name: "a ghost device of the owner", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { f, op := s.addDevice(s.anna.Person); return s.bring(s.sam, op, f) },
			honest: func(s *scene) error { f, op := s.addDevice(s.anna.Person); return s.bring(s.sam, op, s.anna, f) },
		},
		{
			name: "a device that never proved its keys", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { _, op := s.addDevice(s.anna.Person); return s.bring(s.anna, op, s.anna) },
			honest: func(s *scene) error { f, op := s.addDevice(s.anna.Person); return s.bring(s.anna, op, s.anna, f) },
		},
		{
			name: "an owner slips a device under somebody else's name", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { f, op := s.addDevice(s.vera.Person); return s.bring(s.anna, op, s.anna, f) },
			honest: func(s *scene) error { f, op := s.addDevice(s.vera.Person); return s.bring(s.vera, op, s.vera, f) },
		},
		{
			name: "a viewer brings in a guest", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error {
				f, op := s.addPerson(roster.Guest, s.until(s.day(1)))
				return s.bring(s.vera, op, s.vera, f)
			},
			honest: func(s *scene) error {
				f, op := s.addPerson(roster.Guest, s.until(s.day(1)))
				return s.bring(s.gus, op, s.gus, f)
			},
		},
		{
			name: "a guardian makes an owner", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { f, op := s.addPerson(roster.Owner); return s.bring(s.gus, op, s.gus, f) },
			honest: func(s *scene) error { f, op := s.addPerson(roster.Guardian); return s.bring(s.anna, op, s.anna, f) },
		},
		{
			name: "a guest makes themself an owner", off: []rule.Name{rule.RosterOp, rule.Signer}, lasting: true, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				f := s.guest("Climber")
				return s.bring(f, roster.SetRights{Person: f.Person, Role: roster.Owner}, f)
			},
			honest: func(s *scene) error {
				f := s.guest("Climber")
				return s.bring(s.anna, roster.SetRights{Person: f.Person, Role: roster.Viewer, Rights: []roster.Right{s.until(0)}}, s.anna)
			},
		},
		{
			name: "a viewer raises a guest", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error {
				f := s.guest("Friend")
				return s.bring(s.vera, roster.SetRights{Person: f.Person, Role: roster.Guardian}, s.vera)
			},
			honest: func(s *scene) error {
				f := s.guest("Friend")
				return s.bring(s.anna, roster.SetRights{Person: f.Person, Role: roster.Guardian}, s.anna)
			},
		},
		{
			name: "a guest without end", off: []rule.Name{rule.Rights}, lasting: true, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				f, op := s.addPerson(roster.Guest, s.until(0))
				return s.bring(s.anna, op, s.anna, f)
			},
			honest: func(s *scene) error {
				f, op := s.addPerson(roster.Guest, s.until(s.day(2)))
				return s.bring(s.anna, op, s.anna, f)
			},
		},
		{
			name: "a device that was removed comes back", off: []rule.Name{rule.RosterOp}, lasting: true, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				f := s.Device(s.vera)
				s.order(s.vera, s.removal("", f.ID(), s.vera))
				return s.bring(s.vera, roster.AddDevice{Device: f.Public(), Person: s.vera.Person}, s.vera, f)
			},
			honest: func(s *scene) error { f, op := s.addDevice(s.vera.Person); return s.bring(s.vera, op, s.vera, f) },
		},
		{
			name: "an owner with two devices evicts another", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna, s.anna2) },
			honest: func(s *scene) error { return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna, s.ben) },
		},
		{
			name: "an owner of today votes against another", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error {
				today := s.Bring("Cleo", roster.Owner)
				if voice == nil {
					voice = today
				}
				return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna, today)
			},
			honest: func(s *scene) error {
				s.offset.Add(int64(8 * 24 * time.Hour))
				return s.evict(s.anna, s.Bring("Otto", roster.Owner), s.anna, voice)
			},
		},
		{
			name: "the finder of a sheet evicts an owner at once", off: []rule.Name{rule.RosterOp}, lasting: true, says: request.RefusedInvalid,
			commit: func(s *scene) error { return s.evict(s.sheet, s.Bring("Otto", roster.Owner), s.sheet) },
			honest: func(s *scene) error {
				f := s.Bring("Otto", roster.Owner)
				must(s.t, s.bring(s.sheet, roster.AnnounceRemoval{Person: f.Person}, s.sheet))
				s.offset.Add(int64(73 * time.Hour))
				return s.evict(s.sheet, f, s.sheet)
			},
		},
		{
			name: "the finder of a sheet becomes somebody else", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { f, op := s.addDevice(s.ben.Person); return s.bring(s.sheet, op, s.sheet, f) },
			honest: func(s *scene) error { f, op := s.addDevice(s.anna.Person); return s.bring(s.sheet, op, s.sheet, f) },
		},
		{
			name: "the finder of a sheet invites", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { f, op := s.addPerson(roster.Owner); return s.bring(s.sheet, op, s.sheet, f) },
			honest: func(s *scene) error { f, op := s.addPerson(roster.Owner); return s.bring(s.ben, op, s.ben, f) },
		},
		{
			name: "a guardian makes a sheet of their own", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error {
				f, op := s.newSheet()
				err := s.bring(s.gus, op, s.gus, f)
				if err == nil {
					s.sheet = f
				}
				return err
			},
			honest: func(s *scene) error {
				f, op := s.newSheet()
				err := s.bring(s.anna, op, s.anna, f)
				if err == nil {
					s.sheet = f
				}
				return err
			},
		},
		{
			name: "a viewer removes a guardian", off: signer, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.evict(s.vera, s.Bring("Greta", roster.Guardian), s.vera) },
			honest: func(s *scene) error { return s.evict(s.ben, s.Bring("Greta", roster.Guardian), s.ben) },
		},
		{
			name: "a removal from another household", off: []rule.Name{rule.RosterOp}, lasting: true, says: request.RefusedInvalid,
			commit: func(s *scene) error {
				return s.crafted(func(r *roster.Removal) { r.Household = id.Household(id.HashOf([]byte("another")).String()) })
			},
			honest: func(s *scene) error { return s.crafted(func(*roster.Removal) {}) },
		},
		{
			name: "a removal kept for later", off: []rule.Name{rule.RosterTime}, lasting: true, says: request.RefusedStale,
			commit: func(s *scene) error { return s.crafted(func(r *roster.Removal) { r.At += time.Hour.Milliseconds() }) },
			honest: func(s *scene) error { return s.crafted(func(r *roster.Removal) { r.At -= time.Hour.Milliseconds() }) },
		},
		{
			name: "a person is brought in and nobody stands at the hub", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: func(s *scene) error {
				f, op := s.addPerson(roster.Owner)
				reply, err := s.Member.Do(s.t.Context(), request.Op{
					Kind: request.OpAppendLink, Link: s.link(op, s.anna, f), Name: "A phone", PersonName: "Somebody",
				})
				if err == nil {
					s.follow(reply.Result.Link)
				}
				return err
			},
			honest: func(s *scene) error { f, op := s.addPerson(roster.Owner); return s.bring(s.anna, op, s.anna, f) },
		},
		{
			name: "a code is used for another person", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: func(s *scene) error {
				f, op := s.addPerson(roster.Guest, s.until(s.day(1)))
				first, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpAppendLink, Link: s.link(op, s.anna, f), Name: "A phone", PersonName: "Guest"})
				given := request.Gesture{Code: "000000"}
				if word(err) == request.RefusedGesture {
					given.Code = s.shown()
				} else {
					must(s.t, err) // with the check off the guest is in
					s.follow(first.Result.Link)
				}
				f, op = s.addPerson(roster.Owner)
				reply, err := s.Member.Do(s.t.Context(), request.Op{
					Kind: request.OpAppendLink, Link: s.link(op, s.anna, f), Name: "A phone", PersonName: "Owner", Gesture: &given,
				})
				if err == nil {
					s.follow(reply.Result.Link)
				}
				return err
			},
			honest: func(s *scene) error { f, op := s.addPerson(roster.Owner); return s.bring(s.anna, op, s.anna, f) },
		},
		{
			name: "a viewer takes a camera away", off: []rule.Name{rule.Role, rule.Action, rule.Camera}, says: request.RefusedDenied,
			commit: func(s *scene) error {
				return s.ask(s.vera, request.Op{Kind: request.OpRemoveCamera, Camera: s.Add("Shed "+rand.Text(), "a")})
			},
			honest: func(s *scene) error {
				return s.ask(s.gus, request.Op{Kind: request.OpRemoveCamera, Camera: s.Add("Shed "+rand.Text(), "a")})
			},
		},
		{
			name: "a guest is told of a camera that is not theirs", off: []rule.Name{rule.Camera}, says: "not told",
			commit: func(s *scene) error { return s.lists(s.guest("Nosy"), s.yard) },
			honest: func(s *scene) error { return s.lists(s.guest("Nosy"), s.door) },
		},
	}
}
