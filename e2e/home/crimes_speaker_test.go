// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"

	"keyhold/home/talk"
	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/lock"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// setsSpeaker says where the door's camera takes sound, as somebody.
func (s *scene) setsSpeaker(by *folk, url string) error {
	s.t.Helper()
	return s.ask(by, request.Op{Kind: request.OpSetSpeaker, Camera: s.door, URL: url})
}

func TestCrimesWithASpeakersAddress(t *testing.T) {
	hears := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" && r.ContentLength == 0 {
			w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="1", qop="auth"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}
	var sends atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(hears)) // as another machine
	t.Cleanup(other.Close)
	cam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sends.Load() {
			http.Redirect(w, r, other.URL+"/talk", http.StatusTemporaryRedirect)
			return
		}
		hears(w, r)
	}))
	t.Cleanup(cam.Close)
	program := httptest.NewServer(http.HandlerFunc(hears)) // on the hub's own computer
	t.Cleanup(program.Close)
	at := func(server *httptest.Server) string { return "http://u:p@" + server.Listener.Addr().String() + "/talk" }
	stage := func(t *testing.T) *scene {
		t.Helper()
		sends.Store(false)
		s := &scene{Rig: posting(t, cam.URL, other.URL)}
		s.anna = s.owner()
		s.door, s.yard = s.Add("Door", "a"), s.Add("Yard", "b")
		s.gus = s.Bring("Gus", roster.Guardian)
		s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History, roster.Live, roster.Talk}})
		return s
	}
	honest := func(s *scene) error { sends.Store(false); return s.setsSpeaker(s.gus, at(cam)) }
	// beside sets a speaker where a doorbell opens its door as well, by another path or by the same.
	beside := func(path string) func(*scene) error {
		return func(s *scene) error {
			way := &lock.Way{URL: "http://localhost:" + strconv.Itoa(int(netip.MustParseAddrPort(cam.Listener.Addr().String()).Port())) + "/open"}
			must(s.t, s.Member.SetDoor(s.t.Context(), session.Door{Camera: s.door, Name: "Front door", Kind: lock.HTTP, Way: way}, s.digits))
			return s.setsSpeaker(s.gus, "http://u:p@"+cam.Listener.Addr().String()+path)
		}
	}
	judge(t, stage, []crime{
		{
			name: "a speaker that is the lock, so that a chime opens the door", off: []rule.Name{rule.Gesture}, says: request.RefusedDoorThere,
			commit: beside("/./Open/"), honest: beside("/talk"),
		},
		{
			name: "a speaker's address that is a program on the hub's own computer", off: []rule.Name{rule.Here}, says: request.RefusedAddress, honest: honest,
			commit: func(s *scene) error { return s.setsSpeaker(s.gus, at(program)) },
		},
		{
			name: "a speaker that sends who talks on to another host", off: []rule.Name{rule.Elsewhere}, says: finding.Elsewhere, honest: honest,
			commit: func(s *scene) error { sends.Store(true); return s.setsSpeaker(s.gus, at(cam)) },
		},
		{
			name: "a speaker's address set by who may talk and add no cameras", off: []rule.Name{rule.Role, rule.Action}, says: request.RefusedDenied, honest: honest,
			commit: func(s *scene) error { return s.setsSpeaker(s.vera, at(cam)) },
		},
		{
			name: "talk at a speaker's address by a viewer who may only look", off: []rule.Name{rule.Action}, says: talk.Denied,
			commit: func(s *scene) error { must(s.t, honest(s)); return s.tries(s.seesLive(nil), nil, nil) },
			honest: func(s *scene) error { must(s.t, honest(s)); return s.tries(s.talks(), nil, nil) },
		},
	})
}
