// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"context"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/record"
	"keyhold/media"
)

// A way is a codec as a foreign camera sends it.
type way struct {
	name  string
	codec string          // as ffprobe names what is recorded
	clip  cameratest.Args // how ffmpeg makes it
	sends string          // how GStreamer sends it
}

const (
	clipSeconds = 7
	// reported is by when, in seconds, GStreamer has sent a report of picture and sound.
	reported = 3.5
)

var (
	x264     = cameratest.Args{"-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-pix_fmt", "yuv420p"}
	pictures = []way{
		{"H.264 baseline", "h264", append(slices.Clone(x264), "-profile:v", "baseline"), "h264parse ! rtph264pay config-interval=-1"},
		{"H.264 main with B-frames", "h264", append(slices.Clone(x264), "-profile:v", "main", "-bf", "2"), "h264parse ! rtph264pay"},
		{"H.264 high", "h264", append(slices.Clone(x264), "-profile:v", "high", "-bf", "3", "-b-pyramid", "normal"), "h264parse ! rtph264pay config-interval=-1"},
		{"H.265", "hevc", cameratest.Args{
			"-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=error:keyint=30", "-pix_fmt", "yuv420p",
		}, "h265parse ! rtph265pay config-interval=-1"},
	}
	sounds = []way{
		{"AAC", "aac", cameratest.Args{"-c:a", "aac", "-b:a", "64k"}, "aacparse ! rtpmp4gpay"},
		{"Opus", "opus", cameratest.Args{"-c:a", "libopus", "-b:a", "32k"}, "opusparse ! rtpopuspay"},
		{"G.711", "flac", cameratest.Args{"-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"}, "rtppcmapay"},
		{name: "no sound"},
	}
)

// A cell is one camera of the matrix.
type cell struct {
	picture, sound way
	over           string
}

func (c cell) path() string {
	return regexp.MustCompile(`[^a-zA-Z0-9]+`).ReplaceAllString(c.picture.name+" "+c.sound.name+" "+c.over, "-")
}

// foreign is the cell's stream: some seconds with a flash and a beep at each full second, from a file of Matroska, which
// holds all codecs.
func (c cell) foreign(t *testing.T) cameratest.Foreign {
	t.Helper()
	args := cameratest.Args{"-f", "lavfi", "-i", "color=black:s=160x90:r=15,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'"}
	if c.sound.codec != "" {
		args = append(args, "-f", "lavfi", "-i", "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000")
	}
	args = append(append(append(args, "-t", strconv.Itoa(clipSeconds)), c.picture.clip...), c.sound.clip...)
	clip := cameratest.Clip(t, append(args, "-f", "matroska"))
	launch := "filesrc location=" + clip + " ! matroskademux name=d d.video_0 ! queue ! " + c.picture.sends + " name=pay0 pt=96"
	if c.sound.codec != "" {
		launch += " d.audio_0 ! queue ! " + c.sound.sends + " name=pay1 pt=97"
	}
	return cameratest.Foreign{Path: c.path(), Launch: launch, Over: c.over}
}

// Each picture with each sound, over TCP and UDP in turn so that each goes over both; a soak takes all of both.
func TestWhatCamerasSendIsRecordedAndExported(t *testing.T) {
	t.Parallel()
	var cells []cell
	for i, p := range pictures {
		for j, s := range sounds {
			over := []string{"tcp", "udp"}
			if os.Getenv("KEYHOLD_TEST_EVERYTHING") == "" {
				over = over[(i+j)%2 : (i+j)%2+1]
			}
			for _, o := range over {
				cells = append(cells, cell{p, s, o})
			}
		}
	}
	streams := make([]cameratest.Foreign, len(cells))
	for i, c := range cells {
		streams[i] = c.foreign(t)
	}
	at := cameratest.StartForeign(t, streams...)
	// All at once: they take as long as their clips do, and nearly nothing of the machine.
	benches := make([]*bench, len(cells))
	var wg sync.WaitGroup
	for i := range cells {
		benches[i] = newBench(t)
		r := benches[i].recorder(benches[i].config())
		wg.Go(func() { benches[i].pull(at+streams[i].Path, r) })
	}
	wg.Wait()
	for i, c := range cells {
		t.Run(streams[i].Path, func(t *testing.T) {
			t.Parallel()
			b := benches[i]
			b.t = t
			if len(b.made) == 0 {
				t.Fatal("no pack")
			}
			b.made = b.made[:1]
			b.holds(b.made[0])
			path, res := b.export(media.Options{})
			if shown := float64(res.Shown) / 1e6; shown < clipSeconds-1.2 || shown > clipSeconds+0.2 {
				t.Errorf("%.2f s of %d are shown", shown, clipSeconds)
			}
			c.holds(t, path, float64(res.Shown)/1e6)
		})
	}
}

