// SPDX-License-Identifier: Apache-2.0

// Package media reads opened segments and joins them into one MP4 that plays anywhere.
//
// It is pure: no network, no disk, no keys. It promises that a joined file holds the content of every segment byte for
// byte and in order, so that it can be checked against the manifest, and that sound and picture keep their distance. It
// trusts nothing about its input: what it reads may have been made by anybody.
package media

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFormat is for bytes that are not a segment as a hub writes it.
var ErrFormat = errors.New("not a segment of a recording")

func malformed(what string) error { return fmt.Errorf("media: %w: %s", ErrFormat, what) }

const (
	maxTracks = 8
	// maxSamples of a track and maxContent boxes are many times what thirty seconds have.
	maxSamples = 1 << 15
	maxContent = 1 << 12
)

// A Track is one stream of a segment.
type Track struct {
	ID        uint32
	Video     bool
	Timescale uint32
	// Width and Height are in pixels, as the header says; 0 for sound.
	Width, Height int
	entry         []byte // the sample entry: codec and parameter sets
	Samples       []Sample
}

// Codec is the four letters that name the kind of stream, such as avc1.
func (t *Track) Codec() string { return string(t.entry[4:8]) }

// A Sample is one picture or piece of sound.
type Sample struct {
	DTS      int64 // in the track's timescale
	Offset   int32 // of the time it is shown at
	Duration uint32
	Sync     bool
	// Pos and Size say where its bytes lie in the segment.
	Pos, Size int
}

// PTS is when the sample is shown.
func (s *Sample) PTS() int64 { return s.DTS + int64(s.Offset) }

// A Segment is a parsed file.
type Segment struct {
	Data    []byte
	Tracks  []Track
	content [][2]int // payloads of the mdat boxes, from and to
}

// Video gives the picture's track; a segment has one.
func (s *Segment) Video() *Track {
	for i := range s.Tracks {
		if s.Tracks[i].Video {
			return &s.Tracks[i]
		}
	}
	return nil
}

// Content calls f with the payload of each mdat box: what the manifest's content hash is over.
func (s *Segment) Content(f func([]byte) error) error {
	for _, c := range s.content {
		if err := f(s.Data[c[0]:c[1]]); err != nil {
			return err
		}
	}
	return nil
}

// A box is a piece of a file: from is where its payload begins, to where it ends.
type box struct {
	name     string
	start    int // of the header
	from, to int
}

// boxes walks over the boxes between from and to.
func boxes(b []byte, from, to int, f func(box) error) error {
	for from < to {
		if to-from < 8 {
			return malformed("a box is cut off")
		}
		size := uint64(binary.BigEndian.Uint32(b[from:]))
		name, head := string(b[from+4:from+8]), 8
		switch size {
		case 0:
			size = uint64(to - from)
		case 1:
			if to-from < 16 {
				return malformed("a box is cut off")
			}
			size, head = binary.BigEndian.Uint64(b[from+8:]), 16
		}
		if size < uint64(head) || size > uint64(to-from) {
			return malformed("a box is larger than what holds it")
		}
		if err := f(box{name, from, from + head, from + int(size)}); err != nil {
			return err
		}
		from += int(size)
	}
	return nil
}

