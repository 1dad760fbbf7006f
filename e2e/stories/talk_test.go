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

// A tone of one kilohertz and five seconds is spoken into a browser, and comes out of the camera after a chime.
func TestTalkingByACamera(t *testing.T) {
	t.Parallel()
	// What comes late is not played. A machine with much else to do breaks one voice; a way that breaks it breaks each.
	for tries := 1; ; tries++ {
		var long, late time.Duration
		var tones []cameratest.Span
		// Its programs end with it.
		if !t.Run("once", func(t *testing.T) { long, late, tones = talk(t) }) {
			return
		}
		t.Logf("%s of 5 s were heard, %s after they were said: %v", long, late, tones)
		if long >= 4500*time.Millisecond && late <= 400*time.Millisecond {
			return
		}
		if tries == 3 {
			t.Fatal("of five seconds of tone at least four and a half have to be heard, and at most 400 ms after they were said")
		}
	}
}

// talk plays the story once. It says how much was heard of five seconds, and how late.
func talk(t *testing.T) (long, late time.Duration, tones []cameratest.Span) {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	film, heard := w.Path("porch.mp4"), w.Path("heard.wav")
	must(t, harness.Film{Seconds: 30, Colour: "SeaGreen", Hz: 440}.Make(ctx, film))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, map[string]string{"porch": film}, "--speaker", heard))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	_, err = w.Owner(ctx, "cameras", "add", "Porch", w.CameraURL("porch"))
	must(t, err)
	// Silence until one may talk, the tone, and silence again.
	tone := w.Path("tone.wav")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc='0.4*sin(2*PI*1000*t)*between(t,4,9)':s=48000:d=40", "-c:a", "pcm_s16le", tone)
	said := play(t, "talk.mjs", append(terminal(w), "LINK="+invitation(t, w), "LINK2="+invitation(t, w), "OUT="+t.TempDir(), "VOICE="+tone, "CAMERA=Porch")...)

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

	samples := cameratest.Heard(t, heard)
	tones = cameratest.Tones(samples, 1000)
	for _, s := range tones {
		long += s.Long()
	}
	if len(tones) == 0 {
		t.Fatal("of the tone nothing was heard")
	}
	if chimes := apart(cameratest.Tones(samples, 659.3)); len(chimes) != 3 || chimes[0] > 40*time.Millisecond {
		t.Errorf("it chimed at %v; three times somebody began to talk", chimes)
	}
	return long, time.Duration(first-voice.Began)*time.Millisecond + tones[0].From, tones
}

// apart is when chimes began: a machine with much else to do breaks one as it breaks a voice.
func apart(spans []cameratest.Span) (began []time.Duration) {
	for i, s := range spans {
		if i == 0 || s.From-spans[i-1].Until > time.Second {
			began = append(began, s.From)
		}
	}
	return began
}
