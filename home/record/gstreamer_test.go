// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/media"
)

func TestACameraThatIsNotOursIsRecordedWithSoundAndPictureTogether(t *testing.T) {
	t.Parallel()
	at := cameratest.StartForeign(t, cameratest.Foreign{
		Path: "front", Launch: "filesrc location=" + cameratest.Clip(t, cameratest.Blip()) + " ! qtdemux name=d " +
			"d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 " +
			"d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97",
	})
	b := newBench(t)
	r := b.recorder(b.config())
	b.pull(at+"front", r) // its clip lasts ten seconds
	if len(b.made) == 0 {
		t.Fatal("no pack")
	}
	b.made = b.made[:1]
	b.holds(b.made[0])
	path, res := b.export(media.Options{})
	if shown := float64(res.Shown) / 1e6; shown < 8.9 || shown > 10.1 {
		t.Errorf("%.2f s of ten were recorded", shown)
	}
	flashes, beeps := cameratest.FlashesAndBeeps(t, path)
	if n, _ := cameratest.Together(t, flashes, beeps, 40*time.Millisecond); n < 6 {
		t.Errorf("only %d flashes in ten seconds", n)
	}
}
