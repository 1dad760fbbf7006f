// SPDX-License-Identifier: Apache-2.0

package device

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Secret is a reader's id and keys, ready for use: a device's, a passkey's, or the sheet's under the id "sheet".
type Secret struct {
	name  id.Device
	seeds keys.Secret
	pair  keys.Pair
}

// NewSecret makes a new device.
func NewSecret(rand io.Reader) (*Secret, error) {
	name, err := id.NewDevice(rand)
	if err != nil {
		return nil, err
	}
	seeds, err := keys.NewSecret(rand)
	if err != nil {
		return nil, err
	}
	return expand(name, seeds)
}

// SheetSecret makes the recovery sheet a reader.
func SheetSecret(s keys.Sheet) (*Secret, error) { return expand(id.Sheet, s.Secret()) }

// PasskeySecret makes a passkey a reader, by the seeds that come of its answer.
func PasskeySecret(name id.Device, seeds keys.Secret) (*Secret, error) { return expand(name, seeds) }

func expand(name id.Device, seeds keys.Secret) (*Secret, error) {
	pair, err := seeds.Pair()
	if err != nil {
		return nil, err
	}
	return &Secret{name: name, seeds: seeds, pair: pair}, nil
}

// ID is the device's id, or "sheet".
func (s *Secret) ID() id.Device { return s.name }

// Sign is the signing key.
func (s *Secret) Sign() ed25519.PrivateKey { return s.pair.Signing }

// Reader is the key that opens what is sealed to this reader.
func (s *Secret) Reader() *box.Key { return s.pair.Reading }

// Public are the keys that stand in the roster. A file can be copied, so the storage is software.
func (s *Secret) Public() roster.DeviceKeys {
	return roster.DeviceKeys{ID: s.name, Reader: s.pair.ReaderPublic(), Sign: s.pair.SignPublic(), Storage: roster.Software}
}

// keyText is device.key.
type keyText struct {
	Device id.Device `json:"device"`
	keys.Secret
}

func (s *Secret) file() keyText { return keyText{Device: s.name, Secret: s.seeds} }

// Secret reads device.key. A file that others may read is refused, as ssh does.
func (f *Folder) Secret() (*Secret, error) {
	path := filepath.Join(f.dir, keyFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open device in %s: %w", f.dir, ErrNone)
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", keyFile, err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s can be read by other users of this computer; run: chmod 600 %s", path, path)
	}
	var t keyText
	if err := f.read(keyFile, &t); err != nil {
		return nil, err
	}
	if !t.Device.Valid() {
		return nil, fmt.Errorf("read %s: it is damaged", keyFile)
	}
	return expand(t.Device, t.Secret)
}
