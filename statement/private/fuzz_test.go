// SPDX-License-Identifier: Apache-2.0

package private_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/private"
)

// FuzzSetting reads settings: what passes is written the same way again, and its hours can be asked.
func FuzzSetting(f *testing.F) {
	const (
		hash = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
		mid  = `,"device":"dev_` + rand + `,"head":` + hash + `,"hours":`
	)
	f.Add([]byte(`{"at":1,"camera":"household"` + mid + `[],"household":` + hash + `,"on":true,"seq":1,"zone":""}`))
	f.Add([]byte(`{"at":1,"camera":"cam_` + rand + mid + `[{"days":[1,7],"from":0,"until":1440}],"household":` + hash + `,"on":false,"seq":2,"zone":"UTC"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var s private.Setting
		if canon.Unmarshal(in, &s) != nil {
			return
		}
		again, err := canon.Marshal(s)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if (s.Zone == "") != (len(s.Hours) == 0) || s.Seq < 1 {
			t.Fatalf("%s has hours without a zone, or no number", in)
		}
	})
}
