// SPDX-License-Identifier: Apache-2.0

package finding_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/finding"
)

// FuzzFinding reads questions and answers: what passes is written the same way again, and says what each may say.
func FuzzFinding(f *testing.F) {
	const (
		hash = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
		head = `,"at":1,"device":"dev_` + rand + `,"found":`
		tail = `,"nonce":"AAAAAAAAAAAAAAAAAAAAAA==","password":`
	)
	f.Add([]byte(`{"address":"192.168.1.20"` + head + `"","household":` + hash + `,"kind":"look","name":""` + tail + `"","user":""}`))
	f.Add([]byte(`{"address":""` + head + `"fnd_` + rand + `,"household":` + hash + `,"kind":"try","name":""` + tail + `"p","user":"u"}`))
	f.Add([]byte(`{"at":1,"camera":"","cameras":[{"address":"","camera":"","found":"fnd_` + rand + `,"maker":"","model":"","password":true}],"error":"","height":0,"household":` + hash +
		`,"nonce":"AAAAAAAAAAAAAAAAAAAAAA==","picture":"","swapped":[],"to":"dev_` + rand + `,"width":0}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var q finding.Find
		if canon.Unmarshal(in, &q) == nil {
			same(t, in, q)
			if q.Password != "" && q.Kind != finding.Try {
				t.Fatalf("%s has a password", in)
			}
			if (q.Kind == finding.Add) != (q.Name != "") {
				t.Fatalf("%s adds without a name", in)
			}
		}
		var a finding.Found
		if canon.Unmarshal(in, &a) == nil {
			same(t, in, a)
			if len(a.Picture) > finding.MaxPicture || len(a.Cameras) > finding.MaxFound {
				t.Fatalf("%s does not fit into a piece of mail", in)
			}
		}
	})
}

func same(t *testing.T, in []byte, v any) {
	again, err := canon.Marshal(v)
	if err != nil || !bytes.Equal(again, in) {
		t.Fatalf("%s is written as %s: %v", in, again, err)
	}
}
