// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/statement/id"
	"keyhold/statement/roster"
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
	second map[id.Camera]*lent          // guarded by mu
}

// lent is a second stream, which counts who has it open.
type lent struct {
	*ingest.Source
	open atomic.Int32
}

func (l *lent) Open() (live.Stream, func(), bool) {
	l.open.Add(1)
	return l.Source, func() { l.open.Add(-1) }, true
}

func (h *home) small(c id.Camera) (live.Loan, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.second[c]
	return s, ok
}

func (h *home) find(c id.Camera) (live.Stream, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.at[c]
	return s, ok
}

func newHome(t *testing.T, clip string, cameras ...id.Camera) *home {
	t.Helper()
	return newHomeNear(t, clip, nil, cameras...)
}

func newHomeNear(t *testing.T, clip string, near func(netip.Addr) bool, cameras ...id.Camera) *home {
	t.Helper()
	cam, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: clip}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	urls := map[id.Camera]string{}
	for _, c := range cameras {
		urls[c] = "rtsp://" + cam.Addr().String() + "/a"
	}
	return homeOf(t, urls, near)
}

// homeOf has cameras by their addresses.
func homeOf(t *testing.T, urls map[id.Camera]string, near func(netip.Addr) bool) *home {
	t.Helper()
	h := &home{at: map[id.Camera]*ingest.Source{}, second: map[id.Camera]*lent{}}
	for c, url := range urls {
		h.at[c] = source(t, url)
	}
	var err error
	h.engine, err = live.New(t.Context(), live.Config{Address: "127.0.0.1:0", Find: h.find, Small: h.small, Near: near})
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

func source(t *testing.T, url string) *ingest.Source {
	t.Helper()
	s, err := ingest.New(ingest.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
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
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
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
	return newViewerWith(t, videos, sound, nothing)
}

// nothing is said by a viewer of when packets came: so its line is judged in no test that is not about that.
func nothing(*webrtc.MediaEngine, *interceptor.Registry) error { return nil }

func newViewerWith(t *testing.T, videos int, sound bool, more func(*webrtc.MediaEngine, *interceptor.Registry) error) (*viewer, string) {
	t.Helper()
	var s webrtc.SettingEngine
	s.LoggerFactory = live.Quiet()
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	var m webrtc.MediaEngine
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	var r interceptor.Registry
	if err := errors.Join(webrtc.ConfigureNack(&m, &r), webrtc.ConfigureRTCPReports(&r), more(&m, &r)); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&r)).NewPeerConnection(webrtc.Configuration{})
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

// hearing is an attendant that lets a viewer hear, or not.
type hearing struct{ may atomic.Bool }

func (h *hearing) Ask(roster.Action, id.Camera) {}
func (h *hearing) Act([]byte)                   {}
func (h *hearing) Hush(id.Camera)               {}
func (h *hearing) Hears(id.Camera) bool         { return h.may.Load() }
func (h *hearing) Voice(*rtp.Packet)            {}
func (h *hearing) Gone()                        {}

func watch(t *testing.T, h *home, sound bool, cameras ...id.Camera) (*live.View, *viewer) {
	t.Helper()
	return watchAs(t, h, sound, nil, cameras...)
}

func watchAs(t *testing.T, h *home, sound bool, attend func(*live.View) live.Attendant, cameras ...id.Camera) (*live.View, *viewer) {
	t.Helper()
	w, offer := newViewer(t, len(cameras), sound)
	v, answer, err := h.engine.Answer(t.Context(), cameras, offer, attend)
	if err != nil {
		t.Fatal(err)
	}
	w.take(t, answer)
	return v, w
}
