// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSameTestsGetTheSameFolderAndNobodyElse(t *testing.T) {
	t.Setenv("GOTMPDIR", "") // this may itself be tested by gotest
	root := t.TempDir()
	take := func(args ...string) scratch {
		t.Helper()
		s, err := lend(root, args)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, other := take("./a"), take("./b")
	if first.dir == "" || other.dir == "" || first.dir == other.dir {
		t.Fatalf("two kinds of tests get %q and %q", first.dir, other.dir)
	}
	if again := take("./a"); again.dir != "" || again.env() != nil {
		t.Errorf("the same tests at the same time get %q", again.dir)
	}
	if err := os.WriteFile(filepath.Join(first.dir, "left"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []scratch{first, other} {
		if err := s.giveBack(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("left in memory: %v, %v", left, err)
	}
	later := take("./a")
	if later.dir != first.dir {
		t.Errorf("the same tests get %q, then %q", first.dir, later.dir)
	}
	if env := strings.Join(later.env(), " "); !strings.Contains(env, "TMPDIR="+later.dir+" GOTMPDIR="+os.TempDir()) {
		t.Errorf("the go command is told %q", env)
	}
	if err := later.giveBack(); err != nil {
		t.Fatal(err)
	}
}

func TestAMachineWithLittleMemoryKeepsFilesOnItsDisk(t *testing.T) {
	for said, want := range map[string]int64{
		"MemTotal:       24683620 kB\nMemAvailable:   19809000 kB\n": 19809000 << 10,
		"MemAvailable:   4000000 kB\n":                               4000000 << 10,
		"MemAvailable:   4000000\n":                                  0,
		"MemTotal:       24683620 kB\n":                              0,
	} {
		if got := available(strings.NewReader(said)); got != want {
			t.Errorf("%q is read as %d bytes", said, got)
		}
	}
	plenty := strings.NewReader("MemAvailable:   999999999 kB\n")
	if roomy("/proc", plenty) {
		t.Error("files of tests may lie in /proc")
	}
	if roomy(memory, strings.NewReader("MemAvailable:   1000000 kB\n")) {
		t.Error("files of tests lie in memory of which there is little")
	}
}
