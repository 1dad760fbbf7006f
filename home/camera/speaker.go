// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/pion/rtp"
)

const (
	// speakerRate is that of G.711, and of the file.
	speakerRate = 8000
	// backChannel is what ONVIF wants to be asked for with every request about a speaker.
	backChannel = "www.onvif.org/ver20/backchannel"
	// apart is how far a sound's own clock may be from the moment at which it came before it is placed by that.
	apart = speakerRate / 5
	// mostHeard bounds the file: half an hour from the first sound.
	mostHeard = 30 * 60 * speakerRate
	wavHead   = 44
)

// SpeakerConfig is a loudspeaker that writes down what it would play.
type SpeakerConfig struct {
	// File is a WAV: 16 bits, one channel, 8 kHz, in the time of the clock from the first sound on, silence included.
	File string
	// Law is what it understands: "pcmu", "pcma", both of these if empty, or "aac" alone.
	Law string
	// Post is how it takes sound: by a POST that does not end, as some doorbells do, where the camera answers ONVIF, and not
	// by RTSP.
	Post bool
}

// A speaker belongs to a whole camera, like most cameras' only one: who has it keeps everybody else out.
type speaker struct {
	law  string
	post bool
	file *os.File
	log  *slog.Logger

	mu     sync.Mutex
	holder any       // a session, or a request; nil for nobody; guarded by mu
	claims int       // how often it was claimed; guarded by mu
	first  time.Time // when the first sound came; guarded by mu
	heard  int       // samples in the file; guarded by mu
	stamp  uint32    // of the holder's first packet; guarded by mu
	at     int       // its place in the file; guarded by mu
	began  bool      // the holder has sent something; guarded by mu
	ear    *ear      // of the holder, for AAC; guarded by mu
}

func openSpeaker(c SpeakerConfig, log *slog.Logger) (*speaker, error) {
	switch c.Law {
	case "", "pcmu", "pcma", "aac":
	default:
		return nil, fmt.Errorf("camera: a speaker understands pcmu, pcma or aac, not %q", c.Law)
	}
	f, err := os.Create(c.File)
	if err != nil {
		return nil, fmt.Errorf("camera: speaker: %w", err)
	}
	s := &speaker{law: c.Law, post: c.Post, file: f, log: log}
	if err := s.head(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// media is what a description says of it.
func (s *speaker) media() *description.Media {
	m := &description.Media{Type: description.MediaTypeAudio, IsBackChannel: true}
	if s.law == "aac" {
		m.Formats = []format.Format{aacFormat()}
		return m
	}
	if s.law != "pcma" {
		m.Formats = append(m.Formats, &format.G711{PayloadTyp: 0, MULaw: true, SampleRate: speakerRate, ChannelCount: 1})
	}
	if s.law != "pcmu" {
		m.Formats = append(m.Formats, &format.G711{PayloadTyp: 8, SampleRate: speakerRate, ChannelCount: 1})
	}
	return m
}

// required says whether a request asks for back channels as ONVIF wants it.
func required(r *base.Request) bool { return slices.Contains(r.Header["Require"], backChannel) }

// claim gives the speaker to a session, unless another has it.
func (s *speaker) claim(session any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != nil && s.holder != session {
		return false
	}
	if s.holder == nil {
		s.claims++
	}
	s.holder, s.began = session, false
	return true
}

// leave takes it from a session that has ended; it says whether that had it.
func (s *speaker) leave(session any) bool {
	s.mu.Lock()
	had := s.holder == session
	var ear *ear
	if had {
		ear, s.ear = s.ear, nil
	}
	s.mu.Unlock()
	if ear != nil {
		ear.close() // nobody else begins before all is written down
	}
	if had {
		s.mu.Lock()
		s.holder = nil
		s.mu.Unlock()
	}
	return had
}

// has says whether it is a session's.
func (s *speaker) has(session any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holder == session
}

// play hears a packet.
func (s *speaker) play(session any, f format.Format, p *rtp.Packet) error {
	if _, ok := f.(*format.MPEG4Audio); ok {
		at, ear, err := s.place(session, p, aacRate/speakerRate)
		if err != nil || ear == nil {
			return err
		}
		return ear.hear(p, at)
	}
	g, ok := f.(*format.G711)
	if !ok {
		return nil
	}
	var b []byte
	if g.MULaw {
		var law g711.Mulaw
		law.Unmarshal(p.Payload)
		b = law
	} else {
		var law g711.Alaw
		law.Unmarshal(p.Payload)
		b = law
	}
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i] // WAV has the small end first
	}
	at, _, err := s.place(session, p, 1)
	if err != nil {
		return err
	}
	return s.put(b, at)
}

