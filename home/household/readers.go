// SPDX-License-Identifier: Apache-2.0

package household

import (
	"fmt"

	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Readers returns who is given an epoch of a camera, or of the household, that is made at this time under this roster:
// the devices that may see its history, in the order of the roster, then the sheet.
func Readers(s *roster.State, c id.Camera, at int64) ([]to.Reader, error) {
	var out []to.Reader
	for _, d := range s.Readers(c, at) {
		key, ok := s.Reader(d)
		if !ok {
			return nil, fmt.Errorf("household: the roster has no reader key of %s", d)
		}
		out = append(out, to.Reader{Device: d, Key: key})
	}
	return out, nil
}

// ReaderSet stands for the result of Readers: two sets are the same exactly if their hashes are. A device has the same
// keys for good, a sheet is replaced under the same name.
func ReaderSet(s *roster.State, c id.Camera, at int64) id.Hash {
	var parts [][]byte
	for _, d := range s.Readers(c, at) {
		parts = append(parts, []byte(d), []byte{0})
		if d == id.Sheet {
			key, _ := s.Reader(d)
			parts = append(parts, key)
		}
	}
	return id.HashOf(parts...)
}
