// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "keyhold"

// root is the top of the tree; tests run in the package's own folder.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatalf("%s is not the top of the tree: %v", dir, err)
	}
	return dir
}

// command runs a program at the top of the tree and returns what it printed.
func command(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = root(t)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said.String())
	}
	return out
}

// tracked lists the files under version control, without those that a working copy has already removed.
func tracked(t *testing.T) []string {
	t.Helper()
	var names []string
	for name := range strings.SplitSeq(string(command(t, "git", "ls-files", "-z")), "\x00") {
		if info, err := os.Stat(filepath.Join(root(t), name)); name != "" && err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatal("git knows no file here")
	}
	return names
}

// read returns a file of the tree.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pkg is what `go list` says about a package.
type pkg struct {
	ImportPath string
	Dir        string
	Name       string
	Doc        string
	Standard   bool
	Imports    []string
}

// ours says whether the package belongs to this module.
func (p pkg) ours() bool {
	return p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/")
}

// list asks the go command about packages.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	args = append([]string{"list", "-json=ImportPath,Dir,Name,Doc,Standard,Imports"}, args...)
	dec := json.NewDecoder(bytes.NewReader(command(t, "go", args...)))
	var all []pkg
	for {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// under says whether an import path is the folder or lies in it. Paths are given without the module's name.
func under(path, folder string) bool {
	full := module + "/" + folder
	return path == full || strings.HasPrefix(path, full+"/")
}

// underAny is under for several folders.
func underAny(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return under(path, f) })
}

// overlay lays one more file into a folder of the tree, for the go command alone.
func overlay(t *testing.T, dir, source string) string {
	t.Helper()
	tmp := t.TempDir()
	file := filepath.Join(tmp, "added.go")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(dir, "zz_added.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(tmp, "overlay.json")
	if err := errors.Join(os.WriteFile(file, []byte(source), 0o600), os.WriteFile(table, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return table
}
