// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"keyhold/statement/request"
)

// Quiet is what this device remembers of its person's quiet hours, for a hub that takes the place of the one that was told.
// It never leaves the device but for the hub. Losing it harms nobody while that hub is there: it is asked for again.
type Quiet struct {
	// Hub is the signing key of the hub that has said so.
	Hub  []byte              `json:"hub"`
	Said []request.SaidQuiet `json:"said"`
}

const quietFile = "quiet.json"

// Quiet reads quiet.json; a device that was never told has an empty one.
func (f *Folder) Quiet() (Quiet, error) {
	var q Quiet
	if _, err := os.Stat(filepath.Join(f.dir, quietFile)); errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	return q, f.read(quietFile, &q)
}

// SetQuiet keeps what a hub has said.
func (f *Folder) SetQuiet(q Quiet) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return f.write(quietFile, q)
}
