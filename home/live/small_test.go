// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/internal/intime"
	"keyhold/statement/id"
)

// little is a smaller film, with a key frame each second.
func little() cameratest.Args {
	return cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15", "-t", "8",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "15", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
	}
}

// twoStreams is a home with a camera that sends a large and a small picture.
func twoStreams(t *testing.T) *home {
	t.Helper()
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: cameratest.Clip(t, loud()), Small: cameratest.Clip(t, little())}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	at := "rtsp://" + cam.Addr().String()
	h := homeOf(t, map[id.Camera]string{front: at + "/a"}, nil)
	h.second[front] = &lent{Source: source(t, at+camera.SmallPath("a"))}
	return h
}

// widths are those of the key frames, as they came.
func widths(t *testing.T, list []rtp.Packet) []int {
	t.Helper()
	var out []int
	for _, p := range list {
		if p.Payload[0]&0x1f != 24 { // no parameter sets
			continue
		}
		long := int(p.Payload[1])<<8 | int(p.Payload[2])
		var sps h264.SPS
		if err := sps.Unmarshal(p.Payload[3 : 3+long]); err != nil {
			t.Fatal(err)
		}
		out = append(out, sps.Width())
	}
	return out
}

func last(list []int) int {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1]
}

func (v *viewer) say(t *testing.T, text string) {
	t.Helper()
	if err := v.channel.SendText(text); err != nil {
		t.Fatal(err)
	}
}

// heard waits until the hub has said something.
func (v *viewer) heard(t *testing.T, what string) {
	t.Helper()
	until(t, what, func() bool {
		select {
		case said := <-v.told:
			return strings.Contains(said, what)
		default:
			return false
		}
	})
}

const (
	wantLarge = `{"hear":"","show":["` + string(front) + `"]}`
	wantSmall = `{"hear":"","show":["` + string(front) + `"],"small":["` + string(front) + `"]}`
)

func TestWhoWantsItSmallGetsTheSecondStreamWithoutAHole(t *testing.T) {
	t.Parallel()
	h := twoStreams(t)
	h.old(t, front, 3)
	second := h.second[front]
	v, w := watch(t, h, false, front)
	defer func() { v.Close(); <-v.Done() }()
	v.Play()
	w.heard(t, `"sent":"main","small":true,"state":"playing"`)
	until(t, "pictures", func() bool { return whole(w.got(0)) > 3 })
	if n := second.open.Load(); n != 0 {
		t.Fatalf("the second stream is open %d times before anybody wants it", n)
	}
	w.say(t, wantSmall)
	w.heard(t, `"sent":"small"`)
	until(t, "a small picture", func() bool { return last(widths(t, w.got(0))) == 320 })
	before := whole(w.got(0))
	until(t, "more small pictures", func() bool { return whole(w.got(0)) > before+20 })
	if n := last(widths(t, w.got(0))); n != 320 {
		t.Errorf("it is %d wide", n)
	}
	asked := time.Now()
	w.say(t, wantLarge)
	until(t, "a large picture", func() bool { return last(widths(t, w.got(0))) == 640 })
	if took := time.Since(asked); took > intime.By(time.Second) { // key frames are two seconds apart
		t.Errorf("the large picture took %s", took)
	}
	w.heard(t, `"sent":"main"`)
	until(t, "the end of the second stream", func() bool { return second.open.Load() == 0 })
	before = whole(w.got(0))
	until(t, "more large pictures", func() bool { return whole(w.got(0)) > before+20 })
	list := w.got(0)
	for i := 1; i < len(list); i++ {
		p, q := list[i-1], list[i]
		if q.SequenceNumber != p.SequenceNumber+1 {
			t.Fatalf("packet %d is missing", i)
		}
		if d := int32(q.Timestamp - p.Timestamp); p.Marker != (d > 0) || d > 45_000 {
			t.Fatalf("time stamps go from %d to %d at packet %d, end of picture: %v", p.Timestamp, q.Timestamp, i, p.Marker)
		}
	}
}

func TestTwoViewersHaveOneSecondStream(t *testing.T) {
	t.Parallel()
	h := twoStreams(t)
	second := h.second[front]
	var views []*viewer
	for range 2 {
		v, w := watch(t, h, false, front)
		defer func() { v.Close(); <-v.Done() }()
		v.Play()
		w.heard(t, `"small":true`)
		w.say(t, wantSmall)
		w.heard(t, `"sent":"small"`)
		views = append(views, w)
	}
	if n := second.open.Load(); n != 1 {
		t.Errorf("the second stream is open %d times", n)
	}
	// What is not shown needs no stream.
	for _, w := range views {
		w.say(t, `{"hear":"","show":[]}`)
	}
	until(t, "the end of the second stream", func() bool { return second.open.Load() == 0 })
	views[0].say(t, wantSmall)
	before := whole(views[0].got(0))
	until(t, "pictures again", func() bool { return whole(views[0].got(0)) > before+10 && last(widths(t, views[0].got(0))) == 320 })
}

func TestWhereTheSecondStreamStopsTheFirstGoesOn(t *testing.T) {
	t.Parallel()
	h := twoStreams(t)
	v, w := watch(t, h, false, front)
	defer func() { v.Close(); <-v.Done() }()
	v.Play()
	w.heard(t, `"small":true`)
	w.say(t, wantSmall)
	w.heard(t, `"sent":"small"`)
	h.mu.Lock()
	delete(h.second, front) // as a hub does that is told that there is none any more
	h.mu.Unlock()
	w.say(t, wantSmall)
	w.heard(t, `"sent":"main","small":false,"state":"playing"`)
	before := whole(w.got(0))
	until(t, "large pictures", func() bool { return whole(w.got(0)) > before+10 && last(widths(t, w.got(0))) == 640 })
}

func TestACameraWithH265IsShownByItsSecondStream(t *testing.T) {
	t.Parallel()
	h := foreignHome(t, map[id.Camera]cameratest.Foreign{
		front:  {Launch: filmed(t, "libx265", "h265parse ! rtph265pay")},
		garden: {Launch: filmed(t, "libx264", "h264parse ! rtph264pay")},
	})
	until(t, "H.265", func() bool {
		sub, group := h.at[front].Watch(1)
		sub.Close()
		return len(group) > 0 && group[0].Params.Codec == ingest.H265
	})
	h.second[front] = &lent{Source: h.at[garden]} // it has a second stream of its own
	v, w := watch(t, h, false, front)
	defer func() { v.Close(); <-v.Done() }()
	v.Play()
	w.heard(t, `"sent":"small","small":true,"state":"playing"`)
	until(t, "pictures", func() bool { return whole(w.got(0)) > 20 })
	for _, want := range []string{wantSmall, wantLarge} {
		w.say(t, want)
		before := whole(w.got(0))
		until(t, "more pictures", func() bool { return whole(w.got(0)) > before+20 })
	}
}
