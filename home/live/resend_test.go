// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"
	"time"
)

func TestWhatIsSentOnceMoreIsOfUseAndNotTooMuch(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	key, other := make([]byte, 1000), make([]byte, 1000)
	key[0] = 24 // parameter sets
	var b budget
	n := uint16(65_500) // numbers go round
	send := func(p []byte) uint16 {
		n++
		if !b.spend(now, n, p) {
			t.Fatalf("packet %d may not leave", n)
		}
		return n
	}
	more := func(n uint16, want bool) {
		t.Helper()
		if got := b.spend(now, n, other); got != want {
			t.Errorf("packet %d once more: %v", n, got)
		}
	}
	old := send(key)
	for range 50 {
		send(other)
	}
	lost := send(other)
	more(old, true)
	more(lost, true)
	newer := send(key)
	more(lost, true) // it is on its way to who plays
	now = now.Add(late)
	more(lost, false)
	more(newer, true)

	// Who asks for everything all the time is given a quarter of what is sent.
	given := 0
	for range 1000 {
		send(other)
		for range 20 {
			if b.spend(now, newer, other) {
				given++
			}
		}
	}
	if most := stock/1000 + 250; given < 250 || given > most+1 {
		t.Errorf("of 1000 packets %d were sent once more", given)
	}
}
