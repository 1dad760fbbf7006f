// SPDX-License-Identifier: Apache-2.0

package away

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
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

// narrow is what a line carries, in bytes a second, that is too narrow for the camera's first stream and wide enough for
// its second.
const narrow = 100_000

func TestTheHomeIsSeenInABrowserElsewhere(t *testing.T) {
	e := newEarth(t)
	_, err := e.Owner(t.Context(), "cameras", "small", "Garden", stream("garden/small"))
	must(t, err)
	ms := func(name string, d time.Duration) string { return fmt.Sprintf("%s=%d", name, d.Milliseconds()) }
	node := exec.CommandContext(t.Context(), "node", "--test-reporter=tap", "browser.mjs")
	node.Env = append(os.Environ(), "LINK="+e.invitation(t), "OUT="+t.TempDir(), "ORIGIN="+cloudURL,
		ms("FIRST", firstWithin), ms("FREEZE", freeze), ms("BACK", backWithin), ms("LOOK", stretch(t)), fmt.Sprintf("NARROW=%d", narrow), fmt.Sprintf("WIDE=%d", int(perSecond)))
	out, err := node.StdoutPipe()
	must(t, err)
	node.Stderr = node.Stdout
	must(t, e.phone.In(node.Start))
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		said.WriteString(line + "\n")
		if _, wish, ok := strings.Cut(line, "the mobile line carries "); ok {
			n, err := strconv.ParseInt(wish, 10, 64)
			must(t, err)
			e.mobile.Wire.Carries(n)
		}
		if strings.Contains(line, "figure:") {
			t.Log(line)
		}
	}
	if err := node.Wait(); err != nil {
		t.Fatalf("node browser.mjs: %v\n%s", err, said.String())
	}
}
