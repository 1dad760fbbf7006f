// SPDX-License-Identifier: Apache-2.0

package golden_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyhold/vectors/golden"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestGoldenBytesAreAsTheyWere(t *testing.T) {
	versions, err := golden.Versions(".")
	must(t, err)
	for _, dir := range versions {
		if err := golden.Check(dir); err != nil {
			t.Errorf("%s: golden bytes are never changed; something new is a new payload type (docs/evolution.md): %v", dir, err)
		}
	}
}

func TestCheckNoticesEveryChange(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(dir string) error
		says string
	}{
		"nothing":      {func(string) error { return nil }, ""},
		"one bit":      {func(dir string) error { return os.WriteFile(filepath.Join(dir, "deep", "b"), []byte("c"), 0o600) }, "deep/b was changed"},
		"a file more":  {func(dir string) error { return os.WriteFile(filepath.Join(dir, "c"), nil, 0o600) }, "c was added"},
		"a file fewer": {func(dir string) error { return os.Remove(filepath.Join(dir, "a")) }, "a is gone"},
		"a file moved": {func(dir string) error { return os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "z")) }, "a is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "v9")
			must(t, os.MkdirAll(filepath.Join(dir, "deep"), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "deep", "b"), []byte("b"), 0o600))
			must(t, golden.Seal(dir))
			if versions, err := golden.Versions(root); err != nil || len(versions) != 1 || versions[0] != dir {
				t.Fatalf("versions %v, %v", versions, err)
			}
			must(t, c.do(dir))
			err := golden.Check(dir)
			if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
				t.Errorf("check says %v, want %q", err, c.says)
			}
			if golden.Seal(dir) == nil {
				t.Error("what is frozen can be frozen anew")
			}
		})
	}
}
