// SPDX-License-Identifier: Apache-2.0

package erasure_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// FuzzReceipt changes a receipt and its list: what still passes says what was signed.
func FuzzReceipt(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	statement := id.HashOf([]byte("statement"))
	list := erasure.List([]id.Hash{id.HashOf([]byte("a")), id.HashOf([]byte("b"))})
	text, err := erasure.Receipt{Statement: statement, At: 1, List: id.HashOf(list), Counts: map[string]int64{"objects": 2}, Bytes: 3}.Sign(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, list)
	f.Fuzz(func(t *testing.T, in string, things []byte) {
		r, err := erasure.ParseReceipt(in, statement, things, key.Public().(ed25519.PublicKey))
		if err != nil {
			if rule.Of(err) == "" {
				t.Fatalf("refused without a rule: %v", err)
			}
			return
		}
		if !bytes.Equal(things, list) || r.Counts["objects"] != 2 || r.Bytes != 3 {
			t.Fatalf("something else than was signed passes: %+v", r)
		}
	})
}
