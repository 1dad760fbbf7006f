// SPDX-License-Identifier: Apache-2.0

package store

import "bytes"

// ExtendTile says what to keep of a tile when a write comes: the longer of the two, as long as the shorter is its
// beginning. Hashes are only ever added, so anything else is ErrConflict, and a late repeat of a shorter write
// changes nothing.
func ExtendTile(stored, written []byte) ([]byte, error) {
	if bytes.HasPrefix(written, stored) {
		return written, nil
	}
	if bytes.HasPrefix(stored, written) {
		return stored, nil
	}
	return nil, ErrConflict
}
