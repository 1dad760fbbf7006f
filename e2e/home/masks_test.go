// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/member/export"
	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

// window is what is covered in these tests, and inner where that lies in 320x180, without the blocks at its edges.
var (
	window = masks.Mask{Left: 250, Top: 200, Width: 500, Height: 500}
	inner  = [4]int{96, 52, 224, 110}
)

// mask covers parts of a camera's picture.
func (r *Rig) mask(s *session.Session, c id.Camera, list ...masks.Mask) {
	r.t.Helper()
	_, err := s.SetMasks(r.t.Context(), c, func([]masks.Mask) []masks.Mask { return list })
	must(r.t, err)
}

// noise adds a camera whose picture is nowhere flat, and has a second stream of the same.
func (r *Rig) noise() (*camera.Camera, id.Camera) {
	r.t.Helper()
	clip := cameratest.Clip(r.t, cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15,noise=alls=80:allf=t", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "8", "-pix_fmt", "yuv420p", "-c:a", "aac",
		"-c:v", "libx264", "-preset", "veryfast", "-g", "15", "-bf", "0",
	})
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "noise", File: clip, Small: clip}}, User: "u", Pass: "p"})
	must(r.t, err)
	r.t.Cleanup(cam.Close)
	url := "rtsp://u:p@" + cam.Addr().String() + "/noise"
	c := r.Do(request.Op{Kind: request.OpAddCamera, Name: "Street", URL: url}).Result.Camera
	if word := r.setSmall(r.Member, c, url+"/small"); word != "" {
		r.t.Fatal(word)
	}
	return cam, c
}

// ranges decodes a film and says of each picture how far brightness ranges where it is to be covered.
func ranges(t *testing.T, format ...string) []int {
	t.Helper()
	raw, _ := cameratest.Run(t, "ffmpeg", slices.Concat([]string{"-v", "error"}, format, []string{"-map", "0:v:0", "-vf", "format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"})...)
	var out []int
	const width, height = 320, 180
	for ; len(raw) >= width*height; raw = raw[width*height:] {
		low, high := byte(255), byte(0)
		for y := inner[1]; y < inner[3]; y++ {
			for x := inner[0]; x < inner[2]; x++ {
				low, high = min(low, raw[y*width+x]), max(high, raw[y*width+x])
			}
		}
		out = append(out, int(high)-int(low))
	}
	if len(out) == 0 {
		t.Fatal("nothing is shown")
	}
	return out
}

// kept exports what began between two times, and says of each picture how far brightness ranges.
func (r *Rig) kept(c id.Camera, from, until int64) []int {
	r.t.Helper()
	out := filepath.Join(r.t.TempDir(), "film.mp4")
	_, err := r.Member.Steady(r.t.Context(), func(v *session.View) error {
		now := r.now().UnixMilli()
		tl, err := v.Timeline(r.t.Context(), c, now-3_600_000, now+3_600_000)
		if err != nil {
			return err
		}
		tl.Segments = slices.DeleteFunc(tl.Segments, func(s session.Segment) bool { return s.Start < from || s.Start >= until })
		_ = os.Remove(out)
		_, err = export.Write(r.t.Context(), r.Member, v, tl, out, func(int64, int64) {})
		return err
	})
	must(r.t, err)
	return ranges(r.t, "-i", out)
}

// began waits until so many segments that began after a time are on the record.
func (r *Rig) began(c id.Camera, from int64, n int) {
	r.t.Helper()
	r.packs(c, "segments", func([]*manifest.Pack) bool {
		seen := 0
		for _, s := range r.Timeline(c).Segments {
			if s.Start >= from {
				seen++
			}
		}
		return seen >= n
	})
}

// masked are the changes of what is covered, on the record.
func (r *Rig) masked(c id.Camera) []session.Act {
	r.t.Helper()
	return slices.DeleteFunc(r.Timeline(c).Acts, func(a session.Act) bool { return a.Masks == nil })
}

// seen watches a camera until it has been shown so many pictures, and gives how far brightness ranges in each.
func (r *Rig) seen(c id.Camera, n int, small bool) []int {
	r.t.Helper()
	var mu sync.Mutex
	var film bytes.Buffer
	count := 0
	v, err := live.Open(r.t.Context(), r.Member, live.Wish{Cameras: []id.Camera{c}, Small: small, Picture: func(_ int, units [][]byte, _ bool, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		for _, u := range units {
			film.Write([]byte{0, 0, 0, 1})
			film.Write(u)
		}
		count++
	}})
	must(r.t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = v.Wait(ctx) }()
	r.Until("pictures", func() bool { mu.Lock(); defer mu.Unlock(); return count >= n })
	stop()
	<-ended
	v.Close()
	path := filepath.Join(r.t.TempDir(), "live.h264")
	must(r.t, os.WriteFile(path, film.Bytes(), 0o600))
	return ranges(r.t, "-f", "h264", "-i", path)
}

