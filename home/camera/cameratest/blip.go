// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"math"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// Flash and Beep find the end of darkness and of silence in what ffmpeg's filters say.
var (
	Flash = regexp.MustCompile(`black_end:([0-9.]+)`)
	Beep  = regexp.MustCompile(`silence_end: ([0-9.]+)`)
)

// window is a length that ffmpeg's filters, which print six digits, still tell to the millisecond.
const window = 900

// FlashesAndBeeps lets ffmpeg find when the picture of a file turns white and when its sound begins, in seconds.
func FlashesAndBeeps(t testing.TB, file string) (flashes, beeps []float64) {
	t.Helper()
	for from := 0; ; from += window {
		_, log := Run(t, "ffmpeg", "-v", "info", "-nostats", "-ss", strconv.Itoa(from), "-t", strconv.Itoa(window), "-i", file,
			"-vf", "blackdetect=d=0.1", "-af", "silencedetect=noise=-30dB:d=0.1", "-f", "null", "-")
		f, b := Times(t, Flash, log), Times(t, Beep, log)
		if len(f) < 2 {
			return flashes, beeps
		}
		flashes = within(flashes, f, from)
		beeps = within(beeps, b, from)
	}
}

// within leaves out what the end of the window, not of the darkness or silence, has caused.
func within(all, found []float64, from int) []float64 {
	for _, v := range found {
		if v < window-0.5 {
			all = append(all, v+float64(from))
		}
	}
	return all
}

// Times are the seconds that an expression finds in what ffmpeg says.
func Times(t testing.TB, re *regexp.Regexp, log string) []float64 {
	t.Helper()
	var out []float64
	for _, m := range re.FindAllStringSubmatch(log, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// Together fails where a flash has no beep within the limit, and gives the number of flashes and the largest distance.
// The ends of a file, where one of the two may be cut off, do not count.
func Together(t testing.TB, flashes, beeps []float64, limit time.Duration) (int, time.Duration) {
	t.Helper()
	worst, n := 0.0, 0
	low, high := 0.0, 0.0
	for i, f := range flashes {
		if i == 0 || i == len(flashes)-1 {
			continue
		}
		near := math.Inf(1)
		for _, b := range beeps {
			if math.Abs(b-f) < math.Abs(near) {
				near = b - f
			}
		}
		n++
		low, high = min(low, near), max(high, near)
		worst = max(worst, math.Abs(near))
		if math.Abs(near) > limit.Seconds() {
			t.Errorf("the beep of the flash at %.3f s is %.0f ms off", f, near*1000)
		}
	}
	t.Logf("%d flashes; beeps from %.0f ms before to %.0f ms after", n, -low*1000, high*1000)
	return n, time.Duration(worst * float64(time.Second))
}
