// SPDX-License-Identifier: Apache-2.0

// Package verify holds copies of ciphertext against the hub's record, offline.
//
// A folder may be a hub's, a cloud's, or any copy of either: whatever file in it is named like an object
// is checked by length and by the hash of each age file in it. The record is the one in this device's
// cache, proved again each time it is read. Nothing is opened and nothing is written.
package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// Folder is what was found.
type Folder struct {
	// Good objects are byte for byte those of the record, Bad ones are not.
	Good int
	Bad  []Fault
	// Unknown objects are named by no leaf that this device has read: newer, older, of pages it never
	// needed, or of another household.
	Unknown int
	// Named is how many objects the record in the cache names; the rest of them are not in the folder.
	Named   int
	Bytes   int64
	Checked int64
}

// Fault is an object that does not hold.
type Fault struct {
	Object id.Object
	Err    error
}

// Check walks a folder. progress is told how many bytes were read.
func Check(ctx context.Context, v *session.View, dir string, progress func(done, total int64)) (*Folder, error) {
	packs, err := v.Objects(ctx)
	if err != nil {
		return nil, fmt.Errorf("check the record in this device's cache: %w", err)
	}
	out := &Folder{Named: len(packs)}
	var found []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if object, err := id.ParseObject(d.Name()); err != nil || !d.Type().IsRegular() {
			return nil
		} else if _, known := packs[object]; !known {
			out.Unknown++
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out.Bytes += info.Size()
		found = append(found, path)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look through %s: %w", dir, err)
	}
	for _, path := range found {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		object := id.Object(filepath.Base(path))
		err := checkObject(path, packs[object], func(n int64) {
			out.Checked += n
			progress(out.Checked, out.Bytes)
		})
		switch {
		case err == nil:
			out.Good++
		case rule.Of(err) != "":
			out.Bad = append(out.Bad, Fault{Object: object, Err: err})
		default:
			return nil, err
		}
	}
	return out, nil
}

func checkObject(path string, pack *manifest.Pack, read func(int64)) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read object: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read object: %w", err)
	}
	if info.Size() != pack.Size && !rule.Off(rule.FileSize) {
		read(info.Size())
		return rule.Errorf(rule.FileSize, "it is %d bytes long, the hub wrote %d", info.Size(), pack.Size)
	}
	for i, f := range pack.Files {
		h := sha256.New()
		n, err := io.CopyN(h, file, f.Size)
		read(n)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read object: %w", err)
		}
		if id.Hash(h.Sum(nil)) != f.SHA256 && !rule.Off(rule.FileHash) {
			return rule.Errorf(rule.FileHash, "file %d of %d in it is not what the hub wrote", i+1, len(pack.Files))
		}
	}
	return nil
}
