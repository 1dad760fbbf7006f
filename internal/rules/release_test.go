// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyhold/e2e/harness"
)

// The hook that switches a check off is found by what it reads.
const (
	goHook  = "KEYHOLD_" + "MUTANT"
	webHook = "__keyhold" + "Mutant"
)

// Programs as they are released cannot be told to skip a check: the hook is not in them at all. The control is the
// same program built for tests, in which the same search finds it.
func TestReleasedProgramsHaveNoHook(t *testing.T) {
	t.Parallel()
	for _, want := range []bool{false, true} {
		programs, err := harness.Build(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range []string{programs.Keyhold, programs.Cloud} {
			body, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			if found := bytes.Contains(body, []byte(goHook)); found != want {
				t.Errorf("%s: hook found is %v", program, found)
			}
		}
	}
}

func TestBuiltAppHasNoHook(t *testing.T) {
	t.Parallel()
	if !strings.Contains(read(t, "web/keyhold/src/mutant.ts"), webHook) {
		t.Errorf("the hook of the web part is no longer called %s", webHook)
	}
	dist := filepath.Join(root(t), "web", "app", "dist")
	if _, err := os.Stat(filepath.Join(dist, "index.html")); err != nil {
		t.Fatal("the owner app is not built; run `make web`")
	}
	err := filepath.WalkDir(dist, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(name)
		if bytes.Contains(body, []byte(webHook)) {
			t.Errorf("%s holds the hook", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
