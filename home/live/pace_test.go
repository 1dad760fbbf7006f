// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestALargePictureLeavesInPortionsAndAnOrdinaryOneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, false)
		const packet = 1250
		// leave says what left together, and how long all took.
		leave := func(packets int) (together []int, took time.Duration) {
			began, last := time.Now(), time.Time{}
			for rest := packets * packet; rest > 0; rest -= packet {
				if !p.wait(t.Context(), packet, rest) {
					t.Fatal("a packet may not leave")
				}
				if now := time.Now(); !now.Equal(last) {
					together, last = append(together, 0), now
				}
				together[len(together)-1] += packet
			}
			return together, time.Since(began)
		}
		const large = 160 * packet
		together, took := leave(large / packet)
		// What a key frame needs beyond the burst leaves at the rate, in a dozen portions and not packet by packet.
		due := time.Duration(float64(large-burst) / p.rate * float64(time.Second))
		if took < due || took > due+time.Millisecond {
			t.Errorf("it took %s, the rate makes it %s", took, due)
		}
		if len(together) > 13 {
			t.Errorf("it left at %d moments: %v", len(together), together)
		}
		for i, n := range together {
			if i == 0 && n > burst || i > 0 && n > portion+packet {
				t.Errorf("portion %d has %d bytes", i, n)
			}
		}
		time.Sleep(time.Second / 15) // of this test's own clock
		if together, took := leave(burst / packet); len(together) != 1 || took != 0 {
			t.Errorf("an ordinary picture took %s, in %v", took, together)
		}
	})
}
