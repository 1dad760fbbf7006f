// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrIndex is for a list of samples as no exporter of ours writes it for these segments.
var ErrIndex = errors.New("another list of samples")

func unlisted(what string) error { return fmt.Errorf("media: %w: %s", ErrIndex, what) }

const (
	// maxListed bounds the tracks of an export: one of pictures, and one of sound for each rate that its cameras' sound had.
	maxListed = 16
	// maxEntries bounds how often a recording changes its codec descriptions.
	maxEntries = 1 << 12
)

// An Index is what a player goes by: the moov box of an export.
type Index struct {
	// Timescale is that of Delay and Length.
	Timescale uint32
	Tracks    []*Listed
}

// Listed is a track of an export. Its tables stay in the bytes that were read.
type Listed struct {
	Video     bool
	Timescale uint32
	// Delay is for how long nothing is shown at first, From what of the track comes then, for Length: its edit list.
	// Whole says that there is none: all is shown.
	Whole         bool
	Delay, Length int64 // in the index's timescale
	From          int64 // in the track's

	entries []Entry
	stts    []byte
	ctts    []byte // nil if pictures are shown as they are decoded
	stsc    []byte
	stsz    []byte
	chunks  []byte
	wide    bool // places of chunks have 8 bytes
}

// ReadIndex reads the content of an export's moov box. It takes what our exporters write and nothing else, so that no
// player can find anything in it that was not read here, and needs no memory beyond b.
func ReadIndex(b []byte) (*Index, error) {
	x := &Index{}
	err := each(b, box{name: "moov", to: len(b)}, func(c box) error {
		switch {
		case c.name == "mvhd" && x.Timescale == 0:
			r := header(b, c)
			if x.Timescale = r.u32(); x.Timescale == 0 {
				return unlisted("a film without a timescale")
			}
			r.long()
			if r.u32() != 0x10000 { // as fast as it was recorded
				return unlisted("a film that plays at another rate")
			}
			r.take(12)
			return r.straight()
		case c.name == "trak" && x.Timescale != 0 && len(x.Tracks) < maxListed:
			t, err := listed(b, c)
			if err != nil {
				return err
			}
			if t.Video && x.Video() != nil {
				return unlisted("two tracks of pictures")
			}
			x.Tracks = append(x.Tracks, t)
			return nil
		}
		return unlisted("an unknown box " + quoted(c.name))
	})
	if err != nil {
		return nil, err
	}
	if x.Video() == nil {
		return nil, unlisted("no pictures")
	}
	return x, nil
}

// Video gives the track of the pictures.
func (x *Index) Video() *Listed {
	for _, t := range x.Tracks {
		if t.Video {
			return t
		}
	}
	return nil
}

func quoted(name string) string { return fmt.Sprintf("%q", name) }

// each walks over the boxes in another. None says that it goes on to the end, and none has a long header: an exporter of
// ours has no need for either, and players read them differently.
func each(b []byte, in box, f func(box) error) error {
	err := boxes(b, in.from, in.to, func(c box) error {
		if c.from-c.start != 8 || binary.BigEndian.Uint32(b[c.start:]) == 0 {
			return unlisted("a box without a plain length")
		}
		return f(c)
	})
	if errors.Is(err, ErrFormat) {
		return unlisted("a box that is cut off")
	}
	return err
}

// parts are the boxes that are in another, of the names that are known, each once. One with a question mark may be absent.
func parts(b []byte, in box, names string) (map[string]box, error) {
	out := map[string]box{}
	known := strings.Fields(names)
	err := each(b, in, func(c box) error {
		for _, n := range known {
			if _, twice := out[c.name]; strings.TrimSuffix(n, "?") == c.name && !twice {
				out[c.name] = c
				return nil
			}
		}
		return unlisted("an unknown box " + quoted(c.name) + " in " + quoted(in.name))
	})
	if err != nil {
		return nil, err
	}
	for _, n := range known {
		if _, ok := out[n]; !ok && !strings.HasSuffix(n, "?") {
			return nil, unlisted("no box " + quoted(n) + " in " + quoted(in.name))
		}
	}
	return out, nil
}

// A field reads a box with version and flags.
type field struct {
	reader
	version byte
	flags   uint32
}

func full(b []byte, x box) *field {
	f := &field{reader: reader{b: b[x.from:x.to]}}
	v := f.u32()
	f.version, f.flags = byte(v>>24), v&0xffffff
	return f
}

// header is a box that begins with two times, which version 1 has in 8 bytes each.
func header(b []byte, x box) *field {
	f := full(b, x)
	f.long()
	f.long()
	return f
}

// long is a number that version 1 has in 8 bytes.
func (f *field) long() uint64 {
	if f.version == 1 {
		return f.u64()
	}
	return uint64(f.u32())
}

// straight wants a matrix that neither turns, moves nor scales.
func (f *field) straight() error {
	w := &boxWriter{}
	w.matrix()
	if m := f.take(len(w.b)); f.bad || !bytes.Equal(m, w.b) {
		return unlisted("a picture that is turned, moved or scaled")
	}
	return nil
}

