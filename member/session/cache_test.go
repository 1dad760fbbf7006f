// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheCacheForgetsWhatTheCloudNoLongerLists(t *testing.T) {
	w := begin(t)
	s := w.device()
	old := filepath.Join(s.Folder.Cache(), "pages", "run_x", "cam_x", "epo_x", "1")
	if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.UnixMilli(w.now).Add(-41 * 24 * time.Hour)
	if err := os.Chtimes(old, then, then); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := s.Cached(t.Context()); err != nil {
		t.Errorf("what is needed is gone: %v", err)
	}
}

func TestTheCacheIsNotBelieved(t *testing.T) {
	w := begin(t)
	s := w.device()
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	pages := filepath.Join(s.Folder.Cache(), "pages")
	err := filepath.WalkDir(pages, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(path, b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cached(t.Context()); err == nil {
		t.Error("pages that were changed in the cache are believed")
	}
	// Online they are fetched again, and what is fetched holds.
	if _, _, err := w.look(s); err != nil {
		t.Errorf("a damaged cache cannot be got over: %v", err)
	}
}
