// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"math"
	"testing"
	"time"
)

func TestChimesAreCountedByTheirNotes(t *testing.T) {
	t.Parallel()
	type sound struct {
		hertz float64 // 0 is silence
		ms    int
	}
	const ding, dong = 659.3, 523.3
	for name, c := range map[string]struct {
		sounds []sound
		began  []int // in milliseconds
	}{
		"nothing":              {[]sound{{0, 400}}, nil},
		"a voice":              {[]sound{{1000, 400}}, nil},
		"one":                  {[]sound{{ding, 140}, {dong, 200}, {1000, 400}}, []int{0}},
		"one soon after one":   {[]sound{{ding, 140}, {dong, 200}, {0, 100}, {ding, 140}, {dong, 200}}, []int{0, 440}},
		"two broken in pieces": {[]sound{{ding, 40}, {0, 1500}, {ding, 100}, {0, 200}, {dong, 60}, {0, 100}, {dong, 140}, {0, 3000}, {ding, 60}, {0, 80}, {ding, 80}, {dong, 200}}, []int{0, 5140}},
		"the second one cut":   {[]sound{{0, 200}, {ding, 140}, {dong, 200}, {0, 500}, {ding, 80}}, []int{200, 1040}},
	} {
		var samples []int16
		end := 0 // of the last chime's second note
		for _, s := range c.sounds {
			for range s.ms * HeardRate / 1000 {
				samples = append(samples, int16(9000*math.Sin(2*math.Pi*s.hertz*float64(len(samples))/HeardRate)))
			}
			if s.hertz == ding || s.hertz == dong {
				end = len(samples)
			}
		}
		got := Chimes(samples)
		if len(got) != len(c.began) {
			t.Errorf("%s: chimes at %v, want %v", name, got, c.began)
			continue
		}
		for i, ms := range c.began {
			if got[i].From != time.Duration(ms)*time.Millisecond {
				t.Errorf("%s: chimes at %v, want %v", name, got, c.began)
			}
		}
		if len(got) > 0 && got[len(got)-1].Until != at(end) {
			t.Errorf("%s: the last ends at %v, want %v", name, got[len(got)-1].Until, at(end))
		}
	}
}
