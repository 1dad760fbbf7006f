// SPDX-License-Identifier: Apache-2.0

package media

import (
	"slices"
	"testing"
)

func TestPicturesAreToldFromSound(t *testing.T) {
	// A picture, one of two units, and what is none: a camera's units, each with its length, and a piece of AAC.
	picture := []byte{0, 0, 0, 4, 0x41, 0x9a, 1, 2}
	two := slices.Concat(picture, []byte{0, 0, 0, 3, 0x41, 0x40, 3})
	sound := []byte{0x21, 0x10, 4, 0x60, 0x8c, 0x1c, 0, 0x23, 0x80}
	h265 := []byte{0, 0, 0, 4, 0x26, 0x01, 0x80, 7}
	e := &Entry{codec: "avc1"}
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"one":                     {picture, true},
		"of two units":            {two, true},
		"two":                     {slices.Concat(picture, picture), false},
		"one and a half":          {slices.Concat(picture, picture[:6]), false},
		"with something after it": {append(slices.Clone(picture), 0), false},
		"sound":                   {sound, false},
		"a unit of no bytes":      {[]byte{0, 0, 0, 0}, false},
	} {
		if got := e.Picture(c.b); got != c.want {
			t.Errorf("a picture, %s: %v", name, got)
		}
	}
	hevc := &Entry{codec: "hvc1"}
	if !hevc.Picture(h265) || hevc.Picture(slices.Concat(h265, h265)) || !hevc.Hides(slices.Concat(h265, sound)) || hevc.Hides(sound) {
		t.Error("pictures of H.265 are not told from sound")
	}
	if interlaced := (&Entry{codec: "avc1", fields: true}); !interlaced.Picture(slices.Concat(picture, picture)) || interlaced.Picture(slices.Repeat(picture, 3)) {
		t.Error("two fields are one picture, three are not")
	}
	long := slices.Repeat(sound, 20)
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"sound":                    {long, false},
		"silence":                  {slices.Repeat([]byte{0, 0, 0, 7}, 200), false},
		"nothing":                  {nil, false},
		"a picture before":         {slices.Concat(picture, long), true},
		"a picture after":          {slices.Concat(long, picture), true},
		"pictures between":         {slices.Concat(long, picture, picture, long), true},
		"only pictures":            {slices.Concat(picture, picture), true},
		"what is too much for one": {make([]byte, 17<<20), true},
	} {
		if got := e.Hides(c.b); got != c.want {
			t.Errorf("pictures hide in %s: %v", name, got)
		}
	}
}

func TestFlacTellsOfItself(t *testing.T) {
	frame := []byte{0xff, 0xf8, 0x19, 8, 0, 1, 2, 3, 4}
	sum := flacSum(frame)
	frame = append(frame, byte(sum>>8), byte(sum))
	picture := []byte{0, 0, 0, 4, 0x41, 0x9a, 1, 2}
	e := &Entry{codec: "fLaC"}
	if !e.Sound(frame) || e.Sound(frame[:8]) || e.Sound(slices.Concat(frame, picture)) || e.Sound(picture) {
		t.Error("a frame of FLAC is not told from what is none")
	}
	if !Flac(slices.Repeat(frame, 9)) || Flac(slices.Concat(frame, picture, frame)) || Flac(slices.Concat(frame, picture)) || Flac(picture) {
		t.Error("frames of FLAC are not told from what is more")
	}
}
