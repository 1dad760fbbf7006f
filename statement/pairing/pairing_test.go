// SPDX-License-Identifier: Apache-2.0

package pairing_test

import (
	"testing"

	"keyhold/statement/pairing"
)

func FuzzParseCode(f *testing.F) {
	f.Add(pairing.Code{Fingerprint: make([]byte, 16), Secret: make([]byte, 16)}.String())
	f.Fuzz(func(t *testing.T, in string) {
		c, err := pairing.ParseCode(in)
		if err != nil {
			return
		}
		again, err := pairing.ParseCode(c.String())
		if err != nil || again.String() != c.String() {
			t.Fatalf("%q does not read back", c)
		}
	})
}

func FuzzParseLink(f *testing.F) {
	f.Add("https://cloud.example/join#e30")
	f.Fuzz(func(t *testing.T, in string) {
		origin, inv, err := pairing.ParseLink(in)
		if err != nil {
			return
		}
		link, err := inv.Link(origin)
		if err != nil {
			t.Fatal(err)
		}
		if _, again, err := pairing.ParseLink(link); err != nil || again.Household != inv.Household {
			t.Fatalf("%q does not read back: %v", link, err)
		}
	})
}
