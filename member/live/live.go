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
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"keyhold/member/session"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

// Errors of a view that did not come to be, or that the hub has ended.
var (
	ErrNoAnswer = errors.New("the hub does not answer; is it running, and does it reach the cloud?")
	ErrEnded    = errors.New("the connection to the hub has ended")
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

	wish Wish
	line *session.Line
	pc   *webrtc.PeerConnection
	gone chan struct{} // closed when the connection is over
	once sync.Once
	wg   sync.WaitGroup // those who read
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
	line, err := s.Line(ctx)
	if err != nil {
		return nil, err
	}
	v := &View{wish: w, line: line, gone: make(chan struct{})}
	if err := v.connect(ctx); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// connect makes the offer and takes up the answer.
func (v *View) connect(ctx context.Context) error {
	var err error
	if v.pc, err = connection(); err != nil {
		return fmt.Errorf("prepare a connection: %w", err)
	}
	v.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
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
	answer, err := v.ask(ctx, offer.SDP)
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

// ask sends an offer and waits for what the hub says to it.
func (v *View) ask(ctx context.Context, sdp string) (string, error) {
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
func connection() (*webrtc.PeerConnection, error) {
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
	s.SetICETimeouts(5*time.Second, 5*time.Second, 2*time.Second)
	return webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&r), webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
}

// media says what is to be received, and on which channel sound is asked for.
func (v *View) media() error {
	only := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	places := map[*webrtc.RTPReceiver]int{}
	for i := range v.wish.Cameras {
		t, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, only)
		if err != nil {
			return err
		}
		places[t.Receiver()] = i
	}
	v.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { // a goroutine of its own, which ends with the connection
		if i, ok := places[r]; ok {
			v.pictures(i, t)
		} else {
			v.sound(t)
		}
	})
	if v.wish.Sound == nil {
		return nil
	}
	if _, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, only); err != nil {
		return err
	}
	negotiated, number := true, uint16(0)
	c, err := v.pc.CreateDataChannel("keyhold", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &number})
	if err != nil {
		return err
	}
	want, err := canon.Marshal(map[string]any{"hear": string(v.wish.Cameras[0]), "show": cameras(v.wish.Cameras)})
	if err != nil {
		return err
	}
	c.OnOpen(func() { _ = c.SendText(string(want)) }) // without it there is no sound, which shows
	return nil
}

func cameras(list []id.Camera) []any {
	out := make([]any, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}

// pictures puts packets together again. It ends with the connection.
func (v *View) pictures(i int, t *webrtc.TrackRemote) {
	var o order
	var d rtph264.Decoder
	if err := d.Init(); err != nil {
		return
	}
	whole, first, have := false, uint32(0), false
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		ready, lost := o.take(p, time.Now())
		if lost {
			// What was being put together is spoiled, and so is all that builds on it.
			whole = false
			_ = d.Init()
			_ = v.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.SSRC())}})
		}
		for _, p := range ready {
			units, err := d.Decode(p)
			if err != nil || len(units) == 0 {
				continue // there is more to come, or the piece before is missing
			}
			key := isKey(units)
			if whole = whole || key; !whole {
				continue
			}
			if !have {
				have, first = true, p.Timestamp
			}
			v.wish.Picture(i, units, key, time.Duration(p.Timestamp-first)*time.Second/90_000)
		}
	}
}

// isKey wants a picture that can be decoded alone, with its parameter sets.
func isKey(units [][]byte) bool {
	idr, sps := false, false
	for _, u := range units {
		if len(u) > 0 {
			idr, sps = idr || u[0]&0x1f == 5, sps || u[0]&0x1f == 7
		}
	}
	return idr && sps
}

func (v *View) sound(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if v.wish.Sound != nil {
			v.wish.Sound(p)
		}
	}
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
	v.line.Close()
}
