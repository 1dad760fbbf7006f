// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// udpBuffer is what the kernel may hold of pictures that come by UDP: a key frame comes at once.
const udpBuffer = 2 << 20

var (
	errRefused   = errors.New("the camera refused the user name or password")
	errStalled   = errors.New("no picture came for too long")
	errTransport = errors.New("the camera does not send over TCP")
)

// connect runs one connection until it ends, and closes what it opened.
func (s *Source) connect(ctx context.Context) error {
	var tuned *conn
	protocol := gortsplib.ProtocolTCP
	if s.udp {
		protocol = gortsplib.ProtocolUDP
	}
	c := &gortsplib.Client{
		Scheme:      s.at.rtsp.Scheme,
		Host:        s.at.rtsp.Host,
		Protocol:    &protocol,
		ReadTimeout: requestTimeout,
		UserAgent:   "keyhold",
		TLSConfig:   s.tls(),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := dial(ctx, network, addr, dialTimeout)
			if err != nil {
				return nil, err
			}
			tuned = nc
			return nc, nil
		},
		ListenPacket: func(network, addr string) (net.PacketConn, error) {
			pc, err := new(net.ListenConfig).ListenPacket(ctx, network, addr)
			if u, ok := pc.(*net.UDPConn); ok {
				_ = u.SetReadBuffer(udpBuffer) // as much as the system allows
			}
			return pc, err
		},
		OnPacketsLost: func(uint64) {},
		OnDecodeError: func(error) {},
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	stop := context.AfterFunc(ctx, c.Close)
	defer func() {
		stop()
		c.Close()
	}()

	desc, _, err := c.Describe(s.at.rtsp)
	if err != nil {
		return refused("describe", err)
	}
	t, err := Choose(desc)
	if err != nil {
		return err
	}
	asm, err := NewAssembler(AssemblerConfig{
		Tracks: t, Frame: s.frame, Lost: s.sessionLost, Now: s.cfg.Now, LastSession: s.lastID,
		Seen: func(at time.Time) { s.alive.Store(at.UnixNano()) },
	})
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	// A camera may send picture and sound from two goroutines of the client, by UDP; the assembler has one at a time.
	var one sync.Mutex
	if _, err := c.Setup(desc.BaseURL, t.video, 0, 0); err != nil {
		return refused("setup video", err)
	}
	c.OnPacketRTP(t.video, t.Video, func(p *rtp.Packet) { one.Lock(); asm.VideoPacket(p); one.Unlock() })
	c.OnPacketRTCP(t.video, func(p rtcp.Packet) { one.Lock(); asm.Control(Video, p); one.Unlock() })
	if t.Audio != nil {
		if t.audio != t.video {
			if _, err := c.Setup(desc.BaseURL, t.audio, 0, 0); err != nil {
				return refused("setup audio", err)
			}
			c.OnPacketRTCP(t.audio, func(p rtcp.Packet) { one.Lock(); asm.Control(Audio, p); one.Unlock() })
		}
		c.OnPacketRTP(t.audio, t.Audio, func(p *rtp.Packet) { one.Lock(); asm.AudioPacket(p); one.Unlock() })
	}
	s.alive.Store(s.cfg.Now().UnixNano())
	if _, err := c.Play(nil); err != nil {
		return refused("play", err)
	}
	err = s.watch(ctx, c, tuned)
	// After Close nothing of the reader runs any more, so the assembler is ours.
	c.Close()
	why := ReasonCamera
	if ctx.Err() != nil {
		why = ReasonStopped
	}
	asm.End(why)
	s.lastID = asm.lastID
	return err
}

// watch looks after pictures, not after the connection, and fits the batch size to the stream.
func (s *Source) watch(ctx context.Context, c *gortsplib.Client, tuned *conn) error {
	ended := make(chan struct{})
	var why error // read after ended
	go func() { defer close(ended); why = c.Wait() }()
	// The goroutine ends with the client; it is waited for here.
	defer func() {
		c.Close()
		<-ended
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var before int64
	quiet := 0
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return fmt.Errorf("connection: %w", why)
		case <-s.soon:
			tuned.wakeAt(1)
			continue
		case <-tick.C:
		}
		if s.cfg.Now().Sub(time.Unix(0, s.alive.Load())) > s.cfg.Stall {
			return errStalled
		}
		got := tuned.read.Load()
		perSecond := (got - before) * 2
		before = got
		switch {
		case s.live.Load() > 0 || perSecond == 0 && quiet > 0:
			// When nothing comes any more, what lies below the mark is to come out before the session ends.
			tuned.wakeAt(1)
		case perSecond > 0:
			tuned.wakeAt(fitting(perSecond))
		}
		quiet++
		if perSecond > 0 {
			quiet = 0
		}
	}
}

// refused marks answers that more attempts will not change.
func refused(what string, err error) error {
	var code liberrors.ErrClientBadStatusCode
	if errors.As(err, &code) && (code.Code == base.StatusUnauthorized || code.Code == base.StatusForbidden) {
		return errRefused
	}
	if code.Code == base.StatusUnsupportedTransport || errors.As(err, new(liberrors.ErrClientServerRequestedUDP)) {
		return errTransport
	}
	return fmt.Errorf("%s: %w", what, err)
}
