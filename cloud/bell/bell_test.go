// SPDX-License-Identifier: Apache-2.0

package bell_test

import (
	"testing"

	"keyhold/cloud/bell"
)

func rings(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestARingWakesThoseWhoListenToItsTopic(t *testing.T) {
	var b bell.Bell
	b.Ring("a") // nobody listens
	a1, stop1 := b.Listen("a")
	a2, stop2 := b.Listen("a")
	other, stop3 := b.Listen("b")
	defer stop2()
	defer stop3()
	if rings(a1) {
		t.Error("a ring from before is heard")
	}
	b.Ring("a")
	b.Ring("a") // never waits, and is one with the first
	if !rings(a1) || !rings(a2) || rings(other) || rings(a1) {
		t.Error("not everybody heard it once, or somebody else did")
	}
	stop1()
	b.Ring("a")
	if rings(a1) || !rings(a2) {
		t.Error("who stopped still hears, or who did not no longer does")
	}
}
