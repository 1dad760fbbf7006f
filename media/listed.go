// SPDX-License-Identifier: Apache-2.0

package media

import (
	"encoding/binary"
	"math"
)

// A Place is where a sample of an export lies in its file, and for how long and with which description it is shown.
type Place struct {
	Pos, Size int64
	// Time is when it is decoded, in the track's timescale from its first sample; Offset by how much later it is shown.
	Time     int64
	Duration uint32
	Offset   int32
	Entry    *Entry
}

// Samples walks over the samples of a track, in the order in which they are decoded.
type Samples struct {
	t       *Listed
	n       int // samples read
	time    int64
	pos     int64 // of the next sample in the chunk
	chunk   int   // chunks read
	left    uint32
	perRow  uint32 // samples in a chunk of this row, and their entry
	entry   uint32
	runs    [2]run // what is left of a run of durations, and of offsets
	tables  [3][]byte
	offsets bool
}

// Samples begins at the track's first sample.
func (t *Listed) Samples() *Samples {
	return &Samples{t: t, tables: [3][]byte{t.stts, t.ctts, t.stsc}, offsets: t.ctts != nil}
}

// Next gives the next sample, and nil after the last. Tables that do not agree with each other are an error.
func (s *Samples) Next() (*Place, error) {
	if 4*s.n == len(s.t.stsz) {
		if s.left != 0 || s.chunk*s.t.placeSize() != len(s.t.chunks) || s.runs[0].n+s.runs[1].n != 0 || len(s.tables[0])+len(s.tables[1])+len(s.tables[2]) != 0 {
			return nil, unlisted("tables of more samples than there are")
		}
		return nil, nil //nolint:nilnil // after the last there is none, and nothing is wrong
	}
	if s.left == 0 {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	p := &Place{Pos: s.pos, Size: int64(binary.BigEndian.Uint32(s.t.stsz[4*s.n:])), Time: s.time, Entry: &s.t.entries[s.entry-1]}
	var ok bool
	if p.Duration, ok = s.take(0); !ok || p.Size == 0 || p.Duration == 0 && 4*(s.n+1) != len(s.t.stsz) {
		return nil, unlisted("a sample without bytes or duration")
	}
	if s.offsets {
		v, ok := s.take(1)
		if p.Offset = int32(v); !ok {
			return nil, unlisted("a sample without a time to be shown")
		}
	}
	s.n++
	s.left--
	s.pos += p.Size
	s.time += int64(p.Duration)
	return p, nil
}

// take gives the next value of a table of runs.
func (s *Samples) take(table int) (uint32, bool) {
	r := &s.runs[table]
	if r.n == 0 {
		b := s.tables[table]
		if len(b) == 0 {
			return 0, false
		}
		r.n, r.v = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		s.tables[table] = b[8:]
		if r.n == 0 {
			return 0, false
		}
	}
	r.n--
	return r.v, true
}

func (t *Listed) placeSize() int {
	if t.wide {
		return 8
	}
	return 4
}

// next goes to the next chunk.
func (s *Samples) next() error {
	size := s.t.placeSize()
	if size*(s.chunk+1) > len(s.t.chunks) {
		return unlisted("samples without a place")
	}
	at := s.t.chunks[size*s.chunk:]
	if s.pos = int64(binary.BigEndian.Uint32(at)); s.t.wide {
		v := binary.BigEndian.Uint64(at)
		if v > math.MaxInt64/2 {
			return unlisted("a sample beyond the end of the file")
		}
		s.pos = int64(v)
	}
	s.chunk++
	if b := s.tables[2]; len(b) > 0 && binary.BigEndian.Uint32(b) == uint32(s.chunk) {
		s.perRow, s.entry = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
		s.tables[2] = b[12:]
	}
	if s.left = s.perRow; s.left == 0 || s.entry == 0 || int64(s.entry) > int64(len(s.t.entries)) {
		return unlisted("a chunk without samples or description")
	}
	return nil
}