// A reader takes numbers out of a box and remembers when there were too few bytes.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad = true
		return make([]byte, max(n, 0)&0xff)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u32() uint32 {
	if b := r.take(4); len(b) == 4 {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 { return uint64(r.u32())<<32 | uint64(r.u32()) }

// Parse reads a segment. The result refers to b.
func Parse(b []byte) (*Segment, error) {
	s := &Segment{Data: b}
	seen := false
	err := boxes(b, 0, len(b), func(x box) error {
		switch x.name {
		case "moov":
			if seen {
				return malformed("two headers")
			}
			seen = true
			return s.header(x)
		case "moof":
			return s.fragment(x)
		case "mdat":
			if len(s.content) == maxContent {
				return malformed("too many pieces of content")
			}
			s.content = append(s.content, [2]int{x.from, x.to})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	v := s.Video()
	if v == nil || len(v.Samples) == 0 {
		return nil, malformed("no pictures")
	}
	if !v.Samples[0].Sync {
		return nil, malformed("it does not start with a key frame")
	}
	return s, s.inside()
}

// inside refuses samples that lie elsewhere than in content.
func (s *Segment) inside() error {
	for i := range s.Tracks {
		c := 0
		for _, p := range s.Tracks[i].Samples {
			for c < len(s.content) && p.Pos+p.Size > s.content[c][1] {
				c++
			}
			if c == len(s.content) || p.Pos < s.content[c][0] {
				return malformed("a sample lies outside the content")
			}
		}
	}
	return nil
}

func (s *Segment) header(moov box) error {
	return boxes(s.Data, moov.from, moov.to, func(x box) error {
		if x.name != "trak" {
			return nil
		}
		if len(s.Tracks) == maxTracks {
			return malformed("too many tracks")
		}
		var t Track
		kind := ""
		if err := s.walk(x, &t, &kind); err != nil {
			return err
		}
		switch {
		case kind != "vide" && kind != "soun":
			return nil
		case t.Timescale == 0 || len(t.entry) < 8:
			return malformed("a track without a timescale or codec")
		}
		t.Video = kind == "vide"
		if t.Video && s.Video() != nil {
			return malformed("two pictures")
		}
		s.Tracks = append(s.Tracks, t)
		return nil
	})
}

func (s *Segment) walk(in box, t *Track, kind *string) error {
	return boxes(s.Data, in.from, in.to, func(x box) error {
		r := &reader{b: s.Data[x.from:x.to]}
		switch x.name {
		case "mdia", "minf", "stbl":
			return s.walk(x, t, kind)
		case "tkhd":
			if long := r.u32()>>24 == 1; long {
				r.take(16)
			} else {
				r.take(8)
			}
			t.ID = r.u32()
			if n := len(r.b); n >= 8 {
				size := reader{b: r.b[n-8:]}
				t.Width, t.Height = int(size.u32()>>16), int(size.u32()>>16)
			}
		case "mdhd":
			if long := r.u32()>>24 == 1; long {
				r.take(16)
			} else {
				r.take(8)
			}
			t.Timescale = r.u32()
		case "hdlr":
			r.take(8)
			*kind = string(r.take(4))
		case "stsd":
			r.take(4)
			if r.u32() != 1 {
				return malformed("a track with several codecs")
			}
			return boxes(s.Data, x.from+8, x.to, func(e box) error {
				t.entry = s.Data[e.start:e.to]
				return nil
			})
		}
		if r.bad {
			return malformed("a header is cut off")
		}
		return nil
	})
}

func (s *Segment) track(id uint32) *Track {
	for i := range s.Tracks {
		if s.Tracks[i].ID == id {
			return &s.Tracks[i]
		}
	}
	return nil
}

func (s *Segment) fragment(moof box) error {
	return boxes(s.Data, moof.from, moof.to, func(x box) error {
		if x.name != "traf" {
			return nil
		}
		return s.run(moof, x)
	})
}

// Flags of tfhd and trun, ISO/IEC 14496-12.
const (
	tfhdBase, tfhdEntry, tfhdDuration, tfhdSize, tfhdFlags, tfhdMoof = 1, 2, 8, 0x10, 0x20, 0x20000

	trunOffset, trunFirst, trunDuration, trunSize, trunFlag, trunShown = 1, 4, 0x100, 0x200, 0x400, 0x800

	nonSync = 0x10000
)

// run reads one track's samples of a fragment.
func (s *Segment) run(moof, traf box) error {
	var t *Track
	var duration, size, flags uint32
	var at int64
	begun := false
	return boxes(s.Data, traf.from, traf.to, func(x box) error {
		r := &reader{b: s.Data[x.from:x.to]}
		full := r.u32()
		switch x.name {
		case "tfhd":
			t = s.track(r.u32())
			if full&tfhdBase != 0 || full&tfhdMoof == 0 {
				return malformed("places are not counted from the fragment")
			}
			if full&tfhdEntry != 0 {
				r.u32()
			}
			if full&tfhdDuration != 0 {
				duration = r.u32()
			}
			if full&tfhdSize != 0 {
				size = r.u32()
			}
			if full&tfhdFlags != 0 {
				flags = r.u32()
			}
		case "tfdt":
			if full>>24 == 1 {
				v := r.u64()
				if v > 1<<56 {
					return malformed("a time out of range")
				}
				at = int64(v)
			} else {
				at = int64(r.u32())
			}
			begun = true
		case "trun":
			if t == nil || !begun {
				return malformed("samples without a track or time")
			}
			return s.samples(t, r, moof.start, full, &at, duration, size, flags)
		}
		if r.bad {
			return malformed("a fragment is cut off")
		}
		return nil
	})
}

func (s *Segment) samples(t *Track, r *reader, base int, full uint32, at *int64, duration, size, flags uint32) error {
	n := r.u32()
	if full&trunOffset == 0 {
		return malformed("samples without a place")
	}
	pos := int64(base) + int64(int32(r.u32()))
	first := flags
	if full&trunFirst != 0 {
		first = r.u32()
	}
	if uint64(len(t.Samples))+uint64(n) > maxSamples {
		return malformed("too many samples")
	}
	for i := range n {
		p := Sample{DTS: *at, Duration: duration}
		length, f := size, flags
		if i == 0 {
			f = first
		}
		if full&trunDuration != 0 {
			p.Duration = r.u32()
		}
		if full&trunSize != 0 {
			length = r.u32()
		}
		if full&trunFlag != 0 {
			f = r.u32()
		}
		if full&trunShown != 0 {
			p.Offset = int32(r.u32())
		}
		if r.bad {
			return malformed("a list of samples is cut off")
		}
		if pos < 0 || length == 0 || pos+int64(length) > int64(len(s.Data)) {
			return malformed("a sample lies outside the file")
		}
		p.Pos, p.Size, p.Sync = int(pos), int(length), f&nonSync == 0
		pos += int64(length)
		*at += int64(p.Duration)
		t.Samples = append(t.Samples, p)
	}
	return nil
}
