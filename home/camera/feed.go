// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
)

// A Packet is one RTP packet of a feed with the moment it is due, counted from the start of the feed.
type Packet struct {
	Audio bool
	// Due is when the packet leaves; Shown is when its picture or sound is meant to be seen or heard. They differ
	// where pictures are sent in another order than they are shown.
	Due, Shown time.Duration
	RTP        *rtp.Packet
}

// A Sequence turns a clip into an endless run of packets. Its time stamps never break: the video goes on from one
// round to the next, and sound keeps a grid of its own access units so that rounding at the seam never adds up.
type Sequence struct {
	clip         *Clip
	desc         *description.Session
	video, audio *description.Media
	videoEnc     *rtph264.Encoder
	audioEnc     *rtpmpeg4audio.Encoder
	videoBase    uint32
	audioBase    uint32

	// Drift is by how much the sound's clock is too fast, in millionths, as in real cameras. It is set before the start.
	Drift int64

	round   int64 // of the next picture
	picture int   // the next one within the round
	sounds  int64 // access units sent so far
}

// NewSequence starts at the beginning of the clip with random RTP bases.
func NewSequence(c *Clip) (*Sequence, error) {
	s := &Sequence{clip: c}
	vf := &format.H264{PayloadTyp: 96, SPS: c.sps, PPS: c.pps, PacketizationMode: 1}
	s.video = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{vf}}
	s.desc = &description.Session{Title: "keyhold camera", Medias: []*description.Media{s.video}}
	var err error
	if s.videoEnc, err = vf.CreateEncoder(); err != nil {
		return nil, fmt.Errorf("camera: h264 packets: %w", err)
	}
	if c.config != nil {
		af := &format.MPEG4Audio{PayloadTyp: 97, Config: c.config, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3}
		s.audio = &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{af}}
		s.desc.Medias = append(s.desc.Medias, s.audio)
		if s.audioEnc, err = af.CreateEncoder(); err != nil {
			return nil, fmt.Errorf("camera: aac packets: %w", err)
		}
	}
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, fmt.Errorf("camera: random: %w", err)
	}
	s.videoBase, s.audioBase = binary.BigEndian.Uint32(b[:4]), binary.BigEndian.Uint32(b[4:])
	return s, nil
}

// Description is what the feed's SDP is made of.
func (s *Sequence) Description() *description.Session { return s.desc }

// AudioRate is the sample rate of the sound, or 0 without sound.
func (s *Sequence) AudioRate() int {
	if s.clip.config == nil {
		return 0
	}
	return s.clip.config.SampleRate
}

// shown is how far into the film the feed is at a moment; while the last picture is shown, no further than where that
// begins, since behind it programs find none.
func (f *feed) shown(now time.Time) time.Duration {
	first, last := f.clip.pictures[0].pts, f.clip.pictures[0].pts
	for _, p := range f.clip.pictures {
		first, last = min(first, p.pts), max(last, p.pts)
	}
	return min(now.Sub(f.began)%span(f.clip.length, videoRate), span(last-first, videoRate))
}

// span turns n units of 1/rate seconds into a duration without overflow for years of play.
func span(n, rate int64) time.Duration {
	return time.Duration(n/rate)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
}

// Next gives the packets of the next access unit, picture or sound, in order of their due time.
func (s *Sequence) Next() ([]Packet, error) {
	p := &s.clip.pictures[s.picture]
	shift := s.round * s.clip.length
	videoDue := span(shift+p.dts-s.clip.pictures[0].dts, videoRate)
	if s.audio != nil && len(s.clip.sounds) > 0 {
		at := s.sounds * mpeg4audio.SamplesPerAccessUnit
		if heard := s.heard(at); span(heard, int64(s.clip.config.SampleRate)) <= videoDue {
			return s.nextSound(at, heard)
		}
	}
	return s.nextPicture(p, shift, videoDue)
}

func (s *Sequence) nextPicture(p *picture, shift int64, due time.Duration) ([]Packet, error) {
	au, err := p.nalus()
	if err != nil {
		return nil, fmt.Errorf("camera: picture: %w", err)
	}
	if p.key {
		au = append([][]byte{s.clip.sps, s.clip.pps}, au...)
	}
	s.picture++
	if s.picture == len(s.clip.pictures) {
		s.picture, s.round = 0, s.round+1
	}
	if len(au) == 0 {
		return nil, nil
	}
	pkts, err := s.videoEnc.Encode(au)
	if err != nil {
		return nil, fmt.Errorf("camera: picture: %w", err)
	}
	pts := shift + p.pts
	out := make([]Packet, len(pkts))
	for i, k := range pkts {
		k.Timestamp = s.videoBase + uint32(pts)
		out[i] = Packet{Due: due, Shown: span(pts, videoRate), RTP: k}
	}
	return out, nil
}

// heard is the true time, in samples, at which the sound's clock shows at.
func (s *Sequence) heard(at int64) int64 {
	return at - at/1_000_000*s.Drift - at%1_000_000*s.Drift/1_000_000
}

func (s *Sequence) nextSound(at, heard int64) ([]Packet, error) {
	rate := int64(s.clip.config.SampleRate)
	length := s.clip.length / videoRate * rate
	length += s.clip.length % videoRate * rate / videoRate
	u := s.clip.soundAt(heard % max(length, 1))
	b, err := u.load()
	if err != nil {
		return nil, fmt.Errorf("camera: sound: %w", err)
	}
	pkts, err := s.audioEnc.Encode([][]byte{b})
	if err != nil {
		return nil, fmt.Errorf("camera: sound: %w", err)
	}
	s.sounds++
	out := make([]Packet, len(pkts))
	for i, k := range pkts {
		k.Timestamp += s.audioBase + uint32(at)
		d := span(heard, rate)
		out[i] = Packet{Audio: true, Due: d, Shown: d, RTP: k}
	}
	return out, nil
}

// run sends the feed at the pace of the clock until the context ends.
func (s *Sequence) run(ctx context.Context, send func(Packet, time.Time) error) error {
	start := time.Now()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		pkts, err := s.Next()
		if err != nil {
			return err
		}
		if len(pkts) == 0 {
			continue
		}
		if wait := time.Until(start.Add(pkts[0].Due)); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return nil
			case <-timer.C:
			}
		} else if ctx.Err() != nil {
			return nil
		}
		for _, p := range pkts {
			if err := send(p, start.Add(p.Shown)); err != nil {
				return err
			}
		}
	}
}
