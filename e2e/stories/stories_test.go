// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// home is a world with two cameras that were never recorded before.
func home(t *testing.T) *harness.World {
	t.Helper()
	return homeWith(t, map[string]string{"porch": "Porch", "yard": "Back yard"})
}

// homeWith is a world with cameras: the path of each film, and the name it gets; without one it is not added. flags are the
// cloud's.
func homeWith(t *testing.T, cameras map[string]string, flags ...string) *harness.World {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	films := map[string]string{}
	colours := map[string]string{"porch": "SeaGreen", "yard": "Sienna", "attic": "SlateGray"}
	for name := range cameras {
		films[name] = w.Path(name + ".mp4")
		must(t, harness.Film{Seconds: 30, Colour: colours[name], Hz: 440}.Make(ctx, films[name]))
	}
	must(t, w.StartCloud(ctx, flags...))
	must(t, w.StartCameras(ctx, films))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	for name, title := range cameras {
		if title == "" {
			continue
		}
		_, err := w.Owner(ctx, "cameras", "add", title, w.CameraURL(name))
		must(t, err)
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// invitation is a link for the browser; the command that made it runs until the test ends.
func invitation(t *testing.T, w *harness.World) string {
	t.Helper()
	return invitationTo(t, w, w.Origin())
}

// invitationTo is the same for a browser at some origin.
func invitationTo(t *testing.T, w *harness.World, origin string) string {
	t.Helper()
	_, port, _ := strings.Cut(origin, "localhost:")
	log := w.Path("logs/invite-" + port + ".log")
	must(t, os.RemoveAll(log))
	invite, err := harness.Start("invite", log, w.Env, w.Keyhold, "invite", "--own-device", "--wait", "--origin", origin, "--device", w.Path("device"))
	must(t, err)
	t.Cleanup(invite.Kill)
	var link string
	must(t, invite.Until(t.Context(), time.Minute, "an invitation", func(context.Context) bool {
		text, err := os.ReadFile(log)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "/join#") && strings.HasSuffix(line, "\n") {
				link = strings.TrimSpace(line)
			}
		}
		return err == nil && link != ""
	}))
	return link
}

// spoken is the language of each story of the household, of its first person; the others speak the ones after it. One run
// has all three. KEYHOLD_TEST_LANGUAGE names one for all stories.
var spoken = map[string]string{
	"family.mjs": "en", "lost.mjs": "de", "sheet.mjs": "nl", "sheetdead.mjs": "de", "passkey.mjs": "en", "firefox.mjs": "de", "newhub.mjs": "de",
	"moving.mjs": "nl", "leaving.mjs": "en", "live.mjs": "nl", "find.mjs": "de", "kinds.mjs": "en", "small.mjs": "nl", "clouddead.mjs": "de", "private.mjs": "en", "masks.mjs": "nl", "bell.mjs": "de", "talk.mjs": "de", "pushfox.mjs": "nl", "push.mjs": "de",
}

// longest is more than the longest script has ever taken.
const longest = 10 * time.Minute

// play runs a script and shows what it said if it fails.
func play(t *testing.T, script string, env ...string) (said string) {
	t.Helper()
	// A browser that answers nothing is said, and not waited for.
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	// Without --test, for which Node would start itself once more.
	cmd := exec.CommandContext(ctx, "node", "--test-reporter=tap", script)
	cmd.WaitDelay = 10 * time.Second // browsers outlive it
	cmd.Env = append(os.Environ(), env...)
	if language, ok := spoken[script]; ok {
		cmd.Env = append(cmd.Env, "LANGUAGE="+cmp.Or(os.Getenv("KEYHOLD_TEST_LANGUAGE"), language))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, errors.Join(err, ctx.Err()), out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "figure:") {
			t.Log(strings.TrimSpace(line))
		}
	}
	return string(out)
}

