// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/binary"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"keyhold/home/ingest"
	"keyhold/home/lossless"
)

const (
	videoTrack = 1
	audioTrack = 2
)

// header makes the ftyp and moov boxes of a segment.
func header(s *ingest.Session, p *ingest.Params) ([]byte, error) {
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{{ID: videoTrack, TimeScale: ingest.VideoRate, Codec: pictureCodec(p)}}}
	if s.Audio != nil {
		init.Tracks = append(init.Tracks, &fmp4.InitTrack{
			ID: audioTrack, TimeScale: uint32(s.AudioRate()), Codec: soundCodec(s.Audio),
		})
	}
	var buf seekablebuffer.Buffer
	if err := init.Marshal(&buf); err != nil {
		return nil, fmt.Errorf("record: segment header: %w", err)
	}
	return buf.Bytes(), nil
}

func pictureCodec(p *ingest.Params) codecs.Codec {
	if p.Codec == ingest.H265 {
		return &codecs.H265{VPS: p.VPS, SPS: p.SPS, PPS: p.PPS}
	}
	return &codecs.H264{SPS: p.SPS, PPS: p.PPS}
}

func soundCodec(s *ingest.Sound) codecs.Codec {
	switch s.Codec {
	case ingest.Opus:
		return &codecs.Opus{ChannelCount: s.Channels}
	case ingest.PCMA, ingest.PCMU:
		return &codecs.FLAC{StreamInfo: lossless.Info(s.Rate, s.Channels, s.Rate*ingest.PieceMillis/1000)}
	default:
		return &codecs.MPEG4Audio{Config: *s.AAC}
	}
}

// A sample is a frame with its duration, which only the frame after it tells.
type sample struct {
	frame    *ingest.Frame
	duration uint32
}

// size is the length of a sample's bytes in the file.
func (s *sample) size() int {
	n := s.frame.Size()
	if s.frame.Kind == ingest.Video {
		n += 4 * len(s.frame.Units)
	}
	return n
}

// A part is one fragment of a segment: a moof and a mdat box, gathered in memory and written at once.
type part struct {
	sequence     uint32
	video, audio []sample
	bytes        int // of the samples
}

func (p *part) add(s sample) {
	p.bytes += s.size()
	if s.frame.Kind == ingest.Video {
		p.video = append(p.video, s)
	} else {
		p.audio = append(p.audio, s)
	}
}

func (p *part) empty() bool { return len(p.video)+len(p.audio) == 0 }

const (
	trunHeader   = 8 + 4 + 4 + 4
	sampleLength = 16
	trafOverhead = 8 + 16 + 20 + trunHeader
	moofOverhead = 8 + 16

	// Flags of tfhd, trun and samples, ISO/IEC 14496-12.
	baseIsMoof   = 0x020000
	trunFlags    = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800
	flagsSync    = 0x02000000
	flagsNonSync = 0x01010000
)

// head makes the moof box and the start of the mdat box. The samples follow, video before audio.
func (p *part) head() []byte {
	moof := moofOverhead
	for _, t := range [][]sample{p.video, p.audio} {
		if len(t) > 0 {
			moof += trafOverhead + sampleLength*len(t)
		}
	}
	b := make([]byte, 0, moof+8)
	u32 := func(v uint32) { b = binary.BigEndian.AppendUint32(b, v) }
	box := func(size int, name string) { u32(uint32(size)); b = append(b, name...) }

	box(moof, "moof")
	box(16, "mfhd")
	u32(0)
	u32(p.sequence)
	data := moof + 8
	for i, t := range [][]sample{p.video, p.audio} {
		if len(t) == 0 {
			continue
		}
		box(trafOverhead+sampleLength*len(t), "traf")
		box(16, "tfhd")
		u32(baseIsMoof)
		u32(uint32(videoTrack + i))
		box(20, "tfdt")
		u32(1 << 24)
		b = binary.BigEndian.AppendUint64(b, uint64(t[0].frame.DTS))
		box(trunHeader+sampleLength*len(t), "trun")
		u32(1<<24 | trunFlags)
		u32(uint32(len(t)))
		u32(uint32(data))
		for j := range t {
			s := &t[j]
			u32(s.duration)
			u32(uint32(s.size()))
			if s.frame.Key {
				u32(flagsSync)
			} else {
				u32(flagsNonSync)
			}
			u32(uint32(int32(s.frame.PTS - s.frame.DTS)))
			data += s.size()
		}
	}
	box(8+p.bytes, "mdat")
	return b
}

// each calls f with the bytes of the mdat payload, piece by piece, without copying the frames.
func (p *part) each(f func([]byte) error) error {
	var length [4]byte
	for i := range p.video {
		for _, u := range p.video[i].frame.Units {
			binary.BigEndian.PutUint32(length[:], uint32(len(u)))
			if err := f(length[:]); err != nil {
				return err
			}
			if err := f(u); err != nil {
				return err
			}
		}
	}
	for i := range p.audio {
		for _, u := range p.audio[i].frame.Units {
			if err := f(u); err != nil {
				return err
			}
		}
	}
	return nil
}
