// SPDX-License-Identifier: Apache-2.0

package camera_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
)

func start(t *testing.T, cfg camera.Config) string {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	c, err := camera.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Addr().String()
}

// packets lets ffprobe, which is not ours, watch a camera for some seconds.
func packets(t *testing.T, url string, watch time.Duration) map[string][]float64 {
	t.Helper()
	out, _ := cameratest.Run(t, "ffprobe", "-v", "error", "-rtsp_transport", "tcp",
		"-read_intervals", fmt.Sprintf("%%+%d", int(watch.Seconds())),
		"-show_entries", "packet=codec_type,pts_time,dts_time", "-of", "json", url)
	var got struct {
		Packets []struct {
			Type string `json:"codec_type"`
			PTS  string `json:"pts_time"`
		} `json:"packets"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	times := map[string][]float64{}
	for _, p := range got.Packets {
		if v, err := strconv.ParseFloat(p.PTS, 64); err == nil {
			times[p.Type] = append(times[p.Type], v)
		}
	}
	return times
}

func TestATwoSecondClipKeepsItsTimingOverTheSeams(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=160x90:r=15", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "2",
		"-c:v", "libx264", "-bf", "0", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac",
	})
	addr := start(t, camera.Config{Feeds: []camera.Feed{{Path: "/front", File: clip}}})
	began := time.Now()
	got := packets(t, "rtsp://"+addr+"/front", 7*time.Second) // over three seams
	took := time.Since(began).Seconds()

	v, a := got["video"], got["audio"]
	if len(v) < 90 || len(a) < 250 {
		t.Fatalf("ffprobe saw %d pictures and %d sounds", len(v), len(a))
	}
	for i := 1; i < len(v); i++ {
		if d := v[i] - v[i-1]; math.Abs(d-1.0/15) > 0.002 {
			t.Errorf("picture %d comes %.4f s after the one before, want 1/15 s", i, d)
		}
	}
	for i := 1; i < len(a); i++ {
		if d := a[i] - a[i-1]; math.Abs(d-1024.0/48000) > 0.0005 {
			t.Errorf("sound %d comes %.4f s after the one before, want 1024/48000 s", i, d)
		}
	}
	if d := (v[len(v)-1] - v[0]) - (a[len(a)-1] - a[0]); math.Abs(d) > 0.2 {
		t.Errorf("sound and picture are %.3f s apart after seven seconds", d)
	}
	if shown := v[len(v)-1] - v[0]; took < shown-1 || took > shown+5 {
		t.Errorf("%.1f s of stream took %.1f s", shown, took)
	}
}

func TestSoundAndPictureAreTiedByReports(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Blip())
	addr := start(t, camera.Config{Feeds: []camera.Feed{{Path: "blip", File: clip}}})
	file := t.TempDir() + "/got.mp4"
	cameratest.Run(t, "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-i", "rtsp://"+addr+"/blip", "-t", "6",
		"-c", "copy", "-y", file)
	flashes, beeps := cameratest.FlashesAndBeeps(t, file)
	if n, _ := cameratest.Together(t, flashes, beeps, 40*time.Millisecond); n < 3 {
		t.Errorf("only %d flashes in six seconds: %v %v", n, flashes, beeps)
	}
}

func TestOnlyWhoKnowsThePasswordSees(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Silent())
	addr := start(t, camera.Config{
		Feeds: []camera.Feed{{Path: "front", File: clip}, {Path: "back", File: clip}}, User: "anna", Pass: "p w:d",
	})
	for path, right := range map[string]bool{
		"anna:p%20w%3Ad@" + addr + "/front": true, "anna:p%20w%3Ad@" + addr + "/back": true,
		"anna:other@" + addr + "/front": false, addr + "/front": false, "anna:p%20w%3Ad@" + addr + "/side": false,
	} {
		out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-rtsp_transport", "tcp",
			"-show_entries", "stream=codec_name", "-of", "csv=p=0", "rtsp://"+path).CombinedOutput()
		if (err == nil) != right {
			t.Errorf("%s: %v %s", path, err, out)
		}
		if right && !strings.Contains(string(out), "h264") {
			t.Errorf("%s: %s", path, out)
		}
	}
}

func TestAFragmentedFileIsPlayedLikeAPlainOne(t *testing.T) {
	t.Parallel()
	plain := cameratest.Clip(t, cameratest.Plain())
	fragmented := t.TempDir() + "/fragmented.mp4"
	cameratest.Run(t, "ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-movflags", "frag_keyframe+default_base_moof+delay_moov+empty_moov", fragmented)
	shown := func(path string) (times [2][]time.Duration) {
		c, err := camera.OpenClip(path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := camera.NewSequence(c)
		if err != nil {
			t.Fatal(err)
		}
		for range 900 { // more than two rounds
			pkts, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			if len(pkts) > 0 {
				k := 0
				if pkts[0].Audio {
					k = 1
				}
				times[k] = append(times[k], pkts[0].Shown)
			}
		}
		return times
	}
	a, b := shown(plain), shown(fragmented)
	for k := range a {
		if len(a[k]) != len(b[k]) || len(a[k]) < 200 {
			t.Fatalf("%d and %d access units of kind %d", len(a[k]), len(b[k]), k)
		}
		for i := range a[k] {
			if d := a[k][i] - b[k][i]; d > time.Millisecond || d < -time.Millisecond {
				t.Fatalf("unit %d of kind %d is shown at %s, in the fragmented file at %s", i, k, a[k][i], b[k][i])
			}
		}
	}
}

func TestWhatIsNoClipIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sound := dir + "/sound.mp4"
	cameratest.Run(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", sound)
	for _, path := range []string{dir + "/missing.mp4", sound, "camera_test.go"} {
		if c, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "x", File: path}}}); err == nil {
			c.Close()
			t.Errorf("%s was taken for a clip", path)
		}
	}
}
