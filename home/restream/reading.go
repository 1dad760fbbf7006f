// SPDX-License-Identifier: Apache-2.0

package restream

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/statement/id"
)

const (
	// frameQueue is how many frames may wait for one reader.
	frameQueue = 256
	// mostGroup is the largest group of pictures that is sent at once; with a larger one a reader waits for the next key
	// frame.
	mostGroup = 3 << 20
	// showTime is how long a camera may take to show what it sends.
	showTime = 5 * time.Second
	payload  = 96
)

var errDark = errors.New("restream: the camera shows nothing")

// A Reading is one integration that reads one camera, from what it is told of it to its end. It is by what somebody
// watches (view.Conn).
type Reading struct {
	server  *Server
	conn    *gortsplib.ServerConn
	account *Account
	camera  id.Camera
	source  live.Stream
	stream  *gortsplib.ServerStream
	media   *description.Media
	codec   ingest.Codec
	cut     func([][]byte) ([]*rtp.Packet, error)

	begun    bool // it is written down; owned by the connection
	refused  bool // it may not; owned by the connection
	play     chan struct{}
	playOnce sync.Once
	ready    chan struct{} // gortsplib takes packets
	once     sync.Once
	closed   chan struct{} // the session is closed
	shut     sync.Once
	left     atomic.Bool // it ended by itself
	behind   atomic.Bool // it was too slow, and waits for the next key frame
	ctx      context.Context
	stop     context.CancelFunc
	done     chan struct{}
	clock
}

// prepare looks at what a camera sends.
func (s *Server) prepare(conn *gortsplib.ServerConn, a *Account, c id.Camera, source live.Stream) (*Reading, error) {
	params, err := paramsOf(source)
	if err != nil {
		return nil, err
	}
	r := &Reading{
		server: s, conn: conn, account: a, camera: c, source: source, codec: params.Codec, play: make(chan struct{}), ready: make(chan struct{}),
		closed: make(chan struct{}), done: make(chan struct{}),
	}
	var how format.Format
	if params.Codec == ingest.H265 {
		f := &format.H265{PayloadTyp: payload, VPS: params.VPS, SPS: params.SPS, PPS: params.PPS}
		e, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		how, r.cut = f, e.Encode
	} else {
		f := &format.H264{PayloadTyp: payload, SPS: params.SPS, PPS: params.PPS, PacketizationMode: 1}
		e, err := f.CreateEncoder()
		if err != nil {
			return nil, err
		}
		how, r.cut = f, e.Encode
	}
	r.media = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{how}}
	s.mu.Lock()
	server := s.rtsp
	s.mu.Unlock()
	r.stream = &gortsplib.ServerStream{Server: server, Desc: &description.Session{Title: "Keyhold", Medias: []*description.Media{r.media}}}
	if err := r.stream.Initialize(); err != nil {
		return nil, err
	}
	r.ctx, r.stop = context.WithCancel(context.Background()) // it ends with its session
	return r, nil
}

// paramsOf are those of a camera's picture.
func paramsOf(source live.Stream) (*ingest.Params, error) {
	sub, group := source.Watch(frameQueue)
	defer sub.Close()
	if len(group) > 0 {
		return group[0].Params, nil
	}
	defer source.Live()() // what it sends is fetched at once
	t := time.NewTimer(showTime)
	defer t.Stop()
	for {
		select {
		case f, ok := <-sub.C():
			if !ok {
				return nil, errDark
			}
			if f != nil && f.Kind == ingest.Video {
				return f.Params, nil
			}
		case <-t.C:
			return nil, errDark
		}
	}
}

// Play lets media leave.
func (r *Reading) Play() { r.playOnce.Do(func() { close(r.play) }) }

// Review has nothing to do: there is no sound.
func (r *Reading) Review() {}

// Close ends it; Done says when that is done.
func (r *Reading) Close() { r.stop() }

// Done is closed when it has ended and no packet leaves any more.
func (r *Reading) Done() <-chan struct{} { return r.done }

// Outcome says how it ended, once Done is closed.
func (r *Reading) Outcome() live.Outcome {
	if r.left.Load() {
		return live.Left
	}
	return live.Stopped
}

// answered says that the reader has been told that it plays.
func (r *Reading) answered() { r.once.Do(func() { close(r.ready) }) }

// gone says that the session is closed, by whomever.
func (r *Reading) gone() {
	r.shut.Do(func() {
		if r.ctx.Err() == nil {
			r.left.Store(true)
		}
		r.stop()
		close(r.closed)
	})
}

// drop ends what was never begun; what was ends with its session.
func (r *Reading) drop() {
	if !r.begun {
		r.stop()
		r.stream.Close()
	}
}

// run reads until it ends.
func (r *Reading) run() {
	defer close(r.done)
	defer func() {
		r.stop()
		r.server.leave(r)
		r.stream.Close()
		r.conn.Close()
		<-r.closed // by now nothing waits to be written any more
	}()
	for _, c := range []chan struct{}{r.ready, r.play} {
		select {
		case <-c:
		case <-r.ctx.Done():
			return
		}
	}
	defer r.source.Live()()
	sub, group := r.source.Watch(frameQueue)
	defer sub.Close()
	size := 0
	for _, f := range group {
		size += f.Size()
	}
	if size > mostGroup {
		group = nil
		r.behind.Store(true)
	}
	for _, f := range group {
		if !r.send(f) {
			return
		}
	}
	for {
		select {
		case f, ok := <-sub.C():
			if !ok || !r.send(f) {
				return
			}
		case <-r.ctx.Done():
			return
		}
	}
}

// send sends a picture, and says whether it goes on: a camera that sends another codec was not what was told.
func (r *Reading) send(f *ingest.Frame) bool {
	if r.ctx.Err() != nil {
		return false
	}
	if f == nil || f.Kind != ingest.Video {
		return true // what comes after the end of a session is a key frame of another
	}
	if f.Params.Codec != r.codec {
		return false
	}
	if f.Key {
		r.behind.Store(false)
	}
	if r.behind.Load() {
		return true
	}
	units := f.Units
	if f.Key {
		units = append(f.Params.Sets(), units...)
	}
	packets, err := r.cut(units)
	if err != nil {
		return false
	}
	stamp := r.stamp(f)
	for _, p := range packets {
		p.Timestamp = stamp
		if err := r.stream.WritePacketRTPWithNTP(r.media, p, f.At); err != nil {
			return false
		}
	}
	return true
}

// clock makes time stamps that go on over sessions of the camera.
type clock struct {
	session *ingest.Session
	offset  int64 // from PTS to time stamp
	last    int64
	at      time.Time // of last
}

func (c *clock) stamp(f *ingest.Frame) uint32 {
	switch {
	case c.session == nil:
		var b [4]byte
		_, _ = rand.Read(b[:]) // it never fails
		c.offset = int64(binary.BigEndian.Uint32(b[:])) - f.PTS
	case c.session != f.Session:
		c.offset = c.last + max(int64(f.At.Sub(c.at).Seconds()*ingest.VideoRate), 1) - f.PTS
	}
	c.session, c.at = f.Session, f.At
	c.last = f.PTS + c.offset
	return uint32(c.last)
}
