// SPDX-License-Identifier: Apache-2.0

package home

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	hublive "keyhold/home/live"
	"keyhold/member/session"
	"keyhold/statement/command"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/signal"
)

// A talker is a device without a screen that watches a camera, and has a voice of one kilohertz.
type talker struct {
	t       *testing.T
	s       *session.Session
	line    *session.Line
	pc      *webrtc.PeerConnection
	channel *webrtc.DataChannel
	voice   *webrtc.TrackLocalStaticRTP
	camera  id.Camera
	view    id.View
	opened  chan struct{}
	said    chan saying // what the hub says of acts
	speaker atomic.Bool // the hub says that the camera has one
	stop    func()      // of the voice
	ended   sync.Once
}

type saying struct {
	Act       *hublive.Act       `json:"act"`
	Challenge *hublive.Challenge `json:"challenge"`
	Cameras   []struct {
		Talk bool `json:"talk"`
	} `json:"cameras"`
}

// talker watches a camera with a device.
func (r *Rig) talker(s *session.Session, camera id.Camera) *talker {
	r.t.Helper()
	v := &talker{t: r.t, s: s, camera: camera, opened: make(chan struct{}), said: make(chan saying, 64), stop: func() {}}
	var m webrtc.MediaEngine
	for _, c := range []struct {
		mime    string
		rate    uint32
		ch      uint16
		payload webrtc.PayloadType
		kind    webrtc.RTPCodecType
	}{
		{webrtc.MimeTypeH264, 90_000, 0, 102, webrtc.RTPCodecTypeVideo}, {webrtc.MimeTypeOpus, 48_000, 2, 111, webrtc.RTPCodecTypeAudio}, {webrtc.MimeTypePCMU, 8000, 0, 0, webrtc.RTPCodecTypeAudio},
	} {
		p := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: c.mime, ClockRate: c.rate, Channels: c.ch}, PayloadType: c.payload}
		if c.kind == webrtc.RTPCodecTypeVideo {
			p.SDPFmtpLine = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
		}
		must(r.t, m.RegisterCodec(p, c.kind))
	}
	var e webrtc.SettingEngine
	e.SetIncludeLoopbackCandidate(true)
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.LoggerFactory = hublive.Quiet()
	var err error
	v.pc, err = webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithSettingEngine(e)).NewPeerConnection(webrtc.Configuration{})
	must(r.t, err)
	r.t.Cleanup(v.close)
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		_, err := v.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(r.t, err)
	}
	v.voice, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, "voice", "voice")
	must(r.t, err)
	_, err = v.pc.AddTransceiverFromTrack(v.voice, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	must(r.t, err)
	negotiated, zero := true, uint16(0)
	v.channel, err = v.pc.CreateDataChannel("keyhold", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &zero})
	must(r.t, err)
	v.channel.OnOpen(func() { close(v.opened) })
	v.channel.OnMessage(v.hear)
	v.connect()
	return v
}

func (v *talker) hear(m webrtc.DataChannelMessage) {
	var x saying
	if json.Unmarshal(m.Data, &x) != nil {
		return
	}
	if len(x.Cameras) > 0 {
		v.speaker.Store(x.Cameras[0].Talk)
	}
	if x.Act != nil || x.Challenge != nil {
		v.said <- x
	}
}

// connect offers, and waits until the channel is open.
func (v *talker) connect() {
	v.t.Helper()
	offer, err := v.pc.CreateOffer(nil)
	must(v.t, err)
	gathered := webrtc.GatheringCompletePromise(v.pc)
	must(v.t, v.pc.SetLocalDescription(offer))
	<-gathered
	v.line, err = v.s.Line(v.t.Context())
	must(v.t, err)
	o, err := v.line.Offer(v.t.Context(), []id.Camera{v.camera}, v.pc.LocalDescription().SDP)
	must(v.t, err)
	v.view = o.View
	for {
		x, _, err := v.line.Next(v.t.Context())
		must(v.t, err)
		if x == nil || x.View != o.View {
			continue
		}
		if x.Kind != signal.Answer {
			v.t.Fatalf("the hub answers with %s: %s", x.Kind, x.Body)
		}
		must(v.t, v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: x.Body}))
		break
	}
	select {
	case <-v.opened:
	case <-time.After(patience):
		v.t.Fatal("the channel does not open")
	}
}

