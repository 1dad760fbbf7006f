// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"keyhold/home/durable"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// maxIndex bounds an index file: a pack has some twenty lines.
const maxIndex = 1 << 20

// RecoverConfig says where to look and whom to tell.
type RecoverConfig struct {
	Spool, Packs string
	// Closed takes each pack that an earlier process left; nil confirms it. It may have been told of it before.
	Closed func(Pack) error
	// Gap takes, for each camera with an open pack, the open gap that begins where its last whole segment ends.
	Gap func(Gap)
	Log *slog.Logger
}

// Recover closes what an earlier process left in the spool, before any recorder starts there. Files whose bytes are not
// those of the index, and all that lies after them, are dropped: a torn or zero-filled tail is not a file.
func Recover(cfg RecoverConfig) error {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	entries, err := os.ReadDir(cfg.Spool)
	if err != nil {
		return fmt.Errorf("record: recover: %w", err)
	}
	var all error
	for _, e := range entries {
		object, isIndex := strings.CutSuffix(e.Name(), indexSuffix)
		if !isIndex {
			continue
		}
		o, err := id.ParseObject(object)
		if err != nil {
			continue
		}
		if err := recoverOne(cfg, o); err != nil {
			all = errors.Join(all, fmt.Errorf("record: recover %s: %w", o, err))
		}
	}
	// A part without an index never had a whole file.
	for _, e := range entries {
		object, isPart := strings.CutSuffix(e.Name(), partSuffix)
		if _, err := id.ParseObject(object); !isPart || err != nil {
			continue
		}
		path := filepath.Join(cfg.Spool, object)
		if _, err := os.Stat(path + indexSuffix); errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, durable.Remove(path+partSuffix))
		}
	}
	return all
}

func recoverOne(cfg RecoverConfig, o id.Object) error {
	index := filepath.Join(cfg.Spool, string(o)+indexSuffix)
	part := filepath.Join(cfg.Spool, string(o)+partSuffix)
	final := PackPath(cfg.Packs, o)
	text, err := readSmall(index)
	if err != nil {
		return err
	}
	head, files, err := readIndex(text)
	if err == nil && head.Object != o {
		err = errors.New("the index names another object")
	}
	if err != nil {
		cfg.Log.Warn("an open pack without a readable index is dropped", "object", o, "err", err)
		return errors.Join(durable.Remove(part), durable.Remove(index))
	}
	open := true
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		// It was moved already; only the confirmation is missing.
		open = false
		f, err = os.Open(final)
		if errors.Is(err, fs.ErrNotExist) {
			return durable.Remove(index)
		}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	whole, sum, size, err := verify(f, files)
	if err != nil {
		return err
	}
	if !open && len(whole) != len(files) {
		return errors.New("a closed pack is damaged; its index is kept for inspection")
	}
	if len(whole) == 0 {
		cfg.Log.Info("an open pack had no whole segment", "object", o)
		return errors.Join(durable.Remove(part), durable.Remove(index))
	}
	pack := Pack{
		Object: o, Camera: head.Camera, Epoch: head.Epoch, Session: head.Session,
		Files: whole, Size: size, SHA256: sum, Path: final,
	}
	if open {
		if err := errors.Join(f.Truncate(size), f.Sync()); err != nil {
			return err
		}
		if err := place(part, final); err != nil {
			return err
		}
	}
	if cfg.Closed != nil {
		if err := cfg.Closed(pack); err != nil {
			return err
		}
	}
	if open && cfg.Gap != nil {
		cfg.Gap(Gap{Camera: pack.Camera, From: pack.End(), Reason: manifest.GapHub})
	}
	return confirm(cfg.Spool, o)
}

// verify reads the listed files and gives those that are whole, up to the first that is not, with the hash and the
// size of all of them together.
func verify(f *os.File, files []manifest.File) ([]manifest.File, id.Hash, int64, error) {
	whole := sha256.New()
	var size int64
	for i, file := range files {
		one := sha256.New()
		n, err := io.Copy(io.MultiWriter(one, whole), io.NewSectionReader(f, file.Offset, file.Size))
		if err != nil {
			return nil, id.Hash{}, 0, err
		}
		if n != file.Size || id.Hash(one.Sum(nil)) != file.SHA256 {
			return rehash(f, files[:i], size)
		}
		size += file.Size
	}
	return files, id.Hash(whole.Sum(nil)), size, nil
}

func rehash(f *os.File, files []manifest.File, size int64) ([]manifest.File, id.Hash, int64, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, size)); err != nil {
		return nil, id.Hash{}, 0, err
	}
	return files, id.Hash(h.Sum(nil)), size, nil
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxIndex))
}
