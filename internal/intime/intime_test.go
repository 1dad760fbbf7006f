// SPDX-License-Identifier: Apache-2.0

package intime

import (
	"testing"
	"time"
)

func TestAFreeMachineIsGivenNothing(t *testing.T) {
	for loadavg, want := range map[string]float64{
		"0.00 0.01 0.05 1/200 5000": 1,
		"1.00 4.00 9.00 2/200 5000": 1, // one runs beside this, and there are two processors
		"2.00 0.00 0.00 3/200 5000": 2,
		"0.00 0.00 0.00 9/200 5000": 8, // it has only just become busy
		"20.0 9.00 3.00 1/200 5000": 20,
		"":                          1,
	} {
		if got := stretch(loadavg, 2); got != want {
			t.Errorf("%q: %v times as long, want %v", loadavg, got, want)
		}
	}
	if got := By(time.Second); got < time.Second {
		t.Errorf("a second has become %s", got)
	}
}
