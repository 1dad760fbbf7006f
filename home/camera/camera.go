// SPDX-License-Identifier: Apache-2.0

// Package camera is a simulated camera: an RTSP server that loops clips with the timing of a real one.
//
// It promises RTP time stamps that go on without a break over any number of loops, sender reports that tie sound and
// picture to one clock, and digest authentication. Where it is asked to, it can be found, and says by ONVIF what it is
// and where its streams are; each feed is a device of its own then. It trusts the files it is given, not its clients. It
// keeps nothing: a crash leaves nothing behind.
package camera

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

// A Feed is one picture of the camera: the path it is asked for by, and the MP4 file it loops.
type Feed struct {
	Path string
	File string
	// Serial is what the feed's device calls itself; its path if empty.
	Serial string
	// Small is a second, smaller film of the same, at SmallPath of Path; none if empty.
	Small string
	// Button makes it a doorbell: there is something to press, and ONVIF tells of it.
	Button bool
	// Relay gives its device a relay that opens the camera's lock, told by ONVIF; Door a door by ONVIF's door control.
	Relay, Door bool
	// Light gives its device a relay that a lamp hangs on, told by ONVIF. It says beside the lock how it is.
	Light bool
}

// SmallPath is where a feed's second film is.
func SmallPath(path string) string { return cleanPath(path) + "/small" }

// Config says what is served and to whom.
type Config struct {
	// Addr is host:port; port 0 takes a free one.
	Addr  string
	Feeds []Feed
	// User and Pass are asked for by digest; with an empty User everybody may look.
	User, Pass string
	// ONVIF is host:port of the ONVIF service; a camera without one if empty.
	ONVIF string
	// Discovery is host:port at which it is asked who it is; if empty, it can be found by everybody in the networks of
	// this machine.
	Discovery string
	// Webhook is told of each press by a request, if it is not empty. Broker is told by MQTT, at Topic: its address is
	// mqtt://user:password@host:port.
	Webhook, Broker, Topic string
	// Lock is host:port of a lock beside it, which opens by a request; a camera without one if empty.
	Lock string
	// Habits are those of its events.
	Habits Habits
	// Skew is by how much the camera's clock is ahead at first.
	Skew time.Duration
	// Speaker gives it a loudspeaker, which all of its feeds share; nil for none.
	Speaker *SpeakerConfig
	// TLS makes it a camera of rtsps://; nil for rtsp://.
	TLS *tls.Config
	Log *slog.Logger
}

// A Camera is a running server.
type Camera struct {
	cfg    Config
	server *gortsplib.Server
	addr   net.Addr
	feeds  map[string]*feed
	onvif  *onvif // nil without
	latch  *latch // nil without
	light  *light // nil without
	skew   atomic.Int64
	// speaker is nil without.
	speaker *speaker
	// discovery is where it is asked.
	discovery netip.AddrPort
	ctx       context.Context // of the feeds; ends in release
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	ready     chan struct{} // closed once every feed has its stream
	failed    chan error    // holds the first feed that broke
}

type feed struct {
	clip   *Clip
	file   string
	serial string
	began  time.Time
	seq    *Sequence
	stream *gortsplib.ServerStream
	back   *description.Media // the way to the speaker, nil without
	button *button            // nil for a camera without one
	relay  bool               // it opens the lock by a relay
	door   bool               // it opens it by the door control service
	light  bool               // it has the light's relay
	// small is its second film, nil if it has none; second says that it is one.
	small  *feed
	second bool
	// readers are the clients that it is being sent to.
	readers atomic.Int32
	// taken is how many there have ever been.
	taken atomic.Int32
}

