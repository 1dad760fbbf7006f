// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// A part is what a NAL unit is to a picture.
type part int

const (
	partOther part = iota
	partSlice
	partKey  // a slice of a key frame
	partSkip // says nothing that a file needs
	partVPS
	partSPS
	partPPS
)

// partOf tells what a NAL unit is, and how long its header is.
func partOf(c Codec, u []byte) (kind part, head int) {
	if c == H265 {
		return partOfH265(h265.NALUType(u[0] >> 1 & 0x3f)), 2
	}
	return partOfH264(h264.NALUType(u[0] & 0x1f)), 1
}

func partOfH264(t h264.NALUType) part {
	switch t {
	case h264.NALUTypeSPS:
		return partSPS
	case h264.NALUTypePPS:
		return partPPS
	case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData:
		return partSkip
	case h264.NALUTypeIDR:
		return partKey
	case h264.NALUTypeNonIDR, h264.NALUTypeDataPartitionA, h264.NALUTypeDataPartitionB, h264.NALUTypeDataPartitionC:
		return partSlice
	}
	return partOther
}

func partOfH265(t h265.NALUType) part {
	switch t {
	case h265.NALUType_VPS_NUT:
		return partVPS
	case h265.NALUType_SPS_NUT:
		return partSPS
	case h265.NALUType_PPS_NUT:
		return partPPS
	case h265.NALUType_AUD_NUT, h265.NALUType_FD_NUT:
		return partSkip
	}
	switch {
	case t >= h265.NALUType_BLA_W_LP && t <= h265.NALUType_RSV_IRAP_VCL23:
		return partKey
	case t < h265.NALUType_VPS_NUT:
		return partSlice
	}
	return partOther
}

// sift takes parameter sets out of an access unit and tells whether a key frame is left. Without a picture, or without
// the beginning of one, it gives nothing.
func (a *Assembler) sift(au [][]byte) (units [][]byte, key bool) {
	p := Params{Codec: a.video.codec}
	if a.video.params != nil {
		p = *a.video.params
	}
	seen, picture := false, false
	units = au[:0:len(au)]
	for _, u := range au {
		if len(u) == 0 {
			continue
		}
		kind, head := partOf(p.Codec, u)
		switch kind {
		case partVPS:
			p.VPS = u
		case partSPS:
			if !seen || p.SPS == nil {
				p.SPS, seen = u, true
			}
		case partPPS:
			if a.video.params != nil && len(a.video.params.PPS) > head && !samePPS(u, a.video.params.PPS, head) {
				// A second set with another number stays in the stream: the header of a file has room for one.
				units = append(units, u)
				continue
			}
			p.PPS = u
		case partSkip:
		case partKey, partSlice:
			if !picture && !first(u, head) {
				return nil, false
			}
			key, picture = key || kind == partKey, true
			units = append(units, u)
		default:
			units = append(units, u)
		}
	}
	if p.whole() && !p.Same(a.video.params) {
		a.video.params = &p
	}
	if !picture {
		return nil, false
	}
	return units, key
}

// first tells whether a slice is the first of its picture: in H.264 its first macroblock is 0, which is written as a
// single set bit; in H.265 a set bit says so.
func first(u []byte, head int) bool { return len(u) > head && u[head]&0x80 != 0 }

// samePPS tells whether two picture parameter sets have the same number, the first Exp-Golomb code after the header.
func samePPS(x, y []byte, head int) bool {
	return len(x) > head && len(y) > head && golomb(x[head:]) == golomb(y[head:])
}

func golomb(b []byte) int {
	bit := func(i int) int {
		if i/8 >= len(b) {
			return 1
		}
		return int(b[i/8]>>(7-i%8)) & 1
	}
	zeros := 0
	for zeros < 16 && bit(zeros) == 0 {
		zeros++
	}
	v := 1
	for i := range zeros {
		v = v<<1 | bit(zeros+1+i)
	}
	return v - 1
}
