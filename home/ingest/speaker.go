// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"sync"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/pion/rtp"
)

const (
	// SpeechRate is the rate of what is said, in samples a second: µ-law of one channel, as every browser speaks it.
	SpeechRate = 8000
	// mostSpeech is the longest piece, in samples.
	mostSpeech = SpeechRate / 10
	// speechQueue is how many pieces may wait for a camera that takes them slowly; what is more is dropped, because
	// nobody wants to be heard later.
	speechQueue = 16
	// backChannel is what a camera wants to hear, with every request of such a session (ONVIF streaming, 5.3).
	backChannel = "www.onvif.org/ver20/backchannel"
)

// ErrNoSpeaker says that a camera offers no back channel that takes G.711 or AAC.
var ErrNoSpeaker = errors.New("ingest: the camera has no speaker that can be reached")

// ErrSpeakerTaken says that somebody else has the camera's speaker, which most have but one of.
var ErrSpeakerTaken = errors.New("ingest: the camera's speaker is in use by something else")

// A Speaker is a camera's loudspeaker while it is claimed, by a session that brings nothing else. Write and Close may be
// called at the same time.
type Speaker struct {
	client *gortsplib.Client
	media  *description.Media
	format format.Format
	aac    *encoder // makes AAC of what is said; nil for G.711
	stamp  uint32   // of the sample 0
	done   chan struct{}
	stop   func() bool
	once   sync.Once

	mu  sync.Mutex
	seq uint16 // guarded by mu
}

// Speaks asks a camera whether it has a speaker. Nothing is claimed by the question.
func (s *Source) Speaks(ctx context.Context) (bool, error) {
	c, desc, stop, err := s.call(ctx, gortsplib.ProtocolTCP)
	if errors.Is(err, ErrNoSpeaker) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	stop()
	c.Close()
	media, how := speakerOf(desc)
	if aac(how) {
		if _, err := exec.LookPath(s.cfg.FFmpeg); err != nil {
			return false, nil // nobody makes what it takes
		}
	}
	return media != nil, nil
}

// Speaker claims a camera's speaker until it is closed or the context ends.
func (s *Source) Speaker(ctx context.Context) (*Speaker, error) {
	sp, err := s.claim(ctx, gortsplib.ProtocolTCP)
	if errors.Is(err, errTransport) {
		sp, err = s.claim(ctx, gortsplib.ProtocolUDP)
	}
	return sp, err
}

func (s *Source) claim(ctx context.Context, p gortsplib.Protocol) (*Speaker, error) {
	c, desc, stop, err := s.call(ctx, p)
	if err != nil {
		return nil, err
	}
	sp := &Speaker{client: c, stop: stop, done: make(chan struct{})}
	if sp.media, sp.format = speakerOf(desc); sp.media == nil {
		sp.drop()
		return nil, ErrNoSpeaker
	}
	var b [6]byte
	_, _ = rand.Read(b[:]) // it never fails
	sp.stamp, sp.seq = binary.BigEndian.Uint32(b[:]), binary.BigEndian.Uint16(b[4:])
	if a, ok := sp.format.(*format.MPEG4Audio); ok {
		if sp.aac, err = encode(ctx, s.cfg.FFmpeg, a, sp.send); err != nil {
			sp.drop()
			return nil, err
		}
	}
	if _, err := c.Setup(desc.BaseURL, sp.media, 0, 0); err != nil {
		sp.drop()
		return nil, taken("setup speaker", err)
	}
	if _, err := c.Play(nil); err != nil {
		sp.drop()
		return nil, taken("play speaker", err)
	}
	go func() { defer close(sp.done); _ = c.Wait() }() // it ends with the client, which Close ends
	return sp, nil
}

