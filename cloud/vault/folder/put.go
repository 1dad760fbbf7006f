// SPDX-License-Identifier: Apache-2.0

package folder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"keyhold/cloud/vault"
	"keyhold/statement/id"
)

// copyBuffer is what a Put holds in memory.
const copyBuffer = 128 << 10

// Put stores an object. Syscalls in order: create part, write, fsync, (lock out other Puts of this object,) rename,
// fsync of the shard. Until the rename the object does not exist; after the last fsync it always will.
func (f *Folder) Put(ctx context.Context, object id.Object, r io.Reader, size int64, sum id.Hash) (err error) {
	dir, path, err := f.place(object)
	if err != nil {
		return err
	}
	if err := f.room(size); err != nil {
		return err
	}
	defer func() {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			err = fmt.Errorf("%w: %w", vault.ErrNoSpace, err)
		}
	}()
	if err := f.shard(dir); err != nil {
		return err
	}
	part, err := os.CreateTemp(dir, string(object)+".*"+partSuffix)
	if err != nil {
		return fmt.Errorf("folder: make part file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = part.Close()
			_ = os.Remove(part.Name())
		}
	}()
	if err := fill(ctx, part, r, size, sum); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return fmt.Errorf("folder: sync object: %w", err)
	}
	if err := part.Close(); err != nil {
		return fmt.Errorf("folder: close object: %w", err)
	}
	defer f.enter(object)()
	same, err := holds(path, size, sum)
	if err != nil {
		return err
	}
	if same {
		// A repeat, perhaps because the first answer was lost in a crash before the shard was synced.
		if err := os.Remove(part.Name()); err != nil {
			return fmt.Errorf("folder: remove part file: %w", err)
		}
		return syncDir(dir)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return fmt.Errorf("folder: rename object: %w", err)
	}
	return syncDir(dir)
}

// fill writes r to w and checks length and hash on the way.
func fill(ctx context.Context, w io.Writer, r io.Reader, size int64, sum id.Hash) error {
	h := sha256.New()
	// One byte more than announced is enough to know that there are too many.
	source := &byContext{ctx: ctx, r: r}
	limited := io.LimitReader(source, size+1)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(w, h)}, limited, make([]byte, copyBuffer))
	if err != nil && source.failed {
		return fmt.Errorf("folder: receive object: %w: %w", vault.ErrBody, err)
	}
	if err != nil {
		return fmt.Errorf("folder: write object: %w", err)
	}
	if n != size {
		return vault.ErrSize
	}
	if id.Hash(h.Sum(nil)) != sum {
		return vault.ErrHash
	}
	return nil
}

// byContext ends a read when its context has ended, and remembers whether it was the reading that failed.
type byContext struct {
	ctx    context.Context
	r      io.Reader
	failed bool
}

func (b *byContext) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		b.failed = true
		return 0, err
	}
	n, err := b.r.Read(p)
	b.failed = b.failed || (err != nil && err != io.EOF)
	return n, err
}

// holds says whether path is there with exactly these bytes; other bytes are ErrDiffers.
func holds(path string, size int64, sum id.Hash) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("folder: open object: %w", err)
	}
	defer func() { _ = file.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, file)
	if err != nil {
		return false, fmt.Errorf("folder: read object: %w", err)
	}
	if n != size || id.Hash(h.Sum(nil)) != sum {
		return false, vault.ErrDiffers
	}
	return true, nil
}

// shard makes the folder of an object and syncs its parent, once a process.
func (f *Folder) shard(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made[dir] {
		return nil
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("folder: make shard: %w", err)
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	f.made[dir] = true
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("folder: open to sync: %w", err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("folder: sync folder: %w", err)
	}
	return nil
}
