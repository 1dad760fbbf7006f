// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"path/filepath"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
)

// served is a clip of H.265, of a server that is none of ours.
func served(t *testing.T) string {
	t.Helper()
	clip := cameratest.Clip(t, noisy("-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=error:keyint=30:bframes=0:open-gop=0"))
	mkv := filepath.Join(t.TempDir(), "clip.mkv")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-i", clip, "-c", "copy", mkv)
	return cameratest.StartForeign(t, cameratest.Foreign{Path: "front", Launch: "filesrc location=" + mkv + " ! matroskademux name=d " +
		"d.video_0 ! queue ! h265parse ! rtph265pay config-interval=-1 name=pay0 pt=96 d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"}) + "front"
}

func TestWhatIsNoH264IsMadeIntoIt(t *testing.T) {
	t.Parallel()
	url := served(t)
	var k, without taker
	s := run(t, ingest.Config{URL: url, Sink: &k, Make: true})
	plain := run(t, ingest.Config{URL: url, Sink: &without, Make: true, FFmpeg: "no-such-program"})
	until(t, "pictures", 30*time.Second, func() bool { p, _ := k.first(); return len(p) > 60 })
	until(t, "what it costs", 10*time.Second, func() bool { return s.Cost() > 0 })
	pictures, sound := k.first()
	for i, f := range pictures {
		if f.Params.Codec != ingest.H264 || i == 0 && !f.Key {
			t.Fatalf("picture %d is %s, key %v", i, f.Params.Codec, f.Key)
		}
	}
	if _, outside := spread(t, pictures, 320, 180, box); len(outside) != len(pictures) {
		t.Errorf("%d pictures are shown of %d", len(outside), len(pictures))
	}
	if most := gaps(pictures); most > ingest.VideoRate/15+200 {
		t.Errorf("pictures are up to %d apart", most)
	}
	if len(sound) == 0 {
		t.Error("there is no sound")
	}
	is := s.Sent()
	if is == nil || is.Params.Codec != ingest.H265 || is.Rate < 14 || is.Rate > 16 {
		t.Errorf("the camera is said to send %+v", is)
	}
	t.Logf("%d %% of a core for %.0f pictures a second", s.Cost(), is.Rate)

	// Where nothing can be made of them, somebody rather has these than none.
	until(t, "pictures as they came", 30*time.Second, func() bool { p, _ := without.first(); return len(p) > 20 })
	pictures, sound = without.first()
	if c := pictures[0].Params.Codec; c != ingest.H265 || len(sound) == 0 || plain.Cost() != 0 || plain.Status().State != ingest.StateRunning {
		t.Errorf("without the program it is %s, with %d pieces of sound, %s", c, len(sound), plain.Status().State)
	}
}

func TestH264StaysAsItIs(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, noisy("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "30"))
	url := "rtsp://" + serve(t, "127.0.0.1:0", clip, "", "").Addr().String() + "/front"
	var bare, k taker
	run(t, ingest.Config{URL: url, Sink: &bare})
	s := run(t, ingest.Config{URL: url, Sink: &k, Make: true, FFmpeg: "false"})
	until(t, "pictures", 15*time.Second, func() bool {
		p, _ := bare.first()
		q, _ := k.first()
		return len(p) > 30 && len(q) > 30
	})
	pictures, sound := k.first()
	its, _ := bare.first()
	if same := pictures[0].Params.Same(its[0].Params); !same || len(sound) == 0 || s.Cost() != 0 {
		t.Errorf("the camera's own parameters: %v, %d pieces of sound, cost %d", same, len(sound), s.Cost())
	}
}