// Somebody who has nothing but a hub and a camera begins a household in the app on their own computer. Then every device
// is lost, and the sheet that the app saved brings another one back; then the operator changes every recording.
func TestFirstRunToAlarm(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	film := w.Path("door.mp4")
	must(t, harness.Film{Seconds: 30, Colour: "SteelBlue", Hz: 330}.Make(ctx, film))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, map[string]string{"door": film}))
	must(t, w.StartHub(ctx))
	origin, err := w.StartApp(ctx)
	must(t, err)
	code, err := w.Code(ctx)
	must(t, err)

	out := t.TempDir()
	play(t, "first.mjs", "ORIGIN="+origin, "OUT="+out, "CODE="+code, "CAMERA="+w.CameraURL("door"))

	saved := exported(t, out)
	verdict, err := w.Run(ctx, "verify", "--json", saved)
	must(t, err)
	if !strings.Contains(verdict, `"ok":true`) {
		t.Errorf("keyhold verify says of the film and its proof:\n%s", verdict)
	}
	back := w.Path("another-device")
	_, err = w.Run(ctx, "recover", "--sheet", filepath.Join(out, "sheet.txt"), "--cloud", w.CloudURL(), "--device", back, "--device-name", "Another")
	must(t, err)
	if list, err := w.Run(ctx, "list", "--json", "--device", back); err != nil || !strings.Contains(list, `"name":"Haustür"`) {
		t.Errorf("the device that came back by the app's sheet lists (%v):\n%s", err, list)
	}

	// Nothing new comes from here on: whatever the browser asks for was changed.
	must(t, w.Hub.Stop())
	change(t, w.Path("cloud/objects"))
	play(t, "alarm.mjs", "ORIGIN="+origin, "OUT="+out)
	proof, err := os.ReadFile(filepath.Join(out, "proof.json"))
	must(t, err)
	if !strings.Contains(string(proof), `"rule": "file-hash"`) {
		t.Errorf("the proof that the page saved says:\n%s", proof)
	}
}

// change flips a bit in every byte of every object.
func change(t *testing.T, objects string) {
	t.Helper()
	changed := 0
	must(t, filepath.WalkDir(objects, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := range b {
			b[i] ^= 1
		}
		changed++
		return os.WriteFile(path, b, 0o600)
	}))
	if changed == 0 {
		t.Fatalf("the cloud keeps no object in %s", objects)
	}
}

// exported finds the one film that the browser saved, with its proof beside it, and wants it to play anywhere.
func exported(t *testing.T, out string) string {
	t.Helper()
	saved, err := filepath.Glob(filepath.Join(out, "*.mp4"))
	must(t, err)
	if len(saved) != 1 {
		t.Fatalf("the browser saved %q", saved)
	}
	if seconds := probe(t, saved[0]); seconds < 2 {
		t.Errorf("the export is %.2f s long", seconds)
	}
	if said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", saved[0], "-f", "null", "-").CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("ffmpeg decodes the export with %v:\n%s", err, said)
	}
	return saved[0]
}

// A person opens an invitation, sees the newest pictures, plays, seeks, exports, and comes back tomorrow.
func TestRoadFromInvitationToExport(t *testing.T) {
	t.Parallel()
	w := home(t)
	out := t.TempDir()
	play(t, "road.mjs", "LINK="+invitation(t, w), "ORIGIN="+w.Origin(), "OUT="+out)

	exported(t, out)
	looks, err := w.Owner(t.Context(), "list", "--looks", "--json")
	must(t, err)
	if !strings.Contains(looks, `"purpose":"history"`) || !strings.Contains(looks, `"purpose":"export"`) {
		t.Errorf("the hub wrote down these looks only:\n%s", looks)
	}
}

// probe asks ffprobe for codecs and length.
func probe(t *testing.T, film string) float64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of", "json", film).Output()
	must(t, err)
	var seen struct {
		Streams []struct {
			Codec string `json:"codec_name"`
		} `json:"streams"`
		Format struct {
			Duration string `json:"duration"`
		} `json:"format"`
	}
	must(t, json.Unmarshal(out, &seen))
	if got := fmt.Sprint(seen.Streams); got != "[{h264} {aac}]" {
		t.Errorf("the export has the streams %s", got)
	}
	seconds, err := strconv.ParseFloat(seen.Format.Duration, 64)
	must(t, err)
	return seconds
}