func TestWhatIsCoveredIsInNothingThatIsRecordedOrWatched(t *testing.T) {
	t.Parallel()
	r := New(t)
	cam, street := r.noise()
	ben := r.Bring("Ben", roster.Owner)
	r.began(street, 0, 1)
	v, err := r.watch(ben.session(), nil, street)
	must(t, err)

	began := time.Now()
	r.mask(r.Member, street, window)
	t.Logf("answered after %s", time.Since(began))
	var ended *live.EndedError // the word comes by another way than the pictures, and later where the machine is busy
	if err := <-v.ended; !errors.Is(err, live.ErrEnded) && (!errors.As(err, &ended) || ended.Word != signal.EndLost) {
		t.Errorf("the view ended with %v", err)
	}
	r.Until("it on the record", func() bool { return len(r.masked(street)) == 1 })
	from := r.masked(street)[0].At
	if l := r.masked(street)[0]; l.Person != r.Member.Person() || l.Device != r.Member.Keys.ID() {
		t.Errorf("on the record is %+v", l)
	}
	r.began(street, from, 2)
	if s := r.state(street); s != request.CameraRecording {
		t.Errorf("the hub says that it is %s", s)
	}
	list, err := ben.session().Masks(t.Context())
	must(t, err)
	if len(list) != 1 || !slices.Equal(list[0].Masks, []masks.Mask{window}) {
		t.Errorf("Ben is told of %+v", list)
	}

	if before := r.kept(street, 0, from); slices.Min(before) < 60 {
		t.Errorf("of what was recorded before, brightness ranges over %d only", slices.Min(before))
	}
	check := func(when string, list []int) {
		t.Helper()
		t.Logf("%s: %d pictures, brightness ranges over at most %d", when, len(list), slices.Max(list))
		if slices.Max(list) > 6 {
			t.Errorf("%s something is to be seen", when)
		}
	}
	check("recorded", r.kept(street, from, r.now().UnixMilli()))
	check("watched", r.seen(street, 20, false))
	check("watched small", r.seen(street, 20, true))
	if n := cam.Readers(camera.SmallPath("noise")); n != 0 {
		t.Errorf("%d read the second stream", n)
	}

	r.Stop()
	r.Start()
	r.Serving()
	again := r.now().UnixMilli()
	r.began(street, again, 1)
	check("recorded after a restart", r.kept(street, from, r.now().UnixMilli()))

	r.mask(ben.session(), street)
	r.Until("that on the record", func() bool { return len(r.masked(street)) == 2 })
	open := r.masked(street)[1]
	if open.Person != ben.Person {
		t.Errorf("on the record is %+v", open)
	}
	list, err = r.Member.Masks(t.Context())
	must(t, err)
	if len(list) != 2 || len(list[0].Masks) != 1 || len(list[1].Masks) != 0 || !masks.Less(list[0].Masks, list[1].Masks) {
		t.Errorf("what is told is %+v", list)
	}
	r.began(street, open.At, 1)
	if after := r.kept(street, open.At, r.now().UnixMilli()); slices.Min(after) < 60 {
		t.Errorf("uncovered, brightness ranges over %d only", slices.Min(after))
	}
}

func TestACameraThatCannotBeCoveredIsNotServed(t *testing.T) {
	t.Parallel()
	r := Plain(t) // a hub without the program that covers
	cam, street := r.noise()
	_, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpAddCamera, Name: "Stream", URL: "rtmp://10.255.255.1/live"})
	var no *session.RefusedError
	if !errors.As(err, &no) || no.Word != request.RefusedProgram {
		t.Errorf("a camera that takes the program to be read is refused by %v", err)
	}
	r.began(street, 0, 1)
	r.mask(r.Member, street, window)
	r.Until("it on the record", func() bool { return len(r.masked(street)) == 1 })
	from := r.masked(street)[0].At
	r.Until("word of it", func() bool { return r.state(street) == request.CameraUncovered })
	for range 2 {
		if n := cam.Readers(camera.SmallPath("noise")); n != 0 {
			t.Errorf("%d read the second stream", n)
		}
		var none int
		v, err := live.Open(t.Context(), r.Member, live.Wish{Cameras: []id.Camera{street}, Small: true, Picture: func(int, [][]byte, bool, time.Duration) { none++ }})
		must(t, err)
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
		_ = v.Wait(ctx)
		stop()
		v.Close()
		if none > 0 {
			t.Errorf("%d pictures are shown", none)
		}
		r.Do(request.Op{Kind: request.OpLeaveEarly})
		for _, s := range r.Timeline(street).Segments {
			if s.Start >= from {
				t.Errorf("a segment began %d ms after it was covered", s.Start-from)
			}
		}
		r.Stop()
		r.Start()
		r.Serving()
		r.Until("word of it after a restart", func() bool { return r.state(street) == request.CameraUncovered })
	}
	r.mask(r.Member, street)
	open := r.now().UnixMilli()
	r.began(street, open, 1)
}