func listed(b []byte, trak box) (*Listed, error) {
	t := &Listed{Whole: true}
	in, err := parts(b, trak, "tkhd edts? mdia")
	if err != nil {
		return nil, err
	}
	mdia, err := parts(b, in["mdia"], "mdhd hdlr minf")
	if err != nil {
		return nil, err
	}
	if t.Timescale = header(b, mdia["mdhd"]).u32(); t.Timescale == 0 {
		return nil, unlisted("a track without a timescale")
	}
	hdlr := full(b, mdia["hdlr"])
	hdlr.u32()
	kind := string(hdlr.take(4))
	if t.Video = kind == "vide"; !t.Video && kind != "soun" {
		return nil, unlisted("a track of another kind")
	}
	names := "smhd dinf stbl"
	if t.Video {
		names = "vmhd dinf stbl"
	}
	minf, err := parts(b, mdia["minf"], names)
	if err != nil {
		return nil, err
	}
	dinf, err := parts(b, minf["dinf"], "dref")
	if err != nil {
		return nil, err
	}
	// One place, and that is this file.
	if dref := dinf["dref"]; string(b[dref.from:dref.to]) != "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0curl \x00\x00\x00\x01" {
		return nil, unlisted("pictures or sound that lie in another file")
	}
	if err := t.tables(b, minf["stbl"]); err != nil {
		return nil, err
	}
	if err := t.place(b, in["tkhd"]); err != nil {
		return nil, err
	}
	if edts, ok := in["edts"]; ok {
		return t, t.edits(b, edts)
	}
	return t, nil
}

// place holds where the track is shown: on all of its picture, and not hidden.
func (t *Listed) place(b []byte, tkhd box) error {
	r := header(b, tkhd)
	r.take(8) // its number, reserved
	r.long()
	r.take(16)
	if r.flags != 3 {
		return unlisted("a track that is switched off")
	}
	if err := r.straight(); err != nil {
		return err
	}
	width, height := r.u32(), r.u32()
	if r.bad || len(r.b) != 0 {
		return unlisted("a track's header of another length")
	}
	if e := &t.entries[0]; t.Video && (width != uint32(e.width)<<16 || height != uint32(e.height)<<16 || e.width == 0 || e.height == 0) {
		return unlisted("a picture of another size than it was recorded in")
	}
	return nil
}

// edits reads an edit list: nothing for a while, perhaps, and then one stretch.
func (t *Listed) edits(b []byte, edts box) error {
	in, err := parts(b, edts, "elst")
	if err != nil {
		return err
	}
	r := full(b, in["elst"])
	n := r.u32()
	if n != 1 && n != 2 {
		return unlisted("a list of stretches that were put together")
	}
	one := func() (length, from int64) {
		if r.version == 1 {
			length, from = int64(r.u64()), int64(r.u64())
		} else {
			length, from = int64(r.u32()), int64(int32(r.u32()))
		}
		if r.u32() != 0x10000 || length < 0 || length > 1<<56 || from > 1<<56 {
			r.bad = true
		}
		return length, from
	}
	if n == 2 {
		var from int64
		if t.Delay, from = one(); from != -1 {
			return unlisted("a list of stretches that were put together")
		}
	}
	t.Whole = false
	if t.Length, t.From = one(); r.bad || t.From < 0 || len(r.b) != 0 {
		return unlisted("a stretch that is shown at another rate, or not at all")
	}
	return nil
}

// tables finds the tables of a track and holds their lengths; Next holds what is in them.
func (t *Listed) tables(b []byte, stbl box) error {
	in, err := parts(b, stbl, "stsd stts ctts? stss? stsc stsz stco? co64?")
	if err != nil {
		return err
	}
	if err := t.describe(b, in["stsd"]); err != nil {
		return err
	}
	rows := func(name string, size int) []byte {
		r := full(b, in[name])
		if n := r.u32(); uint64(n)*uint64(size) != uint64(len(r.b)) || r.flags != 0 || r.bad {
			err = errors.Join(err, unlisted("a table of another length than it says: "+quoted(name)))
		}
		return r.b
	}
	t.stts, t.stsc = rows("stts", 8), rows("stsc", 12)
	if _, ok := in["ctts"]; ok {
		t.ctts = rows("ctts", 8)
	}
	if _, ok := in["stss"]; ok {
		rows("stss", 4)
	}
	_, narrow := in["stco"]
	if _, t.wide = in["co64"]; t.wide == narrow {
		return unlisted("a track whose samples have no place, or two")
	}
	if t.wide {
		t.chunks = rows("co64", 8)
	} else {
		t.chunks = rows("stco", 4)
	}
	r := full(b, in["stsz"])
	same, n := r.u32(), r.u32()
	if t.stsz = r.b; r.bad || same != 0 || n == 0 || uint64(n)*4 != uint64(len(r.b)) {
		err = errors.Join(err, unlisted("a track without lengths of its samples"))
	}
	return err
}
