// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/ed25519"
	"testing"
)

// Whatever is posted, a way leads to one key, at addresses of this computer's networks.
func FuzzReadHub(f *testing.F) {
	f.Add([]byte(`{"addresses":["192.168.1.7:7441"],"hub":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"addresses":["198.51.100.7:443","[::1]:1","hub:1"],"hub":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := readHub(text)
		if err != nil {
			return
		}
		if len(a.Hub) != ed25519.PublicKeySize || len(a.Addresses) == 0 || len(a.Addresses) > 16 {
			t.Fatalf("%d addresses of a key of %d bytes", len(a.Addresses), len(a.Hub))
		}
		for _, one := range a.Addresses {
			if !near(one) {
				t.Errorf("%s is far away", one)
			}
		}
	})
}
