// SPDX-License-Identifier: Apache-2.0

// Package crimes prints what came of attacks that were tried, once as an attack, once honestly, and once more with the
// one check switched off.
//
// It is for tests. It promises a table in the test's log that ends with how many were refused and how many were let
// through, and, where KEYHOLD_CRIMES names a file, a line of JSON for each in the form in which the attacks on the road
// are told (e2e/adversary).
package crimes

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"keyhold/statement/rule"
)

// Row is what came of one attack.
type Row struct {
	// Attack is its name, Rule that of the check which has to refuse it.
	Attack string
	Rule   rule.Name
	// Control, Mutant and Outcome say in a few words what came of the honest act, of the attack without its check, and of
	// the attack.
	Control, Mutant, Outcome string
	// Refused says that the attack was refused as it has to be, Through that it succeeded.
	Refused, Through bool
}

const works, succeeds, never = "works", "succeeds", "not run"

// New is a row for an attack that was not tried yet.
func New(attack string, off rule.Name) *Row {
	return &Row{Attack: attack, Rule: off, Control: never, Mutant: never, Outcome: never}
}

// Tried notes what the attack met: nil that it succeeded, or with what word it was refused.
func (r *Row) Tried(t testing.TB, err error, word, want string) {
	t.Helper()
	r.Outcome, r.Through, r.Refused = "refused: "+word, err == nil, err != nil && word == want
	switch {
	case r.Through:
		r.Outcome = "let through"
		t.Error("it was let through")
	case !r.Refused:
		t.Errorf("refused with %q (%v), not with %q", word, err, want)
	}
}

// Unchecked notes what the attack met without its check.
func (r *Row) Unchecked(t testing.TB, err error, word string) {
	t.Helper()
	if r.Mutant = succeeds; err != nil {
		r.Mutant = "refused: " + word
		t.Errorf("without the check it is still refused: %v", err)
	}
}

// Honest notes what came of what is right.
func (r *Row) Honest(t testing.TB, err error, word string) {
	t.Helper()
	if r.Control = works; err != nil {
		r.Control = "refused: " + word
		t.Errorf("what is right is refused: %v", err)
	}
}

// ok says that all of it went as it has to.
func (r *Row) ok() bool { return r.Refused && r.Mutant == succeeds && r.Control == works }

// Switch switches checks off until the test ends.
func Switch(t *testing.T, off ...rule.Name) {
	t.Helper()
	names := make([]string, len(off))
	for i, n := range off {
		names[i] = string(n)
	}
	t.Setenv("KEYHOLD_MUTANT", strings.Join(names, ","))
}

// Report prints the table; client is who was attacked.
func Report(t testing.TB, client string, rows []*Row) {
	t.Helper()
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "attack\tcontrol\tmutant\tcheck\toutcome")
	refused, through := 0, 0
	for _, r := range rows {
		if r.Refused {
			refused++
		}
		if r.Through {
			through++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Attack, r.Control, r.Mutant, r.Rule, r.Outcome)
	}
	if err := errors.Join(w.Flush(), tell(client, rows)); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s%d refused, %d let through", table.String(), refused, through)
}

// tell adds the lines to the file that KEYHOLD_CRIMES names.
func tell(client string, rows []*Row) error {
	path := os.Getenv("KEYHOLD_CRIMES")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("crimes: %w", err)
	}
	e := json.NewEncoder(f)
	for _, r := range rows {
		err = errors.Join(err, e.Encode(map[string]any{
			"name": "adversary." + strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(r.Attack), "attack": r.Attack, "client": client,
			"control": r.Control, "mutant": r.Mutant, "rule": r.Rule, "outcome": r.Outcome, "ok": r.ok(), "let_through": r.Through,
		}))
	}
	return errors.Join(err, f.Close())
}
