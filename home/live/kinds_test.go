// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"strings"
	"testing"

	"keyhold/home/camera/cameratest"
	"keyhold/statement/id"
)

// foreign are cameras that are none of ours, by id: name of a stream to how it is sent.
func foreignHome(t *testing.T, streams map[id.Camera]cameratest.Foreign) *home {
	t.Helper()
	var list []cameratest.Foreign
	urls := map[id.Camera]string{}
	for c, f := range streams {
		f.Path = string(c)
		list = append(list, f)
	}
	at := cameratest.StartForeign(t, list...)
	for c := range streams {
		urls[c] = at + string(c)
	}
	return homeOf(t, urls, nil)
}

const tone = " audiotestsrc is-live=true wave=sine ! audio/x-raw,rate=48000,channels=1 ! audioconvert ! audioresample ! "

// filmed sends a minute of a file, with a key frame each second and without B-frames.
func filmed(t *testing.T, coder, send string) string {
	t.Helper()
	return "filesrc location=" + cameratest.Clip(t, cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=320x180:r=15", "-t", "60", "-c:v", coder, "-preset", "ultrafast", "-bf", "0", "-g", "15",
		"-x265-params", "log-level=error", "-pix_fmt", "yuv420p",
	}) + " ! qtdemux ! " + send + " name=pay0 pt=96 config-interval=-1"
}

func TestSoundOfEveryKindIsHeardAsOpus(t *testing.T) {
	t.Parallel()
	const third = id.Camera("cam_caaaaaaaaaaaaaaaaaaaaaaaaa")
	x264 := filmed(t, "libx264", "h264parse ! rtph264pay")
	h := foreignHome(t, map[id.Camera]cameratest.Foreign{
		front:  {Launch: x264 + tone + "opusenc frame-size=40 ! rtpopuspay name=pay1 pt=97"},
		garden: {Launch: x264 + tone + "audio/x-raw,rate=8000 ! alawenc ! rtppcmapay name=pay1 pt=8"},
		third:  {Launch: x264 + tone + "audio/x-raw,rate=8000 ! mulawenc ! rtppcmupay name=pay1 pt=0"},
	})
	for c, long := range map[id.Camera]uint32{front: 1920, garden: 960, third: 960} {
		v, w := watch(t, h, true, c)
		v.Play()
		until(t, "pictures", func() bool { return whole(w.got(0)) > 0 })
		<-w.told // the channel is open
		if err := w.channel.SendText(`{"hear":"` + string(c) + `","show":["` + string(c) + `"]}`); err != nil {
			t.Fatal(err)
		}
		until(t, "sound", func() bool { return len(w.got(1)) > 50 })
		for i, list := 1, w.got(1); i < len(list); i++ {
			if d := list[i].Timestamp - list[i-1].Timestamp; d != long && d < 9600 {
				t.Fatalf("sound of %s goes on by %d, not %d", c, d, long)
			}
		}
		v.Close()
		<-v.Done()
	}
}

// Live carries H.264 alone: a camera with H.265 waits, and disturbs no other.
func TestACameraWithH265WaitsAndDisturbsNoOther(t *testing.T) {
	t.Parallel()
	h := foreignHome(t, map[id.Camera]cameratest.Foreign{
		front:  {Launch: filmed(t, "libx264", "h264parse ! rtph264pay")},
		garden: {Launch: filmed(t, "libx265", "h265parse ! rtph265pay")},
	})
	h.old(t, garden, 1)
	v, w := watch(t, h, false, garden, front)
	v.Play()
	until(t, "pictures of the one", func() bool { return whole(w.got(1)) > 30 })
	if n := len(w.got(0)); n > 0 {
		t.Errorf("%d packets came of the other", n)
	}
	said := ""
	for len(w.told) > 0 {
		said = <-w.told
	}
	if !strings.Contains(said, `"`+string(garden)+`","sent":"main","small":false,"state":"waiting"`) {
		t.Errorf("it was said %s", said)
	}
	v.Close()
	<-v.Done()
}

// With B-frames the order of sending is not that of showing. Time stamps rise all the same, and every picture leaves.
func TestPicturesInAnotherOrderLeaveWithRisingTimeStamps(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, cameratest.Plain()), front)
	h.old(t, front, 5)
	v, w := watch(t, h, false, front)
	v.Play()
	until(t, "60 pictures", func() bool { return whole(w.got(0)) >= 60 })
	list := w.got(0)
	began := list[0].Timestamp
	for i := 1; i < len(list); i++ {
		p, q := list[i-1], list[i]
		if q.SequenceNumber != p.SequenceNumber+1 {
			t.Fatalf("packet %d is missing", i)
		}
		if d := int32(q.Timestamp - p.Timestamp); p.Marker != (d > 0) || d > 20_000 {
			t.Fatalf("time stamps go from %d to %d at packet %d, end of picture: %v", p.Timestamp, q.Timestamp, i, p.Marker)
		}
	}
	if span := list[len(list)-1].Timestamp - began; span > 65*6000 {
		t.Errorf("60 pictures of a fifteenth of a second last %d", span)
	}
	v.Close()
	<-v.Done()
}
