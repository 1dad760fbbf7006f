// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// anotherHub loses the hub with its folder, and starts another in an empty one; it gives the code that it shows.
func anotherHub(t *testing.T, w *harness.World) string {
	t.Helper()
	w.Hub.Kill()
	var err error
	w.Hub, err = harness.Start("hub", w.Path("logs/hub2.log"), w.Env, w.Keyhold, "hub", "run", "--dir", w.Path("hub2"), "--cloud", w.HubCloud)
	must(t, err)
	var code string
	must(t, w.Hub.Until(t.Context(), time.Minute, "showing its code", func(ctx context.Context) bool {
		out, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub2"))
		code = strings.TrimSpace(out)
		return err == nil && code != ""
	}))
	return code
}

// further brings in a further device of somebody.
func further(t *testing.T, w *harness.World, by, folder string) {
	t.Helper()
	d, link, err := w.Invite(t.Context(), by, "--own-device")
	must(t, err)
	person(t, w, folder, 0, "join", link, "--yes", "--device-name", folder)
	closed(t, d, 0)
}

// Whoever wanted quiet at some hours has it at a new hub as well: their own device brings it, whatever they use it for, and
// nothing that they have said since is lost. Nobody else's device knows of it.
func TestQuietHoursComeToANewHub(t *testing.T) {
	t.Parallel()
	w := home(t)
	bring(t, w, "device", "jan", "--person", "Jan", "--role", "guardian")
	further(t, w, "jan", "tablet")
	further(t, w, "jan", "laptop")
	const nights, noon = "daily 22:00-24:00;daily 0:00-7:00", "mon 12:00-13:00"
	wants(t, "jan", person(t, w, "jan", 0, "quiet", "--home", "--hours", nights).Out, "all cameras: quiet")
	person(t, w, "jan", 0, "quiet", "--camera", "Door", "--hours", noon)
	person(t, w, "jan", 0, "quiet", "--camera", "Garden", "--hours", noon)
	// The tablet knows of all three; then the phone takes one back.
	wants(t, "jan's tablet", person(t, w, "tablet", 0, "quiet").Out, "Garden: quiet")
	person(t, w, "jan", 0, "quiet", "--camera", "Garden", "--hours", "none")

	code := anotherHub(t, w)
	person(t, w, "device", 0, "hub", "replace", "--hub-code", code, "--sheet", w.Path("sheet.txt"))
	// At the new hub jan says something else of the door, on a third computer that remembers nothing.
	person(t, w, "laptop", 0, "quiet", "--camera", "Door", "--hours", "sun 8:00-9:00")

	// The tablet's memory is the older one; it comes first, with another command.
	s := person(t, w, "tablet", 0, "list")
	wants(t, "jan's tablet at the new hub", s.Said, "Your quiet hours came along to this hub: all cameras")
	hides(t, "jan's tablet at the new hub", s.Said, "came along to this hub: Door")
	person(t, w, "jan", 0, "list")
	for _, folder := range []string{"jan", "laptop"} {
		s = person(t, w, folder, 0, "quiet")
		wants(t, folder, s.Out, "all cameras: quiet every day 22:00–24:00 and every day 00:00–07:00", "Door: quiet Sunday 08:00–09:00")
		hides(t, folder, s.Out, "Garden")
	}
	if s := person(t, w, "device", 0, "quiet"); s.Out != "" || !strings.Contains(s.Said, "You hear every bell.") {
		t.Errorf("the owner, who wants no quiet, reads:\n%s%s", s.Out, s.Said)
	}
}
