// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera/freeport"
)

// Two people look live, at one camera and at all. Each is told of the other while it lasts, the record tells it
// afterwards, and whoever is removed sees no further picture. A camera that stops, and a hub that does, are said.
func TestLookingLive(t *testing.T) {
	t.Parallel()
	w := home(t)
	attic := third(t, w)
	play(t, "live.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir(), "DEVICE="+w.Path("device"),
		fmt.Sprintf("ATTIC_PID=%d", attic.PID()), fmt.Sprintf("HUB_PID=%d", w.Hub.PID()))...)

	looks, err := w.Owner(t.Context(), "list", "--looks", "--json")
	must(t, err)
	if !strings.Contains(looks, `"live"`) {
		t.Errorf("the command line knows of no live look:\n%s", looks)
	}
}

// third is a camera in a program of its own, which the story stops and lets go on.
func third(t *testing.T, w *harness.World) *harness.Process {
	t.Helper()
	ctx := t.Context()
	listen, err := freeport.Address(ctx)
	must(t, err)
	film := w.Path("attic.mp4")
	must(t, harness.Film{Seconds: 30, Colour: "SlateGray", Hz: 440}.Make(ctx, film))
	p, err := harness.Start("attic", w.Path("logs/attic.log"), w.Env, w.Keyhold, "camera", "serve", "--listen", listen,
		"--user", harness.CameraUser, "--password-file", w.Path("camera-password"), "attic="+film)
	must(t, err)
	t.Cleanup(p.Kill)
	t.Cleanup(func() { // a story that failed may have left them stopped
		for _, one := range []*harness.Process{p, w.Hub} {
			_ = syscall.Kill(one.PID(), syscall.SIGCONT) // it may have ended
		}
	})
	must(t, p.Until(ctx, time.Minute, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, listen) }))
	address := url.URL{Scheme: "rtsp", User: url.UserPassword(harness.CameraUser, harness.CameraPassword), Host: listen, Path: "/attic"}
	_, err = w.Owner(ctx, "cameras", "add", "Attic", address.String())
	must(t, err)
	return p
}
