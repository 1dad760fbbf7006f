// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// answered lets the operator change an answer to a sync while something runs.
func (s *scene) answered(change func(answer map[string]json.RawMessage), do func() error) error {
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, "/fetch") {
				cloud.ServeHTTP(w, req)
				return
			}
			kept := httptest.NewRecorder()
			cloud.ServeHTTP(kept, req)
			body := kept.Body.Bytes()
			answer := map[string]json.RawMessage{}
			if json.Unmarshal(body, &answer) == nil && len(answer["roster"]) > 0 {
				change(answer)
				if b, err := json.Marshal(answer); err == nil {
					body = b
				}
			}
			for k, v := range kept.Header() {
				if k != "Content-Length" {
					w.Header()[k] = v
				}
			}
			w.WriteHeader(kept.Code)
			_, _ = io.Copy(w, bytes.NewReader(body))
		})
	}
	s.way.Store(&way)
	defer s.way.Store(nil)
	return do()
}

// synced is what somebody's device says of what the cloud tells it now.
func (s *scene) synced(own *session.Session) error {
	s.t.Helper()
	before := own.Roster
	defer func() { own.Roster = before }()
	v, err := own.Sync(s.t.Context())
	if err == nil && len(v.Alarms) > 0 {
		err = v.Alarms[0]
	}
	return err
}

func set(answer map[string]json.RawMessage, field string, v any) {
	if b, err := json.Marshal(v); err == nil {
		answer[field] = b
	}
}

// without leaves the pages of a camera out of an answer.
func (s *scene) without(c id.Camera) func(map[string]json.RawMessage) {
	return func(a map[string]json.RawMessage) {
		var pages []api.PageRef
		if json.Unmarshal(a["pages"], &pages) == nil {
			set(a, "pages", slices.DeleteFunc(pages, func(p api.PageRef) bool { return p.Camera == c }))
		}
	}
}

// looksRead lets somebody else look at the door, and says whether a member can read who has looked.
func (s *scene) looksRead(by *folk) error {
	s.t.Helper()
	must(s.t, s.footage(s.gus, request.PurposeExport, s.door))
	now := s.now().UnixMilli()
	_, err := by.session().Steady(s.t.Context(), func(v *session.View) error {
		_, err := v.Timeline(s.t.Context(), s.door, now-600_000, now+600_000)
		return err
	})
	return err
}

// other is a chain that the hub, which conspires with the cloud, has signed in the place of the newest link.
func (s *scene) other() [][]byte {
	s.t.Helper()
	keys, err := household.OpenKeys(hub.LayoutOf(s.Dir).Keys, rand.Reader)
	must(s.t, err)
	chain := s.Member.Roster.Chain
	was, err := roster.Replay(chain[:len(chain)-1], s.Member.Home.Household)
	must(s.t, err)
	f := s.newFolk(s.anna.Person)
	e, err := was.NewLink(s.now().UnixMilli(), roster.AddDevice{Device: f.Public(), Person: s.anna.Person})
	must(s.t, err)
	signed(e, s.anna, f)
	e.Sign(id.Hub, keys.Sign)
	return append(append([][]byte{}, chain[:len(chain)-1]...), e.Encode())
}

// offered is a link that a joiner made of an offer, judged by whoever invited.
func (s *scene) offered(role roster.Role, days int) error {
	s.t.Helper()
	now := s.now()
	right := s.until(now.AddDate(0, 0, days).UnixMilli())
	offer := pairing.Offer{Kind: pairing.ForPerson, Role: roster.Guest, Rights: []roster.Right{s.until(now.AddDate(0, 0, 1).UnixMilli())}}
	f := s.newFolk("")
	op := roster.AddPerson{Device: f.Public(), Person: f.Person, Role: role}
	if role != roster.Owner {
		op.Rights = []roster.Right{right}
	}
	return offer.CheckOp(op, s.anna.Person)
}

// afar is an offer to somebody who is not in the room, whose rights begin after some days.
func (s *scene) afar(days int) error {
	right, now := s.until(0), s.now()
	right.Since = now.AddDate(0, 0, days).UnixMilli()
	offer := pairing.Offer{Kind: pairing.ForPerson, Role: roster.Viewer, Rights: []roster.Right{right}, Slow: true}
	return offer.CheckWait(now.Add(-time.Minute).UnixMilli())
}

// proved is the proof of somebody who joins, with a secret.
func (s *scene) proved(secret string) error {
	s.t.Helper()
	f, op := s.addDevice(s.anna.Person)
	e, err := dsse.Parse(s.link(op, f))
	must(s.t, err)
	mac := pairing.MAC([]byte(secret), pairing.InviteMAC, e.PAE())
	return pairing.CheckMAC(mac, []byte("the secret, 16 b"), pairing.InviteMAC, e.PAE())
}

func crimesOnReaders() []crime {
	plain := func(s *scene) error { return s.synced(s.Member) }
	return []crime{
		{
			name: "the cloud shows a member the roster of before", off: []rule.Name{rule.RolledBack}, says: string(rule.RolledBack),
			commit: func(s *scene) error {
				chain := s.Member.Roster.Chain
				return s.answered(func(a map[string]json.RawMessage) { set(a, "roster", chain[:len(chain)-1]) }, func() error { return plain(s) })
			},
			honest: plain,
		},
		{
			name: "hub and cloud show two members two rosters", off: []rule.Name{rule.RosterFork, rule.RolledBack}, says: string(rule.RosterFork),
			commit: func(s *scene) error {
				chain := s.other()
				return s.answered(func(a map[string]json.RawMessage) { set(a, "roster", chain) }, func() error { return plain(s) })
			},
			honest: plain,
		},
		{
			name: "the page with somebody's look is hidden from another member", off: []rule.Name{rule.SeqGap}, says: string(rule.SeqGap),
			commit: func(s *scene) error {
				return s.answered(s.without(s.door), func() error { return s.looksRead(s.ben) })
			},
			honest: func(s *scene) error { return s.looksRead(s.ben) },
		},
		{
			name: "the joiner takes another role than was offered", off: []rule.Name{rule.Invitation}, says: string(rule.Invitation),
			commit: func(s *scene) error { return s.offered(roster.Owner, 0) },
			honest: func(s *scene) error { return s.offered(roster.Guest, 1) },
		},
		{
			name: "the joiner takes more time than was offered", off: []rule.Name{rule.Invitation}, says: string(rule.Invitation),
			commit: func(s *scene) error { return s.offered(roster.Guest, 2) },
			honest: func(s *scene) error { return s.offered(roster.Guest, 1) },
		},
		{
			name: "an invitation from afar opens at once", off: []rule.Name{rule.Invitation}, says: string(rule.Invitation),
			commit: func(s *scene) error { return s.afar(0) },
			honest: func(s *scene) error { return s.afar(1) },
		},
		{
			name: "somebody guesses the secret of an invitation", off: []rule.Name{rule.Invitation}, says: string(rule.Invitation),
			commit: func(s *scene) error { return s.proved("not the secret, ") },
			honest: func(s *scene) error { return s.proved("the secret, 16 b") },
		},
	}
}
