// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// One watches with the real program, another is told at once, and both find it in the record afterwards. What came is
// judged by a decoder that we did not write.
func TestOneWatchesAndAnotherIsTold(t *testing.T) {
	t.Parallel()
	w := home(t, "PATH="+os.Getenv("PATH")) // with ffmpeg, which makes what is heard of what the camera sends
	bring(t, w, "device", "jan", "--person", "Jan", "--role", "owner")

	jan, err := w.Ask(t.Context(), "live", "--who", "--json", "--for", "60s", "--device", w.Path("jan"))
	must(t, err)
	must(t, jan.Until(t.Context(), `"looks":[]`))

	s := person(t, w, "device", 0, "live", "--camera", "Door", "--out", w.Path("door.h264"), "--sound", w.Path("door.ogg"), "--for", "15s", "--json")
	lines, err := harness.Lines[struct {
		Event    string
		MS       int64
		Pictures int
	}](s.Out)
	must(t, err)
	if len(lines) != 2 || lines[0].Event != "first-picture" || lines[1].Event != "ended" {
		t.Fatalf("it said %s", s.Out)
	}
	t.Logf("the first picture came after %d ms, %d in %d ms", lines[0].MS, lines[1].Pictures, lines[1].MS)
	if lines[0].MS > 2000 || lines[1].Pictures < 60 {
		t.Errorf("the first picture came after %d ms, %d in %d ms", lines[0].MS, lines[1].Pictures, lines[1].MS)
	}
	must(t, jan.Until(t.Context(), harness.PersonName))
	must(t, harness.Poll(t.Context(), 20*time.Second, "word that nobody is watching", func(context.Context) bool {
		return strings.HasSuffix(jan.Out(), `"looks":[],"private":[]}`+"\n") && strings.Count(jan.Out(), "\n") >= 3
	}))
	wants(t, "who was told", jan.Out(), `"name":"Door"`, `"device_name":"`+harness.DeviceName+`"`)
	must(t, jan.Signal())
	_, err = jan.End()
	must(t, err)

	for file, want := range map[string]string{"door.h264": "codec_name=h264", "door.ogg": "codec_name=opus"} {
		out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames", w.Path(file)).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("ffprobe says of %s: %v\n%s", file, err, out)
		}
		if said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "warning", "-i", w.Path(file), "-f", "null", "-").CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("ffmpeg says of %s: %v\n%s", file, err, said)
		}
	}
	must(t, harness.Poll(t.Context(), time.Minute, "the look's end on the record", func(ctx context.Context) bool {
		out, err := w.Run(ctx, "list", "--looks", "--json", "--camera", "Door", "--device", w.Path("jan"))
		looks, bad := harness.Lines[struct {
			Purpose, PersonName string
			From, Until         int64
		}](strings.ReplaceAll(out, "person_name", "PersonName"))
		return err == nil && bad == nil && len(looks) == 1 && looks[0].Purpose == "live" && looks[0].PersonName == harness.PersonName && looks[0].Until > looks[0].From
	}))
	wants(t, "the list of looks", person(t, w, "jan", 0, "list", "--looks", "--camera", "Door").Out, "watched live")
	wants(t, "nobody", person(t, w, "device", 0, "live", "--who").Out, "Nobody is watching.")
}