// place says where a packet of the holder's belongs in the file, nowhere (-1) if another has the speaker. Its clock runs
// some times as fast as the file's; then it is AAC, and there is an ear for it.
func (s *speaker) place(session any, p *rtp.Packet, times int) (at int, e *ear, err error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != session {
		return -1, nil, nil
	}
	if s.law == "aac" && s.ear == nil {
		if s.ear, err = s.newEar(); err != nil {
			return -1, nil, err
		}
	}
	if s.first.IsZero() {
		s.first = now
		s.log.Info("the speaker hears its first sound", "at_ms", now.UnixMilli())
	}
	clock := int(now.Sub(s.first) * speakerRate / time.Second)
	at = s.at + int(int32(p.Timestamp-s.stamp))/times
	if !s.began || at > clock+apart || at < clock-apart {
		s.began, s.stamp, s.at, at = true, p.Timestamp, clock, clock
	}
	return at, s.ear, nil
}

// put writes what is heard into the file.
func (s *speaker) put(b []byte, at int) error {
	if at < 0 || at > mostHeard {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.file.WriteAt(b, wavHead+2*int64(at)); err != nil {
		return fmt.Errorf("camera: speaker: %w", err)
	}
	s.heard = max(s.heard, at+len(b)/2)
	return s.head()
}

// head writes how long the file is by now, so that it can be read at any time.
func (s *speaker) head() error {
	size := uint32(2 * s.heard)
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, 36+size)...)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []uint16{1, 1} { // PCM, one channel
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, speakerRate)
	b = binary.LittleEndian.AppendUint32(b, 2*speakerRate)
	for _, v := range []uint16{2, 16} { // bytes and bits of a sample
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	if _, err := s.file.WriteAt(b, 0); err != nil {
		return fmt.Errorf("camera: speaker: %w", err)
	}
	return nil
}

// setUpSpeaker answers a session that wants to speak; nil where it wants something else.
func (c *Camera) setUpSpeaker(ctx *gortsplib.ServerHandlerOnSetupCtx, f *feed) *base.Response {
	if f.back == nil || f.stream.Desc.Medias[len(f.stream.Desc.Medias)-1] != f.back {
		return nil
	}
	last := fmt.Sprintf("/trackID=%d", len(f.stream.Desc.Medias)-1)
	if !strings.HasSuffix(strings.TrimSuffix(ctx.Request.URL.String(), "/"), last) {
		return nil
	}
	switch {
	case !required(ctx.Request):
		return &base.Response{StatusCode: base.StatusOptionNotSupported}
	case !c.speaker.claim(ctx.Session):
		return &base.Response{StatusCode: base.StatusServiceUnavailable}
	}
	return nil
}

// hear lets a session that plays be heard, if it has the speaker; it says whether it has.
func (c *Camera) hear(s *gortsplib.ServerSession) bool {
	if c.speaker == nil || !c.speaker.has(s) {
		return false
	}
	s.OnPacketRTPAny(func(_ *description.Media, f format.Format, p *rtp.Packet) {
		if err := c.speaker.play(s, f, p); err != nil {
			c.cfg.Log.Error("what the speaker heard was not written down", "err", err)
		}
	})
	return true
}

// Claimed says whether somebody has the speaker, and how often it was claimed.
func (c *Camera) Claimed() (now bool, ever int) {
	if c.speaker == nil {
		return false, 0
	}
	c.speaker.mu.Lock()
	defer c.speaker.mu.Unlock()
	return c.speaker.holder != nil, c.speaker.claims
}

// Heard is when the first sound came, with which the speaker's file begins; zero before that.
func (c *Camera) Heard() time.Time {
	if c.speaker == nil {
		return time.Time{}
	}
	c.speaker.mu.Lock()
	defer c.speaker.mu.Unlock()
	return c.speaker.first
}
