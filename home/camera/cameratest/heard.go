// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
)

// HeardRate is the rate of what a simulated speaker writes down, in samples a second.
const HeardRate = 8000

// heardWindow is how finely tones are looked for.
const heardWindow = HeardRate / 50

// Heard reads what a simulated camera's speaker has written down so far.
func Heard(t testing.TB, file string) []int16 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const head = 44
	if len(b) < head || string(b[:4]) != "RIFF" {
		t.Fatalf("%s is no WAV", file)
	}
	out := make([]int16, (len(b)-head)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(b[head+2*i:]))
	}
	return out
}

// FromLaw is what stands in µ-law, as a Foreign writes down what it hears.
func FromLaw(law []byte) []int16 {
	var pcm g711.Mulaw
	pcm.Unmarshal(law)
	out := make([]int16, len(pcm)/2)
	for i := range out {
		out[i] = int16(binary.BigEndian.Uint16(pcm[2*i:]))
	}
	return out
}

// A Span is when something was heard, from the first sample on.
type Span struct{ From, Until time.Duration }

// Long is how long it lasts.
func (s Span) Long() time.Duration { return s.Until - s.From }

// Tones are the times at which a tone was the loudest thing, and loud. Holes of up to 60 ms are none.
func Tones(samples []int16, hertz float64) []Span {
	var out []Span
	for from := 0; from+heardWindow <= len(samples); from += heardWindow {
		if !sounds(samples[from:from+heardWindow], hertz) {
			continue
		}
		s := Span{at(from), at(from + heardWindow)}
		if n := len(out); n > 0 && s.From-out[n-1].Until <= 60*time.Millisecond {
			out[n-1].Until = s.Until
			continue
		}
		out = append(out, s)
	}
	return out
}

// Chimes are the times of the hub's chime, from the first of its two notes (home/talk) to the end of the second: however
// soon one comes after another, and in however many pieces a busy machine breaks it.
func Chimes(samples []int16) (out []Span) {
	seconds := Tones(samples, 523.3)
	for _, first := range Tones(samples, 659.3) {
		over := len(out) == 0
		for len(seconds) > 0 && seconds[0].From < first.From {
			if len(out) > 0 {
				out[len(out)-1].Until, over = seconds[0].Until, true
			}
			seconds = seconds[1:]
		}
		if over {
			out = append(out, first)
		} else {
			out[len(out)-1].Until = first.Until
		}
	}
	if len(out) > 0 && len(seconds) > 0 {
		out[len(out)-1].Until = seconds[len(seconds)-1].Until
	}
	return out
}

func at(sample int) time.Duration { return time.Duration(sample) * time.Second / HeardRate }

// sounds says whether most of a window's power lies at a frequency (Goertzel's filter).
func sounds(window []int16, hertz float64) bool {
	c := 2 * math.Cos(2*math.Pi*hertz/HeardRate)
	var s1, s2, power float64
	for _, x := range window {
		v := float64(x) / math.MaxInt16
		power += v * v
		s1, s2 = v+c*s1-s2, s1
	}
	n := float64(len(window))
	at := (s1*s1 + s2*s2 - c*s1*s2) * 2 / n // a pure tone gives its power
	return power/n > 1e-4 && at > 0.6*power
}
