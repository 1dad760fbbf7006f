// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/e2e/harness"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// invented is a household that an operator made of keys of their own, for a device that knows nothing yet.
func (s *scene) invented() [][]byte {
	s.t.Helper()
	f, sheet := s.newFolk(""), s.newFolk("")
	pub, hub, err := ed25519.GenerateKey(rand.Reader)
	must(s.t, err)
	e, err := dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: s.now().UnixMilli(), Device: f.Public(), Nonce: make([]byte, 32), Person: f.Person,
		Hub:   roster.HubKeys{HPKE: sheet.Public().Reader, Sign: pub},
		Sheet: roster.SheetKeys{Reader: sheet.Public().Reader, Sign: sheet.Public().Sign},
	})
	must(s.t, err)
	e.Sign(f.ID(), f.Sign())
	e.Sign(id.Sheet, sheet.Sign())
	e.Sign(id.Hub, hub)
	return [][]byte{e.Encode()}
}

// believed is what a device that has a household's id from a person makes of a chain.
func (s *scene) believed(chain [][]byte) error {
	_, err := roster.Replay(chain, s.Member.Home.Household)
	return err
}

// back is a device that came in by the sheet, which its roster shows to everybody.
func (s *scene) back() *folk {
	s.t.Helper()
	f, op := s.addDevice(s.anna.Person)
	must(s.t, s.bring(s.sheet, op, s.sheet, f))
	return f
}

// photographed brings in a device by the sheet that anna has just made, or by the one before, of which somebody has a
// picture.
func (s *scene) photographed(before bool) error {
	s.t.Helper()
	by := s.sheet
	fresh, op := s.newSheet()
	must(s.t, s.bring(s.anna, op, s.anna, fresh))
	s.sheet = fresh
	if !before {
		by = fresh
	}
	f, add := s.addDevice(s.anna.Person)
	return s.bring(s.anna, add, by, f)
}

func crimesWithASheet() []crime {
	return []crime{
		{
			name: "a sheet that was photographed and then replaced", off: []rule.Name{rule.Signature}, lasting: true, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.photographed(true) },
			honest: func(s *scene) error { return s.photographed(false) },
		},
		{
			name: "the finder of a sheet looks without coming in", off: []rule.Name{rule.Field}, says: string(api.Invalid),
			commit: func(s *scene) error { return s.history(s.sheet, s.door) },
			honest: func(s *scene) error { return s.history(s.back(), s.door) },
		},
		{
			name: "the finder of a sheet asks the hub without coming in", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: func(s *scene) error {
				_, err := s.sheet.session().Do(s.t.Context(), request.Op{Kind: request.OpListCameras})
				return err
			},
			honest: func(s *scene) error { return s.lists(s.back(), s.door) },
		},
		{
			name: "a fresh device is shown a household that the operator invented", off: []rule.Name{rule.Household}, says: string(rule.Household),
			commit: func(s *scene) error { return s.believed(s.invented()) },
			honest: func(s *scene) error { return s.believed(s.Member.Roster.Chain) },
		},
	}
}

// setBack sets the hub's clock back, or not, and says whether the hub gives a guest keys for the door afterwards who had
// an hour, some time after it came.
func (s *scene) setBack(later, back time.Duration) error {
	s.t.Helper()
	f := s.Bring("Guest", roster.Guest, s.until(s.now().Add(time.Hour).UnixMilli()))
	s.offset.Add(int64(later))
	if later > time.Hour {
		s.Until("the end of a guest's time", func() bool { return !slices.Contains(f.current(), s.door) })
	}
	s.astray.Store(-int64(back))
	defer s.astray.Store(0)
	// The hub holds readers against its clock each second.
	given := func(context.Context) bool { return slices.Contains(f.current(), s.door) }
	if harness.Poll(s.t.Context(), 5*time.Second, "keys for the guest", given) != nil {
		return &hidden{}
	}
	return nil
}

func crimesWithTheClock() []crime {
	return []crime{
		{
			name: "the hub's clock is set back for a guest whose time is over", off: []rule.Name{rule.Time}, lasting: true, says: "not told",
			commit: func(s *scene) error { return s.setBack(2*time.Hour, 90*time.Minute) },
			honest: func(s *scene) error { return s.setBack(0, 0) },
		},
	}
}
