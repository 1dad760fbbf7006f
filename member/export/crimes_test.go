// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package export_test

import (
	"testing"

	"keyhold/internal/crimes"
	"keyhold/statement/rule"
)

// TestCrimesOfFilms hands in films with the hub's pictures and sound, and another list of them.
func TestCrimesOfFilms(t *testing.T) {
	h := newHub(t, 1)
	proof := encode(t, h.proof())
	tried := func(t *testing.T, film []byte) (string, error) {
		_, err := holds(t, film, proof)
		return string(rule.Of(err)), err
	}
	var rows []*crimes.Row
	for _, one := range crime {
		row := crimes.New("a film with "+one.name, one.rule)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			word, err := tried(t, one.tell(h))
			row.Tried(t, err, word, string(one.rule))
			t.Run("without the check", func(t *testing.T) {
				crimes.Switch(t, one.rule)
				word, err := tried(t, one.tell(h))
				row.Unchecked(t, err, word)
			})
			word, err = tried(t, h.whole())
			row.Honest(t, err, word)
		})
	}
	crimes.Report(t, "keyhold verify", rows)
}

// TestCrimesNeedTheCheck tells the other lies without the check, too: each of them is refused by it and by nothing else.
func TestCrimesNeedTheCheck(t *testing.T) {
	h := newHub(t, 1)
	for _, one := range lies[len(crime):] {
		if one.rule != rule.FileHash {
			continue
		}
		t.Run(one.name, func(t *testing.T) {
			crimes.Switch(t, rule.FileHash)
			if _, err := holds(t, one.tell(h), encode(t, h.proof())); err != nil {
				t.Errorf("refused without the check: %v", err)
			}
		})
	}
}
