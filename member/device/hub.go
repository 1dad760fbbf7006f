// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Hub is where the hub was last at home, as it said itself. It never leaves the device: addresses of a home's network are
// nobody else's business. Losing it harms nobody; it is asked for again.
type Hub struct {
	// Key is the hub's signing key: another hub has other addresses.
	Key []byte `json:"key"`
	// Addresses are IP addresses with a port each.
	Addresses []string `json:"addresses"`
	// Asked is when this device asked last, in milliseconds.
	Asked int64 `json:"asked"`
}

const hubFile = "hub.json"

// Hub reads hub.json; a device that was never told has an empty one.
func (f *Folder) Hub() (Hub, error) {
	var h Hub
	if _, err := os.Stat(filepath.Join(f.dir, hubFile)); errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	return h, f.read(hubFile, &h)
}

// SetHub keeps where the hub is.
func (f *Folder) SetHub(h Hub) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return f.write(hubFile, h)
}
