// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/elders"
	"keyhold/e2e/harness"
)

// asking starts a command that is going to ask, or to wait for somebody.
func asking(t *testing.T, w *harness.World, folder string, args ...string) *harness.Dialogue {
	t.Helper()
	d, err := w.Ask(t.Context(), append(args, "--device", w.Path(folder))...)
	must(t, err)
	return d
}

func closed(t *testing.T, d *harness.Dialogue, code int) harness.Status {
	t.Helper()
	s, err := d.End()
	must(t, err)
	if s.Code != code {
		t.Fatalf("it ended with %d, want %d:\n%s%s", s.Code, code, s.Out, s.Said)
	}
	return s
}

// The hub is gone, and it takes both owners to put in another: each on their own computer, and the second one sees what
// for.
func TestTwoOwnersPutInANewHub(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	must(t, w.StartCloud(ctx))
	elders.New(t, w)
	bring(t, w, "device", "otto", "--person", "Otto", "--role", "owner")
	w.Hub.Kill()

	wants(t, "an owner of today", person(t, w, "otto", 1, "hub", "agree").Said, "only somebody who has been an owner for a week")
	w.Hub, err = harness.Start("hub", w.Path("logs/hub2.log"), w.Env, w.Keyhold, "hub", "run", "--dir", w.Path("hub2"), "--cloud", w.HubCloud)
	must(t, err)
	var code string
	must(t, w.Hub.Until(ctx, time.Minute, "showing its code", func(ctx context.Context) bool {
		out, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub2"))
		code = strings.TrimSpace(out)
		return err == nil && code != ""
	}))
	wants(t, "an owner of today who puts it in", person(t, w, "otto", 1, "hub", "replace", "--hub-code", code).Said, "it takes two who have been owners for a week")

	begins := code[:29]
	for _, answer := range []string{"no", "yes"} {
		first := asking(t, w, "device", "hub", "replace", "--hub-code", code)
		must(t, first.Until(ctx, "Asking "+elders.Ben))
		must(t, first.Until(ctx, begins))
		second := asking(t, w, "ben", "hub", "agree")
		must(t, second.Until(ctx, "do you agree?"))
		wants(t, "the second owner", second.Said(), elders.Anna+" wants to put a new hub in the place of yours", harness.DeviceName, begins, "the old hub is refused from then on")
		hides(t, "the second owner", second.Said(), code)
		must(t, second.Type(answer))
		if answer == "no" {
			wants(t, "who said no", closed(t, second, 0).Said, "You do not agree")
			wants(t, "whom nobody helps", closed(t, first, 1).Said, elders.Ben+" does not agree", "no other owner wants this hub; nothing was changed")
			continue
		}
		wants(t, "who agreed", closed(t, second, 0).Said, "You agree. It is in force once the new hub has taken over")
		wants(t, "who asked", closed(t, first, 0).Said, elders.Ben+" agrees.", "Done: the new hub has taken over")
	}
	trail := person(t, w, "ben", 0, "roster", "--trail")
	wants(t, "the trail", trail.Out, elders.Anna+" and "+elders.Ben+" put another hub in the place of the old one.")
	wants(t, "somebody else's next command", person(t, w, "otto", 0, "roster").Said, "put another hub in the place of the old one")
}
