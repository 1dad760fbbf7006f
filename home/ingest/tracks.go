// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"fmt"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"github.com/pion/rtp"
)

// PieceMillis of G.711 make one access unit: 512 samples at 8 kHz.
const PieceMillis = 64

const (
	opusRate = 48000
	// mostOpus is the longest packet that Opus knows, 120 ms.
	mostOpus = opusRate * 120 / 1000
)

// Tracks are what is taken of what a camera offers.
type Tracks struct {
	Video format.Format // H.264 or H.265
	Audio format.Format // nil for a camera without sound that can be kept

	video, audio *description.Media
}

// Choose takes the picture that most can show, and sound if there is one that can be kept.
func Choose(d *description.Session) (Tracks, error) {
	var t Tracks
	best := [2]int{}
	for _, m := range d.Medias {
		if m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			if n := liking(f, false); n > best[Video] {
				best[Video], t.Video, t.video = n, f, m
			}
			if n := liking(f, true); n > best[Audio] {
				best[Audio], t.Audio, t.audio = n, f, m
			}
		}
	}
	if t.Video == nil {
		return t, ErrNoVideo
	}
	return t, nil
}

// liking orders what could be taken; 0 for what cannot.
func liking(f format.Format, sound bool) int {
	switch f := f.(type) {
	case *format.H264:
		return pick(!sound, 2)
	case *format.H265:
		return pick(!sound, 1)
	case *format.MPEG4Audio:
		return pick(sound && f.Config != nil && f.Config.SampleRate > 0 && f.SizeLength > 0, 3)
	case *format.Opus:
		return pick(sound && f.ChannelCount <= 2, 2)
	case *format.G711:
		return pick(sound && f.ChannelCount <= 2 && f.SampleRate <= opusRate && f.SampleRate >= 8000, 1)
	}
	return 0
}

func pick(ok bool, n int) int {
	if !ok {
		return 0
	}
	return n
}

// An unpacker makes access units of packets.
type unpacker func(*rtp.Packet) ([][]byte, error)

// unpackVideo gives an unpacker that knows of nothing that came before.
func unpackVideo(f format.Format) (unpacker, error) {
	switch f := f.(type) {
	case *format.H264:
		d, err := f.CreateDecoder()
		if err != nil {
			return nil, err
		}
		return d.Decode, nil
	case *format.H265:
		d, err := f.CreateDecoder()
		if err != nil {
			return nil, err
		}
		return d.Decode, nil
	}
	return nil, ErrNoVideo
}

// paramsOf is what the description says before the stream does.
func paramsOf(f format.Format) Params {
	switch f := f.(type) {
	case *format.H264:
		return Params{Codec: H264, SPS: f.SPS, PPS: f.PPS}
	case *format.H265:
		return Params{Codec: H265, VPS: f.VPS, SPS: f.SPS, PPS: f.PPS}
	}
	return Params{}
}

// soundOf tells how sound is taken apart, and how many samples are in an access unit; 0 for one that is none.
func soundOf(f format.Format) (s *Sound, unpack unpacker, length func([]byte) int64, err error) {
	switch f := f.(type) {
	case *format.MPEG4Audio:
		d, err := f.CreateDecoder()
		if err != nil {
			return nil, nil, nil, err
		}
		n := int64(mpeg4audio.SamplesPerAccessUnit)
		if f.Config.FrameLengthFlag {
			n = 960
		}
		s = &Sound{Codec: AAC, Rate: f.Config.SampleRate, AAC: f.Config}
		return s, d.Decode, func([]byte) int64 { return n }, nil
	case *format.Opus:
		s = &Sound{Codec: Opus, Rate: opusRate, Channels: f.ChannelCount}
		return s, payload, func(b []byte) int64 {
			if n := opus.PacketDuration2(b); n <= mostOpus {
				return n
			}
			return 0
		}, nil
	case *format.G711:
		s = &Sound{Codec: PCMA, Rate: f.SampleRate, Channels: f.ChannelCount}
		if f.MULaw {
			s.Codec = PCMU
		}
		return s, payload, func(b []byte) int64 { return int64(len(b) / f.ChannelCount) }, nil
	}
	return nil, nil, nil, fmt.Errorf("ingest: sound of the kind %T is not taken", f)
}

// payload is the unpacker of what comes one to a packet.
func payload(p *rtp.Packet) ([][]byte, error) { return [][]byte{p.Payload}, nil }
