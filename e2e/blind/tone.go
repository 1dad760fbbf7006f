// SPDX-License-Identifier: Apache-2.0

package blind

import "math"

const (
	windowSeconds = 0.25
	toneShare     = 0.05 // of a window's power that the tone must have
	toneWindows   = 3    // in which it must have it
	toneFloor     = 1e-7 // power under which a window is silence
)

// toneIn says whether a steady tone sounds through some part of the samples.
func toneIn(samples []float64, rate int, hz float64) bool {
	size := int(windowSeconds * float64(rate))
	heard := 0
	for from := 0; from+size <= len(samples); from += size {
		if share(samples[from:from+size], rate, hz) >= toneShare {
			heard++
		}
	}
	return heard >= toneWindows
}

// share is how much of a window's power lies at the frequency (Goertzel's filter under a Hann window).
func share(window []float64, rate int, hz float64) float64 {
	n := float64(len(window))
	coefficient := 2 * math.Cos(2*math.Pi*hz/float64(rate))
	var s1, s2, power float64
	for i, v := range window {
		v *= 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/n)
		power += v * v
		s1, s2 = v+coefficient*s1-s2, s1
	}
	if power/n < toneFloor {
		return 0
	}
	// A pure tone gives 1: the filter sees amplitude times n/4, the window has amplitude squared times 3n/16.
	const hann = 16.0 * 3 / 16 / 2
	return (s1*s1 + s2*s2 - coefficient*s1*s2) / (power * n) * hann
}
