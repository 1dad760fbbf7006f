// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"io"
	"os"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"keyhold/media"
)

// memory is a file in memory.
type memory struct {
	b   []byte
	pos int
}

func (m *memory) Write(b []byte) (int, error) {
	if need := m.pos + len(b); need > len(m.b) {
		m.b = append(m.b, make([]byte, need-len(m.b))...)
	}
	m.pos += copy(m.b[m.pos:], b)
	return len(b), nil
}

func (m *memory) Seek(to int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, os.ErrInvalid
	}
	m.pos = int(to)
	return to, nil
}

// header is that of a camera with sound.
func header() fmp4.Init {
	return fmp4.Init{Tracks: []*fmp4.InitTrack{
		{ID: 1, TimeScale: 90000, Codec: &codecs.H264{
			SPS: []byte{
				0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04,
				0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
			}, PPS: []byte{8, 6, 7, 8},
		}},
		{ID: 2, TimeScale: 48000, Codec: &codecs.MPEG4Audio{Config: mpeg4audio.AudioSpecificConfig{
			Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 1,
		}}},
	}}
}

// small is a segment of two pictures and two sounds, of a few hundred bytes: a fuzzer works best on little.
func small(f *testing.F) []byte {
	f.Helper()
	var b seekablebuffer.Buffer
	init := header()
	part := fmp4.Part{SequenceNumber: 1, Tracks: []*fmp4.PartTrack{
		{ID: 1, BaseTime: 900, Samples: []*fmp4.Sample{
			{Duration: 6000, PTSOffset: 3000, Payload: []byte{0, 0, 0, 2, 0x65, 1}},
			{Duration: 6000, IsNonSyncSample: true, Payload: []byte{0, 0, 0, 2, 0x41, 2}},
		}},
		{ID: 2, BaseTime: 400, Samples: []*fmp4.Sample{{Duration: 1024, Payload: []byte{1, 2}}, {Duration: 1024, Payload: []byte{3}}}},
	}}
	if err := init.Marshal(&b); err != nil {
		f.Fatal(err)
	}
	if err := part.Marshal(&b); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

func FuzzParse(f *testing.F) {
	seed := small(f)
	if _, err := media.Parse(seed); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	f.Add([]byte("\x00\x00\x00\x08moov"))
	f.Add([]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := media.Parse(b)
		if err != nil {
			return
		}
		content := 0
		if err := s.Content(func(c []byte) error { content += len(c); return nil }); err != nil {
			t.Fatal(err)
		}
		for _, track := range s.Tracks {
			if len(track.Codec()) != 4 {
				t.Fatal("a codec without four letters")
			}
			for _, p := range track.Samples {
				if p.Pos < 0 || p.Size <= 0 || p.Pos+p.Size > len(b) {
					t.Fatalf("sample at %d of %d bytes in a file of %d", p.Pos, p.Size, len(b))
				}
			}
		}
		pieces := []media.Piece{{Data: b, Session: 1, Start: 1000, End: 2000}, {Data: b, Session: 2, Start: 3000, End: 4000}}
		var out memory
		_, err = media.Export(&out, func() (media.Piece, error) {
			if len(pieces) == 0 {
				return media.Piece{}, io.EOF
			}
			p := pieces[0]
			pieces = pieces[1:]
			return p, nil
		}, media.Options{From: 1100, Until: 3900})
		if err == nil && len(out.b) < 2*content {
			t.Fatalf("an export of %d bytes does not hold twice %d bytes of content", len(out.b), content)
		}
	})
}

// FuzzList holds lists of samples against two segments of which everything else is known.
func FuzzList(f *testing.F) {
	seed := small(f)
	s, err := media.Parse(seed)
	if err != nil {
		f.Fatal(err)
	}
	var content []byte
	if err := s.Content(func(b []byte) error { content = append(content, b...); return nil }); err != nil {
		f.Fatal(err)
	}
	// Two pictures of 6000/90000 s each.
	pieces := []media.Recorded{{Session: 1, Start: 1000, End: 1133, Media: 133_333}, {Session: 2, Start: 3000, End: 3133, Media: 133_333}}
	o := media.Options{From: 1000, Until: 3133}
	var out memory
	n := 0
	_, err = media.Export(&out, func() (media.Piece, error) {
		if n == len(pieces) {
			return media.Piece{}, io.EOF
		}
		n++
		return media.Piece{Data: seed, Session: pieces[n-1].Session, Start: pieces[n-1].Start, End: pieces[n-1].End}, nil
	}, o)
	if err != nil {
		f.Fatal(err)
	}
	const head = 28 + 16
	size := int64(len(content))
	hold := func(moov []byte) error {
		list, err := media.NewList(moov, pieces, o)
		if err == nil {
			err = list.Segment(head, content)
		}
		if err == nil {
			err = list.Segment(head+size, content)
		}
		return err
	}
	moov := out.b[head+2*len(content)+8:]
	if err := hold(moov); err != nil {
		f.Fatal(err)
	}
	f.Add(moov)
	f.Add(moov[:len(moov)/2])
	f.Add([]byte("\x00\x00\x00\x08trak"))
	f.Fuzz(func(t *testing.T, b []byte) {
		held := hold(b)
		index, err := media.ReadIndex(b)
		if err != nil {
			if held == nil {
				t.Fatal("a list holds that cannot be read")
			}
			return
		}
		for _, track := range index.Tracks {
			samples, at := track.Samples(), int64(0)
			for n := 0; ; n++ {
				p, err := samples.Next()
				if err != nil {
					if held == nil {
						t.Fatal("a list holds whose tables do not agree")
					}
					break
				}
				if p == nil {
					break
				}
				if 4*n > len(b) {
					t.Fatal("more samples than bytes of a list")
				}
				if held == nil && (p.Pos < head || p.Pos < at || p.Pos+p.Size > head+2*size) {
					t.Fatalf("a list holds with a sample at %d", p.Pos)
				}
				at = p.Pos + p.Size
			}
		}
	})
}