// call connects anew and asks what there is, speaker included.
func (s *Source) call(ctx context.Context, p gortsplib.Protocol) (*gortsplib.Client, *description.Session, func() bool, error) {
	if s.at.way != wayRTSP {
		return nil, nil, nil, ErrNoSpeaker
	}
	c := &gortsplib.Client{
		Scheme: s.at.rtsp.Scheme, Host: s.at.rtsp.Host, Protocol: &p, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout, UserAgent: "keyhold",
		TLSConfig: s.tls(), RequestBackChannels: true, WriteQueueSize: speechQueue,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, addr)
		},
		OnRequest: func(r *base.Request) {
			if r.Header == nil {
				r.Header = base.Header{}
			}
			r.Header["Require"] = base.HeaderValue{backChannel}
		},
		OnPacketsLost: func(uint64) {},
		OnDecodeError: func(error) {},
	}
	if err := c.Start(); err != nil {
		return nil, nil, nil, fmt.Errorf("start: %w", err)
	}
	stop := context.AfterFunc(ctx, c.Close)
	desc, _, err := c.Describe(s.at.rtsp)
	if err != nil {
		stop()
		c.Close()
		var code liberrors.ErrClientBadStatusCode
		if errors.As(err, &code) && (code.Code == base.StatusOptionNotSupported || code.Code == base.StatusBadRequest) {
			return nil, nil, nil, ErrNoSpeaker // it does not know what is asked for
		}
		return nil, nil, nil, refused("describe", err)
	}
	return c, desc, stop, nil
}

// speakerOf finds what takes sound, and how it is to be coded: µ-law, which leaves as it came, rather than A-law, and that
// rather than AAC, which takes a child and a tenth of a second.
func speakerOf(desc *description.Session) (media *description.Media, how format.Format) {
	for _, m := range desc.Medias {
		if !m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			g, ok := f.(*format.G711)
			if ok && g.SampleRate == SpeechRate && g.ChannelCount == 1 && (how == nil || aac(how) || g.MULaw) {
				media, how = m, g
			}
			if how == nil && aac(f) {
				media, how = m, f
			}
		}
	}
	return media, how
}

// taken tells that a speaker is somebody else's from other refusals.
func taken(what string, err error) error {
	var code liberrors.ErrClientBadStatusCode
	if errors.As(err, &code) {
		switch code.Code {
		case base.StatusServiceUnavailable, base.StatusNotEnoughBandwidth, base.StatusMethodNotValidInThisState, base.StatusNotAcceptable:
			return ErrSpeakerTaken
		}
	}
	return refused(what, err)
}

// Write lets a piece of µ-law be heard; at is its place in samples since the first. It does not wait for the camera.
func (sp *Speaker) Write(speech []byte, at uint32) error {
	if len(speech) == 0 || len(speech) > mostSpeech {
		return errors.New("ingest: a piece of speech that is empty or too long")
	}
	if sp.aac != nil {
		return sp.aac.write(speech, at)
	}
	if g, ok := sp.format.(*format.G711); ok && !g.MULaw {
		var m g711.Mulaw
		m.Unmarshal(speech)
		var err error
		if speech, err = g711.Alaw(m).Marshal(); err != nil {
			return fmt.Errorf("ingest: speech: %w", err)
		}
	}
	sp.mu.Lock()
	defer sp.mu.Unlock()
	first := at == 0
	sp.seq++
	p := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: first, PayloadType: sp.format.PayloadType(), SequenceNumber: sp.seq, Timestamp: sp.stamp + at}, Payload: speech}
	return sp.leave(p)
}

func (sp *Speaker) leave(p *rtp.Packet) error {
	err := sp.client.WritePacketRTP(sp.media, p)
	if errors.As(err, new(liberrors.ErrClientWriteQueueFull)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ingest: speak: %w", err)
	}
	return nil
}

// send lets a piece of AAC be heard. The child makes none before something was said.
func (sp *Speaker) send(e *encoder, au []byte, at uint32) error {
	list, err := e.pack.Encode([][]byte{au})
	if err != nil {
		return fmt.Errorf("ingest: speech: %w", err)
	}
	sp.mu.Lock()
	defer sp.mu.Unlock()
	for _, p := range list {
		p.Timestamp = sp.stamp + at
		if err := sp.leave(p); err != nil {
			return err
		}
	}
	return nil
}

// Done is closed when the session with the camera is over.
func (sp *Speaker) Done() <-chan struct{} { return sp.done }

// Close gives the speaker back. No sound leaves once it has returned.
func (sp *Speaker) Close() {
	sp.once.Do(sp.drop)
	<-sp.done
}

func (sp *Speaker) drop() {
	sp.stop()
	sp.client.Close()
	if sp.aac != nil {
		sp.aac.close()
	}
}
