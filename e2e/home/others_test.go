// SPDX-License-Identifier: Apache-2.0

package home

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Others is a rig whose hub was started with what a test serves on this computer.
func Others(t *testing.T, here ingest.Here) *Rig {
	t.Helper()
	r := Unpaired(t)
	r.here = here
	r.Begin()
	return r
}

// pictures are a camera that sends MJPEG over HTTP.
func pictures(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(&cameratest.Web{
		Args: cameratest.Args{"-re", "-stream_loop", "-1", "-i", film, "-an", "-c:v", "mjpeg", "-q:v", "5", "-f", "mpjpeg"},
		Type: "multipart/x-mixed-replace;boundary=ffmpeg",
	})
	t.Cleanup(s.Close)
	return s
}

func at(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(text)
	must(t, err)
	return a
}

func TestCamerasOfOtherKinds(t *testing.T) {
	t.Parallel()
	rtmp := cameratest.FreeAddr(t)
	cameratest.StartServer(t, "-re", "-stream_loop", "-1", "-i", film, "-c", "copy", "-f", "flv", "-listen", "1", "rtmp://"+rtmp+"/live/door")
	web := pictures(t)
	r := Others(t, ingest.Here{
		Addresses: []netip.AddrPort{at(t, rtmp), at(t, strings.TrimPrefix(web.URL, "http://"))}, Paths: []string{filepath.Dir(film)},
	})
	add := func(name, url string) id.Camera {
		return r.Do(request.Op{Kind: request.OpAddCamera, Name: name, URL: url}).Result.Camera
	}
	movie := add("Film", "file://"+film)
	all := map[id.Camera]string{
		add("Door", "rtmp://"+rtmp+"/live/door"): "h264 aac", add("Yard", web.URL+"/video"): "h264 ", movie: "h264 aac",
	}
	for c, want := range all {
		r.Packs(c, 1)
		for _, report := range r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras {
			if report.ID == c && (report.State != request.CameraRecording || report.Video+" "+report.Audio != want || report.Width == 0) {
				t.Errorf("%+v, want %s", report, want)
			}
		}
		// Live view has a picture at once, which waits for no key frame.
		began := time.Now()
		v, err := r.watch(r.Member, nil, c)
		must(t, err)
		t.Logf("the first picture of %s after %v", want, time.Unix(0, v.first.Load()).Sub(began).Round(time.Millisecond))
		r.Until("pictures", func() bool { return v.n.Load() > 10 })
		v.end()
	}
	if n := len(children(t, os.Getpid())); n != len(all) {
		t.Errorf("%d children read %d cameras", n, len(all))
	}
	// Off means off here, too: when the hub has answered nothing reads it.
	r.off(r.Member, movie, true)
	if n := len(children(t, os.Getpid())); n != len(all)-1 {
		t.Errorf("with one camera private %d children read %d cameras", n, len(all))
	}
	r.off(r.Member, movie, false)
	// It is back when it is recorded: a child that has only just begun may have to begin once more on a busy machine.
	r.Until("a camera that is private no more", func() bool {
		return r.state(movie) == request.CameraRecording && len(children(t, os.Getpid())) == len(all)
	})
	for c := range all {
		r.off(r.Member, c, true)
		if n := len(children(t, os.Getpid())); n != len(all)-1 {
			t.Errorf("%d children read %d cameras, one of which is private", n, len(all))
		}
		r.off(r.Member, c, false)
		r.Until("it is read again", func() bool { return len(children(t, os.Getpid())) == len(all) })
		r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: c})
		delete(all, c)
		break
	}
	r.Until("the child of a removed camera ends", func() bool { return len(children(t, os.Getpid())) == len(all) })
	r.Stop()
	if list := children(t, os.Getpid()); len(list) > 0 {
		t.Errorf("%v outlive their hub", list)
	}
	for _, secret := range []string{rtmp, web.URL, filepath.Dir(film)} {
		if r.logged(secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	// A hub that is killed as the power going does leaves nothing behind that reads a camera.
	kill := r.hubProcess()
	var list []int
	r.Until("children of the hub", func() bool { list = children(t, r.hubPID); return len(list) == len(all) })
	kill()
	r.Until("the children's end", func() bool {
		for _, pid := range list {
			if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(line), "mpegts") {
				return false
			}
		}
		return true
	})
}

// children are the processes of a program that read a camera.
func children(t *testing.T, of int) []int {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	var out []int
	for _, name := range list {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(b), ") ")
		var state string
		var parent, pid int
		if _, err := fmt.Sscan(after, &state, &parent); err != nil || parent != of {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if _, err := fmt.Sscan(filepath.Base(filepath.Dir(name)), &pid); err == nil && strings.Contains(string(line), "concat") {
			out = append(out, pid)
		}
	}
	return out
}
