// SPDX-License-Identifier: Apache-2.0

// Package live watches cameras of the household now, as a device that has no screen: it receives what the hub sends over
// WebRTC and hands on whole pictures.
//
// It trusts what the hub has signed: the answer, and with it the certificate that the connection must have. It keeps
// nothing.
package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"keyhold/api/relay"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

const (
	// quietTime is after what silence a connection is given up: another one is quicker than waiting. askEvery keeps it
	// from being silent.
	quietTime = 1500 * time.Millisecond
	askEvery  = 500 * time.Millisecond
	// noWayTime is how long is looked for a way after that.
	noWayTime = 2500 * time.Millisecond
	// directTime is how long a way through a relay waits for one that leads there directly.
	directTime = 150 * time.Millisecond
	// repeat is how long a handshake waits for a packet that may be lost.
	repeat = 250 * time.Millisecond
)

// Errors of a view that did not come to be, or that the hub has ended.
var (
	ErrNoAnswer = errors.New("the hub does not answer; is it running, and does it reach the cloud?")
	ErrEnded    = errors.New("the connection to the hub has ended")
	ErrNoWay    = errors.New("the hub agreed, but no way leads to it from here: both ends need to reach each other, or a relay of the cloud's")
)

// RefusedError is the hub's no.
type RefusedError struct{ Word string }

func (r *RefusedError) Error() string {
	switch r.Word {
	case signal.Denied:
		return "the hub does not allow you to watch this camera now"
	case signal.NotFound:
		return "the hub does not have this camera any more"
	case signal.Busy:
		return "too many are watching already; end one of the others"
	case signal.Late:
		return "the hub's clock and this one's are more than half a minute apart"
	default:
		return "the hub refused this as " + r.Word
	}
}

// EndedError is the hub's word that a view is over.
type EndedError struct{ Word string }

func (e *EndedError) Error() string {
	switch e.Word {
	case signal.EndRight:
		return "you may not watch this any more"
	case signal.EndCamera:
		return "this camera was removed"
	case signal.EndHub:
		return "the hub is stopping"
	default:
		return "the hub has not heard from this device for too long"
	}
}

// Wish is what is to be watched. Its functions are called by one goroutine of the view each; they must not wait long.
type Wish struct {
	Cameras []id.Camera
	// Small: their second, smaller streams will do, where they have them.
	Small bool
	// Picture is given whole pictures with their parameter sets, and the time since the first.
	Picture func(camera int, units [][]byte, key bool, at time.Duration)
	// Sound is given packets of Opus of the first camera; nil for no sound.
	Sound func(*rtp.Packet)
	// Told is given each list of who is watching; nil if that does not matter.
	Told func(*signal.Watching)
}

// View is a view of this device.
type View struct {
	ID id.View

	wish      Wish
	line      *session.Line
	pc        *webrtc.PeerConnection
	ways      *ways
	gone      chan struct{} // closed when the connection is over
	once      sync.Once
	quiet     atomic.Bool    // it is over because nothing comes any more
	connected atomic.Bool    // it has been connected
	wg        sync.WaitGroup // those who read
	small     []id.Camera    // whose second streams were asked for; owned by the channel's goroutine
}

// Open asks for a view. It offers anew once where the household has changed since this device last looked.
func Open(ctx context.Context, s *session.Session, w Wish) (*View, error) {
	v, err := open(ctx, s, w)
	var no *RefusedError
	if errors.As(err, &no) && no.Word == signal.Stale {
		if _, err := s.Sync(ctx); err != nil {
			return nil, err
		}
		return open(ctx, s, w)
	}
	return v, err
}

