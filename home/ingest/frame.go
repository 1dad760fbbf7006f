// SPDX-License-Identifier: Apache-2.0

// Package ingest takes the stream of one camera, once, and hands it out inside the hub.
//
// It speaks RTSP over TCP, and over UDP with cameras that refuse TCP; H.264 or H.265 with AAC, Opus, G.711 or no sound. It
// promises access units in decoding order whose media time never jumps within a session, with the sound on the clock of
// the picture; when the camera's time stamps jump, when pictures stop coming (whatever the connection says) or the
// connection breaks, the session ends and another begins. A picture of which a packet is missing is left out. It is back
// within three seconds of the camera. It trusts nothing that the camera sends. It keeps nothing on disk.
package ingest

import (
	"bytes"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// VideoRate is the number of media time units in a second of video.
const VideoRate = 90000

// A Kind tells picture from sound.
type Kind int

// The kinds of frames.
const (
	Video Kind = iota
	Audio
)

// A Reason says why a session ended.
type Reason string

// The reasons, in the words of the manifest's gap leaf.
const (
	ReasonCamera  Reason = "camera"  // the camera went away, or sent no pictures
	ReasonJump    Reason = "jump"    // its clock jumped
	ReasonStopped Reason = "stopped" // the hub was asked to stop
)

// A Codec is how picture or sound is coded.
type Codec string

// The codecs that are taken, by the names that people know.
const (
	H264 Codec = "h264"
	H265 Codec = "h265"
	AAC  Codec = "aac"
	Opus Codec = "opus"
	PCMA Codec = "pcma" // G.711, A-law
	PCMU Codec = "pcmu" // G.711, mu-law
)

// A Session is a stretch of stream in which media time runs without a break.
type Session struct {
	// ID is the start in milliseconds since 1970 UTC.
	ID int64
	// Audio is nil for a camera without sound.
	Audio *Sound
}

// AudioRate is the number of media time units in a second of sound.
func (s *Session) AudioRate() int {
	if s.Audio == nil {
		return 0
	}
	return s.Audio.Rate
}

// A Sound says how a session's sound is coded.
type Sound struct {
	Codec Codec
	Rate  int
	// Channels is 1 or 2; 0 for AAC.
	Channels int
	// AAC is what a decoder of AAC needs; nil for other codecs.
	AAC *mpeg4audio.AudioSpecificConfig
}

// Params are the parameter sets that a decoder needs before a key frame.
type Params struct {
	Codec Codec
	// VPS is of H.265 alone.
	VPS, SPS, PPS []byte
}

// Same tells whether both say the same.
func (p *Params) Same(o *Params) bool {
	return p == o || p != nil && o != nil && p.Codec == o.Codec &&
		bytes.Equal(p.VPS, o.VPS) && bytes.Equal(p.SPS, o.SPS) && bytes.Equal(p.PPS, o.PPS)
}

// Sets are the parameter sets in the order in which they are sent.
func (p *Params) Sets() [][]byte {
	if p.Codec == H265 {
		return [][]byte{p.VPS, p.SPS, p.PPS}
	}
	return [][]byte{p.SPS, p.PPS}
}

// whole tells whether no set is missing.
func (p *Params) whole() bool {
	return len(p.SPS) > 0 && len(p.PPS) > 0 && (p.Codec != H265 || len(p.VPS) > 0)
}

// A Frame is one access unit. It is shared by all who get it: nobody changes it.
type Frame struct {
	Session *Session
	Kind    Kind
	// PTS and DTS count from the first key frame of the session, in VideoRate or Session.AudioRate units.
	PTS, DTS int64
	Key      bool
	// Params belong to this and the following pictures.
	Params *Params
	// Units are the NAL units of a picture without parameter sets, or one access unit of sound; of G.711 that are 64 ms.
	Units [][]byte
	// At is when it arrived by the hub's clock, smoothed: how long it lay in buffers is taken out.
	At time.Time
}

// Size is the number of bytes of the frame.
func (f *Frame) Size() int {
	n := 0
	for _, u := range f.Units {
		n += len(u)
	}
	return n
}

// A Sink takes every frame of a camera, in order, on the goroutine that reads from the network: it must not wait.
type Sink interface {
	Frame(*Frame)
	// Lost ends the session of the last frame.
	Lost(at time.Time, why Reason)
}
