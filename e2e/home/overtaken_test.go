// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"keyhold/member/session"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// The cloud may honestly not know yet what the hub said at home. That is no alarm; that it never learns it is one.
func TestWhatWasSaidAtHomeIsNotMissedAtTheCloudAtOnce(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	eva := r.Bring("Eva", roster.Viewer, always())
	r.View()
	r.learn()
	target := session.Target{Person: eva.Person}
	s := r.again()
	removal, err := s.NewRemoval(target)
	must(t, err)
	// Letters do not come to the hub, nor links and its own word to the cloud.
	hold := func(kinds ...string) {
		way := func(cloud http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				for _, kind := range kinds {
					if req.Method == http.MethodPut && strings.Contains(req.URL.Path, "/"+kind+"/") {
						w.WriteHeader(http.StatusServiceUnavailable)
						return
					}
				}
				cloud.ServeHTTP(w, req)
			})
		}
		r.way.Store(&way)
	}
	hold(request.WriteMail, request.WriteRoster, request.WriteStatus)
	done, err := s.Remove(t.Context(), removal, target)
	must(t, err)
	if !done {
		t.Fatal("it is not in force")
	}
	next := r.again() // another program, which has only the folder
	v, err := next.Sync(t.Context())
	must(t, err)
	if len(v.Alarms) > 0 || !target.Gone(v.Roster) {
		t.Errorf("a moment later: alarms %v, gone %v", v.Alarms, target.Gone(v.Roster))
	}
	// The hub says how it is out of order with what waits: a cloud that is back, and hears that first, has not kept back
	// what it had no chance to take.
	hold(request.WriteMail, request.WriteRoster)
	r.Stop() // its last word
	v, err = next.Sync(t.Context())
	must(t, err)
	if len(v.Alarms) > 0 {
		t.Errorf("when the hub's word has overtaken the link: %v", v.Alarms)
	}
	// Where the cloud took such a word, and then not the link, the next one says what is missing. (Of three attempts the
	// first may have been on its way when the word was taken, and the last may not have come back.)
	var heard atomic.Bool
	var refused atomic.Int32
	way := *r.way.Load()
	watched := func(cloud http.Handler) http.Handler {
		inner := way(cloud)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			inner.ServeHTTP(w, req)
			switch {
			case req.Method != http.MethodPut:
			case strings.Contains(req.URL.Path, "/"+request.WriteStatus+"/"):
				heard.Store(true)
			case strings.Contains(req.URL.Path, "/"+request.WriteRoster+"/") && heard.Load():
				refused.Add(1)
			}
		})
	}
	r.way.Store(&watched)
	r.Start()
	r.Serving()
	r.Until("the link being refused", func() bool { return refused.Load() >= 3 })
	r.Stop()
	v, err = next.Sync(t.Context())
	must(t, err)
	if len(v.Alarms) != 1 || rule.Of(v.Alarms[0]) != rule.RolledBack {
		t.Errorf("when the hub has been at the cloud: %v", v.Alarms)
	}
	hold()
	r.Start()
	r.Serving()
	r.Until("no alarm", func() bool {
		v, err := next.Sync(t.Context())
		return err == nil && len(v.Alarms) == 0 && v.Roster.Head.Seq == 2
	})
}
