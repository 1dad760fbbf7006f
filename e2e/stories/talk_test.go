// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera/cameratest"
)

// heardFirst is how the camera's log says when its speaker's file begins.
var heardFirst = regexp.MustCompile(`hears its first sound.* at_ms=(\d+)`)

// A tone of one kilohertz and five seconds is spoken into a browser, and comes out of the camera after a chime: out of
// ours, and out of one that is GStreamer's, which we did not write.
func TestTalkingByACamera(t *testing.T) {
	t.Parallel()
	// What comes late is not played. A machine with much else to do breaks one voice; a way that breaks it breaks each.
	for tries := 1; ; tries++ {
		var h heard
		// Its programs end with it.
		if !t.Run("once", func(t *testing.T) { h = talk(t) }) {
			return
		}
		t.Logf("%s of 5 s were heard, %s after they were said: %v; it chimed at %v", h.long(), h.late, h.tones, h.chimes)
		t.Logf("of 5 s GStreamer heard %s: %v; it chimed at %v", h.other.long(), h.other.tones, h.other.chimes)
		if h.enough() && h.late <= 400*time.Millisecond && len(h.chimes) == 3 && h.chimes[0].From <= 40*time.Millisecond &&
			h.other.enough() && len(h.other.chimes) == 1 && h.other.chimes[0].Until <= h.other.tones[0].From {
			return
		}
		if tries == 3 {
			t.Fatal("of five seconds of tone at least four and a half have to be heard, and at most 400 ms after they were said; each of three times that somebody talks it has to chime, and before anything else is heard")
		}
	}
}

// speaker is what came out of one.
type speaker struct{ tones, chimes []cameratest.Span }

func outOf(samples []int16) speaker {
	return speaker{cameratest.Tones(samples, 1000), cameratest.Chimes(samples)}
}

// long is how much of the tone came out.
func (s speaker) long() (all time.Duration) {
	for _, one := range s.tones {
		all += one.Long()
	}
	return all
}

func (s speaker) enough() bool { return s.long() >= 4500*time.Millisecond }

// heard is what came out of our speaker, and out of the other.
type heard struct {
	speaker
	late  time.Duration // how long after it was said
	other speaker
}

// talk plays the story once.
func talk(t *testing.T) (h heard) {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	film, wav := w.Path("porch.mp4"), w.Path("heard.wav")
	must(t, harness.Film{Seconds: 30, Colour: "SeaGreen", Hz: 440}.Make(ctx, film))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, map[string]string{"porch": film}, "--speaker", wav))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	_, err = w.Owner(ctx, "cameras", "add", "Porch", w.CameraURL("porch"))
	must(t, err)
	// That of the other is as long as the story, of the same pictures.
	long, law := w.Path("cellar.mp4"), w.Path("heard.ulaw")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-stream_loop", "30", "-i", film, "-c", "copy", "-an", long)
	at := cameratest.StartForeign(t, cameratest.Foreign{Path: "cellar", Hears: law, Launch: "filesrc location=" + long + " ! qtdemux ! h264parse ! errorignore ignore-notlinked=true convert-to=ok ! rtph264pay name=pay0 pt=96"})
	_, err = w.Owner(ctx, "cameras", "add", "Cellar", at+"cellar")
	must(t, err)
	// Silence until one may talk, the tone, and silence again.
	tone := w.Path("tone.wav")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc='0.4*sin(2*PI*1000*t)*between(t,4,9)':s=48000:d=40", "-c:a", "pcm_s16le", tone)
	said := play(t, "talk.mjs", append(terminal(w), "LINK="+invitation(t, w), "LINK2="+invitation(t, w), "OUT="+t.TempDir(), "VOICE="+tone, "CAMERA=Porch", "OTHER=Cellar")...)

	var voice struct {
		Began int64 `json:"began"`
		LetGo int64 `json:"let_go"`
	}
	_, text, _ := strings.Cut(said, "voice: ")
	text, _, _ = strings.Cut(text, "\n")
	must(t, json.Unmarshal([]byte(text), &voice))
	log, err := os.ReadFile(w.Path("logs/cameras.log"))
	must(t, err)
	m := heardFirst.FindSubmatch(log)
	if m == nil {
		t.Fatalf("the speaker heard nothing:\n%s", log)
	}
	first, err := strconv.ParseInt(string(m[1]), 10, 64)
	must(t, err)

	b, err := os.ReadFile(law)
	must(t, err)
	h.speaker, h.other = outOf(cameratest.Heard(t, wav)), outOf(cameratest.FromLaw(b))
	if len(h.tones) > 0 {
		h.late = time.Duration(first-voice.Began)*time.Millisecond + h.tones[0].From
	}
	return h
}
