// SPDX-License-Identifier: Apache-2.0

package request_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/request"
)

func FuzzCommand(f *testing.F) {
	head := `{"at":1,"device":"dev_aaaaaaaaaaaaaaaaaaaaaaaaaa","head":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","household":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","nonce":"AAAAAAAAAAAAAAAAAAAAAA==","op":`
	for _, op := range []string{
		`{"kind":"ping"}`, `{"channel":{"kind":"ntfy","names":true,"url":"https://ntfy.example/door"},"kind":"add-channel","language":"de","name":"Oma"}`, `{"kind":"remove","removal":"AA=="}`, `{"kind":"add-camera","name":"Door","url":"rtsp://x"}`,
		`{"gesture":{"code":"012345"},"kind":"append-link","link":"AA==","name":"Phone","person_name":"Sam"}`,
	} {
		f.Add([]byte(head + op + `}`))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var c request.Command
		if canon.Unmarshal(in, &c) != nil {
			return
		}
		again, err := canon.Marshal(c)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if g := c.Op.Gesture; g != nil && g.Passkey == nil && len(g.Code) != request.CodeDigits {
			t.Fatalf("%s has a gesture without a code", in)
		}
		if c.Op.Kind == request.OpRemove && len(c.Op.Removal) == 0 {
			t.Fatalf("%s removes nothing", in)
		}
	})
}
