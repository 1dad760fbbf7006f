// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
)

func here(t *testing.T, addr string) ingest.Here {
	t.Helper()
	at, err := netip.ParseAddrPort(strings.TrimPrefix(addr, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return ingest.Here{Addresses: []netip.AddrPort{at}}
}

// endless is what a camera sends that goes on.
func endless(t *testing.T) cameratest.Args {
	t.Helper()
	return cameratest.Args{"-re", "-stream_loop", "-1", "-i", cameratest.Clip(t, cameratest.Silent()), "-c", "copy", "-f", "mpegts"}
}

// logged is a log that many write to.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), s)
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (k *taker) some(n int) func() bool {
	return func() bool { got, _, _ := k.count(); return got > n }
}

func TestACameraOfAnotherKindThatComesBackIsAskedWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	at, web := cameratest.FreeAddr(t), &cameratest.Web{Args: endless(t), Type: "video/mp2t"}
	serve := func() (stop func()) {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(web)
		server.Listener.Close()
		server.Listener = l
		server.Start()
		stop = sync.OnceFunc(func() { server.CloseClientConnections(); server.Close() })
		t.Cleanup(stop)
		return stop
	}
	stop := serve()
	var k taker
	s := run(t, ingest.Config{URL: "http://" + at + "/a", Sink: &k, Here: here(t, at)})
	until(t, "frames", 20*time.Second, k.some(20))
	stop()
	until(t, "the loss is noticed", 5*time.Second, func() bool { return s.Status().State == ingest.StateAway })
	until(t, "some attempts", 5*time.Second, func() bool { return time.Since(s.Status().Since) > 1200*time.Millisecond })
	before, _, _ := k.count()
	asked := web.Asked.Load()
	serve()
	until(t, "a question to the camera that is back", 3*time.Second, func() bool { return web.Asked.Load() > asked })
	// From there on it is the child that takes its time, much of it on a machine with other things to do.
	t.Logf("frames %s later", until(t, "frames after the return", 20*time.Second, k.some(before)))
	if _, sessions, ends := k.count(); sessions != 2 || len(ends) != 1 || ends[0] != ingest.ReasonCamera {
		t.Errorf("%d sessions, ends %v; want two sessions and one loss of the camera", sessions, ends)
	}
}

func TestACameraOfAnotherKindThatHangsWithAnOpenConnectionIsLeft(t *testing.T) {
	t.Parallel()
	web := &cameratest.Web{Args: endless(t), Type: "video/mp2t"}
	server := httptest.NewServer(web)
	t.Cleanup(server.Close)
	var k taker
	s := run(t, ingest.Config{URL: server.URL + "/a", Sink: &k, Here: here(t, server.URL), Stall: time.Second})
	until(t, "frames", 20*time.Second, k.some(20))
	if n := web.Asked.Load(); n != 2 { // once to learn what it sends
		t.Errorf("the camera was asked %d times", n)
	}
	web.Hold.Store(true)
	until(t, "the stall is noticed", 4*time.Second, func() bool { return s.Status().State == ingest.StateAway })
	before, _, _ := k.count()
	web.Hold.Store(false)
	until(t, "frames after the stall", 16*time.Second, k.some(before+5))
	if _, sessions, _ := k.count(); sessions != 2 {
		t.Errorf("%d sessions, want 2", sessions)
	}
}

// basic refuses who does not say anna's password.
func basic(r *http.Request) string {
	if user, word, ok := r.BasicAuth(); ok && user == "anna" && word == "se cret'9" {
		return ""
	}
	return `Basic realm="camera"`
}

func TestThePasswordOfACameraOfAnotherKindIsSeenByNobody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&cameratest.Web{Args: endless(t), Type: "video/mp2t", Auth: basic})
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct {
		name, user string
		want       ingest.State
	}{
		{"right", "anna:se%20cret'9@", ingest.StateRunning},
		{"wrong", "anna:hunter2@", ingest.StateRefused},
		{"missing", "", ingest.StateRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log logged
			var k taker
			s := run(t, ingest.Config{URL: "http://" + c.user + host + "/a?token=plum-tartan", Sink: &k, Here: here(t, server.URL), Log: log.logger()})
			until(t, "a state", 20*time.Second, func() bool { return s.Status().State == c.want })
			for _, secret := range []string{"hunter2", "se cret", "se%20cret", "anna", "127.0.0.1", "plum-tartan"} {
				if log.has(secret) {
					t.Errorf("the log holds %q", secret)
				}
			}
			for _, secret := range []string{"se%20cret", "se cret", "hunter2", "plum-tartan", host} {
				if line := commandLineWith(t, secret); line != "" {
					t.Errorf("a command line that everybody sees holds %q: %s", secret, line)
				}
			}
			if c.want == ingest.StateRunning && commandLineWith(t, "concat") == "" {
				t.Error("the search does not even find the child")
			}
		})
	}
}

