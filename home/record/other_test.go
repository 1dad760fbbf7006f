// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/media"
)

// other is a camera that a child reads.
type other struct {
	name           string
	picture, sound string // as ffprobe names what is recorded
	clip           cameratest.Args
	// start serves the clip, and gives its address and what of this computer it is.
	start func(t *testing.T, clip string) (string, ingest.Here)
	// reencoded: the first picture may come late, for a program had to start and to be listened to.
	late float64
}

// others are one of each way, and of each codec that is copied or is not.
func others() []other {
	h264 := append(slices.Clone(x264), "-c:a", "aac", "-b:a", "64k")
	return []other{
		{"RTMP", "h264", "aac", append(slices.Clone(h264), "-bf", "2"), overRTMP, 0},
		{"HTTP, a transport stream of H.265", "hevc", "aac", cameratest.Args{
			"-c:v", "libx265", "-preset", "veryfast", "-x265-params", "log-level=error:keyint=30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k",
		}, byFFmpeg("mpegts"), 0},
		{"HTTP, FLV with G.711", "h264", "opus", append(slices.Clone(x264), "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"), byFFmpeg("flv"), 0},
		{"HTTP, pictures", "h264", "", h264, overWeb("multipart/x-mixed-replace;boundary=ffmpeg", "-an", "-c:v", "mjpeg", "-q:v", "3", "-f", "mpjpeg"), 1.5},
		{"HTTP, a list of films", "h264", "aac", h264, asList, 0},
		{"a file, copied", "h264", "opus", append(slices.Clone(x264), "-c:a", "libopus", "-b:a", "32k"), asFile, 0},
		{"a file, neither kept", "h264", "opus", cameratest.Args{"-c:v", "mpeg4", "-q:v", "4", "-g", "30", "-c:a", "libmp3lame", "-b:a", "64k"}, asFile, 0},
		{"RTSP of an odd server", "h264", "aac", h264, odd, 0},
	}
}

func hereOf(t *testing.T, addr string) ingest.Here {
	t.Helper()
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return ingest.Here{Addresses: []netip.AddrPort{at}}
}

func overRTMP(t *testing.T, clip string) (string, ingest.Here) {
	t.Helper()
	at := cameratest.FreeAddr(t)
	cameratest.StartServer(t, "-re", "-i", clip, "-c", "copy", "-f", "flv", "-listen", "1", "rtmp://"+at+"/live/cam")
	return "rtmp://" + at + "/live/cam", hereOf(t, at)
}

func byFFmpeg(format string) func(*testing.T, string) (string, ingest.Here) {
	return func(t *testing.T, clip string) (string, ingest.Here) {
		t.Helper()
		at := cameratest.FreeAddr(t)
		cameratest.StartServer(t, "-re", "-i", clip, "-c", "copy", "-f", format, "-listen", "1", "http://"+at+"/a?b=c")
		return "http://" + at + "/a?b=c", hereOf(t, at)
	}
}

func overWeb(kind string, args ...string) func(*testing.T, string) (string, ingest.Here) {
	return func(t *testing.T, clip string) (string, ingest.Here) {
		t.Helper()
		s := httptest.NewServer(&cameratest.Web{Type: kind, Args: append(cameratest.Args{"-re", "-i", clip}, args...)})
		t.Cleanup(s.Close)
		return s.URL + "/video", hereOf(t, strings.TrimPrefix(s.URL, "http://"))
	}
}

// asList serves a list that grows as the film is made, and has an end.
func asList(t *testing.T, clip string) (string, ingest.Here) {
	t.Helper()
	dir := t.TempDir()
	cameratest.StartServer(t, "-y", "-re", "-i", clip, "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", filepath.Join(dir, "live.m3u8"))
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(s.Close)
	return s.URL + "/live.m3u8", hereOf(t, strings.TrimPrefix(s.URL, "http://"))
}

func asFile(_ *testing.T, clip string) (string, ingest.Here) {
	return "file://" + clip + "?once", ingest.Here{Paths: []string{filepath.Dir(clip)}}
}

func odd(t *testing.T, clip string) (string, ingest.Here) {
	t.Helper()
	at := cameratest.StartForeign(t, cameratest.Foreign{Path: "odd", Launch: "filesrc location=" + clip + " ! matroskademux name=d " +
		"d.video_0 ! queue ! h264parse ! rtph264pay config-interval=-1 name=pay0 pt=96 d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"})
	_, addr, _ := strings.Cut(strings.TrimSuffix(at, "/"), "@")
	return "ffmpeg+" + at + "odd", hereOf(t, addr)
}

func TestWhatOtherCamerasSendIsRecordedAndExported(t *testing.T) {
	t.Parallel()
	list := others()
	benches := make([]*bench, len(list))
	clips := make([]string, len(list))
	for i, o := range list {
		args := cameratest.Args{
			"-f", "lavfi", "-i", "color=black:s=160x90:r=15,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'",
			"-f", "lavfi", "-i", "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000",
		}
		clips[i] = cameratest.Clip(t, append(append(append(args, "-t", strconv.Itoa(clipSeconds)), o.clip...), "-f", "matroska"))
	}
	var wg sync.WaitGroup
	for i, o := range list {
		benches[i] = newBench(t)
		r := benches[i].recorder(benches[i].config())
		url, here := o.start(t, clips[i])
		wg.Go(func() { benches[i].pullFrom(ingest.Config{URL: url, Sink: r, Here: here}, r) })
	}
	wg.Wait()
	for i, o := range list {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			b := benches[i]
			b.t = t
			if len(b.made) == 0 {
				t.Fatal("no pack")
			}
			b.made = b.made[:1]
			b.holds(b.made[0])
			path, res := b.export(media.Options{})
			if shown := float64(res.Shown) / 1e6; shown < clipSeconds-1.2-o.late || shown > clipSeconds+0.3 {
				t.Errorf("%.2f s of %d are shown", shown, clipSeconds)
			}
			o.holds(t, path)
		})
	}
}

// holds looks at an export: codecs, a decoder that has nothing to complain of, and flashes with their beeps.
func (o other) holds(t *testing.T, path string) {
	t.Helper()
	want := []string{o.picture}
	args := []string{"-fps_mode", "vfr", "-vf", "blackdetect=d=0.1"}
	if o.sound != "" {
		want = append(want, o.sound)
		args = append(args, "-af", "silencedetect=noise=-30dB:d=0.1")
	}
	got, _, log := heard(t, path, args...)
	if !slices.Equal(got, want) {
		t.Errorf("codecs %q, want %q", got, want)
	}
	flashes := cameratest.Times(t, cameratest.Flash, log)
	if len(flashes) < clipSeconds-3 {
		t.Errorf("only %d flashes in %d seconds", len(flashes), clipSeconds)
	}
	if o.sound != "" {
		n, apart := cameratest.Together(t, flashes, cameratest.Times(t, cameratest.Beep, log), 40*time.Millisecond)
		if n < 3 {
			t.Errorf("only %d flashes with a beep", n)
		}
		t.Logf("at most %v apart", apart)
	}
}