func open(ctx context.Context, s *session.Session, w Wish) (*View, error) {
	away, err := stand(ctx, s) // beside the line, so that it costs no time
	if err != nil {
		return nil, err
	}
	line, err := s.Line(ctx)
	if err != nil {
		return nil, errors.Join(err, away.Close())
	}
	v := &View{wish: w, line: line, ways: away, gone: make(chan struct{})}
	if err := v.connect(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// connect makes the offer and takes up the answer.
func (v *View) connect(ctx context.Context) error {
	var err error
	if v.pc, err = connection(v.ways.Mux); err != nil {
		return fmt.Errorf("prepare a connection: %w", err)
	}
	v.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			v.connected.Store(true)
		case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed:
			v.once.Do(func() { v.quiet.Store(true); close(v.gone) })
		case webrtc.PeerConnectionStateClosed:
			v.once.Do(func() { close(v.gone) })
		}
	})
	if err := v.media(); err != nil {
		return fmt.Errorf("prepare a connection: %w", err)
	}
	offer, err := v.pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("prepare a connection: %w", err)
	}
	// The offer does not wait for this device's addresses: the hub learns them from its checks.
	if err := v.pc.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("prepare a connection: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, session.AnswerTime, ErrNoAnswer)
	defer cancel()
	answer, err := v.offer(ctx, offer.SDP)
	if err != nil {
		if errors.Is(context.Cause(ctx), ErrNoAnswer) {
			return ErrNoAnswer
		}
		return err
	}
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return fmt.Errorf("take up the hub's answer: %w", err)
	}
	return nil
}

// offer sends an offer and waits for what the hub says to it.
func (v *View) offer(ctx context.Context, sdp string) (string, error) {
	o, err := v.line.Offer(ctx, v.wish.Cameras, sdp)
	if err != nil {
		return "", err
	}
	v.ID = o.View
	for {
		x, w, err := v.line.Next(ctx)
		switch {
		case err != nil:
			return "", err
		case w != nil:
			v.told(w)
		case x.View != o.View:
		case x.Kind == signal.Answer:
			return x.Body, nil
		case x.Kind == signal.Refused:
			return "", &RefusedError{x.Body}
		case x.Kind == signal.End:
			return "", &EndedError{x.Body}
		}
	}
}

func (v *View) told(w *signal.Watching) {
	if v.wish.Told != nil {
		v.wish.Told(w)
	}
}

func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// connection is one end without anything on it. Of codecs it names only those that the protocol has.
func connection(mux *relay.Mux) (*webrtc.PeerConnection, error) {
	var m webrtc.MediaEngine
	video := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90_000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640032",
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
	}, PayloadType: 102}
	audio := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48_000, Channels: 2}, PayloadType: 111}
	if err := errors.Join(m.RegisterCodec(video, webrtc.RTPCodecTypeVideo), m.RegisterCodec(audio, webrtc.RTPCodecTypeAudio)); err != nil {
		return nil, err
	}
	var r interceptor.Registry
	if err := errors.Join(webrtc.ConfigureNack(&m, &r), webrtc.ConfigureRTCPReports(&r)); err != nil {
		return nil, err
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = quiet()
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICEUDPMux(mux)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICETimeouts(quietTime, noWayTime, askEvery)
	s.SetRelayAcceptanceMinWait(directTime)
	s.SetDTLSRetransmissionInterval(repeat)
	return webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&r), webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
}

// Wait stays until the view has ended, and says why; nil if the context did it.
func (v *View) Wait(ctx context.Context) error {
	said := make(chan error, 1)
	heard, cancel := context.WithCancel(ctx)
	v.wg.Go(func() { said <- v.listen(heard) })
	defer func() { cancel(); v.wg.Wait() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-said:
		return err
	case <-v.gone:
	}
	if v.quiet.Load() {
		return ErrEnded // no word would come
	}
	// The hub's word may still be on its way.
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case err := <-said:
		if err != nil {
			return err
		}
	case <-t.C:
	case <-ctx.Done():
	}
	return ErrEnded
}

// listen hands on what comes by mail until the hub ends the view. A line that breaks does not end it.
func (v *View) listen(ctx context.Context) error {
	for {
		x, w, err := v.line.Next(ctx)
		switch {
		case err != nil:
			if rule.Of(err) != "" {
				return err
			}
			<-ctx.Done()
			return nil
		case w != nil:
			v.told(w)
		case x.Kind == signal.End && x.View == v.ID:
			return &EndedError{x.Body}
		}
	}
}

// Close ends the view; no function of the wish is called any more once it has returned.
func (v *View) Close() {
	if v.pc != nil {
		_ = v.pc.GracefulClose() // the hub hears of it by the connection itself
	}
	_ = v.ways.Close() // nothing goes by them any more
	if v.quiet.Load() {
		v.line.Drop()
		return
	}
	v.line.Close()
}
