// SPDX-License-Identifier: Apache-2.0

package child_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/child"
)

// FuzzChild reads settings: what passes is written the same way again.
func FuzzChild(f *testing.F) {
	const (
		hash = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
	)
	f.Add([]byte(`{"at":1,"camera":"cam_` + rand + `,"device":"dev_` + rand + `,"head":` + hash + `,"household":` + hash + `,"on":true,"seq":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var s child.Setting
		if canon.Unmarshal(in, &s) != nil {
			return
		}
		again, err := canon.Marshal(s)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
	})
}