// Start opens the clips, listens, and lets the feeds run.
func Start(cfg Config) (*Camera, error) {
	if len(cfg.Feeds) == 0 {
		return nil, errors.New("camera: no feed given")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Camera{cfg: cfg, ctx: ctx, cancel: cancel, feeds: map[string]*feed{}, ready: make(chan struct{}), failed: make(chan error, 1)}
	c.SetClock(cfg.Skew)
	ok := false
	defer func() {
		if !ok {
			c.release()
		}
	}()
	if cfg.Speaker != nil {
		var err error
		if c.speaker, err = openSpeaker(*cfg.Speaker, cfg.Log); err != nil {
			return nil, err
		}
	}
	for _, f := range cfg.Feeds {
		path := cleanPath(f.Path)
		main, err := c.open(path, f.File)
		if err != nil {
			return nil, err
		}
		main.serial, main.relay, main.door, main.light = cmp.Or(f.Serial, path), f.Relay, f.Door, f.Light
		if (f.Relay || f.Door || f.Light) && cfg.Lock == "" {
			return nil, errors.New("camera: a relay or a door opens the lock, a light says beside it how it is, and there is none")
		}
		if f.Light && c.light == nil {
			c.light = &light{c: c}
		}
		if f.Button {
			main.button = newButton(cfg.Habits, c.now)
		}
		if f.Small == "" {
			continue
		}
		if main.small, err = c.open(SmallPath(path), f.Small); err != nil {
			return nil, err
		}
		main.small.second = true
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("camera: listen: %w", err)
	}
	c.addr = ln.Addr()
	c.server = &gortsplib.Server{
		Handler:     c,
		RTSPAddress: ln.Addr().String(),
		Listen:      func(string, string) (net.Listener, error) { return ln, nil },
		TLSConfig:   cfg.TLS,
		AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5},
		// Room for some seconds, so that a client which reads late loses nothing.
		WriteQueueSize: 4096,
	}
	if err := c.server.Start(); err != nil {
		c.server = nil
		ln.Close()
		return nil, fmt.Errorf("camera: serve: %w", err)
	}
	for path, f := range c.feeds {
		desc := f.seq.Description()
		if c.speaker != nil && !c.speaker.post && !f.second {
			f.back = c.speaker.media()
			desc.Medias = append(desc.Medias, f.back)
		}
		f.stream = &gortsplib.ServerStream{Server: c.server, Desc: desc}
		if err := f.stream.Initialize(); err != nil {
			return nil, fmt.Errorf("camera: stream %s: %w", path, err)
		}
	}
	if cfg.Lock != "" {
		if err := c.startLock(); err != nil {
			return nil, err
		}
	}
	if cfg.ONVIF != "" {
		if err := c.startONVIF(); err != nil {
			return nil, err
		}
	}
	close(c.ready)
	for path, f := range c.feeds {
		c.wg.Go(func() {
			if err := f.seq.run(ctx, f.send); err != nil {
				cfg.Log.Error("a feed of the simulated camera broke", "err", err)
				select {
				case c.failed <- fmt.Errorf("camera: feed %s: %w", path, err):
				default:
				}
			}
		})
	}
	ok = true
	return c, nil
}

// open prepares one film at a path.
func (c *Camera) open(path, file string) (*feed, error) {
	if c.feeds[path] != nil {
		return nil, fmt.Errorf("camera: path %s given twice", path)
	}
	clip, err := OpenClip(file)
	if err != nil {
		return nil, err
	}
	f := &feed{clip: clip, file: file, began: time.Now()}
	c.feeds[path] = f
	f.seq, err = NewSequence(clip)
	return f, err
}

// Run waits until the context ends or a feed breaks, and closes the camera.
func (c *Camera) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	c.wg.Go(func() { ended <- c.server.Wait() })
	var err error
	select {
	case <-ctx.Done():
	case err = <-c.failed:
	case err = <-ended:
		err = fmt.Errorf("camera: serve: %w", err)
	}
	c.Close()
	return err
}

// Readers is how many clients are being sent the film at a path.
func (c *Camera) Readers(path string) int {
	f := c.feeds[cleanPath(path)]
	if f == nil {
		return 0
	}
	return int(f.readers.Load())
}

// Taken is how many clients have ever been sent the film at a path.
func (c *Camera) Taken(path string) int {
	f := c.feeds[cleanPath(path)]
	if f == nil {
		return 0
	}
	return int(f.taken.Load())
}

