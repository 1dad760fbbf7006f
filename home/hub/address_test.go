// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"bytes"
	"testing"
)

func TestACertificateIsKeptInTheAddress(t *testing.T) {
	t.Parallel()
	const url = "rtsps://u:p@192.0.2.1/a?b=c"
	sum := bytes.Repeat([]byte{7}, 32)
	for in, want := range map[string][]byte{
		url: nil, url + "#": nil, url + "#part": nil, knownBy(url, sum): sum,
		url + known: {}, url + known + "zz": {}, // never a certificate's
	} {
		address, got := addressOf(in)
		if address != url || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s is taken for %s with %v", in, address, got)
		}
	}
}
