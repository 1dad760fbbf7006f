// SPDX-License-Identifier: Apache-2.0

package ingest

import "github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

// sift takes parameter sets out of an access unit and tells whether a key frame is left.
func (a *Assembler) sift(au [][]byte) (units [][]byte, key bool) {
	p := Params{}
	if a.video.params != nil {
		p = *a.video.params
	}
	seen, picture := false, false
	units = au[:0:len(au)]
	for _, u := range au {
		if len(u) == 0 {
			continue
		}
		switch h264.NALUType(u[0] & 0x1f) {
		case h264.NALUTypeSPS:
			if !seen || p.SPS == nil {
				p.SPS, seen = u, true
			}
		case h264.NALUTypePPS:
			if a.video.params != nil && len(a.video.params.PPS) > 0 && !samePPS(u, a.video.params.PPS) {
				// A second set with another number stays in the stream: the header of a file has room for one.
				units = append(units, u)
				continue
			}
			p.PPS = u
		case h264.NALUTypeAccessUnitDelimiter, h264.NALUTypeFillerData:
		case h264.NALUTypeIDR:
			key, picture = true, true
			units = append(units, u)
		case h264.NALUTypeNonIDR, h264.NALUTypeDataPartitionA, h264.NALUTypeDataPartitionB, h264.NALUTypeDataPartitionC:
			picture = true
			units = append(units, u)
		default:
			units = append(units, u)
		}
	}
	if len(p.SPS) > 0 && len(p.PPS) > 0 && !p.Same(a.video.params) {
		a.video.params = &p
	}
	if !picture {
		return nil, false
	}
	return units, key
}

// samePPS tells whether two picture parameter sets have the same number, the first Exp-Golomb code after the header.
func samePPS(x, y []byte) bool {
	return len(x) > 1 && len(y) > 1 && golomb(x[1:]) == golomb(y[1:])
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
