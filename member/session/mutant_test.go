// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package session_test

import (
	"testing"

	"keyhold/statement/rule"
)

// With its check switched off no attack is refused by that rule any more: it is that check, and no
// other, which the attacks aim at.
func TestAnAttackPassesTheCheckThatIsOff(t *testing.T) {
	for _, a := range attacks(t) {
		if a.rule == rule.RosterSeq {
			continue // without a roster there is no key to check anything with
		}
		t.Run(a.name, func(t *testing.T) {
			t.Setenv("KEYHOLD_MUTANT", string(a.rule))
			if err := a.make(t); rule.Of(err) == a.rule {
				t.Errorf("still refused: %v", err)
			}
		})
	}
}
