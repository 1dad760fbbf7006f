// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a module with two programs and a package of two tests, of which one fails while there is the file $BAD.
func tree(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"go.mod": "module keyhold\n\ngo 1.26\n", "go.sum": "", "tools/go.sum": "",
		"cmd/keyhold/main.go": "package main\n\nfunc main() {}\n", "cmd/keyhold-cloud/main.go": "package main\n\nfunc main() {}\n",
		"read.txt": "one",
		"pkg/pkg_test.go": `package pkg

import ("os"; "testing")

func TestRead(t *testing.T) { t.Run("part", func(*testing.T) {}) }

func TestMood(t *testing.T) {
	if _, err := os.Stat(os.Getenv("BAD")); err == nil {
		t.Error("there it is")
	}
}
`,
	} {
		write(t, name, text)
	}
	if said, err := exec.CommandContext(t.Context(), "git", "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("git: %v\n%s", err, said)
	}
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		t.Fatal("what is installed is asked of dpkg-query, which is not there")
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatPassedIsRunAgainOnceAFileIsAnother(t *testing.T) {
	tree(t)
	cache := t.TempDir()
	// tested runs what there is to run and says how that ended.
	tested := func() string {
		t.Helper()
		args := []string{"-count=1", "./pkg"}
		o, err := recall(t.Context(), cache, "./pkg", args, []string{"read.txt"})
		if err != nil {
			t.Fatal(err)
		}
		if o.was.Whole {
			return "cached"
		}
		var out strings.Builder
		code := run(t.Context(), "", args, o, &out)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return strings.Join(lines[max(0, len(lines)-2):], "; ") + map[int]string{0: "", 1: " FAIL"}[code]
	}
	wants := func(when, want string) {
		t.Helper()
		if got := tested(); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s; want %s", when, got, want)
		}
	}
	bad := filepath.Join(t.TempDir(), "bad") // nobody counts it
	t.Setenv("BAD", bad)
	write(t, bad, "")
	wants("at first", "2 passed, 1 failed, 0 skipped FAIL")
	wants("what failed is run again, and nothing else", "1 passed before on the same files; 0 passed, 1 failed, 0 skipped FAIL")
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	wants("it passes", "1 passed before on the same files; 1 passed, 0 failed, 0 skipped")
	wants("nothing is left", "cached")
	for name, text := range map[string]string{
		"read.txt": "two", "cmd/keyhold/main.go": "package main\n\nfunc main() { println() }\n",
		"pkg/more_test.go": "package pkg\n",
	} {
		write(t, name, text)
		wants(name+" is another", "3 passed, 0 failed, 0 skipped")
	}
	write(t, "other.txt", "nobody reads this")
	wants("a file that nobody reads", "cached")
	if o, err := recall(t.Context(), cache, "./pkg", []string{"-count=1", "-tags", "mutant", "./pkg"}, []string{"read.txt"}); err != nil || o.was.Whole {
		t.Errorf("with another flag: %+v, %v", o.was, err)
	}
	t.Setenv("FORCE", "1")
	wants("by force", "3 passed, 0 failed, 0 skipped")
	t.Setenv("FORCE", "")
	if err := os.RemoveAll(".git"); err != nil {
		t.Fatal(err)
	}
	wants("in a tree that git does not have", "3 passed, 0 failed, 0 skipped")
	wants("where nothing is remembered", "3 passed, 0 failed, 0 skipped")
}
