// SPDX-License-Identifier: Apache-2.0

// Package lossless turns G.711, which no browser plays from a file, into FLAC, which all do.
//
// It promises that every sample comes out as it went in. It is not a general encoder: blocks of one length, 16 bits. It
// has no state but the number of the next block.
package lossless

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/flac"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	encoder "github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"
)

const depth = 16

// An Encoder makes FLAC frames of blocks of G.711.
type Encoder struct {
	channels int
	decode   func([]byte) []byte
	info     meta.StreamInfo
	enc      *encoder.Encoder
	out      bytes.Buffer
}

// Info describes the stream to a decoder: blocks of so many samples at most.
func Info(rate, channels, samples int) *flac.StreamInfo {
	return &flac.StreamInfo{
		MinBlockSize: uint16(samples), MaxBlockSize: uint16(samples),
		SampleRate: uint32(rate), ChannelCount: uint8(channels), BitDepth: depth,
	}
}

// New begins a stream of one or two channels, A-law or mu-law.
func New(rate, channels int, mulaw bool) (*Encoder, error) {
	if channels < 1 || channels > 2 {
		return nil, fmt.Errorf("lossless: %d channels; one or two can be kept", channels)
	}
	e := &Encoder{channels: channels, decode: a}
	if mulaw {
		e.decode = mu
	}
	e.info = meta.StreamInfo{SampleRate: uint32(rate), NChannels: uint8(channels), BitsPerSample: depth}
	var err error
	if e.enc, err = encoder.NewEncoder(&e.out, &e.info); err != nil {
		return nil, fmt.Errorf("lossless: %w", err)
	}
	e.enc.EnablePredictionAnalysis(false) // it tries everything, which costs as much as a camera's pictures
	return e, nil
}

// a and mu give big-endian samples.
func a(b []byte) []byte {
	var pcm g711.Alaw
	pcm.Unmarshal(b)
	return pcm
}

func mu(b []byte) []byte {
	var pcm g711.Mulaw
	pcm.Unmarshal(b)
	return pcm
}

// Frame encodes one block; the result is the caller's.
func (e *Encoder) Frame(block []byte) ([]byte, error) {
	n := len(block) / e.channels
	if n == 0 || n > 1<<15 || n*e.channels != len(block) {
		return nil, errors.New("lossless: not a block of samples")
	}
	pcm := e.decode(block)
	f := frame.Frame{Header: frame.Header{
		HasFixedBlockSize: true, BlockSize: uint16(n), SampleRate: e.info.SampleRate, BitsPerSample: depth,
		Channels: frame.Channels(e.channels - 1), // one is mono, two are left and right
	}}
	for c := range e.channels {
		s := &frame.Subframe{NSamples: n, Samples: make([]int32, n)}
		for i := range s.Samples {
			s.Samples[i] = int32(int16(binary.BigEndian.Uint16(pcm[2*(i*e.channels+c):])))
		}
		predict(s)
		f.Subframes = append(f.Subframes, s)
	}
	e.out.Reset()
	if err := e.enc.WriteFrame(&f); err != nil {
		return nil, fmt.Errorf("lossless: %w", err)
	}
	return bytes.Clone(e.out.Bytes()), nil
}

// predict chooses how samples are told from those before them, of the first three ways of FLAC, and how wide the
// difference is written: by its mean.
func predict(s *frame.Subframe) {
	var all int32
	for _, v := range s.Samples {
		all |= v
	}
	if all == 0 {
		s.Pred = frame.PredConstant
		return
	}
	s.Wasted = uint(bits.TrailingZeros32(uint32(all)))
	var sums [3]int64
	var x1, d1 int64
	for i, v := range s.Samples {
		x := int64(v >> s.Wasted)
		d := x - x1
		if i >= len(sums)-1 {
			for k, r := range [3]int64{x, d, d - d1} {
				sums[k] += max(r, -r)
			}
		}
		x1, d1 = x, d
	}
	s.Pred, s.Order = frame.PredFixed, 0
	for k := range sums {
		if sums[k] < sums[s.Order] {
			s.Order = k
		}
	}
	if s.Order >= s.NSamples {
		s.Order = 0
	}
	width := bits.Len64(uint64(sums[s.Order] / int64(s.NSamples))) // of the mean, which is twice as large with its sign
	s.ResidualCodingMethod = frame.ResidualCodingMethodRice1
	s.RiceSubframe = &frame.RiceSubframe{Partitions: []frame.RicePartition{{Param: uint(min(width, 14))}}}
}
