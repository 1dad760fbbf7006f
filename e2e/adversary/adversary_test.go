// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"keyhold/statement/rule"
)

func TestEveryAttackIsRefusedAndEveryMutantFooled(t *testing.T) {
	var table, said bytes.Buffer
	ok, err := attackAll(t.Context(), "", "", false, &table, &said)
	t.Log("\n" + table.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !ok || !strings.HasSuffix(table.String(), " refused, 0 let through\n") {
		t.Error("not every attack was refused with its control and mutant as they have to be")
	}
}

func TestJudgeWantsEveryRow(t *testing.T) {
	t.Parallel()
	good := Row{Attack: "truncated", Client: "command line", Rule: rule.FileSize, Outcome: "refused", Said: "It is shorter.", OK: true}
	through := Row{Attack: "truncated", Client: "owner app", Rule: rule.FileSize, Outcome: "let through", LetThrough: true}
	fooled := Row{Attack: "truncated", Client: "owner app", Rule: rule.FileSize, Outcome: "refused; mutant: still refused"}
	for name, c := range map[string]struct {
		rows []Row
		ok   bool
		last string
	}{
		"nothing was attacked":      {nil, false, "0 refused, 0 let through"},
		"all is refused":            {[]Row{good, good}, true, "2 refused, 0 let through"},
		"one is let through":        {[]Row{good, through}, false, "1 refused, 1 let through"},
		"one mutant is not as told": {[]Row{good, fooled}, false, "1 refused, 0 let through"},
	} {
		if Judge(c.rows) != c.ok {
			t.Errorf("%s: judged as %v", name, !c.ok)
		}
		var table, lines bytes.Buffer
		if err := printTable(&table, c.rows); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(table.String(), "\n"+c.last+"\n") {
			t.Errorf("%s: the table ends %q", name, table.String())
		}
		if err := printJSON(&lines, c.rows); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(lines.String(), "\n"); got != len(c.rows)+1 {
			t.Errorf("%s: %d lines of JSON", name, got)
		}
		for line := range strings.Lines(lines.String()) {
			var any map[string]any
			if err := json.Unmarshal([]byte(line), &any); err != nil || any["name"] == nil || any["ok"] == nil {
				t.Errorf("%s: a line without name or verdict: %s", name, line)
			}
		}
	}
}
