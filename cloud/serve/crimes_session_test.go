// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package serve_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/api"
	"keyhold/internal/crimes"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// theft is what somebody tries with what was copied from a member's connection, or lay about.
type theft struct {
	name   string
	off    rule.Name
	says   string
	crime  func(s *side) error
	honest func(s *side) error
}

// posted sends a fetch statement.
func posted(s *side, statement []byte) error {
	_, err := s.c.client().Sync(s.t.Context(), statement)
	return answered(err)
}

// greeted sends the first frame of a socket.
func greeted(s *side, frame []byte) error {
	conn, _, err := websocket.Dial(s.t.Context(), "ws"+strings.TrimPrefix(s.c.base, "http")+"/v1/socket", nil) //nolint:bodyclose // Dial says that its callers never need to
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	if err := conn.Write(s.t.Context(), websocket.MessageText, frame); err != nil {
		return err
	}
	_, said, err := conn.Read(s.t.Context())
	if err != nil {
		return err
	}
	var answer struct{ Problem json.RawMessage }
	if err := json.Unmarshal(said, &answer); err != nil {
		return err
	}
	return problemIn(answer.Problem)
}

// elsewhere reads an object under a copied address, from a connection of somebody's own.
func elsewhere(s *side, address, object string) error {
	res := s.c.do(must(http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.c.base+"/v1/fetched/"+address+"/objects/"+object, nil)))
	if err := problemIn(res.body); err != nil {
		return err
	}
	if len(res.body) == 0 {
		return errNothing
	}
	return nil
}

// opened looks into a box some time after something was put in.
func opened(s *side, later time.Duration) error {
	s.ok(s.api.Drop(s.t.Context(), s.ids["box"], s.secrets["drop"]))
	s.c.Advance(later)
	return given(s, s.ask(route{http.MethodGet, "/v1/drops/{box}"}, s.ids))
}

func thefts() []theft {
	replayed := string(api.Conflict) + " " + string(rule.Replay)
	return []theft{
		{
			name: "a member's login is copied and sent again", off: rule.Replay, says: replayed,
			crime: func(s *side) error {
				copied := s.fetch(s.byOwner(), request.FetchSync, request.PurposeSync)
				if err := posted(s, copied); err != nil {
					s.t.Fatal(err)
				}
				return posted(s, copied)
			},
			honest: func(s *side) error { return posted(s, s.fetch(s.byOwner(), request.FetchSync, request.PurposeSync)) },
		},
		{
			name: "the first word on a member's socket is copied and said again", off: rule.Replay, says: replayed,
			crime: func(s *side) error {
				copied := s.session(s.byOwner())
				if err := greeted(s, copied); err != nil {
					s.t.Fatal(err)
				}
				return greeted(s, copied)
			},
			honest: func(s *side) error { return greeted(s, s.session(s.byOwner())) },
		},
		{
			name: "an invitation of the day before is opened", off: rule.Time, says: errNothing.Error(),
			crime:  func(s *side) error { return opened(s, 24*time.Hour+time.Second) },
			honest: func(s *side) error { return opened(s, 23*time.Hour) },
		},
		{
			name: "a copied address is read after ten minutes", off: rule.Ended, says: string(api.NotFound),
			crime: func(s *side) error {
				copied := s.ids["footage"]
				s.c.Advance(11 * time.Minute)
				return elsewhere(s, copied, s.ids["object"])
			},
			// Within the ten minutes it is as good for a thief as for its owner: what lies there is sealed.
			honest: func(s *side) error {
				fresh := strings.TrimPrefix(s.footage(s.byOwner(), request.PurposeHistory).Address, api.FetchedPrefix)
				return elsewhere(s, fresh, s.ids["object"])
			},
		},
		{
			name: "a copied address is read for what it does not list", off: rule.Camera, says: string(api.Denied),
			crime: func(s *side) error {
				guest := s.welcome(roster.Guest, s.right(s.other))
				address := strings.TrimPrefix(s.sync(guest.signer()).Address, api.FetchedPrefix)
				r := route{http.MethodGet, "/v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}"}
				return given(s, s.ask(r, s.ids.with(ids{"id": address}, "id")))
			},
			honest: func(s *side) error {
				guest := s.welcome(roster.Guest, s.right(s.camera))
				s.c.Advance(time.Second)
				s.ok(s.put(request.WritePages, api.PageName(s.run, s.camera, s.epoch, s.hour()), s.secrets["page"]))
				address := strings.TrimPrefix(s.sync(guest.signer()).Address, api.FetchedPrefix)
				r := route{http.MethodGet, "/v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}"}
				return given(s, s.ask(r, s.ids.with(ids{"id": address, "hour": fmt.Sprint(s.hour())}, "id", "hour")))
			},
		},
	}
}

// TestCrimesWithAStolenSession tries what a thief can do with what was copied on its way: a login, the first word of a
// socket, an address. Nothing of it can be used twice, elsewhere or later; the one thing that can be used is an address,
// within its ten minutes, and what lies there is sealed.
func TestCrimesWithAStolenSession(t *testing.T) {
	c := start(t)
	var rows []*crimes.Row
	for _, one := range thefts() {
		row := crimes.New(one.name, one.off)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			s := newSide(t, c)
			err := one.crime(s)
			row.Tried(t, err, said(err), one.says)
			t.Run("without the check", func(t *testing.T) {
				s := newSide(t, c)
				crimes.Switch(t, one.off)
				err := one.crime(s)
				row.Unchecked(t, err, said(err))
			})
			err = one.honest(s)
			row.Honest(t, err, said(err))
		})
	}
	crimes.Report(t, "cloud", rows)
}
