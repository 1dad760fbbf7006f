// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"encoding/json"
	"net/url"
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
	breathes(t, talk, 3)
}

// The same by cameras that take sound by a POST: ours, and one whose loudspeaker is ffmpeg. Ours chimes once more, when its
// address is typed into the page.
func TestTalkingByACameraThatTakesAPost(t *testing.T) {
	t.Parallel()
	breathes(t, talkByPost, 4)
}

// breathes plays the story until its voice was not broken; chimes is how often ours has to chime.
func breathes(t *testing.T, talk func(*testing.T) heard, chimes int) {
	t.Helper()
	// What comes late is not played. A machine with much else to do breaks one voice; a way that breaks it breaks each.
	for tries := 1; ; tries++ {
		var h heard
		// Its programs end with it.
		if !t.Run("once", func(t *testing.T) { h = talk(t) }) {
			return
		}
		t.Logf("%s of 5 s were heard, %s after they were said: %v; it chimed at %v", h.long(), h.late, h.tones, h.chimes)
		t.Logf("of 5 s the other one heard %s: %v; it chimed at %v", h.other.long(), h.other.tones, h.other.chimes)
		if h.enough() && h.late <= 400*time.Millisecond && len(h.chimes) == chimes && h.chimes[0].From <= 40*time.Millisecond &&
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

// porch is a household's beginning, with a camera and a hub; more are further flags of these.
func porch(t *testing.T, films func(*harness.World) map[string]string, cameras, hub func(*harness.World) []string) (w *harness.World, wav string) {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err = harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	wav = w.Path("heard.wav")
	must(t, harness.Film{Seconds: 30, Colour: "SeaGreen", Hz: 440}.Make(ctx, w.Path("porch.mp4")))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, films(w), append(cameras(w), "--speaker", wav)...))
	must(t, w.StartHub(ctx, hub(w)...))
	must(t, w.Pair(ctx, w.CloudURL()))
	_, err = w.Owner(ctx, "cameras", "add", "Porch", w.CameraURL("porch"))
	must(t, err)
	return w, wav
}

// talk plays the story once, the other camera being GStreamer's.
func talk(t *testing.T) heard {
	t.Helper()
	none := func(*harness.World) []string { return nil }
	w, wav := porch(t, func(w *harness.World) map[string]string { return map[string]string{"porch": w.Path("porch.mp4")} }, none, none)
	// That of the other is as long as the story, of the same pictures.
	long, law := w.Path("cellar.mp4"), w.Path("heard.ulaw")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-stream_loop", "30", "-i", w.Path("porch.mp4"), "-c", "copy", "-an", long)
	at := cameratest.StartForeign(t, cameratest.Foreign{Path: "cellar", Hears: law, Launch: "filesrc location=" + long + " ! qtdemux ! h264parse ! errorignore ignore-notlinked=true convert-to=ok ! rtph264pay name=pay0 pt=96"})
	_, err := w.Owner(t.Context(), "cameras", "add", "Cellar", at+"cellar")
	must(t, err)
	return played(t, w, wav, func() []int16 {
		b, err := os.ReadFile(law)
		must(t, err)
		return cameratest.FromLaw(b)
	})
}

// talkByPost plays it once with speakers that take a POST, the other one being ffmpeg's.
func talkByPost(t *testing.T) heard {
	t.Helper()
	address, chimed := cameratest.Posted(t, "")
	u, err := url.Parse(address)
	must(t, err)
	two := func(w *harness.World) map[string]string {
		return map[string]string{"porch": w.Path("porch.mp4"), "cellar": w.Path("porch.mp4")}
	}
	w, wav := porch(t, two, func(*harness.World) []string { return []string{"--speaker-post"} },
		func(w *harness.World) []string { return []string{"--here", w.OnvifAddress, "--here", u.Host} })
	own := &url.URL{Scheme: "http", User: url.UserPassword(harness.CameraUser, harness.CameraPassword), Host: w.OnvifAddress, Path: "/axis-cgi/audio/transmit.cgi"}
	for _, args := range [][]string{{"add", "Cellar", w.CameraURL("cellar")}, {"speaker", "Cellar", address}} {
		_, err := w.Owner(t.Context(), append([]string{"cameras"}, args...)...)
		must(t, err)
	}
	if n := len(cameratest.Chimes(chimed())); n != 1 {
		t.Errorf("once its address is set ffmpeg chimes %d times", n)
	}
	_, said := cameratest.Posted(t, address)
	return played(t, w, wav, said, "SPEAKER="+own.String())
}

// played is the story, and what was heard; other is what the other camera's speaker heard.
func played(t *testing.T, w *harness.World, wav string, other func() []int16, more ...string) (h heard) {
	t.Helper()
	// Silence until one may talk, the tone, and silence again.
	tone := w.Path("tone.wav")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc='0.4*sin(2*PI*1000*t)*between(t,4,9)':s=48000:d=40", "-c:a", "pcm_s16le", tone)
	said := play(t, "talk.mjs", append(append(terminal(w), more...), "LINK="+invitation(t, w), "LINK2="+invitation(t, w), "OUT="+t.TempDir(), "VOICE="+tone, "CAMERA=Porch", "OTHER=Cellar")...)

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

	h.speaker, h.other = outOf(cameratest.Heard(t, wav)), outOf(other())
	if len(h.tones) > 0 {
		h.late = time.Duration(first-voice.Began)*time.Millisecond + h.tones[0].From
	}
	return h
}
