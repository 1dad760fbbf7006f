// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const keyFile = "cloud.key"

// key reads the cloud's key, or makes one at the first start. Its public half is what fetch statements name; losing
// the file only makes members ask for the new one.
func key(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, keyFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(dir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("serve: read key: %w", err)
	}
	seed, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("serve: %s is damaged: put it back from a copy, or remove it to have a new one made", keyFile)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// makeKey writes a new key beside its place, syncs, and renames: a crash leaves either no key or a whole one.
func makeKey(dir, path string) (ed25519.PrivateKey, error) {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("serve: make key: %w", err)
	}
	f, err := os.CreateTemp(dir, keyFile+".*") // 0600
	if err != nil {
		return nil, fmt.Errorf("serve: make key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(k.Seed()) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return nil, fmt.Errorf("serve: write key: %w", err)
	}
	return k, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
