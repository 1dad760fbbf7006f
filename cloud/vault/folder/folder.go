// SPDX-License-Identifier: Apache-2.0

// Package folder is the vault of one machine: a file per object in a local folder, with no folder per household.
//
// A Put writes a part file beside its final place, syncs it, renames it and syncs the folder; only then is the object
// visible, and it is whole. The folder belongs to exactly one process, which a lock file enforces. It trusts the disk
// to keep what it has synced; a failed sync fails the Put, which the writer then repeats. A crash may leave part
// files, which Open removes.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/gofrs/flock"

	"keyhold/cloud/vault"
	"keyhold/statement/id"
)

const (
	objectPrefix = "obj_"
	partSuffix   = ".part"
	lockName     = "lock"
)

// ErrInUse says that another process has the folder.
var ErrInUse = errors.New("folder: another process uses this vault; exactly one may")

// Folder is a vault in a local folder.
type Folder struct {
	// Space says how many bytes are free where the folder lies; asked of the system if nil. It is set before use.
	Space func() (int64, error)

	root string
	lock *flock.Flock

	mu   sync.Mutex
	made map[string]bool     // shards known to exist and to be synced; guarded by mu
	busy map[id.Object]*gate // Puts under way; guarded by mu
}

// gate lets one Put of an object in at a time. Its count is guarded by Folder.mu.
type gate struct {
	sync.Mutex
	users int
}

// Open takes the folder, makes it if need be, and removes what an interrupted process left half written.
func Open(root string) (*Folder, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("folder: make vault: %w", err)
	}
	lock := flock.New(filepath.Join(root, lockName))
	switch ok, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("folder: lock: %w", err)
	case !ok:
		return nil, ErrInUse
	}
	f := &Folder{root: root, lock: lock, made: map[string]bool{}, busy: map[id.Object]*gate{}}
	if err := f.clear(); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return f, nil
}

// Close gives the folder up. The kernel does the same when the process dies.
func (f *Folder) Close() error { return f.lock.Close() }

// clear removes part files.
func (f *Folder) clear() error {
	return f.walk(func(path string, d fs.DirEntry) error {
		if strings.HasSuffix(d.Name(), partSuffix) {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("folder: remove part file: %w", err)
			}
		}
		return nil
	})
}

// walk calls f for every file in every shard.
func (f *Folder) walk(visit func(path string, d fs.DirEntry) error) error {
	shards, err := os.ReadDir(f.root)
	if err != nil {
		return fmt.Errorf("folder: list vault: %w", err)
	}
	for _, s := range shards {
		if !s.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(f.root, s.Name()))
		if err != nil {
			return fmt.Errorf("folder: list shard: %w", err)
		}
		for _, d := range files {
			if err := visit(filepath.Join(f.root, s.Name(), d.Name()), d); err != nil {
				return err
			}
		}
	}
	return nil
}

// place returns the shard and the path of an object, and refuses what is no object id.
func (f *Folder) place(object id.Object) (dir, path string, err error) {
	if !object.Valid() {
		return "", "", fmt.Errorf("folder: %w", id.ErrForm)
	}
	dir = filepath.Join(f.root, string(object)[len(objectPrefix):len(objectPrefix)+2])
	return dir, filepath.Join(dir, string(object)), nil
}

// enter lets one Put of this object in; leave must be called.
func (f *Folder) enter(object id.Object) (leave func()) {
	f.mu.Lock()
	g := f.busy[object]
	if g == nil {
		g = &gate{}
		f.busy[object] = g
	}
	g.users++
	f.mu.Unlock()
	g.Lock()
	return func() {
		g.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		if g.users--; g.users == 0 {
			delete(f.busy, object)
		}
	}
}

// reserve is what objects leave free: the rows in the database beside the vault need room to be written, and above all
// to be removed.
const reserve = 128 << 20

// room refuses an object for which there is no space.
func (f *Folder) room(size int64) error {
	space := f.Space
	if space == nil {
		space = func() (int64, error) {
			var st syscall.Statfs_t
			err := syscall.Statfs(f.root, &st)
			return int64(st.Bavail) * st.Bsize, err
		}
	}
	free, err := space()
	if err != nil {
		return fmt.Errorf("folder: free space: %w", err)
	}
	if free-size < reserve {
		return vault.ErrNoSpace
	}
	return nil
}

// Open returns an object that a Put has finished.
func (f *Folder) Open(_ context.Context, object id.Object) (vault.Reader, int64, error) {
	_, path, err := f.place(object)
	if err != nil {
		return nil, 0, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, vault.ErrMissing
	}
	if err != nil {
		return nil, 0, fmt.Errorf("folder: open object: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, 0, fmt.Errorf("folder: stat object: %w", err)
	}
	return file, info.Size(), nil
}

// Delete removes an object. The removal is not synced: a crash may bring the object back, and the sweep comes again.
func (f *Folder) Delete(_ context.Context, object id.Object) error {
	_, path, err := f.place(object)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("folder: delete object: %w", err)
	}
	return nil
}

// Each lists the objects that are there.
func (f *Folder) Each(ctx context.Context, visit func(vault.Entry) error) error {
	return f.walk(func(_ string, d fs.DirEntry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		object, err := id.ParseObject(d.Name())
		if err != nil {
			return nil // a part file, or something a person put here
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted since the folder was read
		}
		if err != nil {
			return fmt.Errorf("folder: stat object: %w", err)
		}
		return visit(vault.Entry{Object: object, Size: info.Size(), Stored: info.ModTime().UnixMilli()})
	})
}

var (
	_ vault.Vault = (*Folder)(nil)
	_ io.Closer   = (*Folder)(nil)
)
