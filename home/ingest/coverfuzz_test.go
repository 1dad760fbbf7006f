// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzFLV reads what a child might write: what comes of it are pictures with parameter sets, and an end.
func FuzzFLV(f *testing.F) {
	head := []byte("FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00")
	sets := []byte{9, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0x17, 0, 0, 0, 0, 1, 0x4d, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 1, 1, 0, 1, 0, 0, 0, 29}
	picture := []byte{9, 0, 0, 11, 0, 0, 5, 0, 0, 0, 0, 0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 1, 0, 0, 0, 22}
	f.Add(bytes.Join([][]byte{head, sets, picture}, nil))
	f.Add(head)
	f.Fuzz(func(t *testing.T, in []byte) {
		enough := errors.New("enough")
		n := 0
		err := readFLV(bytes.NewReader(in), func(p *coverPicture) error {
			if p.params == nil || !p.params.whole() || len(p.units) == 0 || len(p.units) > mostUnits {
				t.Fatalf("a picture of %d units", len(p.units))
			}
			if n++; n > 100 {
				return enough
			}
			return nil
		})
		_ = err
	})
}
