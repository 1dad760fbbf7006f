// SPDX-License-Identifier: Apache-2.0

package media

import (
	"encoding/binary"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// An Entry is a codec description of an export.
type Entry struct {
	codec         string
	width, height uint16
	// fields: a sample may be two pictures, of half the lines each.
	fields bool
}

// Where a description has its boxes, and which: ISO/IEC 14496-12 and -15, and what is said of each codec.
const (
	visualHead = 8 + 78
	soundHead  = 8 + 28
)

// mostSound is more than any sound has between two pictures.
const mostSound = 16 << 20

// configs are the codecs that are recorded, and what a description of each holds.
var configs = map[string]string{
	"avc1": "avcC btrt?", "hvc1": "hvcC btrt?",
	"mp4a": "esds btrt?", "Opus": "dOps btrt?", "fLaC": "dfLa btrt?",
}

// describe reads the codec descriptions of a track.
func (t *Listed) describe(b []byte, stsd box) error {
	r := full(b, stsd)
	n := r.u32()
	if r.bad || r.flags != 0 || n == 0 || n > maxEntries {
		return unlisted("a track without a codec description")
	}
	err := each(b, box{name: "stsd", from: stsd.from + 8, to: stsd.to}, func(c box) error {
		e := Entry{codec: c.name}
		boxes, ok := configs[c.name]
		head := soundHead
		if t.Video {
			head = visualHead
		}
		if picture := c.name == "avc1" || c.name == "hvc1"; !ok || picture != t.Video || c.to-c.start < head {
			return unlisted("a codec that is never recorded")
		}
		if binary.BigEndian.Uint16(b[c.start+14:]) != 1 {
			return unlisted("pictures or sound that lie in another file")
		}
		in, err := parts(b, box{name: c.name, from: c.start + head, to: c.to}, boxes)
		if err != nil {
			return err
		}
		if t.Video {
			e.width, e.height = binary.BigEndian.Uint16(b[c.start+32:]), binary.BigEndian.Uint16(b[c.start+34:])
			err = e.units(b, in)
		}
		t.entries = append(t.entries, e)
		return err
	})
	if err == nil && len(t.entries) != int(n) {
		err = unlisted("another number of codec descriptions than it says")
	}
	return err
}

// units wants pictures to be units with their length in four bytes before each, as the hub writes them.
func (e *Entry) units(b []byte, in map[string]box) error {
	at, config := 4, in["avcC"]
	if e.codec == "hvc1" {
		at, config = 21, in["hvcC"]
	}
	c := b[config.from:config.to]
	if len(c) <= at || c[at]&3 != 3 {
		return unlisted("pictures whose parts have no length")
	}
	if e.codec == "avc1" && len(c) > 8 && c[5]&31 > 0 {
		var sps h264.SPS
		if n := int(binary.BigEndian.Uint16(c[6:])); n <= len(c)-8 && sps.Unmarshal(c[8:8+n]) == nil {
			e.fields = !sps.FrameMbsOnlyFlag
		}
	}
	return nil
}

// begins tells whether a unit is one that a picture can be made of, and whether a picture begins with it.
func (e *Entry) begins(unit []byte) (is, begins bool) {
	if e.codec == "hvc1" {
		if len(unit) < 3 || unit[0]&0x81 != 0 || unit[1]>>3 != 0 || unit[1]&7 == 0 {
			return false, false
		}
		kind := unit[0] >> 1
		return kind < 10 || kind >= 16 && kind < 22 || kind >= 32 && kind < 41, kind < 32 && unit[2]&0x80 != 0
	}
	if len(unit) < 2 || unit[0]&0x80 != 0 {
		return false, false
	}
	kind := unit[0] & 31
	return kind > 0 && kind < 13, (kind == 1 || kind == 2 || kind == 5) && unit[1]&0x80 != 0
}

// unitAt is the unit whose length stands at the head of b; nil if b does not hold one.
func unitAt(b []byte) []byte {
	if len(b) < 5 {
		return nil
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n == 0 || n > uint64(len(b)-4) {
		return nil
	}
	return b[4 : 4+n]
}

// Picture says whether b is one picture and nothing else. Two in a row, of which a player shows but one, are none.
func (e *Entry) Picture(b []byte) bool {
	if e.codec != "avc1" && e.codec != "hvc1" {
		return false
	}
	most := 1
	if e.fields {
		most = 2
	}
	for n := 0; len(b) > 0; {
		unit := unitAt(b)
		if unit == nil {
			return false
		}
		if _, begins := e.begins(unit); begins {
			if n++; n > most {
				return false
			}
		}
		b = b[4+len(unit):]
	}
	return true
}

// Hides says whether pictures lie in b, which is said to be sound that came between two pictures. It looks for units end
// to end: from the first byte, up to the last, or anywhere if they are several pictures and more than a thirtieth of it.
// What sound looks like by chance, or in silence, is none of these.
func (e *Entry) Hides(b []byte) bool {
	if len(b) > mostSound {
		return true
	}
	type chain struct {
		end, pictures int32
	}
	at := make([]chain, len(b)+1)
	at[len(b)].end = int32(len(b))
	for i := len(b) - 5; i >= 0; i-- {
		unit := unitAt(b[i:])
		if unit == nil {
			continue
		}
		is, begins := e.begins(unit)
		if !is {
			continue
		}
		after := i + 4 + len(unit)
		c := at[after]
		if c.end == 0 {
			c.end = int32(after)
		}
		if begins {
			c.pictures++
		}
		at[i] = c
		if c.pictures > 0 && (i == 0 || int(c.end) == len(b)) || c.pictures > 1 && 30*(int(c.end)-i) > len(b) {
			return true
		}
	}
	return false
}

// Sound says whether b can be a piece of sound of this kind: FLAC tells of itself whether it is whole.
func (e *Entry) Sound(b []byte) bool { return e.codec != "fLaC" || flacFrame(b) && flacSum(b) == 0 }

// Certain says whether Sound tells all.
func (e *Entry) Certain() bool { return e.codec == "fLaC" }

// Flac says whether b is nothing but pieces of FLAC.
func Flac(b []byte) bool {
	var sum uint16
	for from, i := 0, 0; i < len(b); i++ {
		if i == from {
			if !flacFrame(b[from:]) {
				return false
			}
			sum = 0
		}
		sum = flacNext(sum, b[i])
		switch rest := b[i+1:]; {
		case sum == 0 && i-from > 6 && (len(rest) == 0 || flacFrame(rest)):
			from = i + 1
		case len(rest) == 0:
			return false
		}
	}
	return true
}

func flacFrame(b []byte) bool { return len(b) > 6 && b[0] == 0xff && b[1]&0xfe == 0xf8 }

// flacSum is 0 over a whole frame, whose last two bytes are the sum of those before them.
func flacSum(b []byte) uint16 {
	var sum uint16
	for _, c := range b {
		sum = flacNext(sum, c)
	}
	return sum
}

func flacNext(sum uint16, c byte) uint16 {
	sum ^= uint16(c) << 8
	for range 8 {
		if sum&0x8000 != 0 {
			sum = sum<<1 ^ 0x8005
		} else {
			sum <<= 1
		}
	}
	return sum
}
