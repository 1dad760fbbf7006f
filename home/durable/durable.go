// SPDX-License-Identifier: Apache-2.0

// Package durable writes, moves and removes files so that a crash at any instant leaves the old
// state of a name or the new one, never a part of a file under its final name.
//
// The sequence for a new file is: temporary file in the same folder, write, fsync, rename, fsync of
// the folder. A folder's entry is durable only after the fsync of the folder, so every function that
// changes a name ends with one. An error of fsync means that the disk no longer keeps promises:
// callers stop rather than try again. A crash may leave files that end in `.tmp`; [Sweep] removes them.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const tmp = ".tmp"

// WriteFile puts data under name with the given permissions, replacing what was there.
func WriteFile(name string, data []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(name+tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return fmt.Errorf("durable: write: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("durable: write: %w", err), os.Remove(name+tmp))
	}
	return Rename(name+tmp, name)
}

// CreateFile puts data under a name that is not taken, or returns an error that is fs.ErrExist. Of two
// processes that create one name at once, one wins and the other sees the winner's whole file.
func CreateFile(name string, data []byte, perm fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*"+tmp)
	if err != nil {
		return fmt.Errorf("durable: create: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(perm), f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), name)
	}
	err = errors.Join(err, os.Remove(f.Name()))
	if err != nil {
		return fmt.Errorf("durable: create: %w", err)
	}
	return SyncDir(filepath.Dir(name))
}

// Rename moves a file whose content is already synced; both folders are synced after it.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("durable: rename: %w", err)
	}
	if err := SyncDir(filepath.Dir(to)); err != nil {
		return err
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return SyncDir(filepath.Dir(from))
	}
	return nil
}

// Remove removes a file; one that is already gone is no error.
func Remove(name string) error {
	if err := os.Remove(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("durable: remove: %w", err)
	}
	return SyncDir(filepath.Dir(name))
}

// MkdirAll makes a folder that only its owner may enter, with its parents, and syncs the parent.
func MkdirAll(name string) error {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return fmt.Errorf("durable: make folder: %w", err)
	}
	return SyncDir(filepath.Dir(name))
}

// SyncDir makes the entries of a folder durable.
func SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("durable: sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("durable: sync folder: %w", err)
	}
	return nil
}

// Sweep removes the temporary files that a crash left in a folder.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("durable: sweep: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), tmp) && e.Type().IsRegular() {
			if err := Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
