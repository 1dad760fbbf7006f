// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestTheProtocolHasEveryCommandAndFlagAndNoOther holds the lines of section 12 against the program. What each command of a
// device takes stands there once, below them.
func TestTheProtocolHasEveryCommandAndFlagAndNoOther(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## 12 ")
	section, _, _ = strings.Cut(section, "\n## ")
	var p program
	parser, err := kong.New(&p, kong.Vars(memberVars()), kong.Vars(hubVars()))
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]map[string]bool{} // flags by command
	for _, leaf := range parser.Model.Leaves(true) {
		flags := map[string]bool{}
		for _, group := range leaf.AllFlags(true) {
			for _, f := range group {
				if f.Name != "help" && f.Name != "device" {
					flags["--"+f.Name] = true
				}
			}
		}
		have[leaf.Path()] = flags
	}
	said := map[string]map[string]bool{}
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	for line := range strings.Lines(section) {
		line, ok := strings.CutPrefix(line, "    keyhold ")
		if !ok {
			continue
		}
		line, _, _ = strings.Cut(line, "   (") // what is explained behind it
		words := strings.Fields(line)
		name := words[0]
		if _, ok := have[name]; !ok && len(words) > 1 {
			name += " " + words[1]
		}
		if said[name] == nil {
			said[name] = map[string]bool{}
		}
		for _, f := range flag.FindAllString(line, -1) {
			said[name][f] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if said[name] == nil {
			t.Errorf("keyhold %s is not in the protocol", name)
			continue
		}
		for f := range have[name] {
			if !said[name][f] {
				t.Errorf("the line of keyhold %s lacks %s", name, f)
			}
		}
		for f := range said[name] {
			if !have[name][f] {
				t.Errorf("keyhold %s has no %s", name, f)
			}
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("keyhold %s is in the protocol and not in the program", name)
	}
}
