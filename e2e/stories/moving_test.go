// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// A household moves to another cloud, by the program; a browser comes in there, and everything that was recorded before
// can be saved from it. Two browsers in `keyhold app` follow: one is told the address, of the other the program is
// started with it.
func TestMoving(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	out := t.TempDir()
	play(t, "moving.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+out)...)
	app := newApp(t, w)
	app.start(t, w.CloudURL())
	own := append(terminal(w), "ORIGIN="+app.origin(), "OUT="+out)
	for _, who := range []string{"anna", "jan"} {
		play(t, "movingapp.mjs", append(own, "WHO="+who, "PHASE=join", "LINK="+invitationTo(t, w, app.origin()))...)
	}
	camera, at := first(t, w)

	// Another operator, on another port.
	url := ownCloud(t, w)
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	origin := "http://cloud.localhost:" + port
	said, err := moving(ctx, w, "move", "--to", url, "--yes", "--erase", "no", "--device", w.Path("device"))
	if err != nil || !strings.Contains(said, "Moved.") {
		t.Fatalf("keyhold move (%v):\n%s", err, said)
	}
	listed, err := w.Owner(ctx, "list", "--json")
	must(t, err)
	stretches, err := harness.Lines[harness.Stretch](listed)
	must(t, err)
	if len(stretches) < 2 {
		t.Errorf("at the other cloud there is:\n%s", listed)
	}
	saved := filepath.Join(out, "everything")
	_, err = w.Owner(ctx, "export", "--all", "--out", saved)
	must(t, err)
	if verdict, err := w.Run(ctx, "verify", "--json", saved); err != nil || !strings.Contains(verdict, `"ok":true`) {
		t.Errorf("keyhold verify (%v):\n%s", err, verdict)
	}
	own = append(own, "TO="+url, "CAMERA="+camera, "AT="+at)
	play(t, "movingapp.mjs", append(own, "WHO=jan", "PHASE=follow")...)
	app.start(t, url)
	play(t, "movingapp.mjs", append(own, "WHO=anna", "PHASE=given")...)
	// The first operator goes; nobody misses it.
	must(t, w.Cloud.Stop())
	w.Cloud = nil
	link := invitationTo(t, w, origin)
	play(t, "moving.mjs", "ORIGIN="+origin, "KEYHOLD="+w.Keyhold, "HUB="+w.Path("hub"), "LINK="+link, "OUT="+out, "MOVED=1")
	play(t, "movingapp.mjs", append(own, "WHO=jan", "PHASE=after")...)
}

// moving runs a command and types the digits that the hub shows.
func moving(ctx context.Context, w *harness.World, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.Keyhold, args...)
	cmd.Env = append(os.Environ(), w.Env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return "", err
	}
	err = harness.Poll(ctx, time.Minute, "the hub showing its code", func(ctx context.Context) bool {
		code, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub"))
		if code = strings.TrimSpace(code); err != nil || len(code) != 6 {
			return false
		}
		_, err = io.WriteString(in, code+"\n")
		return err == nil
	})
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return said.String(), err
	}
	err = cmd.Wait()
	return said.String(), err
}
