// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		switch {
		case p.Doc == "":
			t.Errorf("%s has no package comment", p.ImportPath)
		case p.Name != "main" && !strings.HasPrefix(p.Doc, "Package "+p.Name+" "):
			t.Errorf("%s: the comment begins %q", p.ImportPath, p.Doc)
		case p.Name == "main" && !strings.HasPrefix(p.Doc, "Command "+path.Base(p.ImportPath)+" "):
			t.Errorf("%s: the comment begins %q", p.ImportPath, p.Doc)
		}
	}
}

// licensed are the endings of what we write by hand and what can hold a comment.
var licensed = []string{".go", ".ts", ".js", ".mjs", ".svelte", ".css", ".html", ".sh", ".sql", ".yml", ".yaml", ".md", ".py", ".service"}

const licence = "SPDX-License-Identifier: Apache-2.0"

func TestEverySourceNamesItsLicence(t *testing.T) {
	t.Parallel()
	for _, name := range tracked(t) {
		text := read(t, name)
		script := strings.HasPrefix(text, "#!")
		if !script && !slices.Contains(licensed, path.Ext(name)) && path.Base(name) != "Makefile" {
			continue
		}
		head := strings.SplitN(text, "\n", 3)
		first := head[0]
		if script || strings.EqualFold(first, "<!doctype html>") {
			first = head[1]
		}
		if !strings.Contains(first, licence) {
			t.Errorf("%s does not begin with %q", name, licence)
		}
	}
}

const longest = 400

func TestNoFileIsLongerThanOneCanRead(t *testing.T) {
	t.Parallel()
	for _, name := range tracked(t) {
		if !slices.Contains([]string{".go", ".ts", ".mjs", ".svelte"}, path.Ext(name)) {
			continue
		}
		text := read(t, name)
		if strings.Contains(text[:min(len(text), 200)], "\n// Generated from ") {
			continue // read in its source
		}
		if lines := strings.Count(text, "\n"); lines > longest {
			t.Errorf("%s has %d lines, more than %d: it holds more than one noun", name, lines, longest)
		}
	}
}

// Of a machine or a mirror nothing may be told: a clone must build anywhere. The words are put together here so that
// this file does not hold them.
var machine = regexp.MustCompile(`(^|[\s"'=(:])/(` + strings.Join([]string{"root", "work", "home/[a-z]+", "Users"}, "|") + `)/|` +
	strings.Join([]string{`proxy\.golang` + `\.org`, `sum\.golang` + `\.org`, `registry\.npm` + `js\.org`, `deb\.debian` + `\.org`, `"reso` + `lved": "https?:`}, "|"))

func TestNothingTellsOfOneMachine(t *testing.T) {
	t.Parallel()
	for _, name := range tracked(t) {
		for number, line := range strings.Split(read(t, name), "\n") {
			if found := machine.FindString(line); found != "" {
				t.Errorf("%s:%d holds %q", name, number+1, found)
			}
		}
	}
}

func TestMachineCheckSpeaks(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`dir = "/ro` + `ot/x"`, "see https://registry.npm" + "js.org/a", "/wo" + "rk/main/x"} {
		if !machine.MatchString(line) {
			t.Errorf("%q is not found", line)
		}
	}
	for _, line := range []string{"the network/a", "/var/lib/keyhold", "/workshop/x", "a root/b"} {
		if machine.MatchString(line) {
			t.Errorf("%q is found", line)
		}
	}
}
