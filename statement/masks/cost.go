// SPDX-License-Identifier: Apache-2.0

package masks

// Measured on one core of a small server of 2024: what decoding, covering and encoding a million pixels takes, in seconds
// of the processor (docs/guide.md).
const perMillion = 0.0130

// Cost is about how much of one processor core of a hub covering takes, in percent.
func Cost(width, height, perSecond int64) int64 {
	return max(1, int64(float64(width*height*perSecond)/1e6*perMillion*100+0.5))
}
