// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
)

// noisy is a picture that is nowhere flat, with a tone, for an encoder.
func noisy(rest ...string) cameratest.Args {
	return append(cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15,noise=alls=80:allf=t", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "8", "-pix_fmt", "yuv420p", "-c:a", "aac",
	}, rest...)
}

// frames are those of the first session.
func (k *taker) first() (pictures, sound []*ingest.Frame) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.frames {
		switch {
		case f.Session != k.frames[0].Session:
		case f.Kind == ingest.Video:
			pictures = append(pictures, f)
		default:
			sound = append(sound, f)
		}
	}
	return pictures, sound
}

// spread decodes pictures, and gives for each of them how far brightness ranges within a rectangle, and beside it.
func spread(t *testing.T, list []*ingest.Frame, width, height int, box [4]int) (inside, outside []int) {
	t.Helper()
	var b bytes.Buffer
	for _, f := range list {
		units := f.Units
		if f.Key {
			units = slices.Concat(f.Params.Sets(), units)
		}
		for _, u := range units {
			b.Write([]byte{0, 0, 0, 1})
			b.Write(u)
		}
	}
	format := map[ingest.Codec]string{ingest.H264: "h264", ingest.H265: "hevc"}[list[0].Params.Codec]
	path := filepath.Join(t.TempDir(), "film")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, complaints := cameratest.Run(t, "ffmpeg", "-v", "error", "-f", format, "-i", path, "-vf", "format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-")
	if complaints != "" {
		t.Errorf("the decoder complains: %s", complaints)
	}
	for ; len(raw) >= width*height; raw = raw[width*height:] {
		low, high := [2]int{255, 255}, [2]int{}
		for y := range height {
			for x := range width {
				in := 0
				if x < box[0] || x >= box[2] || y < box[1] || y >= box[3] {
					in = 1
				}
				v := int(raw[y*width+x])
				low[in], high[in] = min(low[in], v), max(high[in], v)
			}
		}
		inside, outside = append(inside, high[0]-low[0]), append(outside, high[1]-low[1])
	}
	return inside, outside
}

// gaps is how far pictures are apart at most, as they are shown.
func gaps(list []*ingest.Frame) int64 {
	var at []int64
	for _, f := range list {
		at = append(at, f.PTS)
	}
	at = at[:len(at)-8] // of the last some may be missing that are shown before others
	slices.Sort(at)
	most := int64(0)
	for i := 1; i < len(at); i++ {
		most = max(most, at[i]-at[i-1])
	}
	return most
}

// covered is a part of the picture: on edges that lie within blocks of pixels.
var covered = []ingest.Area{{Left: 253, Top: 205, Width: 401, Height: 333}}

// box is where that lies in 320x180, without the outermost blocks, in which an encoder mixes what lies beside.
var box = [4]int{80 + 16, 36 + 16, 210 - 16, 97 - 16}

func TestAPartThatIsCoveredIsFlatInEveryPicture(t *testing.T) {
	t.Parallel()
	for name, encoder := range map[string][]string{
		"H.264":               {"-c:v", "libx264", "-preset", "veryfast", "-g", "30"},
		"H.264 with B-frames": {"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "30", "-x264-params", "open-gop=1"},
		"H.265":               {"-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=error:keyint=30:bframes=0:open-gop=0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clip := cameratest.Clip(t, noisy(encoder...))
			url := ""
			if strings.HasPrefix(name, "H.265") {
				// Of a server that serves it.
				mkv := filepath.Join(t.TempDir(), "clip.mkv")
				cameratest.Run(t, "ffmpeg", "-v", "error", "-i", clip, "-c", "copy", mkv)
				url = cameratest.StartForeign(t, cameratest.Foreign{Path: "front", Launch: "filesrc location=" + mkv + " ! matroskademux name=d " +
					"d.video_0 ! queue ! h265parse ! rtph265pay config-interval=-1 name=pay0 pt=96 d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"}) + "front"
			} else {
				url = "rtsp://" + serve(t, "127.0.0.1:0", clip, "", "").Addr().String() + "/front"
			}
			var bare, k taker
			run(t, ingest.Config{URL: url, Sink: &bare})
			run(t, ingest.Config{URL: url, Sink: &k, Cover: covered})
			enough := func(k *taker) func() bool {
				return func() bool { p, _ := k.first(); return len(p) > 60 }
			}
			until(t, "uncovered pictures", 30*time.Second, enough(&bare))
			until(t, "covered pictures", 30*time.Second, enough(&k))

			pictures, _ := bare.first()
			apart := gaps(pictures)
			if inside, _ := spread(t, pictures, 320, 180, box); slices.Min(inside) < 60 {
				t.Errorf("without a cover brightness ranges over %d at least", slices.Min(inside))
			}
			pictures, sound := k.first()
			inside, outside := spread(t, pictures, 320, 180, box)
			t.Logf("%d pictures: inside at most %d, outside at least %d", len(inside), slices.Max(inside), slices.Min(outside))
			if slices.Max(inside) > 6 || slices.Min(outside) < 60 {
				t.Error("what is covered is to be seen, or what is not covered is not")
			}
			if len(inside) != len(pictures) {
				t.Errorf("%d pictures are shown of %d", len(inside), len(pictures))
			}
			if len(sound) == 0 {
				t.Error("there is no sound")
			}
			for i, f := range pictures {
				if f.Params.Codec != ingest.H264 || f.PTS != f.DTS || i == 0 && !f.Key {
					t.Fatalf("picture %d is %s, key %v, shown at %d, decoded at %d", i, f.Params.Codec, f.Key, f.PTS, f.DTS)
				}
			}
			if now := gaps(pictures); now > apart+200 {
				t.Errorf("pictures are up to %d apart that were up to %d apart", now, apart)
			}
		})
	}
}

func TestAPictureThatCannotBeCoveredIsGivenToNobody(t *testing.T) {
	t.Parallel()
	url := "rtsp://" + serve(t, "127.0.0.1:0", cameratest.Clip(t, cameratest.Silent()), "", "").Addr().String() + "/front"
	for name, program := range map[string]string{"no program": "no-such-program", "a program that fails": "false"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var k taker
			s := run(t, ingest.Config{URL: url, Sink: &k, Cover: covered, FFmpeg: program})
			sub := s.Subscribe(8)
			until(t, "word of it", 15*time.Second, func() bool { return s.Status().State == ingest.StateUncovered })
			if n, _, _ := k.count(); n > 0 || len(sub.C()) > 0 {
				t.Errorf("%d frames were given out", n)
			}
		})
	}
}
