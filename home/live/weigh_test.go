// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math"
	"testing"

	"keyhold/home/ingest"
)

func TestHowMuchAStreamBringsIsKnownAfterTwoSecondsAndMeasuredFromKeyFrameToKeyFrame(t *testing.T) {
	var f feed
	session := &ingest.Session{}
	dts := int64(0)
	// 25 pictures a second, a large one each third second: with what goes around them 26,050 and 850 bytes.
	second := func() {
		for range 25 {
			p := &picture{session: session, dts: dts, size: 800, packets: make([][]byte, 1)}
			if dts%(3*ingest.VideoRate) == 0 {
				p.key, p.size, p.packets = true, 25_000, make([][]byte, 21)
			}
			f.flow.add(p)
			dts += ingest.VideoRate / 25
		}
	}
	second()
	if r := f.rate(); r != 0 {
		t.Errorf("after a second it is said to bring %.0f", r)
	}
	for range 2 {
		second()
	}
	if r := f.rate(); r == 0 {
		t.Error("after three seconds nothing is known")
	}
	for range 20 {
		second()
	}
	if want, got := float64(26_050+74*850)/3, f.rate(); math.Abs(got-want) > 1 {
		t.Errorf("it is said to bring %.0f bytes a second, and brings %.0f", got, want)
	}
	session = &ingest.Session{} // the camera begins anew, at zero
	dts = 0
	second()
	if r := f.rate(); r < 10_000 || r > 50_000 {
		t.Errorf("a new session makes %.0f of it", r)
	}
}
