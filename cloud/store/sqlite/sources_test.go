// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources reads the package's own files.
func sources(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d source files found: %v", len(names), err)
	}
	out := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

func TestEveryColumnIsExplained(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations found")
	}
	column := regexp.MustCompile(`^(?:  |ALTER TABLE [a-z]+ ADD COLUMN )[a-z_0-9]+ +(TEXT|INTEGER|BLOB|REAL)\b`)
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for i, line := range strings.Split(string(b), "\n") {
			if !column.MatchString(line) {
				continue
			}
			seen++
			// What refers to another table is explained there.
			if !strings.Contains(line, " -- ") && !strings.Contains(line, "REFERENCES") {
				t.Errorf("%s:%d: a column without a word on what it is", name, i+1)
			}
		}
		if seen == 0 {
			t.Errorf("%s: no column was found: this has checked nothing", name)
		}
	}
}
