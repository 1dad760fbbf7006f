// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/rand"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// footage asks the cloud for a camera's last ten minutes.
func (s *scene) footage(by *folk, purpose string, c id.Camera) error {
	s.t.Helper()
	now := s.now().UnixMilli()
	_, err := by.session().Footage(s.t.Context(), purpose, c, now-600_000, now)
	return err
}

// history is footage to be watched.
func (s *scene) history(by *folk, c id.Camera) error { return s.footage(by, request.PurposeHistory, c) }

// seeing is a new viewer with one right to the door's history, as it is told.
func (s *scene) seeing(change func(*roster.Right)) *folk {
	r := s.until(0)
	change(&r)
	return s.Bring("Viewer", roster.Viewer, r)
}

// statement is a fetch of the door's footage in anna's name, with a field that is not as it should be.
func (s *scene) statement(key *folk, spoil func(*request.Fetch)) error {
	s.t.Helper()
	now := s.now().UnixMilli()
	f := request.Fetch{
		At: now, Cameras: []id.Camera{s.door}, Device: s.anna.ID(), From: now - 60_000, Household: s.Member.Home.Household,
		Kind: request.FetchFootage, Nonce: make([]byte, request.NonceSize), Purpose: request.PurposeHistory, To: s.Member.Home.To, Until: now,
	}
	if _, err := rand.Read(f.Nonce); err != nil {
		return err
	}
	spoil(&f)
	e, err := dsse.Signed(request.ThingFetch, &f, s.anna.ID(), key.Sign())
	must(s.t, err)
	_, err = s.Member.Client.Footage(s.t.Context(), e.Encode())
	return err
}

// around is a span of the day that holds the time of day, or begins an hour after it.
func (s *scene) around(later bool) func(*roster.Right) {
	return func(r *roster.Right) {
		at := s.now().UTC()
		minute := at.Hour()*60 + at.Minute()
		span := roster.Hours{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: max(0, minute-5), Until: min(1440, minute+10)}
		if later {
			// The other half of the day.
			span.From, span.Until = 0, 600
			if minute < 700 {
				span.From, span.Until = 800, 1400
			}
		}
		r.Hours, r.Zone = []roster.Hours{span}, "UTC"
	}
}

func crimesAtTheCloud() []crime {
	denied, stranger := string(api.Denied), string(api.Unauthenticated)
	return []crime{
		{
			name: "a guest fetches a camera that is not theirs", off: []rule.Name{rule.Camera}, says: denied,
			commit: func(s *scene) error { return s.history(s.guest("Nosy"), s.yard) },
			honest: func(s *scene) error { return s.history(s.guest("Nosy"), s.door) },
		},
		{
			name: "a guest comes back after the end", off: []rule.Name{rule.Ended}, says: denied,
			commit: func(s *scene) error {
				f := s.guest("Late")
				s.offset.Add(int64(25 * time.Hour))
				return s.history(f, s.door)
			},
			honest: func(s *scene) error {
				f := s.guest("In time")
				s.offset.Add(int64(23 * time.Hour))
				return s.history(f, s.door)
			},
		},
		{
			name: "a viewer looks outside their hours", off: []rule.Name{rule.Hours}, says: denied,
			commit: func(s *scene) error { return s.history(s.seeing(s.around(true)), s.door) },
			honest: func(s *scene) error { return s.history(s.seeing(s.around(false)), s.door) },
		},
		{
			name: "somebody invited from afar looks before the day is over", off: []rule.Name{rule.Early}, says: denied,
			commit: func(s *scene) error { return s.history(s.seeing(func(r *roster.Right) { r.Since = s.day(1) }), s.door) },
			honest: func(s *scene) error {
				f := s.seeing(func(r *roster.Right) { r.Since = s.day(1) })
				s.offset.Add(int64(25 * time.Hour))
				return s.history(f, s.door)
			},
		},
		{
			name: "who may only watch takes it away", off: []rule.Name{rule.Action}, says: denied,
			commit: func(s *scene) error { return s.footage(s.vera, request.PurposeExport, s.door) },
			honest: func(s *scene) error { return s.footage(s.gus, request.PurposeExport, s.door) },
		},
		{
			name: "who may only watch live fetches what was recorded", off: []rule.Name{rule.Action}, says: denied,
			commit: func(s *scene) error {
				return s.history(s.seeing(func(r *roster.Right) { r.Actions = []roster.Action{roster.Live} }), s.door)
			},
			honest: func(s *scene) error { return s.history(s.seeing(func(*roster.Right) {}), s.door) },
		},
		{
			name: "a fetch in the owner's name by another key", off: []rule.Name{rule.Signature}, says: stranger,
			commit: func(s *scene) error { return s.statement(s.vera, func(*request.Fetch) {}) },
			honest: func(s *scene) error { return s.statement(s.anna, func(*request.Fetch) {}) },
		},
		{
			name: "a fetch that another cloud was given", off: []rule.Name{rule.Audience}, says: stranger,
			commit: func(s *scene) error {
				return s.statement(s.anna, func(f *request.Fetch) { f.To = make([]byte, 32) })
			},
			honest: func(s *scene) error { return s.statement(s.anna, func(*request.Fetch) {}) },
		},
		{
			name: "a fetch of ten minutes ago", off: []rule.Name{rule.Time}, says: stranger,
			commit: func(s *scene) error { return s.statement(s.anna, func(f *request.Fetch) { f.At -= 600_000 }) },
			honest: func(s *scene) error { return s.statement(s.anna, func(f *request.Fetch) { f.At -= 60_000 }) },
		},
		{
			name: "a guest reads the household's own pages", off: []rule.Name{rule.Role, rule.Action, rule.Camera}, says: "not told",
			commit: func(s *scene) error { return s.household(s.guest("Nosy")) },
			honest: func(s *scene) error { return s.household(s.gus) },
		},
	}
}

// household says whether the cloud hands out the household's pages and names.
func (s *scene) household(by *folk) error {
	s.t.Helper()
	own := by.session()
	now := s.now().UnixMilli()
	e, err := dsse.Signed(request.ThingFetch, &request.Fetch{
		At: now, Cameras: []id.Camera{}, Device: by.ID(), From: now - 3_600_000, Household: s.Member.Home.Household, Kind: request.FetchSync,
		Nonce: []byte(rand.Text()[:request.NonceSize]), Purpose: request.PurposeSync, To: s.Member.Home.To, Until: now,
	}, by.ID(), by.Sign())
	must(s.t, err)
	answer, err := own.Client.Sync(s.t.Context(), e.Encode())
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	for _, p := range answer.Pages {
		if p.Camera == id.HouseholdCamera && len(answer.Names) > 0 {
			return nil
		}
	}
	return &hidden{}
}
