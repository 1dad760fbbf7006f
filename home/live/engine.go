// SPDX-License-Identifier: Apache-2.0

// Package live sends what cameras send now to devices that watch, over WebRTC.
//
// It takes frames from home/ingest, which keeps one connection a camera, cuts each into packets once, and sends them to
// any number of viewers. The first picture waits for nothing: the newest key frame and what followed on it go out at
// once, paced. Nobody who watches holds up a camera or somebody else: what a viewer's queue has no room for is given up
// up to the next key frame.
//
// The package knows cameras, SDPs and connections. Who may watch, and that it is written down and told, is not asked
// here but by home/view; until that says so (View.Play) no packet of media leaves. Nothing is kept on disk.
package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"keyhold/api/relay"
	"keyhold/home/ingest"
	"keyhold/statement/id"
)

const (
	// disconnected and failed: nothing came from a viewer for so long, together ten seconds.
	disconnected = 5 * time.Second
	failed       = 5 * time.Second
	keepAlive    = 2 * time.Second
	// repeat is how long a handshake waits for a packet that may be lost: more than a way through a relay takes.
	repeat = 250 * time.Millisecond
	// resendable is how many packets of a camera can be sent once more.
	resendable = 2048
	// sendBuffer is what the kernel may hold of packets that leave.
	sendBuffer = 1 << 20
)

// A Stream is a camera that is connected; ingest.Source is one.
type Stream interface {
	Watch(queue int) (*ingest.Subscription, []*ingest.Frame)
	Live() (done func())
}

// A Loan is a stream that is connected while somebody has it open.
type Loan interface {
	// Open connects, unless it is connected already; done is called once. It says whether there is such a stream.
	Open() (s Stream, done func(), ok bool)
}

// Config is what an engine needs.
type Config struct {
	// Address is where it answers on UDP; another port is taken if this one is in use.
	Address string
	// Find returns a camera's stream, if it is at work.
	Find func(id.Camera) (Stream, bool)
	// Small returns a camera's second, smaller stream of H.264, if it has one; nil where none has.
	Small func(id.Camera) (Loan, bool)
	// Near says whether an address is in the home's own networks; nil where none is known to be.
	Near func(netip.Addr) bool
	// Speaks says whether a camera can be talked by, as far as is known; Known tells when more is. nil where none can.
	Speaks func(id.Camera) bool
	// Replies says that the hub can speak by a camera that can be talked by.
	Replies bool
	// FFmpeg is the program that turns sound into Opus; "ffmpeg" if empty.
	FFmpeg string
	Now    func() time.Time
	Log    *slog.Logger
}

// An Engine answers offers. Close ends all of its views.
type Engine struct {
	c    Config
	conn net.PacketConn
	mux  *relay.Mux
	api  *webrtc.API

	work context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup // views, and closings of feeds

	mu     sync.Mutex
	closed bool                 // guarded by mu
	feeds  map[stream]*use      // guarded by mu
	voices map[id.Camera]*voice // guarded by mu
}

// stream is one of a camera's streams.
type stream struct {
	camera id.Camera
	small  bool
}

// use counts who holds a feed.
type use struct {
	*feed
	holders int
}

