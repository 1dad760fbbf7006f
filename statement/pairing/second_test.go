// SPDX-License-Identifier: Apache-2.0

package pairing_test

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

func FuzzSecond(f *testing.F) {
	const ids = `"device":"dev_aaaaaaaaaaaaaaaaaaaaaaaaaa","household":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","link":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
	f.Add([]byte(`{"answer":"no","at":1,` + ids + `,"signature":""}`))
	f.Add([]byte(`{"answer":"yes","at":1,` + ids + `,"signature":"` + strings.Repeat("A", 86) + `=="}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var s pairing.Second
		if canon.Unmarshal(in, &s) != nil {
			return
		}
		again, err := canon.Marshal(s)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if (s.Answer == pairing.SecondYes) != (len(s.Signature) == ed25519.SignatureSize) {
			t.Fatalf("%s passes", in)
		}
	})
}

func TestTheBeginningOfACodeStandsForTheKeysAlone(t *testing.T) {
	keys := roster.HubKeys{Sign: make([]byte, 32), HPKE: make([]byte, roster.XWingSize)}
	begins := pairing.Begins(keys)
	for _, secret := range [][]byte{bytes.Repeat([]byte{0}, pairing.SecretSize), bytes.Repeat([]byte{255}, pairing.SecretSize)} {
		code := pairing.Code{Fingerprint: keys.Fingerprint(), Secret: secret}.String()
		if !strings.HasPrefix(code, begins+"-") || strings.Count(begins, "-") != 5 {
			t.Errorf("%s does not begin with %s", code, begins)
		}
	}
	keys.Sign = bytes.Repeat([]byte{1}, 32)
	if pairing.Begins(keys) == begins {
		t.Error("two hubs begin alike")
	}
}
