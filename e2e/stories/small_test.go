// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"strings"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/home/camera/cameratest"
)

// A camera with a second, smaller stream that the hub found by itself, and one of H.265, none of ours, to which a second
// stream of H.264 was given by hand.
func TestSmallPictures(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	film, second := w.Path("porch.mp4"), w.Path("porch-small.mp4")
	must(t, harness.Film{Seconds: 30, Colour: "SeaGreen", Hz: 440}.Make(ctx, film))
	must(t, harness.Film{Seconds: 30, Colour: "SeaGreen", Hz: 440, Half: true}.Make(ctx, second))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, map[string]string{"porch": film}, "--small", "porch="+second))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))

	found, err := w.Owner(ctx, "cameras", "find", "--user", harness.CameraUser, "--password-file", w.Path("camera-password"), "--json")
	must(t, err)
	list, err := harness.Lines[struct {
		Found string `json:"found"`
	}](found)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("found %s", found)
	}
	_, err = w.Owner(ctx, "cameras", "add", "Porch", list[0].Found)
	must(t, err)

	clip := func(coder, size string) string {
		return "filesrc location=" + cameratest.Clip(t, cameratest.Args{
			"-f", "lavfi", "-i", "testsrc2=s=" + size + ":r=15", "-t", "240", "-c:v", coder, "-preset", "ultrafast", "-bf", "0", "-g", "30",
			"-x265-params", "log-level=error", "-pix_fmt", "yuv420p",
		}) + " ! qtdemux ! "
	}
	at := cameratest.StartForeign(t,
		cameratest.Foreign{Path: "h265", Launch: clip("libx265", "640x360") + "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1"},
		cameratest.Foreign{Path: "h264", Launch: clip("libx264", "320x180") + "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"},
	)
	_, err = w.Owner(ctx, "cameras", "add", "Garage", at+"h265", "--record", "sent")
	must(t, err)
	if s, err := w.Command(ctx, "cameras", "small", "Garage", at+"h265", "--device", w.Path("device")); err != nil || s.Code == 0 {
		t.Errorf("a second stream of H.265 was taken: %v %+v", err, s)
	}
	_, err = w.Owner(ctx, "cameras", "small", "Garage", at+"h264")
	must(t, err)
	said, err := w.Owner(ctx, "cameras", "list", "--json")
	must(t, err)
	if strings.Count(said, `"small":true`) != 2 {
		t.Errorf("the list does not name both second streams:\n%s", said)
	}
	play(t, "small.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir())...)
}