// pull records a camera until its stream has ended once: then the session ends, and with it the pack.
func (b *bench) pull(url string, r *record.Recorder) { b.pullFrom(ingest.Config{URL: url, Sink: r}, r) }

func (b *bench) pullFrom(cfg ingest.Config, r *record.Recorder) {
	src, err := ingest.New(cfg)
	if err != nil {
		b.t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); src.Run(ctx) }()
	packs := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.made)
	}
	for end := time.Now().Add(40 * time.Second); packs() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Errorf("no pack; the source is %s", src.Status().State)
			break
		}
	}
	cancel()
	<-done
	r.Close()
}

// complaint is what a decoder says that does not like what it reads.
var complaint = regexp.MustCompile(`(?m)^.*\[(error|fatal|panic)\].*$`)

// What ffmpeg says of the streams that it reads, before it says what it makes of them.
var (
	readStream = regexp.MustCompile(`Stream #0:\d+\S*: (?:Video|Audio): (\w+)`)
	readLength = regexp.MustCompile(`Duration: (\d+):(\d+):([\d.]+), start`)
)

// heard decodes an export once with ffmpeg and gives its codecs, its length and the log, of which the decoder may not
// complain. One run says it all: a program that does so little costs what its start costs.
func heard(t *testing.T, path string, args ...string) (codecs []string, length float64, log string) {
	t.Helper()
	args = append(append([]string{"-nostats", "-v", "level+info", "-i", path}, args...), "-f", "null", "-")
	_, log = cameratest.Run(t, "ffmpeg", args...)
	if lines := complaint.FindAllString(log, -1); len(lines) > 0 {
		t.Errorf("the decoder complains: %s", strings.Join(lines, "\n"))
	}
	read, _, _ := strings.Cut(log, "Stream mapping:")
	for _, m := range readStream.FindAllStringSubmatch(read, -1) {
		codecs = append(codecs, m[1])
	}
	m := readLength.FindStringSubmatch(read)
	if m == nil {
		t.Fatalf("ffmpeg says no length:\n%s", log)
	}
	return codecs, 3600*seconds(t, m[1]) + 60*seconds(t, m[2]) + seconds(t, m[3]), log
}

// holds looks at an export with ffmpeg: codecs, lengths, a decoder that has nothing to complain of, and flashes with
// their beeps.
func (c cell) holds(t *testing.T, path string, shown float64) {
	t.Helper()
	want := []string{c.picture.codec}
	args := []string{"-vf", "blackdetect=d=0.1"}
	if c.sound.codec != "" {
		want = append(want, c.sound.codec)
		args = append(args, "-af", "silencedetect=noise=-30dB:d=0.1")
	}
	got, length, log := heard(t, path, args...)
	if math.Abs(length-shown) > frame {
		t.Errorf("ffmpeg says %.2f s, want %.3f", length, shown)
	}
	if !slices.Equal(got, want) {
		t.Errorf("codecs %q, want %q", got, want)
	}
	flashes := cameratest.Times(t, cameratest.Flash, log)
	if len(flashes) < clipSeconds-2 {
		t.Errorf("only %d flashes in %d seconds", len(flashes), clipSeconds)
	}
	if c.sound.codec != "" {
		beeps := cameratest.Times(t, cameratest.Beep, log)
		// Until the camera's first report the sound is placed by when it came, on a machine that may be busy.
		cameratest.Together(t, flashes, beeps, 80*time.Millisecond)
		late := slices.IndexFunc(flashes, func(f float64) bool { return f > reported })
		if n, _ := cameratest.Together(t, flashes[max(late-1, 0):], beeps, 40*time.Millisecond); n < 2 {
			t.Errorf("only %d flashes with a beep", n)
		}
	}
}
