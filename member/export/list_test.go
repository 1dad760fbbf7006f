// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyhold/media"
	"keyhold/statement/rule"
)

// A lie is a film with the hub's pictures and sound, byte for byte, and another list of them, with the honest proof.
type lie struct {
	name string
	rule rule.Name
	tell func(h *hub) []byte
}

// crime are the lies that are tried without the check, too.
var crime = []lie{
	{"forged pictures behind the film, and a list that plays them", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "stco")+8, uint32(len(f)+8))
		return append(f, atom("free", h.content[0])...)
	}},
	{"forged pictures in the list itself", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		f = splice(h.t, f, atom("udta", h.content[0]), "moov", "trak")
		put32(f, inner(h.t, f, "stco")+8, uint32(bytes.Index(f, []byte("udta"))+4))
		return f
	}},
	{"a picture that is not played", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) { p.skip(0, 2, 3) })
	}},
	{"a picture that is not played, at a joint", rule.FileHash, func(h *hub) []byte {
		return h.altered(2, func(p *part) { p.skip(0, 3, 4) })
	}},
	{"pictures that are played as sound", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) {
			first := &p.runs[0]
			n := first.samples[2].size + first.samples[3].size
			p.runs[1].at -= n
			p.runs[1].samples = append([]sample{{aSound, n, 0}}, p.runs[1].samples...)
			p.skip(0, 2, 4)
		})
	}},
	{"a segment that is slowed down", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) {
			for i := range p.runs[2].samples {
				p.runs[2].samples[i].duration *= 3
			}
		})
	}},
	{"a beginning that is hidden", rule.FileHash, func(h *hub) []byte {
		return h.film(media.Options{From: begun + 2000, Until: begun + 200_000})
	}},
	{"an end that is hidden", rule.FileHash, func(h *hub) []byte {
		return h.film(media.Options{From: begun, Until: begun + 122_000})
	}},
}

