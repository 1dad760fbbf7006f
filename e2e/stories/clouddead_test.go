// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// operator stands before a world's cloud, and keeps back letters to the hub when it is told to.
type operator struct {
	*httptest.Server
	keeps atomic.Bool
}

func operate(t *testing.T, w *harness.World) *operator {
	t.Helper()
	cloud, err := url.Parse(w.CloudURL())
	must(t, err)
	pass, o := httputil.NewSingleHostReverseProxy(cloud), &operator{}
	pass.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // that nobody answers is what the story is about
	o.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if o.keeps.Load() && r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/mail/hub") {
			_, _ = io.Copy(io.Discard, r.Body)
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		pass.ServeHTTP(rw, r)
	}))
	t.Cleanup(o.Close)
	return o
}

// Somebody at home looks through `keyhold app`. The cloud keeps a removal back, then it dies: live, history and removals
// go on with the hub itself. When the cloud is back, it has everything, and nobody is alarmed.
func TestCloudDead(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	for _, name := range []string{"Ben", "Eva"} {
		inviter, joiner, err := w.Bring(ctx, "device", name, name+"'s phone", "--person", name, "--role", "viewer")
		must(t, err)
		if inviter.Code != 0 || joiner.Code != 0 {
			t.Fatalf("%s did not come in:\n%s\n%s", name, inviter.Said, joiner.Said)
		}
	}
	between := operate(t, w)
	app := newApp(t, w)
	app.start(t, between.URL)
	// What the story wants to happen outside of the browser.
	control := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var err error
		switch r.URL.Path {
		case "/keep":
			between.keeps.Store(true)
		case "/pass":
			between.keeps.Store(false)
		case "/kill":
			w.Cloud.Kill()
		case "/start":
			err = w.StartCloud(ctx)
		case "/stop":
			err = syscall.Kill(w.Cloud.PID(), syscall.SIGSTOP)
		case "/go":
			err = syscall.Kill(w.Cloud.PID(), syscall.SIGCONT)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		}
	}))
	t.Cleanup(control.Close)
	t.Cleanup(func() { _ = syscall.Kill(w.Cloud.PID(), syscall.SIGCONT) }) // a story that failed may have left it stopped
	play(t, "clouddead.mjs", append(terminal(w), "ORIGIN="+app.origin(), "OUT="+t.TempDir(), "CONTROL="+control.URL,
		"LINK="+invitationTo(t, w, app.origin()))...)

	must(t, harness.Poll(ctx, time.Minute, "the cloud having heard of both removals", func(ctx context.Context) bool {
		out, err := w.Owner(ctx, "roster")
		return err == nil && !strings.Contains(out, "Eva") && !strings.Contains(out, "Ben")
	}))
	looks, err := w.Owner(ctx, "list", "--looks", "--json")
	must(t, err)
	for _, purpose := range []string{`"history"`, `"tiles"`, `"live"`} {
		if !strings.Contains(looks, purpose) {
			t.Errorf("of what was looked at while the cloud was dead, %s is not on record:\n%s", purpose, looks)
		}
	}
	s, err := w.Command(ctx, "list", "--device", w.Path("device"))
	must(t, err)
	if s.Code != 0 || strings.Contains(s.Said, "ALARM") {
		t.Errorf("once the cloud is back, a command ends with %d:\n%s", s.Code, s.Said)
	}
}
