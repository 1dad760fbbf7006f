// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestTheOperatorsPageHasEveryOptionAndNoOther(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "operator.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\|(.*)$").FindAllStringSubmatch(string(b), -1) {
		rows[m[1]] = m[2]
	}
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range parser.Model.Leaves(true)[0].Flags {
		row, ok := rows["--"+flag.Name]
		if !ok {
			t.Errorf("--%s is not on the page", flag.Name)
			continue
		}
		delete(rows, "--"+flag.Name)
		for _, env := range flag.Envs {
			if !strings.Contains(row, "`"+env+"`") {
				t.Errorf("the row of --%s lacks %s", flag.Name, env)
			}
		}
		if flag.Default != "" && !strings.Contains(row, "`"+flag.Default+"`") {
			t.Errorf("the row of --%s lacks its default %s", flag.Name, flag.Default)
		}
	}
	for name := range rows {
		t.Errorf("%s is on the page and not in the program", name)
	}
}
