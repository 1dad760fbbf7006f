// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"keyhold/media"
)

const (
	// aPicture lasts half a second, aSound an eighth.
	aPicture, aSound = 45000, 1000
	soundRate        = 8000
	perPart          = 4 // pictures; and four times as many pieces of sound
)

// A run is a row of samples of one track that lie end to end in a segment's content.
type run struct {
	sound   bool
	time    int64
	at      int // in the content
	samples []sample
}

type sample struct {
	duration uint32
	size     int
	offset   int32
}

// A part is a segment before it is written: four seconds, as a hub records them.
type part struct {
	number  int
	content []byte
	runs    []run
}

// later is by how many pictures each is shown later than it is decoded: every second one is shown before the one before it.
var later = [2 * perPart]int32{1, 2, 0, 2, 0, 2, 0, 1}

// recordedPart is one of a session; last says that its sound goes on for a second after its pictures, as that of a
// camera does whose connection breaks.
func recordedPart(number, inSession int, last bool) part {
	p := part{number: number}
	for half := range 2 {
		pictures := run{time: int64(inSession*2+half) * perPart * aPicture, at: len(p.content)}
		for k := range perPart {
			unit := bytes.Repeat([]byte{byte(number), byte(half), byte(k)}, 40+number)
			kind := []byte{0x41, 0x9a}
			if half+k == 0 {
				kind = []byte{0x65, 0x88}
			}
			all := binary.BigEndian.AppendUint32(nil, uint32(len(unit)+2))
			all = append(append(all, kind...), unit...)
			pictures.samples = append(pictures.samples, sample{aPicture, len(all), later[perPart*half+k] * aPicture})
			p.content = append(p.content, all...)
		}
		sounds := run{sound: true, time: int64(inSession*2+half) * 4 * perPart * aSound, at: len(p.content)}
		n := 4 * perPart
		if last && half == 1 {
			n += 8
		}
		for k := range n {
			unit := append([]byte{0x01, 0x40}, bytes.Repeat([]byte{0x22, byte(number), byte(k)}, 5)...)
			sounds.samples = append(sounds.samples, sample{duration: aSound, size: len(unit)})
			p.content = append(p.content, unit...)
		}
		p.runs = append(p.runs, pictures, sounds)
	}
	return p
}

// encode writes it as a hub does, in one fragment.
func (p *part) encode(t testing.TB) []byte {
	t.Helper()
	var b seekablebuffer.Buffer
	init := fmp4.Init{Tracks: []*fmp4.InitTrack{
		{ID: 1, TimeScale: 90000, Codec: &codecs.H264{
			SPS: []byte{
				0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04,
				0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
			}, PPS: []byte{8, 6, 7, 8},
		}},
		{ID: 2, TimeScale: soundRate, Codec: &codecs.MPEG4Audio{Config: mpeg4audio.AudioSpecificConfig{
			Type: mpeg4audio.ObjectTypeAACLC, SampleRate: soundRate, ChannelConfig: 1,
		}}},
	}}
	check(t, init.Marshal(&b))
	u32 := func(b []byte, v ...uint32) []byte {
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, x)
		}
		return b
	}
	moof := func(data int) []byte {
		out := atom("mfhd", u32(nil, 0, 1))
		for _, r := range p.runs {
			id := uint32(1)
			if r.sound {
				id = 2
			}
			list := u32(nil, 0x01000f01, uint32(len(r.samples)), uint32(data+r.at))
			for i, s := range r.samples {
				flags := uint32(0x01010000)
				if r.sound || r.at == 0 && i == 0 {
					flags = 0x02000000
				}
				list = u32(list, s.duration, uint32(s.size), flags, uint32(s.offset))
			}
			traf := append(atom("tfhd", u32(nil, 0x020000, id)), atom("tfdt", u32(nil, 1<<24, uint32(r.time>>32), uint32(r.time)))...)
			out = append(out, atom("traf", append(traf, atom("trun", list)...))...)
		}
		return atom("moof", out)
	}
	out := append(b.Bytes(), moof(len(moof(0))+8)...)
	return append(out, atom("mdat", p.content)...)
}

func atom(name string, inside []byte) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(inside)+8)), name...)
	return append(out, inside...)
}

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

// film is what the exporter makes of what the hub has recorded.
func (h *hub) film(o media.Options) []byte {
	h.t.Helper()
	return h.filmOf(h.parts, o)
}

// filmOf is what the exporter makes of segments whose lists may have been changed; their content is the hub's.
func (h *hub) filmOf(parts []part, o media.Options) []byte {
	h.t.Helper()
	var out memory
	i := 0
	_, err := media.Export(&out, func() (media.Piece, error) {
		if i == len(parts) {
			return media.Piece{}, io.EOF
		}
		f := h.files[i]
		i++
		return media.Piece{Data: parts[i-1].encode(h.t), Session: int64(parts[i-1].number/2) + 1, Start: f.Start, End: f.End}, nil
	}, o)
	check(h.t, err)
	return out.b
}

// whole is a film of everything.
func (h *hub) whole() []byte { return h.film(media.Options{From: begun, Until: begun + 200_000}) }

// altered is a film of everything whose list was changed in one segment before it was made.
func (h *hub) altered(number int, change func(p *part)) []byte {
	parts := slices.Clone(h.parts)
	p := parts[number]
	p.runs = slices.Clone(p.runs)
	for i := range p.runs {
		p.runs[i].samples = slices.Clone(p.runs[i].samples)
	}
	change(&p)
	parts[number] = p
	return h.filmOf(parts, media.Options{From: begun, Until: begun + 200_000})
}

// mp4 is a film of everything with other content in the place of what was recorded.
func (h *hub) mp4(content ...[]byte) []byte {
	whole := h.whole()
	payload := bytes.Join(content, nil)
	out := slices.Clone(whole[:28])
	out = append(binary.BigEndian.AppendUint32(out, 1), "mdat"...)
	out = binary.BigEndian.AppendUint64(out, uint64(len(payload)+16))
	out = append(out, payload...)
	return append(out, whole[44+len(bytes.Join(h.content, nil)):]...)
}
