// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/home/camera/cameratest"
)

// Cameras that are none of ours: one with Opus, one with G.711, one that sends H.265, which Chromium cannot play, and the
// same once more, made into H.264 by the hub.
func TestCamerasOfOtherKinds(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })

	filmed := func(coder, send string) string {
		clip := cameratest.Clip(t, cameratest.Args{
			"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15", "-t", "240", "-c:v", coder, "-preset", "ultrafast", "-bf", "0", "-g", "30",
			"-x265-params", "log-level=error", "-pix_fmt", "yuv420p",
		})
		return "filesrc location=" + clip + " ! qtdemux ! " + send + " name=pay0 pt=96 config-interval=-1"
	}
	const tone = " audiotestsrc is-live=true wave=sine freq=440 ! audio/x-raw,rate=48000,channels=1 ! audioconvert ! audioresample ! "
	h264 := filmed("libx264", "h264parse ! rtph264pay")
	at := cameratest.StartForeign(t,
		cameratest.Foreign{Path: "opus", Launch: h264 + tone + "opusenc ! rtpopuspay name=pay1 pt=97"},
		cameratest.Foreign{Path: "g711", Launch: h264 + tone + "audio/x-raw,rate=8000 ! alawenc ! rtppcmapay name=pay1 pt=8", Over: "udp"},
		cameratest.Foreign{Path: "h265", Launch: filmed("libx265", "h265parse ! rtph265pay")},
	)
	must(t, w.StartCloud(ctx))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	kinds := map[string][]string{"opus": {"h264", "opus"}, "g711": {"h264", "flac"}, "h265": {"hevc"}, "made": {"h264"}}
	if s, err := w.Command(ctx, "cameras", "add", "h265", at+"h265", "--device", w.Path("device")); err != nil || s.Code == 0 || !strings.Contains(s.Said, "--record") {
		t.Errorf("a camera of H.265 was added, and nobody said in which form: %v %+v", err, s)
	}
	for _, add := range [][]string{{"opus", at + "opus"}, {"g711", at + "g711"}, {"h265", at + "h265", "--record", "sent"}, {"made", at + "h265", "--record", "h264"}} {
		_, err := w.Owner(ctx, append([]string{"cameras", "add"}, add...)...)
		must(t, err)
	}
	play(t, "kinds.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir(), "TYPED="+at+"h265")...)
	if said, err := w.Owner(ctx, "cameras", "record", "made"); err != nil || !strings.Contains(said, "measured") {
		t.Errorf("of what is made into H.264 the command says (%v) %s", err, said)
	}

	list, err := w.Owner(ctx, "cameras", "list", "--json")
	must(t, err)
	for _, want := range []string{`"h265"`, `"opus"`, `"pcma"`} {
		if !strings.Contains(list, want) {
			t.Errorf("the list of cameras does not say %s:\n%s", want, list)
		}
	}
	// What was saved is what the camera sent, but for G.711, and as long as ffprobe says.
	for path, codecs := range kinds {
		film := filepath.Join(t.TempDir(), path+".mp4")
		_, err := w.Owner(ctx, "export", "--camera", path, "--from", "-15m", "--until", "now", "--out", film)
		must(t, err)
		out, complaints := cameratest.Run(t, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,duration", "-of", "csv=p=0", film)
		if complaints != "" {
			t.Errorf("%s: ffprobe complains: %s", path, complaints)
		}
		var long []float64
		for i, line := range strings.Fields(out) {
			codec, duration, _ := strings.Cut(line, ",")
			if i >= len(codecs) || codec != codecs[i] {
				t.Errorf("%s: ffprobe says %q, want %v", path, out, codecs)
				break
			}
			seconds, err := strconv.ParseFloat(duration, 64)
			must(t, err)
			long = append(long, seconds)
		}
		if len(long) == 2 && math.Abs(long[0]-long[1]) > 1 {
			t.Errorf("%s: %.1f s of pictures have %.1f s of sound", path, long[0], long[1])
		}
		if said, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", film, "-f", "null", "-").CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%s: the decoder complains: %v %s", path, err, said)
		}
		if verdict, err := w.Run(ctx, "verify", "--json", film); err != nil || !strings.Contains(verdict, `"ok":true`) {
			t.Errorf("%s: keyhold verify says (%v) %s", path, err, verdict)
		}
	}
}
