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
// can be saved from it.
func TestMoving(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	out := t.TempDir()
	play(t, "moving.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+out)...)

	// Another operator, on another port.
	listen, err := harness.FreeAddress(ctx)
	must(t, err)
	_, port, _ := strings.Cut(listen, ":")
	url, origin := "http://"+listen, "http://cloud.localhost:"+port
	must(t, os.MkdirAll(w.Path("other"), 0o700))
	other, err := harness.Start("other cloud", w.Path("logs/other.log"), w.Env, w.Programs.Cloud, "serve", "--listen", listen, "--data", w.Path("other"), "--origin", origin)
	must(t, err)
	t.Cleanup(func() { must(t, other.Stop()) })
	must(t, other.Until(ctx, 20*time.Second, "answering", func(ctx context.Context) bool { return harness.Answers(ctx, url+"/v1/info") }))

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
	// The first operator goes; nobody misses it.
	must(t, w.Cloud.Stop())
	w.Cloud = nil
	link := invitationTo(t, w, origin)
	play(t, "moving.mjs", "ORIGIN="+origin, "KEYHOLD="+w.Keyhold, "HUB="+w.Path("hub"), "LINK="+link, "OUT="+out, "MOVED=1")
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
