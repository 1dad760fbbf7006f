// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/elders"
	"keyhold/e2e/harness"
)

// another starts a hub in an empty folder in the place of the one that is gone, and returns the code that it shows.
func another(t *testing.T, w *harness.World) string {
	t.Helper()
	w.Hub.Kill()
	var err error
	w.Hub, err = harness.Start("hub", w.Path("logs/hub2.log"), w.Env, w.Keyhold, "hub", "run", "--dir", w.Path("hub2"), "--cloud", w.HubCloud)
	must(t, err)
	var code string
	must(t, w.Hub.Until(t.Context(), time.Minute, "showing its pairing code", func(ctx context.Context) bool {
		out, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub2"))
		code = strings.TrimSpace(out)
		return err == nil && code != ""
	}))
	return code
}

// replaced starts another hub when a story says that the old one is gone, and tells the story its code.
func replaced(t *testing.T, w *harness.World, out string) error {
	t.Helper()
	err := harness.Poll(t.Context(), 5*time.Minute, "the story being far enough", func(context.Context) bool {
		_, err := os.Stat(filepath.Join(out, "gone"))
		return err == nil
	})
	if err != nil {
		return err
	}
	shown := another(t, w)
	if err := os.WriteFile(filepath.Join(out, "code.new"), []byte(shown), 0o600); err != nil {
		return err
	}
	return os.Rename(filepath.Join(out, "code.new"), filepath.Join(out, "code"))
}

// recorded waits until so many cameras have footage at the cloud.
func recorded(t *testing.T, w *harness.World, cameras int) {
	t.Helper()
	must(t, harness.Poll(t.Context(), 3*time.Minute, "footage of all cameras", func(ctx context.Context) bool {
		if err := w.LeaveEarly(ctx, w.CloudURL()); err != nil {
			return false // a hub that is busy is asked again
		}
		out, err := w.Owner(ctx, "list", "--json")
		if err != nil {
			return false
		}
		list, err := harness.Lines[harness.Stretch](out)
		seen := map[string]bool{}
		for _, s := range list {
			if s.Segments > 0 {
				seen[s.Name] = true
			}
		}
		return err == nil && len(seen) == cameras
	}))
}

// addresses are the cameras' names with their addresses, for a story that types them.
func addresses(t *testing.T, w *harness.World) string {
	t.Helper()
	b, err := json.Marshal(map[string]string{"Porch": w.CameraURL("porch"), "Back yard": w.CameraURL("yard")})
	must(t, err)
	return string(b)
}

// The hub is gone for good. Its owner puts in a new one from a browser; what was recorded before plays, the cameras go on
// under their names, and somebody else is told.
func TestNewHub(t *testing.T) {
	t.Parallel()
	w := home(t)
	out := t.TempDir()
	_, err := w.Owner(t.Context(), "quiet", "--home", "--hours", "mon 3:00-4:00")
	must(t, err)
	d, second, err := w.Invite(t.Context(), "device", "--person", "Jan", "--role", "guardian", "--wait", "--origin", w.Origin())
	must(t, err)
	done := make(chan error, 2)
	go func() {
		err := d.Until(t.Context(), "Six digits: ")
		if err == nil {
			var code string
			if code, err = w.Gesture(t.Context()); err == nil {
				err = d.Type(code)
			}
		}
		done <- err
	}()
	go func() { done <- replaced(t, w, out) }()
	play(t, "newhub.mjs", "ORIGIN="+w.Origin(), "LINK="+invitation(t, w), "SECOND="+second, "OUT="+out, "CAMERAS="+addresses(t, w), "PERSON="+harness.PersonName)
	for range 2 {
		must(t, <-done)
	}
	// The command line of the owner says it as well, and finds everything in order.
	trail, err := w.Owner(t.Context(), "roster", "--trail")
	must(t, err)
	if !strings.Contains(trail, "hub") {
		t.Errorf("the trail does not tell of the new hub:\n%s", trail)
	}
	_, err = w.Owner(t.Context(), "list")
	must(t, err)
}

// The hub is gone, and it takes two owners to put in another: one asks from a browser, and the other agrees in theirs.
func TestNewHubOfTwoOwners(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	must(t, w.StartCloud(ctx))
	elders.New(t, w)
	links := map[string]string{}
	for _, folder := range []string{"device", "ben"} {
		_, links[folder], err = w.Invite(ctx, folder, "--own-device", "--wait", "--origin", w.Origin())
		must(t, err)
	}
	out := t.TempDir()
	done := make(chan error, 1)
	go func() { done <- replaced(t, w, out) }()
	play(t, "twoowners.mjs", "ORIGIN="+w.Origin(), "LINK="+links["device"], "SECOND="+links["ben"], "OUT="+out, "ANNA="+elders.Anna, "BEN="+elders.Ben)
	must(t, <-done)
}

// private has a camera off in hours that are days away, and waits until the cloud has the document of names that says so:
// the room that is said afterwards stands in a later one.
func private(t *testing.T, w *harness.World, camera string) {
	t.Helper()
	ctx := t.Context()
	hours := strings.ToLower(time.Now().AddDate(0, 0, 3).Format("Mon")) + " 10:00-11:00"
	_, err := w.Owner(ctx, "private", "--camera", camera, "--hours", hours)
	must(t, err)
	_, err = w.Owner(ctx, "cameras", "room", camera, "Garden")
	must(t, err)
	must(t, harness.Poll(ctx, time.Minute, "the camera's room", func(ctx context.Context) bool {
		out, err := w.Owner(ctx, "cameras", "list", "--json")
		return err == nil && strings.Contains(out, `"Garden"`)
	}))
}

// Every device is lost, and so is the hub. The sheet, typed into the app on a new computer, puts in a new hub and brings
// its owner back.
func TestSheetWithTheHubGone(t *testing.T) {
	t.Parallel()
	w := home(t)
	recorded(t, w, 2) // first, with their pictures: packs that end for a new room may have none
	_, err := w.Owner(t.Context(), "star", "Porch", "now")
	must(t, err)
	private(t, w, "Porch") // the names that say so say what is starred as well
	words, err := harness.SheetWords(w.Path("sheet.txt"))
	must(t, err)
	code := another(t, w)
	origin, err := w.StartApp(t.Context())
	must(t, err)
	play(t, "sheetdead.mjs", "ORIGIN="+origin, "WORDS="+strings.Join(words, " "), "CODE="+code, "CAMERAS="+addresses(t, w), "OUT="+t.TempDir())
}
