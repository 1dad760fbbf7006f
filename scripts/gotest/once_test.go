// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const program = "package main\n\nfunc main() {}\n"

// tree is a module with two programs and a package of two tests, of which one fails while there is the file $BAD.
func tree(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("FORCE", "") // of whoever runs this test: it is about what is remembered
	for name, text := range map[string]string{
		"go.mod": "module keyhold\n\ngo 1.26\n", "go.sum": "", "tools/go.sum": "",
		"cmd/keyhold/main.go": program, "cmd/keyhold-cloud/main.go": program,
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

// household is the module of [tree] with what passed in it.
type household struct {
	t     *testing.T
	cache string
	args  []string
}

func (h *household) recall() once {
	h.t.Helper()
	o, err := recall(h.t.Context(), h.cache, h.args, []string{"read.txt"})
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// ends runs what there is to run.
func (h *household) ends(when, want string) {
	h.t.Helper()
	var out strings.Builder
	code := run(h.t.Context(), "", h.args, h.recall(), &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	got := strings.Join(lines[max(0, len(lines)-2):], "; ") + map[int]string{0: "", 1: " FAIL"}[code]
	if !strings.HasSuffix(got, want) {
		h.t.Errorf("%s: %s; want %s", when, got, want)
	}
}

// knows asks whether everything of ./pkg has passed as it is now.
func (h *household) knows(when string, want bool) {
	h.t.Helper()
	if got := slices.Contains(h.recall().whole(), "./pkg"); got != want {
		h.t.Errorf("%s: known that it passed: %v, want %v", when, got, want)
	}
}

func TestWhatPassedIsRunAgainOnceAFileIsAnother(t *testing.T) {
	tree(t)
	h := &household{t, t.TempDir(), []string{"-count=1", "./pkg"}}
	bad := filepath.Join(t.TempDir(), "bad") // nobody counts it
	t.Setenv("BAD", bad)
	write(t, bad, "")
	h.ends("at first", "2 passed, 1 failed, 0 skipped FAIL")
	h.ends("what failed is run again, and nothing else", "1 passed before on the same files; 0 passed, 1 failed, 0 skipped FAIL")
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	h.ends("it passes", "1 passed before on the same files; 1 passed, 0 failed, 0 skipped")
	h.ends("nothing is left", "(cached)")

	for name, text := range map[string][2]string{
		"read.txt": {"one", "two"}, "cmd/keyhold/main.go": {program, "package main\n\nfunc main() { println() }\n"},
		"pkg/more_test.go": {"", "package pkg\n"}, "other.txt": {"", "nobody reads this"},
	} {
		write(t, name, text[1])
		h.knows(name+" is another", name == "other.txt")
		if write(t, name, text[0]); text[0] == "" {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		h.knows(name+" is as it was", true)
	}
	t.Setenv("FORCE", "1")
	h.knows("by force", false)
	t.Setenv("FORCE", "")

	// Of several packages, one is left out where all of it passed.
	write(t, "fine/fine_test.go", "package fine\n\nimport \"testing\"\n\nfunc TestRead(*testing.T) {}\n")
	h.args = []string{"-count=1", "./fine", "./pkg"}
	h.knows("beside another package", true)
	h.ends("two packages", "1 passed, 0 failed, 0 skipped")
	h.ends("nothing is left of two packages", "(cached)")

	h.args = []string{"-count=1", "-tags", "mutant", "./pkg"}
	h.knows("with another flag", false)
	write(t, "pkg/only_test.go", "//go:build mutant\n\npackage pkg\n\nimport _ \"keyhold/mutant\"\n")
	write(t, "mutant/mutant.go", "package mutant\n")
	was := h.recall().memos["./pkg"].path
	write(t, "mutant/mutant.go", "package mutant\n\nvar _ = 1\n")
	if now := h.recall().memos["./pkg"].path; now == was {
		t.Error("what only that flag brings along is another, and nothing is run again")
	}

	if err := os.RemoveAll(".git"); err != nil {
		t.Fatal(err)
	}
	if o := h.recall(); len(o.memos) > 0 {
		t.Errorf("in a tree that git does not have, %d packages are known", len(o.memos))
	}
	h.args = []string{"-count=1", "./pkg"}
	h.ends("where nothing is remembered", "3 passed, 0 failed, 0 skipped")
}
