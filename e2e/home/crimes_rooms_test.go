// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"

	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// yesterday is a cloud that keeps a document of names, and shows it again when there is a newer one.
type yesterday struct {
	mu    sync.Mutex
	kept  json.RawMessage // guarded by mu
	shows bool            // guarded by mu
}

func (y *yesterday) way(cloud http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v1/fetch" {
			cloud.ServeHTTP(w, req)
			return
		}
		answer := httptest.NewRecorder()
		cloud.ServeHTTP(answer, req)
		body := answer.Body.Bytes()
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) == nil && len(fields["names"]) > len(`""`) {
			y.mu.Lock()
			if y.shows {
				fields["names"] = y.kept
				body, _ = json.Marshal(fields)
			} else {
				y.kept = fields["names"]
			}
			y.mu.Unlock()
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	})
}

func (y *yesterday) show(on bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.shows = on
}

// goesBack lets the owner, who has read that the door is in the hall, be shown the document from before, or not; and says
// what the owner makes of it.
func (s *scene) goesBack(back bool) error {
	s.t.Helper()
	y := &yesterday{}
	way := y.way
	s.way.Store(&way)
	defer s.way.Store(nil)
	s.place(s.door, "Bathroom")
	y.show(true) // what is kept is the newest that was read
	s.way.Store(nil)
	s.place(s.door, "Hall")
	if back {
		s.way.Store(&way)
	}
	v, err := s.Member.Sync(s.t.Context())
	if err != nil {
		return err
	}
	want := "Hall"
	if back {
		want = "Bathroom" // which is what the crime is for
	}
	for _, c := range v.Cameras {
		if c.ID == s.door && c.Room != want {
			s.t.Fatalf("the door is in %q", c.Room)
		}
	}
	return nil
}

// crimesWithRooms go on where a camera was found.
func crimesWithRooms() []crime {
	sets := func(by func(*scene) *folk) func(*scene) error {
		return func(s *scene) error {
			return s.ask(by(s), request.Op{Kind: request.OpSetRoom, Camera: s.door, Room: "Cellar"})
		}
	}
	return []crime{
		{
			name: "saying in which room a camera is as a viewer", off: []rule.Name{rule.Role, rule.Action}, says: request.RefusedDenied,
			commit: sets(func(s *scene) *folk { return s.vera }), honest: sets(func(s *scene) *folk { return s.gus }),
		},
		{
			name: "a cloud that shows the rooms of yesterday", off: []rule.Name{rule.RolledBack}, says: string(rule.RolledBack),
			commit: func(s *scene) error { return s.goesBack(true) }, honest: func(s *scene) error { return s.goesBack(false) },
		},
	}
}
