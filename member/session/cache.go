// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// ErrNoCache says that nothing was ever fetched here, so that nothing can be checked offline.
var ErrNoCache = errors.New("this device has not spoken with its cloud yet; run keyhold list once while it is reachable")

// source is where sealed pages and tiles come from. Nothing it gives is trusted.
type source interface {
	manifest.TileSource
	page(ctx context.Context, ref api.PageRef) ([]byte, error)
}

// cache keeps the last answer, with sealed pages and tiles, in the device's folder.
type cache struct{ dir string }

func (s *Session) cache() cache {
	if s.Folder == nil {
		return cache{}
	}
	return cache{dir: s.Folder.Cache()}
}

const answerFile = "sync.json"

func (c cache) answer() (*api.Sync, error) {
	if c.dir == "" {
		return nil, ErrNoCache
	}
	text, err := os.ReadFile(filepath.Join(c.dir, answerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoCache
	}
	if err != nil {
		return nil, fmt.Errorf("read the cache: %w", err)
	}
	var a api.Sync
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("read the cache: it is damaged: %w", err)
	}
	return &a, nil
}

// refs says which version of each page the cache holds.
func (c cache) refs() map[manifest.PageName]api.PageRef {
	out := map[manifest.PageName]api.PageRef{}
	a, err := c.answer()
	if err != nil {
		return out
	}
	for _, p := range a.Pages {
		out[pageName(p)] = p
	}
	return out
}

func pageName(p api.PageRef) manifest.PageName {
	return manifest.PageName{Run: p.Run, Camera: p.Camera, Epoch: p.Epoch, Hour: p.Hour}
}

// keep replaces the answer. Its address is a right to read for ten minutes and is not kept.
func (c cache) keep(a *api.Sync) error {
	if c.dir == "" {
		return nil
	}
	kept := *a
	kept.Address = ""
	text, err := json.Marshal(&kept)
	if err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	if err := c.write(answerFile, text); err != nil {
		return err
	}
	return c.prune(time.UnixMilli(a.Now))
}

const (
	// kept is how long a file stays: longer than the cloud lists anything.
	kept      = 40 * 24 * time.Hour
	pruneFile = "pruned"
)

// prune removes, once a day, what is too old to be listed again.
func (c cache) prune(now time.Time) error {
	if info, err := os.Stat(filepath.Join(c.dir, pruneFile)); err == nil && now.Sub(info.ModTime()) < 24*time.Hour {
		return nil
	}
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil || now.Sub(info.ModTime()) < kept {
			return err
		}
		return os.Remove(path)
	})
	// Another program of this device may be doing the same.
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tidy the cache: %w", err)
	}
	return c.write(pruneFile, nil)
}

func (c cache) write(name string, content []byte) error {
	if c.dir == "" {
		return nil
	}
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	return device.WriteFile(path, content)
}

func (c cache) pagePath(p api.PageRef) string {
	return filepath.Join("pages", string(p.Run), string(p.Camera), string(p.Epoch), strconv.FormatInt(p.Hour, 10))
}

func (c cache) tilePath(run id.Run, level int, n int64, width int) string {
	return filepath.Join("tiles", string(run), strconv.Itoa(level), fmt.Sprintf("%d.%d", n, width))
}

func (c cache) read(name string) ([]byte, error) {
	if c.dir == "" {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(filepath.Join(c.dir, name))
}

func (c cache) page(_ context.Context, ref api.PageRef) ([]byte, error) {
	b, err := c.read(c.pagePath(ref))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotCached, err)
	}
	return b, nil
}

// errNotCached says that a page was not needed when the device was last online.
var errNotCached = errors.New("not in this device's cache")

// Tile reads a tile that some earlier Sync needed.
func (c cache) Tile(_ context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	b, err := c.read(c.tilePath(run, level, n, width))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotCached, err)
	}
	return b, nil
}

// online asks the cloud, and the cache first where nothing can have changed.
type online struct {
	client  *api.Client
	address string
	cache   cache
	old     map[manifest.PageName]api.PageRef
	past    bool // asks the cloud in any case
}

func (o *online) page(ctx context.Context, ref api.PageRef) ([]byte, error) {
	if old, ok := o.old[pageName(ref)]; ok && old.Size == ref.Size && old.Updated == ref.Updated {
		if b, err := o.cache.page(ctx, ref); err == nil && int64(len(b)) == ref.Size {
			return b, nil
		}
	}
	b, err := o.client.Page(ctx, o.address, ref.Run, ref.Camera, ref.Epoch, ref.Hour)
	if err != nil {
		return nil, err
	}
	return b, o.cache.write(o.cache.pagePath(ref), b)
}

func (o *online) Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	path := o.cache.tilePath(run, level, n, width)
	if b, err := o.cache.read(path); err == nil && !o.past && len(b) == width*len(id.Hash{}) {
		return b, nil
	}
	b, err := o.client.Tile(ctx, o.address, run, level, n, width)
	if err != nil {
		return nil, err
	}
	return b, o.cache.write(path, b)
}