// lies are all that are tried.
var lies = append(slices.Clone(crime), []lie{
	{"a segment that is sped up, sound and all", rule.FileHash, func(h *hub) []byte {
		return h.altered(4, func(p *part) {
			for i := range p.runs {
				p.runs[i].time /= 2
				for j := range p.runs[i].samples {
					p.runs[i].samples[j].duration /= 2
				}
			}
		})
	}},
	{"sound that is played a minute later", rule.FileHash, func(h *hub) []byte {
		return h.altered(5, func(p *part) { p.runs[1].time += 60 * soundRate; p.runs[3].time += 60 * soundRate })
	}},
	{"sound of which the beginning is hidden", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, bytes.LastIndex(f, []byte("elst"))+4+20, 60*soundRate)
		return f
	}},
	{"sound of which the end is hidden", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, bytes.LastIndex(f, []byte("elst"))+4+12, 90000)
		return f
	}},
	{"forged pictures after the last, in the name of a track", rule.FileHash, func(h *hub) []byte {
		forged := h.parts[0].runs[0].samples[:1]
		bytesOf := h.parts[0].content[:forged[0].size]
		f := h.altered(5, func(p *part) {
			p.runs = append(p.runs, run{time: p.runs[2].time + perPart*aPicture, at: len(p.content), samples: forged})
			p.content = slices.Concat(p.content, bytesOf)
		})
		all := len(bytes.Join(h.content, nil))
		f = slices.Concat(f[:44+all], f[44+all+len(bytesOf):])
		binary.BigEndian.PutUint64(f[36:], uint64(all+16))
		hdlr := inner(h.t, f, "hdlr")
		f = splice(h.t, f, atom("hdlr", slices.Concat(f[hdlr:hdlr+24], bytesOf)), "moov", "trak", "mdia", "hdlr")
		at := inner(h.t, f, "stco")
		put32(f, at+4+4*int(binary.BigEndian.Uint32(f[at+4:])), uint32(inner(h.t, f, "hdlr")+24))
		return f
	}},
	{"a whole part that is not played, at a joint", rule.FileHash, func(h *hub) []byte {
		return h.altered(2, func(p *part) {
			p.runs[0].samples[3].duration += perPart * aPicture
			p.runs[3].samples, p.runs[3].at = p.runs[3].samples[8:], p.runs[3].at+8*p.runs[3].samples[0].size
			p.runs = []run{p.runs[0], p.runs[3]}
		})
	}},
	{"the first picture of a part that is not played, at a joint", rule.FileHash, func(h *hub) []byte {
		return h.altered(2, func(p *part) {
			p.runs[0].samples[3].duration += aPicture
			p.skip(2, 0, 1)
			p.runs = append(p.runs[:1], p.runs[2:]...)
		})
	}},
	{"two pictures in one, of which a player shows the first", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) {
			s := p.runs[0].samples
			s[1].size += s[2].size
			s[1].duration += s[2].duration
			p.runs[0].samples = append(s[:2], s[3:]...)
		})
	}},
	{"two pictures in each other's place", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) {
			r := p.runs[0]
			one := func(k, place int) run {
				return run{time: r.time + int64(place)*aPicture, at: r.at + k*r.samples[0].size, samples: r.samples[place : place+1]}
			}
			p.runs = append([]run{one(0, 0), one(2, 1), one(1, 2), one(3, 3)}, p.runs[1:]...)
		})
	}},
	{"a picture without bytes", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "stsz")+12, 0)
		return f
	}},
	{"a picture without a duration", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "stts")+12, 0)
		return f
	}},
	{"a picture that is shown twenty seconds later", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) { p.runs[0].samples[1].offset += 20 * 90000 })
	}},
	{"sound that is not played", rule.FileHash, func(h *hub) []byte {
		return h.altered(1, func(p *part) { p.runs = append(p.runs[:1], p.runs[2:]...) })
	}},
	{"a proof that asks for less than the first segment", rule.FileHash, func(h *hub) []byte {
		return h.film(media.Options{From: begun + 10_000, Until: begun + 200_000})
	}},
	{"a middle that is hidden", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		elst := inner(h.t, f, "elst")
		two := slices.Clone(f[elst : elst+28])
		put32(two, 4, 2)
		put32(two, 12, 2*90000)
		two = append(two, two[8:]...)
		put32(two, 40, 9*90000)
		return splice(h.t, f, atom("elst", two), "moov", "trak", "edts", "elst")
	}},
	{"a stretch at double speed", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "elst")+24, 0x20000)
		return f
	}},
	{"a film at double speed", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "mvhd")+32, 0x20000)
		return f
	}},
	{"another clock", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "mdhd")+20, 180000)
		return f
	}},
	{"a track that is switched off", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "tkhd"), 1<<24|2)
		return f
	}},
	{"a picture beside the screen", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "tkhd")+52+24, 4000<<16)
		return f
	}},
	{"a picture of no size", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "tkhd")+88, 1<<16)
		return f
	}},
	{"a second track of pictures", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		trak := inner(h.t, f, "trak")
		n := int(binary.BigEndian.Uint32(f[trak-8:]))
		return splice(h.t, f, slices.Concat(f[trak-8:trak-8+n], f[trak-8:trak-8+n]), "moov", "trak")
	}},
	{"pictures in another file", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		put32(f, inner(h.t, f, "dref")+16, 0)
		return f
	}},
	{"another codec", rule.FileHash, func(h *hub) []byte { return bytes.Replace(h.whole(), []byte("avc1"), []byte("mp4v"), 1) }},
	{"two lists of places", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		return splice(h.t, f, slices.Concat(stco(h.t, f), wide(h.t, f)), "moov", "trak", "mdia", "minf", "stbl", "stco")
	}},
	{"places beyond the end of the file", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		far := wide(h.t, f)
		put32(far, 16, 1<<31)
		return splice(h.t, f, far, "moov", "trak", "mdia", "minf", "stbl", "stco")
	}},
	{"a list that is cut off inside", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		moov := bytes.LastIndex(f, []byte("moov"))
		put32(f, moov-4, binary.BigEndian.Uint32(f[moov-4:])-40)
		return f[:len(f)-40]
	}},
	{"a list that is cut off", rule.FileSize, func(h *hub) []byte { f := h.whole(); return f[:len(f)-40] }},
	{"no list", rule.FileSize, func(h *hub) []byte { f := h.whole(); return f[:bytes.LastIndex(f, []byte("moov"))-4] }},
	{"a list before the film", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		moov := bytes.LastIndex(f, []byte("moov")) - 4
		return slices.Concat(f[:28], f[moov:], f[28:moov])
	}},
	{"a box behind the film", rule.FileHash, func(h *hub) []byte { return append(h.whole(), atom("free", nil)...) }},
	{"bytes behind the film", rule.FileSize, func(h *hub) []byte { return append(h.whole(), 0, 0, 0) }},
	{"a list that is followed by another", rule.FileHash, func(h *hub) []byte {
		f := h.whole()
		return append(f, f[bytes.LastIndex(f, []byte("moov"))-4:]...)
	}},
}...)

// skip takes samples out of a run of pictures; the one before lasts for them.
func (p *part) skip(n, from, to int) {
	r := p.runs[n]
	size := func(s []sample) (bytes int, time uint32) {
		for _, one := range s {
			bytes, time = bytes+one.size, time+one.duration
		}
		return bytes, time
	}
	skipped, gone := size(r.samples[from:to])
	before, passed := size(r.samples[:from])
	if from > 0 {
		r.samples[from-1].duration += gone
	}
	first := run{r.sound, r.time, r.at, r.samples[:from]}
	rest := run{r.sound, r.time + int64(passed+gone), r.at + before + skipped, r.samples[to:]}
	var both []run
	for _, one := range []run{first, rest} {
		if len(one.samples) > 0 {
			both = append(both, one)
		}
	}
	p.runs = slices.Concat(p.runs[:n], both, p.runs[n+1:])
}

