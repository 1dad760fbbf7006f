// SPDX-License-Identifier: Apache-2.0

package golden_test

import (
	"os"
	"path/filepath"
	"testing"

	"keyhold/e2e/golden"
	"keyhold/e2e/harness"
	frozen "keyhold/vectors/golden"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestHouseholdsOfEarlierVersionsAreReadable is for ever: no version is taken out of it.
func TestHouseholdsOfEarlierVersionsAreReadable(t *testing.T) {
	programs, err := harness.Build(t.Context(), false)
	must(t, err)
	versions, err := frozen.Versions(filepath.Join("..", "..", "vectors", "golden"))
	must(t, err)
	for _, v := range versions {
		t.Run(filepath.Base(v), func(t *testing.T) {
			t.Parallel()
			must(t, golden.Read(t.Context(), programs, filepath.Join(v, "household"), t.TempDir()))
		})
	}
}

// TestWhatIsMadeTodayIsReadable tries the making and the reading on each other, and that the reading can fail.
func TestWhatIsMadeTodayIsReadable(t *testing.T) {
	t.Parallel()
	programs, err := harness.Build(t.Context(), false)
	must(t, err)
	out := t.TempDir()
	must(t, golden.Make(t.Context(), programs, t.TempDir(), out))
	must(t, golden.Read(t.Context(), programs, out, t.TempDir()))
	for name, spoil := range map[string]func(dir string) error{
		"an export that was changed":   func(dir string) error { return flip(filepath.Join(dir, "export.mp4"), 10_000) },
		"a proof that was changed":     func(dir string) error { return flip(filepath.Join(dir, "export.mp4.proof"), 1000) },
		"a device without its keys":    func(dir string) error { return os.Remove(filepath.Join(dir, "sitter", "device.key")) },
		"a hub without its database":   func(dir string) error { return os.Remove(filepath.Join(dir, "hub", "state.db")) },
		"a cloud without its database": func(dir string) error { return os.Remove(filepath.Join(dir, "cloud", "cloud.db")) },
		"a pack that was changed": func(dir string) error {
			found, err := filepath.Glob(filepath.Join(dir, "hub", "packs", "*", "obj_*"))
			if err != nil {
				return err
			}
			return flip(found[0], -10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "household")
			must(t, os.CopyFS(dir, os.DirFS(out)))
			must(t, spoil(dir))
			if golden.Read(t.Context(), programs, dir, t.TempDir()) == nil {
				t.Error("nothing is noticed")
			}
		})
	}
}

// flip changes a bit; a place below 0 counts from the end.
func flip(path string, at int) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return os.WriteFile(path, b, 0o600)
}
