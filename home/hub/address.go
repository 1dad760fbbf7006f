// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"encoding/hex"
	"strings"
)

// known stands between a camera's address and the hash of the certificate by which the camera is known. So the hash is
// kept, and sealed, where the address is.
const known = "#sha256="

// knownBy remembers a certificate in an address.
func knownBy(url string, sum []byte) string { return url + known + hex.EncodeToString(sum) }

// addressOf takes apart what knownBy made. A hash that is none is one that no certificate has.
func addressOf(url string) (address string, certificate []byte) {
	address, after, _ := strings.Cut(url, "#")
	sum, ok := strings.CutPrefix("#"+after, known)
	if !ok {
		return address, nil
	}
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) == 0 {
		return address, []byte{}
	}
	return address, b
}
