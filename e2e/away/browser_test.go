// SPDX-License-Identifier: Apache-2.0

package away

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// invitation is a link for a browser of the owner's.
func (e *earth) invitation(t *testing.T) string {
	t.Helper()
	log := e.Path("logs/invite.log")
	var invite *harness.Process
	must(t, e.home.In(func() (err error) {
		invite, err = harness.Start("invite", log, e.Env, e.Keyhold, "invite", "--own-device", "--wait", "--origin", cloudURL, "--device", e.Path("device"))
		return err
	}))
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

func TestTheHomeIsSeenInABrowserElsewhere(t *testing.T) {
	e := newEarth(t)
	ms := func(name string, d time.Duration) string { return fmt.Sprintf("%s=%d", name, d.Milliseconds()) }
	node := exec.CommandContext(t.Context(), "node", "--test-reporter=tap", "browser.mjs")
	node.Env = append(os.Environ(), "LINK="+e.invitation(t), "OUT="+t.TempDir(), "ORIGIN="+cloudURL,
		ms("FIRST", firstWithin), ms("FREEZE", freeze), ms("BACK", backWithin), ms("LOOK", stretch(t)))
	var said []byte
	err := e.phone.In(func() (err error) { said, err = node.CombinedOutput(); return err })
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "figure:") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Fatalf("node browser.mjs: %v\n%s", err, said)
	}
}