// New listens.
func New(ctx context.Context, c Config) (*Engine, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.FFmpeg == "" {
		c.FFmpeg = "ffmpeg"
	}
	conn, err := listen(ctx, c.Address)
	if err != nil {
		return nil, fmt.Errorf("live: listen: %w", err)
	}
	e := &Engine{c: c, conn: conn, feeds: map[stream]*use{}, voices: map[id.Camera]*voice{}}
	e.work, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := e.setUp(); err != nil {
		e.stop()
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

func listen(ctx context.Context, address string) (net.PacketConn, error) {
	var l net.ListenConfig
	conn, err := l.ListenPacket(ctx, "udp", address)
	if err != nil {
		host, _, bad := net.SplitHostPort(address)
		if bad != nil {
			return nil, bad
		}
		if conn, err = l.ListenPacket(ctx, "udp", net.JoinHostPort(host, "0")); err != nil {
			return nil, err
		}
	}
	if u, ok := conn.(*net.UDPConn); ok {
		_ = u.SetWriteBuffer(sendBuffer) // as much as the system allows
	}
	return conn, nil
}

// Quiet is what pion logs to: it would name addresses.
func Quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

func (e *Engine) setUp() error {
	var m webrtc.MediaEngine
	if err := codecs(&m); err != nil {
		return fmt.Errorf("live: codecs: %w", err)
	}
	quiet := Quiet()
	// Packets are never changed once they are cut, so none is copied to be sent again.
	resend, err := nack.NewResponderInterceptor(nack.ResponderSize(resendable), nack.DisableCopy(), nack.WithResponderLoggerFactory(quiet))
	if err != nil {
		return fmt.Errorf("live: %w", err)
	}
	reports, err := report.NewSenderInterceptor(report.WithSenderLoggerFactory(quiet))
	if err != nil {
		return fmt.Errorf("live: %w", err)
	}
	// What the viewer says of each packet of pictures is what its line is judged by.
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}, webrtc.RTPCodecTypeVideo); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	// By this a viewer at home is told to show pictures as they come.
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: playoutDelay}, webrtc.RTPCodecTypeVideo); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	var r interceptor.Registry
	r.Add(sparing{}) // nearest to the line: it sees what is sent once more
	r.Add(resend)
	r.Add(reports)
	var s webrtc.SettingEngine
	s.LoggerFactory = quiet
	e.mux = relay.NewMux(e.conn)
	s.SetICEUDPMux(e.mux)
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(disconnected, failed, keepAlive)
	s.SetDTLSRetransmissionInterval(repeat)
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	e.api = webrtc.NewAPI(webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(&r), webrtc.WithSettingEngine(s))
	return nil
}

// profiles are those of H.264 that browsers know, as they name them.
var profiles = []string{"42e01f", "42001f", "4d001f", "640c1f", "64001f"}

func codecs(m *webrtc.MediaEngine) error {
	for i, p := range profiles {
		err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: h264Codec(p), PayloadType: webrtc.PayloadType(100 + i)}, webrtc.RTPCodecTypeVideo)
		if err != nil {
			return err
		}
	}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opusCodec(), PayloadType: 111}, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	return m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: pcmuCodec(), PayloadType: 0}, webrtc.RTPCodecTypeAudio)
}

func h264Codec(profile string) webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: ingest.VideoRate, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile,
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, {Type: webrtc.TypeRTCPFBTransportCC}},
	}
}

func opusCodec() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: opusRate, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
}

// Port is where it answers.
func (e *Engine) Port() int {
	if a, ok := e.conn.LocalAddr().(*net.UDPAddr); ok {
		return a.Port
	}
	return 0
}

func (e *Engine) now() time.Time { return e.c.Now() }

// open connects to a stream of a camera, if it can be had now.
func (e *Engine) open(of stream) (s Stream, done func(), ok bool) {
	if of.small {
		loan, ok := e.small(of.camera)
		if !ok {
			return nil, nil, false
		}
		return loan.Open()
	}
	s, ok = e.c.Find(of.camera)
	return s, func() {}, ok
}

func (e *Engine) small(c id.Camera) (Loan, bool) {
	if e.c.Small == nil {
		return nil, false
	}
	return e.c.Small(c)
}

// hold gives the feed of a stream, which begins with the first who holds it.
func (e *Engine) hold(of stream) *feed {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.feeds[of]
	if u == nil {
		f := &feed{of: of, tracks: map[*track]bool{}, done: make(chan struct{})}
		var ctx context.Context
		ctx, f.stop = context.WithCancel(e.work)
		u = &use{feed: f}
		e.feeds[of] = u
		go f.run(ctx, e.open) // waited for by drop
	}
	u.holders++
	return u.feed
}

// drop ends a feed with the last who held it.
func (e *Engine) drop(f *feed) {
	e.mu.Lock()
	u := e.feeds[f.of]
	u.holders--
	last := u.holders == 0
	if last {
		delete(e.feeds, f.of)
	}
	e.mu.Unlock()
	if last {
		f.stop()
		<-f.done
	}
}

// Close ends all views and waits for them.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.wg.Wait()
	return errors.Join(e.mux.Close(), closed(e.conn.Close()))
}

// closed makes nothing of it that the mux has closed the connection already.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
