// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	dir := t.TempDir()
	for _, name := range []string{"keyhold", "keyhold-cloud"} {
		for tag, want := range map[string]bool{"": false, "mutant": true} {
			program := filepath.Join(dir, name+tag)
			command(t, "go", "build", "-buildvcs=false", "-tags", tag, "-o", program, "./cmd/"+name)
			body, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			if found := bytes.Contains(body, []byte(goHook)); found != want {
				t.Errorf("%s built with tags %q: hook found is %v", name, tag, found)
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
