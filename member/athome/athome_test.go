// SPDX-License-Identifier: Apache-2.0

package athome_test

import (
	"fmt"
	"slices"
	"testing"

	"keyhold/member/athome"
)

func TestNothingButAddressesIsConnectedTo(t *testing.T) {
	t.Parallel()
	got := athome.Addresses([]string{
		"192.168.1.7:7441", "192.168.1.7:7441", "[fd00::7]:7441", "hub.local:7441", "192.168.1.7", "192.168.1.7:0", "0.0.0.0:7441", "[::]:7441",
		"224.0.0.1:7441", "[fe80::1%eth0]:7441", "127.0.0.1:65536", "",
	})
	if want := []string{"192.168.1.7:7441", "[fd00::7]:7441"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	var many []string
	for n := range 40 {
		many = append(many, fmt.Sprintf("10.0.0.%d:1", n+1))
	}
	if got := athome.Addresses(many); len(got) != 16 {
		t.Errorf("%d of 40 are tried", len(got))
	}
}
