// SPDX-License-Identifier: Apache-2.0

package household

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"keyhold/home/durable"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/roster"
)

// Keys are the hub's own: for its signatures and for mail to it. It has no reader key.
type Keys struct {
	Sign ed25519.PrivateKey
	HPKE *box.Key
}

// keyFile is the content of `keys/hub.key`: two seeds.
type keyFile struct {
	HPKE []byte `json:"hpke"`
	Sign []byte `json:"sign"`
}

// Check refuses seeds of a wrong length.
func (k *keyFile) Check() error {
	if len(k.HPKE) != box.SeedSize || len(k.Sign) != ed25519.SeedSize {
		return errors.New("a seed of a wrong length")
	}
	return nil
}

func fileOf(dir string) string { return filepath.Join(dir, "hub.key") }

// OpenKeys reads the hub's keys from its keys folder, and makes them the first time (folder 0700, file 0600).
func OpenKeys(dir string, rand io.Reader) (*Keys, error) {
	k, err := ReadKeys(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := makeKeys(fileOf(dir), rand); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("household: hub keys: %w", err)
	}
	return ReadKeys(dir)
}

// ReadKeys reads keys that are there; where there are none, the error is fs.ErrNotExist.
func ReadKeys(dir string) (*Keys, error) {
	name := fileOf(dir)
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("household: hub keys: %w", err)
	}
	var k keyFile
	if err := canon.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("household: hub keys: %s is damaged: %w", name, err)
	}
	hpke, err := box.NewKey(k.HPKE)
	if err != nil {
		return nil, fmt.Errorf("household: hub keys: %w", err)
	}
	return &Keys{Sign: ed25519.NewKeyFromSeed(k.Sign), HPKE: hpke}, nil
}

// makeKeys fails with fs.ErrExist when another process, such as `keyhold hub code`, was first.
func makeKeys(name string, rand io.Reader) error {
	seeds := make([]byte, box.SeedSize+ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seeds); err != nil {
		return err
	}
	b, err := canon.Marshal(&keyFile{HPKE: seeds[:box.SeedSize], Sign: seeds[box.SeedSize:]})
	if err != nil {
		return err
	}
	return durable.CreateFile(name, b, 0o600)
}

// Public returns the public halves, as genesis names them.
func (k *Keys) Public() roster.HubKeys {
	return roster.HubKeys{HPKE: k.HPKE.Public(), Sign: k.Sign.Public().(ed25519.PublicKey)}
}
