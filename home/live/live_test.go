// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/statement/id"
)

const (
	front  = id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	garden = id.Camera("cam_baaaaaaaaaaaaaaaaaaaaaaaaa")
)

// loud has sound, no B-frames, and a key frame every two seconds.
func loud() cameratest.Args {
	return cameratest.Args{
		"-f", "lavfi", "-i", "testsrc2=s=640x360:r=15", "-f", "lavfi", "-i", "sine=440:r=48000", "-t", "8",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac",
	}
}

// A home has cameras and an engine.
type home struct {
	engine *live.Engine
	mu     sync.Mutex
	at     map[id.Camera]*ingest.Source // guarded by mu
}

func (h *home) find(c id.Camera) (live.Stream, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.at[c]
	return s, ok
}

func newHome(t *testing.T, clip string, cameras ...id.Camera) *home {
	t.Helper()
	h := &home{at: map[id.Camera]*ingest.Source{}}
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: clip}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	for _, c := range cameras {
		s, err := ingest.New(ingest.Config{URL: "rtsp://" + cam.Addr().String() + "/a"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		t.Cleanup(func() { cancel(); <-done })
		h.at[c] = s
	}
	h.engine, err = live.New(t.Context(), live.Config{Address: "127.0.0.1:0", Find: h.find})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// old waits until the camera's newest key frame is so many pictures old, or a little older: they come in batches.
func (h *home) old(t *testing.T, c id.Camera, pictures int) {
	t.Helper()
	until(t, "a group of pictures", func() bool {
		sub, group := h.at[c].Watch(1)
		sub.Close()
		return len(group) >= pictures && len(group) < pictures+8
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

// A viewer is a connection that receives.
type viewer struct {
	pc      *webrtc.PeerConnection
	channel *webrtc.DataChannel
	told    chan string

	mu      sync.Mutex
	packets [][]rtp.Packet // by the media's place in the offer; guarded by mu
}

func newViewer(t *testing.T, videos int, sound bool) (*viewer, string) {
	t.Helper()
	var s webrtc.SettingEngine
	s.LoggerFactory = live.Quiet()
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	var m webrtc.MediaEngine
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{pc: pc, told: make(chan string, 16), packets: make([][]rtp.Packet, videos+1)}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	for range videos {
		v.receive(t, webrtc.RTPCodecTypeVideo)
	}
	if sound {
		v.receive(t, webrtc.RTPCodecTypeAudio)
	}
	negotiated, zero := true, uint16(0)
	if v.channel, err = pc.CreateDataChannel("keyhold", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &zero}); err != nil {
		t.Fatal(err)
	}
	v.channel.OnMessage(func(m webrtc.DataChannelMessage) { v.told <- string(m.Data) })
	pc.OnTrack(func(r *webrtc.TrackRemote, rec *webrtc.RTPReceiver) {
		i := slices.IndexFunc(pc.GetTransceivers(), func(x *webrtc.RTPTransceiver) bool { return x.Receiver() == rec })
		for {
			p, _, err := r.ReadRTP()
			if err != nil {
				return
			}
			v.mu.Lock()
			v.packets[i] = append(v.packets[i], *p)
			v.mu.Unlock()
		}
	})
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return v, pc.LocalDescription().SDP
}

func (v *viewer) receive(t *testing.T, kind webrtc.RTPCodecType) {
	t.Helper()
	if _, err := v.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
}

func (v *viewer) take(t *testing.T, answer string) {
	t.Helper()
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
}

func (v *viewer) got(i int) []rtp.Packet {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.packets[i])
}

// whole counts pictures whose last packet is there.
func whole(list []rtp.Packet) int {
	n := 0
	for _, p := range list {
		if p.Marker {
			n++
		}
	}
	return n
}

func watch(t *testing.T, h *home, sound bool, cameras ...id.Camera) (*live.View, *viewer) {
	t.Helper()
	w, offer := newViewer(t, len(cameras), sound)
	v, answer, err := h.engine.Answer(t.Context(), cameras, offer)
	if err != nil {
		t.Fatal(err)
	}
	w.take(t, answer)
	return v, w
}

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
	if took > 400*time.Millisecond { // the next key frame is 1.2 s away
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
	v, w := watch(t, h, true, garden, front)
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
	until(t, "sound", func() bool { return len(w.got(2)) > 50 })
	quiet := whole(w.got(0))
	before := whole(w.got(1))
	until(t, "more of the one", func() bool { return whole(w.got(1)) > before+10 })
	if n := whole(w.got(0)); n > quiet {
		t.Errorf("%d pictures of the camera that is not shown", n-quiet)
	}
	for i, list := 1, w.got(2); i < len(list); i++ {
		if d := list[i].Timestamp - list[i-1].Timestamp; d != 960 && d < 4000 {
			t.Fatalf("sound goes on by %d", d)
		}
	}
	if err := w.channel.SendText(`{"hear":"","show":["` + string(front) + `","` + string(garden) + `"]}`); err != nil {
		t.Fatal(err)
	}
	until(t, "the other again", func() bool { return whole(w.got(0)) > quiet+10 })
	if err := w.channel.SendText(`{"hear":"cam_caaaaaaaaaaaaaaaaaaaaaaaaa","show":[]}`); err != nil {
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
		v, _, err := h.engine.Answer(t.Context(), cameras, offer)
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
	for name, spoil := range map[string]struct{ offer, answer func(*testing.T, string) string }{
		"in the offer":  {swapped, func(_ *testing.T, s string) string { return s }},
		"in the answer": {func(_ *testing.T, s string) string { return s }, swapped},
	} {
		t.Run(name, func(t *testing.T) {
			w, offer := newViewer(t, 1, false)
			v, answer, err := h.engine.Answer(t.Context(), []id.Camera{front}, spoil.offer(t, offer))
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
