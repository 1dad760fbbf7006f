// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// barePage plays the camera in a browser, with nothing set that need not be.
//
//go:embed bare.html
var barePage []byte

var codec = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90_000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640032"}

// plain is one end as pion makes it, on the loopback.
func plain() (*webrtc.PeerConnection, error) {
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	return webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
}

// gathered finishes a description.
func gathered(pc *webrtc.PeerConnection, d webrtc.SessionDescription) (string, error) {
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(d); err != nil {
		return "", err
	}
	<-done
	return pc.LocalDescription().SDP, nil
}

// A forwarder passes packets on.
type forwarder struct {
	mu     sync.Mutex
	tracks []*webrtc.TrackLocalStaticRTP // guarded by mu
}

func (f *forwarder) forward(p *rtp.Packet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tracks {
		_ = t.WriteRTP(p) // who has left is taken off by its state
	}
}

// answer takes up a viewer's offer.
func (f *forwarder) answer(offer string) (string, error) {
	pc, err := plain()
	if err != nil {
		return "", err
	}
	t, err := webrtc.NewTrackLocalStaticRTP(codec, "video", "video")
	if err != nil {
		return "", err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	if _, err := pc.AddTrack(t); err != nil {
		return "", err
	}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		f.mu.Lock()
		defer f.mu.Unlock()
		switch s {
		case webrtc.PeerConnectionStateConnected:
			f.tracks = append(f.tracks, t)
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			f.tracks = slices.DeleteFunc(f.tracks, func(x *webrtc.TrackLocalStaticRTP) bool { return x == t })
		}
	})
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	return gathered(pc, answer)
}

// bare is the peer: one camera, any number of viewers.
func bare(ctx context.Context, source, listen string) error {
	u, err := base.ParseURL(source)
	if err != nil {
		return err
	}
	tcp := gortsplib.ProtocolTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &tcp}
	if err := c.Start(); err != nil {
		return err
	}
	defer c.Close()
	desc, _, err := c.Describe(u)
	if err != nil {
		return err
	}
	var h264 *format.H264
	m := desc.FindFormat(&h264)
	if m == nil {
		return errors.New("the camera has no H.264")
	}
	if _, err := c.Setup(desc.BaseURL, m, 0, 0); err != nil {
		return err
	}
	var f forwarder
	c.OnPacketRTP(m, h264, f.forward)
	if _, err := c.Play(nil); err != nil {
		return err
	}
	server := &http.Server{Addr: listen, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write(barePage)
			return
		}
		offer, err := io.ReadAll(r.Body)
		var answer string
		if err == nil {
			answer, err = f.answer(string(offer))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, answer)
	})}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// watchPeer opens the camera at the peer, and says when its first picture was there.
func (h *home) watchPeer(ctx context.Context) (_ time.Duration, _ func(), err error) {
	began := time.Now()
	pc, err := plain()
	if err != nil {
		return 0, nil, err
	}
	end := func() { _ = pc.GracefulClose() }
	defer func() {
		if err != nil {
			end()
		}
	}()
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return 0, nil, err
	}
	came := make(chan time.Duration, 1)
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { receive(t, func() { came <- time.Since(began) }) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return 0, nil, err
	}
	sdp, err := gathered(pc, offer)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.peerURL, bytes.NewBufferString(sdp))
	if err != nil {
		return 0, nil, err
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return 0, nil, errors.Join(fmt.Errorf("the peer refuses: %s", answer), err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}); err != nil {
		return 0, nil, err
	}
	took, err := soon(ctx, came)
	return took, end, err
}

// receive reads until the connection ends, and says when the first whole key frame is there.
func receive(t *webrtc.TrackRemote, first func()) {
	var d rtph264.Decoder
	if d.Init() != nil {
		return
	}
	for seen := false; ; {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if seen {
			continue
		}
		units, err := d.Decode(p)
		if err == nil && slices.ContainsFunc(units, func(u []byte) bool { return len(u) > 0 && u[0]&0x1f == 5 }) {
			seen = true
			first()
		}
	}
}
