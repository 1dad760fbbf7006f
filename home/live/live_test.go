// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"keyhold/home/camera/cameratest"
	"keyhold/home/live"
	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/signal"
)

func TestTheFirstPictureWaitsForNothingAndTheRestFollows(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front)
	h.old(t, front, 12)
	began := time.Now()
	v, w := watch(t, h, false, front)
	v.Play()
	until(t, "the first picture", func() bool { return whole(w.got(0)) > 0 })
	took := time.Since(began)
	t.Logf("first picture after %s", took)
	if took > intime.By(400*time.Millisecond) { // the next key frame is 1.2 s away
		t.Errorf("the first picture took %s", took)
	}
	until(t, "45 pictures", func() bool { return whole(w.got(0)) >= 45 })
	list := w.got(0)
	if kind := list[0].Payload[0] & 0x1f; kind != 24 {
		t.Errorf("it begins with a NAL unit of type %d, not with parameter sets", kind)
	}
	keys := 0
	for i := 1; i < len(list); i++ {
		p, q := list[i-1], list[i]
		if q.SequenceNumber != p.SequenceNumber+1 {
			t.Fatalf("packet %d is missing", i)
		}
		d := int32(q.Timestamp - p.Timestamp)
		if p.Marker != (d > 0) || d > 20_000 {
			t.Fatalf("time stamps go from %d to %d at packet %d, end of picture: %v", p.Timestamp, q.Timestamp, i, p.Marker)
		}
		if q.Payload[0]&0x1f == 24 {
			keys++
		}
	}
	if keys == 0 {
		t.Error("no second key frame has its parameter sets before it")
	}
}

func TestNoPacketLeavesBeforePlayNorAfterTheEnd(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front)
	h.old(t, front, 5)
	v, w := watch(t, h, false, front)
	until(t, "the connection", func() bool { return w.pc.ConnectionState() == webrtc.PeerConnectionStateConnected })
	h.old(t, front, 8) // three pictures later
	if n := len(w.got(0)); n > 0 {
		t.Fatalf("%d packets came before Play", n)
	}
	v.Play()
	until(t, "pictures", func() bool { return whole(w.got(0)) > 20 })
	v.Close()
	<-v.Done()
	if v.Outcome() != live.Stopped {
		t.Errorf("it ended as %s", v.Outcome())
	}
	until(t, "the end at the viewer", func() bool { return w.pc.ConnectionState() == webrtc.PeerConnectionStateClosed })
}

func TestAViewerThatLeavesEndsItsView(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front)
	v, w := watch(t, h, false, front)
	v.Play()
	until(t, "pictures", func() bool { return whole(w.got(0)) > 0 })
	if err := w.pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	<-v.Done()
	if v.Outcome() != live.Left {
		t.Errorf("it ended as %s", v.Outcome())
	}
}

func TestAViewShowsSeveralCamerasAndWhatIsWanted(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front, garden)
	h.old(t, front, 6)
	h.old(t, garden, 6)
	may := &hearing{}
	v, w := watchAs(t, h, true, func(*live.View) live.Attendant { return may }, garden, front)
	v.Play()
	until(t, "pictures of both", func() bool { return whole(w.got(0)) > 10 && whole(w.got(1)) > 10 })
	until(t, "word of both", func() bool {
		return strings.Count(<-w.told, "playing") == 2
	})
	if n := len(w.got(2)); n > 0 {
		t.Fatalf("%d packets of sound that nobody wanted", n)
	}
	if err := w.channel.SendText(`{"hear":"` + string(front) + `","show":["` + string(front) + `"]}`); err != nil {
		t.Fatal(err)
	}
	until(t, "more pictures", func() bool { return whole(w.got(1)) > 20 })
	if n := len(w.got(2)); n > 0 {
		t.Fatalf("%d packets of sound that the viewer may not hear", n)
	}
	may.may.Store(true)
	v.Review()
	until(t, "sound", func() bool { return len(w.got(2)) > 50 })
	may.may.Store(false)
	v.Review()
	// What was on its way still comes: so it is until ten pictures of the one came beside nothing else.
	var shown, others int
	until(t, "pictures of what is shown, and nothing else", func() bool {
		if n := whole(w.got(0)) + len(w.got(2)); n != others {
			shown, others = whole(w.got(1)), n
		}
		return whole(w.got(1)) > shown+10
	})
	for i, list := 1, w.got(2); i < len(list); i++ {
		if d := list[i].Timestamp - list[i-1].Timestamp; d != 960 && d < 4000 {
			t.Fatalf("sound goes on by %d", d)
		}
	}
	quiet := whole(w.got(0))
	if err := w.channel.SendText(`{"hear":"","show":["` + string(front) + `","` + string(garden) + `"]}`); err != nil {
		t.Fatal(err)
	}
	until(t, "the other again", func() bool { return whole(w.got(0)) > quiet+10 })
	if err := w.channel.SendText(`{"hear":"","show":[],"small":["cam_caaaaaaaaaaaaaaaaaaaaaaaaa"]}`); err != nil {
		t.Fatal(err)
	}
	<-v.Done()
}

func TestOffersThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front)
	_, good := newViewer(t, 1, true)
	for name, offer := range map[string]string{
		"no SDP":             "hello",
		"sends":              strings.ReplaceAll(good, "recvonly", "sendrecv"),
		"another codec":      strings.ReplaceAll(good, "H264/90000", "VP8/90000"),
		"another media":      strings.Replace(good, "m=audio", "m=text", 1),
		"without password":   strings.ReplaceAll(good, "a=ice-pwd", "a=x-pwd"),
		"without a hash":     strings.ReplaceAll(good, "a=fingerprint", "a=x-fingerprint"),
		"a video too many":   strings.Replace(good, "m=audio", "m=video", 1),
		"two cameras wanted": good,
	} {
		cameras := []id.Camera{front}
		if strings.HasPrefix(name, "two") {
			cameras = append(cameras, garden)
		}
		v, _, err := h.engine.Answer(t.Context(), cameras, offer, nil)
		if !errors.Is(err, live.ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
		if v != nil {
			v.Close()
		}
	}
}

// swapped is a description with another certificate's hash in it.
func swapped(t *testing.T, sdp string) string {
	t.Helper()
	var out []string
	n := 0
	for line := range strings.SplitSeq(sdp, "\r\n") {
		if v, ok := strings.CutPrefix(line, "a=fingerprint:sha-256 "); ok {
			n++
			last := v[len(v)-1:]
			line = "a=fingerprint:sha-256 " + v[:len(v)-1] + map[bool]string{true: "1", false: "0"}[last == "0"]
		}
		out = append(out, line)
	}
	if n == 0 {
		t.Fatal("no hash in it")
	}
	return strings.Join(out, "\r\n")
}

// With another hash than the certificate's nothing is connected, whichever end was deceived. (That it cannot be put
// there unseen is what signatures are for.)
func TestAnotherCertificateConnectsNothing(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front)
	for name, spoil := range map[string]struct {
		offer, answer func(*testing.T, string) string
	}{
		"in the offer":  {swapped, func(_ *testing.T, s string) string { return s }},
		"in the answer": {func(_ *testing.T, s string) string { return s }, swapped},
	} {
		t.Run(name, func(t *testing.T) {
			w, offer := newViewer(t, 1, false)
			v, answer, err := h.engine.Answer(t.Context(), []id.Camera{front}, spoil.offer(t, offer), nil)
			if err != nil {
				t.Fatal(err)
			}
			v.Play()
			w.take(t, spoil.answer(t, answer))
			until(t, "the end of the connection", func() bool {
				s := w.pc.ConnectionState()
				return s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed
			})
			v.Close()
			<-v.Done()
			if n := len(w.got(0)); n > 0 {
				t.Errorf("%d packets came", n)
			}
		})
	}
}

func TestAnOfferedQueueThatIsFullIsGivenUpToTheNextKeyFrame(t *testing.T) {
	t.Parallel()
	h := newHome(t, cameratest.Clip(t, loud()), front)
	h.old(t, front, 5)
	v, w := watch(t, h, false, front)
	defer func() { v.Close(); <-v.Done() }()
	v.Play()
	until(t, "pictures", func() bool { return whole(w.got(0)) > 3 })
	live.Choke(v, true)
	until(t, "a queue that is given up", func() bool { return live.Skipping(v) })
	live.Choke(v, false)
	seen := whole(w.got(0))
	until(t, "pictures again", func() bool { return whole(w.got(0)) > seen+35 })
	holes := 0
	list := w.got(0)
	for i := 1; i < len(list); i++ {
		if !list[i-1].Marker || int32(list[i].Timestamp-list[i-1].Timestamp) < 9000 { // less than a picture and a half
			continue
		}
		holes++
		if list[i].Payload[0]&0x1f != 24 {
			t.Fatal("after what was lost comes no key frame")
		}
	}
	if holes != 1 {
		t.Errorf("there are %d holes, not one", holes)
	}
}

func TestSixteenCamerasFitIntoOneView(t *testing.T) {
	t.Parallel()
	var all []id.Camera
	for n := range signal.MaxCameras {
		all = append(all, id.Camera("cam_"+string(rune('a'+n))+"aaaaaaaaaaaaaaaaaaaaaaaaa"))
	}
	h := newHome(t, cameratest.Clip(t, cameratest.Silent()), all...)
	for _, c := range all {
		h.old(t, c, 1)
	}
	w, offer := newViewer(t, len(all), true)
	v, answer, err := h.engine.Answer(t.Context(), all, offer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { v.Close(); <-v.Done() }()
	if len(answer) > signal.MaxBody {
		t.Errorf("the answer has %d bytes", len(answer))
	}
	began := time.Now()
	w.take(t, answer)
	v.Play()
	until(t, "pictures of all", func() bool {
		for i := range all {
			if whole(w.got(i)) == 0 {
				return false
			}
		}
		return true
	})
	t.Logf("the answer has %d bytes; the first picture of the last camera came after %s", len(answer), time.Since(began))
}