// Addr is where the camera listens.
func (c *Camera) Addr() net.Addr { return c.addr }

// ONVIF is where it answers calls; not valid without.
func (c *Camera) ONVIF() netip.AddrPort {
	if c.onvif == nil {
		return netip.AddrPort{}
	}
	return c.onvif.addr
}

// Discovery is where the camera is asked who it is; not valid without ONVIF.
func (c *Camera) Discovery() netip.AddrPort { return c.discovery }

func cleanPath(path string) string { return "/" + strings.Trim(path, "/") }

// Close drops all clients and waits for the feeds to end.
func (c *Camera) Close() { c.release() }

func (c *Camera) release() {
	c.cancel()
	if c.onvif != nil {
		c.onvif.close()
	}
	if c.latch != nil {
		_ = c.latch.server.Close()
	}
	if c.server != nil {
		c.server.Close()
	}
	c.wg.Wait()
	for _, f := range c.feeds {
		if f.stream != nil {
			f.stream.Close()
		}
		f.clip.Close()
	}
	if c.speaker != nil {
		_ = c.speaker.file.Close() // all of it is written
	}
}

func (f *feed) send(p Packet, shown time.Time) error {
	media := f.seq.video
	if p.Audio {
		media = f.seq.audio
	}
	err := f.stream.WritePacketRTPWithNTP(media, p.RTP, shown)
	if errors.As(err, new(liberrors.ErrServerStreamClosed)) {
		return nil
	}
	return err
}

func (c *Camera) find(conn *gortsplib.ServerConn, req *base.Request, path string) (*base.Response, *gortsplib.ServerStream, error) {
	select {
	case <-c.ready:
	case <-c.ctx.Done():
		return &base.Response{StatusCode: base.StatusServiceUnavailable}, nil, nil
	}
	if c.cfg.User != "" && !conn.VerifyCredentials(req, c.cfg.User, c.cfg.Pass) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	f := c.feeds[cleanPath(path)]
	if f == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, f.stream, nil
}

// OnDescribe answers what a feed consists of.
func (c *Camera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return c.find(ctx.Conn, ctx.Request, ctx.Path)
}

// OnSetup prepares one track for a client.
func (c *Camera) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	res, stream, err := c.find(ctx.Conn, ctx.Request, ctx.Path)
	if stream != nil {
		if no := c.setUpSpeaker(ctx, c.feeds[cleanPath(ctx.Path)]); no != nil {
			return no, nil, nil
		}
	}
	return res, stream, err
}

// OnPlay starts the stream; who may was settled at setup.
func (c *Camera) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	if c.hear(ctx.Session) {
		if !required(ctx.Request) {
			return &base.Response{StatusCode: base.StatusOptionNotSupported}, nil
		}
		return &base.Response{StatusCode: base.StatusOK}, nil
	}
	if f := c.feeds[cleanPath(ctx.Path)]; f != nil && ctx.Session.UserData() == nil {
		f.readers.Add(1)
		f.taken.Add(1)
		ctx.Session.SetUserData(f)
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnSessionClose counts a client out.
func (c *Camera) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if c.speaker != nil && c.speaker.leave(ctx.Session) {
		return
	}
	if f, ok := ctx.Session.UserData().(*feed); ok {
		f.readers.Add(-1)
	}
}

// OnStreamWriteError hears of a client that does not read: its packets are dropped, as a real camera drops them.
func (c *Camera) OnStreamWriteError(ctx *gortsplib.ServerHandlerOnStreamWriteErrorCtx) {
	c.cfg.Log.Debug("a client does not read fast enough", "err", ctx.Error)
}

// OnPacketsLost and OnDecodeError concern what clients send, which is at most somebody's voice.
func (c *Camera) OnPacketsLost(*gortsplib.ServerHandlerOnPacketsLostCtx) {}

// OnDecodeError see OnPacketsLost.
func (c *Camera) OnDecodeError(*gortsplib.ServerHandlerOnDecodeErrorCtx) {}
