// SPDX-License-Identifier: Apache-2.0

package restream_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/home/restream"
	"keyhold/statement/id"
)

const (
	door     = id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	patience = time.Minute
)

// rig is a server with one account, over a camera at work. Begin is what the test says.
type rig struct {
	t      *testing.T
	server *restream.Server
	clock  atomic.Int64 // added to the server's, ns

	mu    sync.Mutex
	begin func(*restream.Reading) error // guarded by mu
}

func begun(t *testing.T) *rig {
	t.Helper()
	c, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "a", File: cameratest.Clip(t, cameratest.Silent())}}})
	must(t, err)
	t.Cleanup(c.Close)
	source, err := ingest.New(ingest.Config{URL: "rtsp://" + c.Addr().String() + "/a", Here: ingest.Here{}})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); source.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	r := &rig{t: t, begin: func(x *restream.Reading) error { x.Play(); return nil }}
	now := time.Now()
	r.server = restream.New(restream.Config{
		Address: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now.Add(time.Duration(r.clock.Load())) },
		Find: func(c id.Camera) (live.Stream, bool) { return source, c == door },
		Begin: func(_ *restream.Account, _ id.Camera, x *restream.Reading) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.begin(x)
		},
	})
	t.Cleanup(r.server.Close)
	must(t, r.server.Add(restream.Account{Name: "HA", User: "ha", Password: "word", Cameras: []id.Camera{door}}))
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// asks says what the server answers to who asks for the camera with a password.
func (r *rig) asks(password string) error {
	r.t.Helper()
	_, _, err := r.described(password)
	return err
}

func (r *rig) described(password string) (*gortsplib.Client, *description.Session, error) {
	r.t.Helper()
	u, err := base.ParseURL("rtsp://ha:" + password + "@" + r.address() + "/" + string(door))
	must(r.t, err)
	tcp := gortsplib.ProtocolTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &tcp, ReadTimeout: patience}
	must(r.t, c.Start())
	r.t.Cleanup(c.Close)
	d, _, err := c.Describe(u)
	return c, d, err
}

func (r *rig) address() string {
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: r.server.Port()}).String()
}

// plays lets a reader play; each packet that comes is told.
func (r *rig) plays() (packets chan struct{}, err error) {
	r.t.Helper()
	c, d, err := r.described("word")
	must(r.t, err)
	must(r.t, c.SetupAll(d.BaseURL, d.Medias))
	packets = make(chan struct{}, 1)
	c.OnPacketRTPAny(func(*description.Media, format.Format, *rtp.Packet) {
		select {
		case packets <- struct{}{}:
		default:
		}
	})
	_, err = c.Play(nil)
	return packets, err
}

func TestNoPictureLeavesBeforeItIsWrittenDownAndTold(t *testing.T) {
	t.Parallel()
	r := begun(t)
	var reading *restream.Reading
	r.begin = func(x *restream.Reading) error { reading = x; return nil }
	packets, err := r.plays()
	must(t, err)
	select {
	case <-packets:
		t.Fatal("a packet has left before it was to play")
	case <-time.After(300 * time.Millisecond):
	}
	reading.Play()
	select {
	case <-packets:
	case <-time.After(patience):
		t.Fatal("nothing comes")
	}
	reading.Close()
	select {
	case <-reading.Done():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if reading.Outcome() != live.Stopped {
		t.Errorf("it ended as %q", reading.Outcome())
	}
}

func TestWhatIsNotWrittenDownIsNotRead(t *testing.T) {
	t.Parallel()
	r := begun(t)
	r.begin = func(*restream.Reading) error { return errors.New("the disk is full") }
	if _, err := r.plays(); err == nil {
		t.Fatal("it plays")
	}
	r.server.Remove("HA") // which waits for nothing that never began
	if r.server.Port() != 0 {
		t.Error("it listens for nobody")
	}
}

func TestWhoGuessesIsNotListenedToForAWhile(t *testing.T) {
	t.Parallel()
	r := begun(t)
	for n := range 10 {
		if r.asks("guess") == nil {
			t.Fatalf("guess %d is right", n)
		}
	}
	if r.asks("word") == nil {
		t.Fatal("it is listened to who guessed ten times")
	}
	r.clock.Store(int64(11 * time.Second))
	if err := r.asks("word"); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

func TestTheServerListensWhileThereIsAnAccount(t *testing.T) {
	t.Parallel()
	s := restream.New(restream.Config{Address: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Now: time.Now})
	defer s.Close()
	if s.Port() != 0 || s.State() != restream.Unheard {
		t.Fatal("it listens, and there is nobody to listen for")
	}
	for _, name := range []string{"a", "b"} {
		must(t, s.Add(restream.Account{Name: name, User: name}))
	}
	address := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.Port()}).String()
	s.Remove("a")
	conn, err := net.Dial("tcp", address)
	must(t, err)
	must(t, conn.Close())
	s.Remove("b")
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("it listens for nobody")
	}
}
