// SPDX-License-Identifier: Apache-2.0

package request

import (
	"strings"
	"testing"

	"keyhold/statement/id"
)

func TestAProofHasPartsOfTheirLengths(t *testing.T) {
	t.Parallel()
	proofOf := func(head, claims, signature, key int) string {
		x := func(n int) string { return strings.Repeat("x", n) }
		return "vapid t=" + x(head) + "." + x(claims) + "." + x(signature) + ", k=" + x(key)
	}
	for proof, want := range map[string]bool{
		proofOf(1, 1, 86, 87):            true,
		proofOf(600, 600, 86, 87):        true,
		proofOf(601, 1, 86, 87):          false,
		proofOf(1, 601, 86, 87):          false,
		proofOf(0, 1, 86, 87):            false,
		proofOf(1, 0, 86, 87):            false,
		proofOf(1, 1, 85, 87):            false,
		proofOf(1, 1, 87, 87):            false,
		proofOf(1, 1, 86, 86):            false,
		proofOf(1, 1, 86, 88):            false,
		proofOf(1, 1, 86, 87) + "\n":     false,
		" " + proofOf(1, 1, 86, 87):      false,
		proofOf(1, 1, 86, 86) + "=":      false,
		"x" + proofOf(1, 1, 86, 87)[1:]:  false,
		strings.Repeat("a.", 1000) + "a": false,
	} {
		p := Push{
			At: 1, Body: make([]byte, PushSize), Endpoint: "https://push.example/p", From: id.Hub, Household: id.Household(id.HashOf(nil).String()),
			Nonce: make([]byte, NonceSize), Proof: proof, To: make([]byte, 32), TTL: 60, Urgency: UrgencyNormal,
		}
		if err := p.Check(); (err == nil) != want {
			t.Errorf("%.40q of %d bytes: %v", proof, len(proof), err)
		}
	}
}
