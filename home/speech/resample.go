// SPDX-License-Identifier: Apache-2.0

package speech

import "math"

const (
	// reach is how many samples on each side count for one.
	reach = 32
	// pass is how much of the band that fits is let through: the filter's slope ends before what would fold back.
	pass = 0.88
)

// resample makes fewer samples a second of more, with a low-pass (a sinc under a Hann window): what is higher than fits
// is left out and does not whistle.
func resample(in []int16, from, to int) []int16 {
	g := gcd(from, to)
	step, phases := from/g, to/g
	cut := pass * float64(to) / float64(from)
	// The weights are the same again after as many samples as there are phases.
	table := make([][2 * reach]float64, phases)
	for p := range table {
		sum := 0.0
		for i := range table[p] {
			x := float64(i-reach+1) - float64(p)/float64(phases)
			w := cut * sinc(cut*x) * (0.5 + 0.5*math.Cos(math.Pi*x/reach))
			table[p][i], sum = w, sum+w
		}
		for i := range table[p] {
			table[p][i] /= sum
		}
	}
	out := make([]int16, len(in)*phases/step)
	for n := range out {
		at, p := n*step/phases, n*step%phases
		v := 0.0
		for i, w := range table[p] {
			if j := at + i - reach + 1; j >= 0 && j < len(in) {
				v += w * float64(in[j])
			}
		}
		out[n] = int16(math.Round(max(math.MinInt16, min(math.MaxInt16, v))))
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