// close ends all of it, as a device does that is turned off.
func (v *talker) close() {
	v.ended.Do(func() {
		v.stop()
		_ = v.pc.GracefulClose()
		if v.line != nil {
			v.line.Close()
		}
	})
}

func (v *talker) send(what any) {
	v.t.Helper()
	b, err := json.Marshal(what)
	must(v.t, err)
	must(v.t, v.channel.SendText(string(b)))
}

// next is the next word of the hub.
func (v *talker) next() saying {
	v.t.Helper()
	select {
	case x := <-v.said:
		return x
	case <-time.After(patience):
		v.t.Fatal("the hub says nothing")
		return saying{}
	}
}

// actError is a word of the hub that refuses, or ends, an act.
type actError struct {
	word string
	by   id.Person
}

func (e *actError) Error() string { return fmt.Sprintf("the hub says %s (by %q)", e.word, e.by) }

// ask asks for a challenge.
func (v *talker) ask() (*hublive.Challenge, error) {
	v.t.Helper()
	v.send(map[string]any{"ask": map[string]any{"action": "talk", "target": string(v.camera)}})
	x := v.next()
	if x.Challenge == nil {
		return nil, &actError{x.Act.Word, x.Act.By}
	}
	return x.Challenge, nil
}

// command is what is to be signed for a challenge.
func (v *talker) command(c *hublive.Challenge) *command.Command {
	return &command.Command{
		Action: c.Action, Challenge: c.Challenge, Device: v.s.Keys.ID(), Head: v.s.Roster.Head.Hash, Household: v.s.Home.Household,
		Hub: v.s.Roster.Hub.Sign, NotAfter: c.NotAfter, Target: c.Target,
	}
}

// act brings a command, and waits until one may talk, or for why not.
func (v *talker) act(e *dsse.Envelope) error {
	v.t.Helper()
	v.send(map[string]any{"act": base64.StdEncoding.EncodeToString(e.Encode())})
	for {
		x := v.next()
		switch {
		case x.Act == nil:
		case x.Act.State == hublive.ActRefused, x.Act.State == hublive.ActOver:
			return &actError{x.Act.Word, x.Act.By}
		case x.Act.State == hublive.ActOn:
			return nil
		}
	}
}

// press asks, signs, and waits until one may talk.
func (v *talker) press() error {
	v.t.Helper()
	c, err := v.ask()
	if err != nil {
		return err
	}
	return v.act(v.signed(v.command(c)))
}

// signed signs a command as the talker's own device.
func (v *talker) signed(c *command.Command) *dsse.Envelope {
	v.t.Helper()
	e, err := dsse.Signed(command.Thing, c, v.s.Keys.ID(), v.s.Keys.Sign())
	must(v.t, err)
	return e
}

// over waits for the hub's word that it has ended.
func (v *talker) over() string {
	v.t.Helper()
	for {
		if x := v.next(); x.Act != nil && x.Act.State == hublive.ActOver {
			return x.Act.Word
		}
	}
}

// speak lets the voice sound until the function that it returns is called.
func (v *talker) speak() (stop func()) {
	v.t.Helper()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			var pcm []byte
			for i := range 160 {
				x := 0.5 * math.Sin(2*math.Pi*1000*float64(n*160+i)/8000)
				pcm = binary.BigEndian.AppendUint16(pcm, uint16(int16(x*math.MaxInt16)))
			}
			law, err := g711.Mulaw(pcm).Marshal()
			if err != nil {
				return
			}
			// The number and the source are the track's own.
			_ = v.voice.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n * 160)}, Payload: law})
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
	v.stop = sync.OnceFunc(func() { close(quit); <-done })
	return v.stop
}

// hush lets go of the button.
func (v *talker) hush() { v.send(map[string]any{"hush": string(v.camera)}) }

func wordOfAct(err error) string {
	var no *actError
	if errors.As(err, &no) {
		return no.word
	}
	return ""
}
