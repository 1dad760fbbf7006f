// SPDX-License-Identifier: Apache-2.0

// Package device is what a household's device keeps in its own folder.
//
// It promises: secret keys lie in one file, `device.key`, readable by its owner alone, and nowhere
// else; `household.json` says which household and cloud the device belongs to and holds the roster it
// last checked; `highest.json` remembers the newest of everything that was ever shown to this device,
// so that nobody can show it something older later; `hub.json` says where its hub is at home; `cache/` holds only what the cloud sent, still
// sealed, and is checked again each time it is read.
//
// It trusts the file system's permissions and nothing in `cache/`. A file is replaced as a whole
// (temporary file, sync, rename, sync of the folder): a crash leaves the old one or the new one. What
// two programs do to one folder at the same time is ordered by a lock on the file `lock`.
package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrNone says that the folder holds no device yet.
var ErrNone = errors.New("this device belongs to no household yet")

// ErrExists says that the folder holds a device already; its keys are never overwritten.
var ErrExists = errors.New("this folder already holds a device")

const (
	keyFile       = "device.key"
	householdFile = "household.json"
	highestFile   = "highest.json"
	lockFile      = "lock"
	cacheFolder   = "cache"
)

// Folder is one device's folder.
type Folder struct{ dir string }

// Open gives the folder of a device that exists.
func Open(dir string) (*Folder, error) {
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open device in %s: %w", dir, ErrNone)
		}
		return nil, fmt.Errorf("open device: %w", err)
	}
	return &Folder{dir: dir}, nil
}

// Ready says whether a new device can be made in a folder: nil, or ErrExists, or why it cannot be
// written to. It is asked before anything is sent, because keys that cannot be written down later are
// lost. A folder that was not there is not there afterwards.
func Ready(dir string) error {
	if err := Free(dir); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		defer os.Remove(dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create device folder: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".probe.*")
	if err != nil {
		return fmt.Errorf("create device folder: %w", err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// Free says whether a folder holds no device: nil, or ErrExists.
func Free(dir string) error {
	_, err := os.Stat(filepath.Join(dir, keyFile))
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w", dir, ErrExists)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return fmt.Errorf("look for a device: %w", err)
	}
}

// Create writes a new device. The key is written last, so that a folder with a key is a whole device.
func Create(dir string, s *Secret, h Household) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create device folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create device folder: %w", err)
	}
	f := &Folder{dir: dir}
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := Free(dir); err != nil {
		return nil, err
	}
	if err := f.write(householdFile, h); err != nil {
		return nil, err
	}
	if err := f.write(highestFile, Highest{Household: h.Household}); err != nil {
		return nil, err
	}
	if err := f.write(keyFile, s.file()); err != nil {
		return nil, err
	}
	return f, nil
}

// Clear deletes the device: its keys first, then everything else that it keeps. Nothing brings them back.
func (f *Folder) Clear() error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range []string{keyFile, householdFile, highestFile, notesFile, hubFile, cacheFolder, lockFile} {
		if err := os.RemoveAll(filepath.Join(f.dir, name)); err != nil {
			return fmt.Errorf("clear device folder: %w", err)
		}
	}
	return nil
}

// Dir is where the folder lies.
func (f *Folder) Dir() string { return f.dir }

// Cache is the folder for what the cloud sent, still sealed.
func (f *Folder) Cache() string { return filepath.Join(f.dir, cacheFolder) }

// lock orders programs that share the folder; the operating system frees it when one dies.
func (f *Folder) lock() (func(), error) {
	l := flock.New(filepath.Join(f.dir, lockFile))
	if err := l.Lock(); err != nil {
		return nil, fmt.Errorf("lock device folder: %w", err)
	}
	return func() { _ = l.Close() }, nil
}

func (f *Folder) write(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return WriteFile(filepath.Join(f.dir, name), append(text, '\n'))
}

func (f *Folder) read(name string, v any) error {
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("read %s: it is damaged: %w", name, err)
	}
	return nil
}

// WriteFile replaces a file as a whole, for its owner's eyes alone; after it returned, the new
// content survives a power cut.
func WriteFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // CreateTemp makes it 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