// commandLineWith finds a child of this process by what is in its command line.
func commandLineWith(t *testing.T, text string) string {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(b), ") ")
		var state string
		var parent int
		if _, err := fmt.Sscan(after, &state, &parent); err != nil || parent != os.Getpid() {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if s := strings.ReplaceAll(string(line), "\x00", " "); strings.Contains(s, text) && strings.Contains(s, "pipe:0") {
			return s
		}
	}
	return ""
}

func TestAMemberReachesNothingOfTheHubsOwnComputer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	dir, outside := t.TempDir(), t.TempDir()
	clip := cameratest.Clip(t, cameratest.Silent())
	for link, to := range map[string]string{
		filepath.Join(dir, "link.mp4"): clip, filepath.Join(dir, "folder"): outside,
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	_, port, _ := strings.Cut(host, ":")
	for _, url := range []string{
		server.URL + "/a", "rtmp://" + host + "/live/a", "ffmpeg+rtsp://" + host + "/a", "http://localhost:" + port + "/", "http://[::1]:" + port + "/",
		"http://[::ffff:127.0.0.1]:" + port + "/", "http://0.0.0.0:" + port + "/", "http://127.1.2.3:" + port + "/", "https://" + host + "/",
		"http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[64:ff9b::7f00:1]:" + port + "/",
		"file://" + clip, "file:///etc/passwd", "file:///proc/self/environ", "file://" + dir + "/link.mp4", "file://" + dir + "/../" + filepath.Base(outside) + "/a",
		"file://" + dir, "v4l2:///dev/mem", "v4l2:///dev/video0", "v4l2://" + dir + "/a",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			var log logged
			s := run(t, ingest.Config{URL: url, Here: ingest.Here{Paths: []string{dir}}, Log: log.logger()})
			until(t, "it is barred", 20*time.Second, func() bool { return s.Status().State == ingest.StateBarred })
			if log.has(host) || log.has(dir) || log.has("passwd") {
				t.Error("the log holds the address")
			}
		})
	}
	t.Cleanup(func() {
		if n := asked.Load(); n != 0 {
			t.Errorf("the server on this computer was asked %d times", n)
		}
	})
}

func TestWhatACameraAnswersLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(other.Close)
	secret := filepath.Join(t.TempDir(), "film.ts")
	cameratest.Run(t, "ffmpeg", "-v", "error", "-i", cameratest.Clip(t, cameratest.Silent()), "-c", "copy", secret)
	list := func(film string) string {
		return "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2,\n" + film + "\n#EXTINF:2,\n" + film + "\n"
	}
	camera := http.NewServeMux()
	camera.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/", http.StatusFound) })
	for path, text := range map[string]string{
		"/list.m3u8": list(other.URL + "/a.ts"), "/file.m3u8": list("file://" + secret), "/path.m3u8": list(secret),
		"/concat.m3u8": list("concat:" + other.URL + "/a.ts"), "/script": "ffconcat version 1.0\nfile '" + secret + "'\n",
		"/tcp.m3u8": list("tcp://" + strings.TrimPrefix(other.URL, "http://")), "/pipe.m3u8": list("pipe:0"),
	} {
		camera.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	server := httptest.NewServer(camera)
	t.Cleanup(server.Close)
	for _, path := range []string{"/redirect", "/list.m3u8", "/file.m3u8", "/path.m3u8", "/concat.m3u8", "/tcp.m3u8", "/pipe.m3u8", "/script"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var k taker
			s := run(t, ingest.Config{URL: server.URL + path, Sink: &k, Here: here(t, server.URL)})
			until(t, "it is not taken", 25*time.Second, func() bool { return s.Status().State != ingest.StateConnecting })
			if n, _, _ := k.count(); n > 0 || s.Status().State == ingest.StateRunning {
				t.Error("there are pictures of what is not the camera's")
			}
		})
	}
	t.Cleanup(func() {
		if n := asked.Load(); n != 0 {
			t.Errorf("the other server was asked %d times", n)
		}
	})
}

func TestAddressesThatNoCameraHas(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "camera", "ftp://host/a", "gopher://host/", "http:///a", "file://host/a", "file://", "v4l2://", "http://host/a\nfile", "rtmp://", "concat:a|b", "data:video",
	} {
		if err := ingest.CheckAddress(url); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
	for _, url := range []string{
		"rtsp://u:p@h/a", "rtsps://h", "rtmp://u:p@h/app/s", "rtmps://h/a", "http://h/a?b", "https://h:8443/", "ffmpeg+rtsp://h/", "file:///a/b.mp4?once", "v4l2:///dev/video0",
	} {
		if err := ingest.CheckAddress(url); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}
