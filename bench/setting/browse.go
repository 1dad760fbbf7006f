// SPDX-License-Identifier: Apache-2.0

package setting

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"keyhold/e2e/harness"
)

// Invite makes an invitation for a further device of the owner. The command that made it runs until stop.
func Invite(ctx context.Context, w *harness.World) (link string, stop func(), err error) {
	log := w.Path("logs/invite.log")
	if err := os.RemoveAll(log); err != nil { // the link of an earlier one stands there, and has been used
		return "", nil, err
	}
	invite, err := harness.Start("invite", log, w.Env, w.Keyhold, "invite", "--own-device", "--wait", "--origin", w.Origin(), "--device", w.Path("device"))
	if err != nil {
		return "", nil, err
	}
	err = invite.Until(ctx, 20*time.Second, "an invitation", func(context.Context) bool {
		text, err := os.ReadFile(log)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "/join#") && strings.HasSuffix(line, "\n") {
				link = strings.TrimSpace(line)
			}
		}
		return err == nil && link != ""
	})
	if err != nil {
		invite.Kill()
		return "", nil, err
	}
	return link, invite.Kill, nil
}

// Browse runs a script that drives a browser on the app of a world, and returns what it prints.
func Browse(ctx context.Context, w *harness.World, script string, env ...string) ([]byte, error) {
	top, err := harness.Top(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", filepath.Join(top, script))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(append(os.Environ(), "ORIGIN="+w.Origin()), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("watch in the browser: %w", err)
	}
	return out, nil
}
