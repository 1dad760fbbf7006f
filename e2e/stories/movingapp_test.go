// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera/freeport"
)

// ownApp is `keyhold app` on one address, started again with any cloud.
type ownApp struct {
	w      *harness.World
	listen string
}

func newApp(t *testing.T, w *harness.World) *ownApp {
	t.Helper()
	listen, err := freeport.Address(t.Context())
	must(t, err)
	return &ownApp{w, listen}
}

func (a *ownApp) origin() string {
	_, port, _ := strings.Cut(a.listen, ":")
	return "http://localhost:" + port
}

// start ends the one that runs, and starts it with the address of a cloud.
func (a *ownApp) start(t *testing.T, cloud string) {
	t.Helper()
	if a.w.App != nil {
		must(t, a.w.App.Stop())
	}
	var err error
	a.w.App, err = harness.Start("app", a.w.Path("logs/app.log"), a.w.Env, a.w.Keyhold, "app", "--listen", a.listen, "--cloud", cloud, "--device", a.w.Path("no-device"))
	must(t, err)
	must(t, a.w.App.Until(t.Context(), time.Minute, "serving the app", func(ctx context.Context) bool { return harness.Answers(ctx, a.origin()) }))
}

// ownCloud starts a second cloud and returns its address.
func ownCloud(t *testing.T, w *harness.World) string {
	t.Helper()
	listen, err := freeport.Address(t.Context())
	must(t, err)
	_, port, _ := strings.Cut(listen, ":")
	must(t, os.MkdirAll(w.Path("other"), 0o700))
	url := "http://" + listen
	other, err := harness.Start("other cloud", w.Path("logs/other.log"), w.Env, w.Programs.Cloud, "serve", "--listen", listen, "--data", w.Path("other"), "--origin", "http://cloud.localhost:"+port)
	must(t, err)
	t.Cleanup(func() { must(t, other.Stop()) })
	must(t, other.Until(t.Context(), time.Minute, "answering", func(ctx context.Context) bool { return harness.Answers(ctx, url+"/v1/info") }))
	return url
}

// first is a camera and a time shortly after the first thing that was recorded of it.
func first(t *testing.T, w *harness.World) (camera, at string) {
	t.Helper()
	cameras, err := w.Owner(t.Context(), "cameras", "list", "--json")
	must(t, err)
	type named struct{ ID, Name string }
	list, err := harness.Lines[named](cameras)
	must(t, err)
	listed, err := w.Owner(t.Context(), "list", "--json")
	must(t, err)
	stretches, err := harness.Lines[harness.Stretch](listed)
	must(t, err)
	for _, s := range stretches {
		for _, c := range list {
			if s.Kind == "recorded" && c.Name == s.Name {
				return c.ID, strconv.FormatInt(s.From+1000, 10)
			}
		}
	}
	t.Fatalf("nothing is recorded:\n%s\n%s", cameras, listed)
	return "", ""
}

// forget lets so much time pass for the hub that it keeps nothing any more which its cloud has.
func forget(t *testing.T, w *harness.World) {
	t.Helper()
	packs := func() []string {
		all, err := filepath.Glob(w.Path("hub/packs/*/obj_*"))
		must(t, err)
		return all
	}
	before := packs()
	pass(t, w.Hub.Stop, w.Path("hub/state.db"), func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `UPDATE packs SET sent = sent - $1`, 4*24*time.Hour/time.Millisecond)
		return err
	})
	must(t, w.StartHub(t.Context()))
	must(t, w.Hub.Until(t.Context(), time.Minute, "forgetting", func(context.Context) bool {
		for _, path := range before {
			if _, err := os.Stat(path); err == nil {
				return false
			}
		}
		return len(before) > 0
	}))
}

// A household leaves its operator, from the app on somebody's own computer, for a cloud that runs beside the hub. What
// only the operator had comes along; then the operator is gone, and everything goes on.
func TestMovingFromTheApp(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	out := t.TempDir()
	app := newApp(t, w)
	app.start(t, w.CloudURL())
	env := append(terminal(w), "ORIGIN="+app.origin(), "OUT="+out)
	play(t, "movingapp.mjs", append(env, "PHASE=join", "LINK="+invitationTo(t, w, app.origin()))...)
	camera, at := first(t, w)
	forget(t, w)
	to := ownCloud(t, w)
	env = append(env, "TO="+to, "CAMERA="+camera, "AT="+at)
	play(t, "movingapp.mjs", append(env, "PHASE=move", "NOCLOUD=http://"+w.CameraAddress)...)

	must(t, w.Cloud.Stop())
	w.Cloud = nil
	play(t, "movingapp.mjs", append(env, "PHASE=after")...)
	app.start(t, w.CloudURL()) // the old address, where nobody is
	play(t, "movingapp.mjs", append(env, "PHASE=after")...)
	app.start(t, to)
	play(t, "movingapp.mjs", append(env, "PHASE=after")...)

	// The hub is started with the old address still, and records on, into the household's own cloud; a device with the
	// program follows, although nobody is there to be asked at the old one.
	must(t, w.Hub.Stop())
	must(t, w.StartHub(ctx))
	again := time.Now().UnixMilli()
	said, err := w.Command(ctx, "move", "--to", to, "--follow", "--device", w.Path("device"))
	must(t, err)
	if said.Code != 0 || !strings.Contains(said.Said, "This device is with "+to) {
		t.Fatalf("keyhold move --follow ended with %d:\n%s", said.Code, said.Said)
	}
	must(t, harness.Poll(ctx, 3*time.Minute, "something new at the household's own cloud", func(ctx context.Context) bool {
		if err := w.LeaveEarly(ctx, to); err != nil {
			return false // the hub is on its way there still
		}
		listed, err := w.Owner(ctx, "list", "--json")
		if err != nil {
			return false
		}
		stretches, err := harness.Lines[harness.Stretch](listed)
		return err == nil && slices.ContainsFunc(stretches, func(s harness.Stretch) bool { return s.Kind == "recorded" && s.Until > again })
	}))
	text, err := os.ReadFile(w.Path("logs/app.log"))
	must(t, err)
	if !strings.Contains(string(text), to+" as well") {
		t.Errorf("keyhold app says nothing of the other cloud:\n%s", text)
	}
}
