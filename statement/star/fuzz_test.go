// SPDX-License-Identifier: Apache-2.0

package star_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/star"
)

// FuzzSetting reads settings: what passes is written the same way again, and its moment is one that can be kept.
func FuzzSetting(f *testing.F) {
	const (
		hash = `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
		rand = `aaaaaaaaaaaaaaaaaaaaaaaaaa"`
		mid  = `,"camera":"cam_` + rand + `,"device":"dev_` + rand + `,"head":` + hash + `,"household":` + hash + `,"moment":`
	)
	f.Add([]byte(`{"at":2` + mid + `1,"on":true,"seq":1}`))
	f.Add([]byte(`{"at":9000000000000` + mid + `1,"on":false,"seq":2}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var s star.Setting
		if canon.Unmarshal(in, &s) != nil {
			return
		}
		again, err := canon.Marshal(s)
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%s is written as %s: %v", in, again, err)
		}
		if s.Moment < 1 || s.Moment > s.At || s.On && s.At-s.Moment > star.Back || !s.Touches(s.Moment, s.Moment+1) {
			t.Fatalf("%s is taken", in)
		}
	})
}
