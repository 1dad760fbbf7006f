// SPDX-License-Identifier: Apache-2.0

package home

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/request"
)

// testLock is a lock that opens when something is posted to it.
type testLock struct {
	server *httptest.Server

	mu     sync.Mutex
	times  int           // how often it was told; guarded by mu
	bodies []string      // what was posted; guarded by mu
	status int           // what it answers; guarded by mu
	told   func()        // is called as it is told; guarded by mu
	hold   chan struct{} // it does not answer before this is closed; guarded by mu
}

func newLock(t *testing.T) *testLock {
	t.Helper()
	l := &testLock{status: http.StatusOK}
	l.server = httptest.NewServer(http.HandlerFunc(l.answer))
	t.Cleanup(l.server.Close)
	return l
}

func (l *testLock) answer(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(req.Body, 4096))
	l.mu.Lock()
	status, told, hold := l.status, l.told, l.hold
	if req.Method == http.MethodPost && req.URL.Path == "/open" {
		l.times++
		l.bodies = append(l.bodies, string(body))
	}
	l.mu.Unlock()
	if told != nil {
		told()
	}
	if hold != nil {
		select {
		case <-hold:
		case <-req.Context().Done():
		}
	}
	if status/100 == 3 {
		w.Header().Set("Location", "/open")
	}
	w.WriteHeader(status)
}

func (l *testLock) address() netip.AddrPort {
	return netip.MustParseAddrPort(strings.TrimPrefix(l.server.URL, "http://"))
}

// opened says how often it was told to open.
func (l *testLock) opened() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.times
}

// behaves sets how it answers, and what happens then.
func (l *testLock) behaves(status int, told func(), hold chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status, l.told, l.hold = status, told, hold
}

func (l *testLock) way() *lock.Way { return &lock.Way{URL: l.server.URL + "/open", Body: "open"} }

// digits types what the hub shows.
func (r *Rig) digits(bool) (string, error) { return (<-r.gestures).Code, nil }

// hang lets the door at a camera be opened by the rig's lock.
func (r *Rig) hang(s *session.Session, c id.Camera, name string, gesture bool) {
	r.t.Helper()
	must(r.t, s.SetDoor(r.t.Context(), session.Door{Camera: c, Name: name, Kind: lock.HTTP, Gesture: gesture, Way: r.lock.way()}, r.digits))
}

// asks asks for a challenge.
func asks(t *testing.T, s *session.Session, c id.Camera) (*request.Challenge, error) {
	t.Helper()
	reply, err := s.Do(t.Context(), request.Op{Kind: request.OpAskOpen, Camera: c})
	if err != nil {
		return nil, err
	}
	return reply.Result.Challenge, nil
}

// drain lets codes go that nobody typed.
func (r *Rig) drain() {
	for len(r.gestures) > 0 {
		<-r.gestures
	}
}
