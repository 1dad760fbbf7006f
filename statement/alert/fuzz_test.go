// SPDX-License-Identifier: Apache-2.0

package alert_test

import (
	"bytes"
	"testing"

	"keyhold/statement/alert"
	"keyhold/statement/canon"
)

// FuzzAlert reads alerts: what passes is written the same way again, and is of a kind that there is.
func FuzzAlert(f *testing.F) {
	f.Add([]byte(`{"at":1,"camera":"` + string(camera) + `","household":"` + string(household) + `","kind":"press","pad":"000","seq":1,"to":"` + string(device) + `"}`))
	f.Add([]byte(`{"at":1,"camera":"household","household":"` + string(household) + `","kind":"test","pad":"","seq":1,"to":"` + string(device) + `"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var p alert.Payload
		if canon.Unmarshal(in, &p) != nil {
			return
		}
		if again, err := canon.Marshal(p); err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if p.Kind != alert.Press && p.Kind != alert.Test {
			t.Fatalf("%s is of no kind", in)
		}
	})
}
