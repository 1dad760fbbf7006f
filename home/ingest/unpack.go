// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"
)

// maxBetween bounds what a child may send without a frame coming of it: a picture, and what lies around it.
const maxBetween = 8 << 20

var errFlood = errors.New("the child sends without end")

// bounded ends a stream of which nothing comes.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errFlood
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// unpackChild makes frames of what a child writes, an MPEG transport stream, until it ends. A child reads what a camera
// sends and may have been taken over by it, so it is trusted no more than the camera.
func (s *Source) unpackChild(out io.Reader) (*Assembler, error) {
	return Unpack(out, AssemblerConfig{
		Frame: s.frame, Lost: s.sessionLost, Now: s.cfg.Now, LastSession: s.lastID,
		Seen: func(at time.Time) { s.alive.Store(at.UnixNano()) },
	})
}

// Unpack takes a transport stream apart, with an Assembler that it makes from what is in it. That is nil where nothing
// was found.
func Unpack(out io.Reader, cfg AssemblerConfig) (asm *Assembler, err error) {
	in := &bounded{r: out, left: maxBetween}
	r := &mpegts.Reader{R: in}
	if err := r.Initialize(); err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	var f feed
	var video, audio *mpegts.Track
	for _, t := range r.Tracks() {
		switch c := t.Codec.(type) {
		case *codecs.H264:
			cfg.Tracks.Video, video = &format.H264{PayloadTyp: 96, PacketizationMode: 1}, t
		case *codecs.H265:
			cfg.Tracks.Video, video = &format.H265{PayloadTyp: 96}, t
		case *codecs.MPEG4Audio:
			conf := c.Config
			cfg.Tracks.Audio, audio = &format.MPEG4Audio{PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3, Config: &conf}, t
		case *codecs.Opus:
			if c.Desc == nil {
				continue
			}
			cfg.Tracks.Audio, audio = &format.Opus{PayloadTyp: 97, ChannelCount: min(max(c.Desc.ChannelCount(), 1), 2)}, t
		}
	}
	if video == nil {
		return nil, ErrNoVideo
	}
	if f.asm, err = NewAssembler(cfg); err != nil {
		return nil, err
	}
	picture := func(pts, _ int64, au [][]byte) error {
		in.left = maxBetween
		f.picture(pts, au)
		return nil
	}
	r.OnDataH264(video, picture)
	if _, ok := video.Codec.(*codecs.H265); ok {
		r.OnDataH265(video, picture)
	}
	sound := func(pts int64, aus [][]byte) error {
		in.left = maxBetween
		f.sound(pts, aus)
		return nil
	}
	if audio != nil {
		switch audio.Codec.(type) {
		case *codecs.MPEG4Audio:
			r.OnDataMPEG4Audio(audio, sound)
		case *codecs.Opus:
			r.OnDataOpus(audio, sound)
		}
	}
	for {
		if err := r.Read(); err != nil {
			return f.asm, fmt.Errorf("child: %w", err)
		}
	}
}

// A feed gives an Assembler pictures and sound that have one clock.
type feed struct {
	asm   *Assembler
	clock unwrap // of both; a stamp of 33 bits wraps as one of 32 does
}

func (f *feed) picture(pts int64, au [][]byte) {
	f.clock.next(uint32(pts))
	f.asm.video.clock.next(uint32(f.clock.total))
	f.tell(Video, f.asm.video.clock.total, VideoRate)
	f.asm.picture(uint32(f.clock.total), au)
}

func (f *feed) sound(pts int64, aus [][]byte) {
	f.clock.next(uint32(pts))
	t := &f.asm.audio
	rate := int64(t.sound.Rate)
	stamp := uint32(units(ticks(f.clock.total, VideoRate), rate))
	t.clock.next(stamp)
	f.tell(Audio, t.clock.total, rate)
	f.asm.heard(stamp, aus, false)
}

// tell ties a track's own time to the clock of both, as a camera's reports do.
func (f *feed) tell(k Kind, media, rate int64) {
	f.asm.lip.certain = true
	f.asm.lip.hear(k, report{media: ticks(media, rate), wall: ticks(f.clock.total, VideoRate)})
}
