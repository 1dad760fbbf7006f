// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"keyhold/home/record"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// row is a pack as state.db knows it.
type row struct {
	object id.Object
	size   int64
	sum    id.Hash
	files  []manifest.File
	sent   bool
}

func (c *checker) rows(ctx context.Context) ([]row, error) {
	var out []row
	err := c.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT object, size, sha256, files, sent IS NOT NULL FROM packs ORDER BY run, idx`, nil, func(scan func(...any) error) error {
			var r row
			var sum, files []byte
			if err := scan(&r.object, &r.size, &sum, &files, &r.sent); err != nil {
				return err
			}
			copy(r.sum[:], sum)
			if err := canon.Unmarshal(files, &r.files); err != nil {
				c.report.fault("%s: the row's list of files is damaged: %v", r.object, err)
				return nil
			}
			out = append(out, r)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("check: packs: %w", err)
	}
	return out, nil
}

// packs checks every stored object against its row, file by file, and that no file is without a row.
func (c *checker) packs(ctx context.Context) error {
	rows, err := c.rows(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range rows {
		known[string(r.object)] = true
		c.report.Packs++
		c.report.Bytes += r.size
		if r.sent {
			c.report.Uploaded++
		}
		if what := compare(record.PackPath(c.layout.Packs, r.object), r); what != "" {
			c.report.fault("%s: %s", r.object, what)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return filepath.WalkDir(c.layout.Packs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || known[d.Name()] {
			return err
		}
		if _, err := os.Stat(filepath.Join(c.layout.Spool, d.Name()+".idx")); err == nil {
			c.report.note("%s is closed and not yet in the manifest; the next start takes it in", d.Name())
			return nil
		}
		c.report.fault("packs/%s/%s is named by no row", filepath.Base(filepath.Dir(path)), d.Name())
		return nil
	})
}

// compare reads an object and says what is wrong with it, or "".
func compare(path string, r row) string {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "the object is missing"
	}
	if err != nil {
		return "the object cannot be read: " + err.Error()
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err != nil || st.Size() != r.size {
		return fmt.Sprintf("the object has another size than the %d bytes of its leaf", r.size)
	}
	whole := sha256.New()
	var at int64
	for i, file := range r.files {
		one := sha256.New()
		if _, err := io.CopyN(io.MultiWriter(one, whole), f, file.Size); err != nil {
			return "the object cannot be read: " + err.Error()
		}
		if file.Offset != at || id.Hash(one.Sum(nil)) != file.SHA256 {
			return fmt.Sprintf("file %d of the object is not the one of its leaf", i)
		}
		at += file.Size
	}
	if at != r.size || id.Hash(whole.Sum(nil)) != r.sum {
		return "the object's hash is not that of its row"
	}
	return ""
}

// spool looks at what lies open.
func (c *checker) spool(context.Context) error {
	entries, err := os.ReadDir(c.layout.Spool)
	if err != nil {
		return fmt.Errorf("check: spool: %w", err)
	}
	open := 0
	for _, e := range entries {
		object, ext := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), filepath.Ext(e.Name())
		_, err := id.ParseObject(object)
		switch {
		case err != nil || ext != ".part" && ext != ".idx":
			c.report.fault("spool/%s does not belong there", e.Name())
		case ext == ".idx":
			open++
		}
	}
	if open > 0 {
		c.report.note("%d packs lie open in the spool; the next start closes them", open)
	}
	return nil
}

// vault checks that each object which the cloud confirmed is in its vault, byte for byte.
func (c *checker) vault(ctx context.Context, dir string) error {
	if st, err := os.Stat(filepath.Join(dir, "objects")); err != nil || !st.IsDir() {
		return fmt.Errorf("check: %s is not the folder of a cloud: it has no objects/", dir)
	}
	rows, err := c.rows(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if !r.sent {
			continue
		}
		c.report.Vault++
		if what := compare(record.PackPath(filepath.Join(dir, "objects"), r.object), r); what != "" {
			c.report.fault("vault: %s: %s", r.object, what)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
