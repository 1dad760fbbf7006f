// SPDX-License-Identifier: Apache-2.0

// Package golden keeps what an earlier version made from ever being changed.
//
// Each folder beside this file, such as v1, holds vectors and a household as that version made them, and SHA256SUMS
// over all of it. Seal writes the sums once; Check names every file that is another than then. Nothing here knows what
// the files mean: vectors and e2e/golden read them (docs/evolution.md). It trusts the sums, which are under version
// control like everything else. A crash of Seal leaves a folder without sums, which counts as none.
package golden

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sums is the name of the file of sums, in the form that sha256sum checks.
const Sums = "SHA256SUMS"

// Versions lists the frozen versions in a folder.
func Versions(root string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, "*", Sums))
	if err != nil {
		return nil, fmt.Errorf("golden: list versions: %w", err)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found, nil
}

// Seal writes the sums of a folder that has none yet.
func Seal(dir string) error {
	name := filepath.Join(dir, Sums)
	if _, err := os.Stat(name); err == nil {
		return fmt.Errorf("golden: %s is frozen already; something new is a new version", dir)
	}
	sums, err := hashes(dir)
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&out, "%s  %s\n", sums[file], file)
	}
	if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
		return fmt.Errorf("golden: write the sums: %w", err)
	}
	return nil
}

// Check says of each file that it was changed, is gone, or was not there.
func Check(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, Sums))
	if err != nil {
		return fmt.Errorf("golden: read the sums: %w", err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, file, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			return fmt.Errorf("golden: %s is damaged", Sums)
		}
		want[file] = sum
	}
	have, err := hashes(dir)
	if err != nil {
		return err
	}
	var faults []error
	for _, file := range slices.Sorted(maps.Keys(want)) {
		switch sum, ok := have[file]; {
		case !ok:
			faults = append(faults, fmt.Errorf("golden: %s is gone", file))
		case sum != want[file]:
			faults = append(faults, fmt.Errorf("golden: %s was changed", file))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[file]; !ok {
			faults = append(faults, fmt.Errorf("golden: %s was added", file))
		}
	}
	return errors.Join(faults...)
}

func hashes(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == Sums {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		out[filepath.ToSlash(name)] = hex.EncodeToString(sum[:])
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("golden: read %s: %w", dir, err)
	}
	return out, nil
}