// inner is where the content of the first box of a name in the list begins.
func inner(t testing.TB, f []byte, name string) int {
	t.Helper()
	moov := bytes.LastIndex(f, []byte("moov"))
	at := bytes.Index(f[moov:], []byte(name))
	if at < 0 {
		t.Fatalf("there is no %s", name)
	}
	return moov + at + 4
}

func put32(b []byte, at int, v uint32) { binary.BigEndian.PutUint32(b[at:], v) }

// splice puts other bytes in the place of a box, by the names of those that hold it; each is the first of its name.
func splice(t testing.TB, f, with []byte, path ...string) []byte {
	t.Helper()
	f = slices.Clone(f)
	box := inner(t, f, path[len(path)-1]) - 8
	n := int(binary.BigEndian.Uint32(f[box:]))
	for _, name := range path[:len(path)-1] {
		at := inner(t, f, name) - 8
		put32(f, at, binary.BigEndian.Uint32(f[at:])+uint32(len(with)-n))
	}
	return slices.Concat(f[:box], with, f[box+n:])
}

// stco is the list of places of the pictures, wide the same with long places, as the web app writes it.
func stco(t testing.TB, f []byte) []byte {
	at := inner(t, f, "stco") - 8
	return slices.Clone(f[at : at+int(binary.BigEndian.Uint32(f[at:]))])
}

func wide(t testing.TB, f []byte) []byte {
	narrow := stco(t, f)
	out := slices.Clone(narrow[8:16])
	for b := narrow[16:]; len(b) > 0; b = b[4:] {
		out = binary.BigEndian.AppendUint64(out, uint64(binary.BigEndian.Uint32(b)))
	}
	return atom("co64", out)
}

func TestAListThatIsNotThatOfTheRecordingDoesNotHold(t *testing.T) {
	h := newHub(t, 1)
	for _, one := range lies {
		t.Run(one.name, func(t *testing.T) {
			lines := h.proof()
			if strings.HasPrefix(one.name, "a proof that asks") {
				lines[0]["from"] = begun + 10_000
			}
			_, err := holds(t, one.tell(h), encode(t, lines))
			if rule.Of(err) != one.rule {
				t.Errorf("refused as %q (%v), want %q", rule.Of(err), err, one.rule)
			}
		})
	}
}

func TestWhatExportersWriteHolds(t *testing.T) {
	h := newHub(t, 1)
	whole := h.whole()
	// What the web app (web/keyhold/src/media) made of the same segments; in the second, sound begins before the picture.
	web := func(name string) []byte {
		film, err := os.ReadFile(filepath.Join("testdata", name))
		check(t, err)
		return film
	}
	for _, c := range []struct {
		name        string
		from, until int64
		film        []byte
	}{
		{"with long places, as the web app has them", begun, begun + 200_000, splice(t, whole, wide(t, whole), "moov", "trak", "mdia", "minf", "stbl", "stco")},
		{"from within the first segment", begun + 2300, begun + 200_000, nil},
		{"until within the last", begun, begun + 125_700, nil},
		{"from the end of the first until the begin of the last", begun + 3999, begun + 124_001, nil},
		{"all of it where less was asked for", begun + 2300, begun + 125_700, whole},
		{"of the web app", begun, begun + 200_000, web("web.mp4")},
		{"of the web app, with sound before the picture", begun + 2300, begun + 125_700, web("web-sound-first.mp4")},
	} {
		t.Run(c.name, func(t *testing.T) {
			film := c.film
			if film == nil {
				film = h.film(media.Options{From: c.from, Until: c.until})
			}
			lines := h.proof()
			lines[0]["from"], lines[0]["until"] = c.from, c.until
			if _, err := holds(t, film, encode(t, lines)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSoundIsLeftOutAtAJoint makes sure of the film above: it has bytes without a name.
func TestSoundIsLeftOutAtAJoint(t *testing.T) {
	h := newHub(t, 1)
	f := h.whole()
	listed := 0
	for at := 0; ; {
		i := bytes.Index(f[at:], []byte("stsz"))
		if i < 0 {
			break
		}
		at += i + 4
		for n := range int(binary.BigEndian.Uint32(f[at+8:])) {
			listed += int(binary.BigEndian.Uint32(f[at+12+4*n:]))
		}
	}
	if all := len(bytes.Join(h.content, nil)); listed >= all {
		t.Errorf("%d bytes are listed of %d: nothing was left out", listed, all)
	}
}
