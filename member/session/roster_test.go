// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"bytes"
	"slices"
	"testing"

	"keyhold/api"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

func TestTwoRostersStopEverything(t *testing.T) {
	w := begin(t)
	beginning, err := roster.Replay(w.state.Chain, w.state.Household)
	if err != nil {
		t.Fatal(err)
	}
	w.join(w.secret)
	s := w.device()
	if _, _, err := w.look(s); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRoster(w.state); err != nil {
		t.Fatal(err)
	}
	w.state = beginning
	w.join(w.secret)
	if _, _, err := w.look(s); rule.Of(err) != rule.RosterFork {
		t.Errorf("refused as %q: %v", rule.Of(err), err)
	}
	w.state = beginning
	w.answer = func(a *api.Sync) { a.Roster = a.Roster[:1]; a.Reseals = nil }
	if _, _, err := w.look(s); rule.Of(err) != rule.RolledBack {
		t.Errorf("a shorter roster: refused as %q: %v", rule.Of(err), err)
	}
}

func TestARosterIsCheckedWhenItComes(t *testing.T) {
	w := begin(t)
	s := w.device()
	var states []*roster.State
	for range 2 {
		v, err := s.Sync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, v.Roster)
	}
	if states[0] != states[1] {
		t.Error("the same chain is checked again")
	}
	w.join(w.secret)
	v, err := s.Sync(t.Context())
	if err != nil || v.Roster.Head != w.state.Head {
		t.Fatalf("a longer chain is not taken: %v", err)
	}
	w.answer = func(a *api.Sync) {
		a.Roster = slices.Clone(a.Roster)
		last := len(a.Roster) - 1
		a.Roster[last] = bytes.Replace(a.Roster[last], []byte(`"sig":"`), []byte(`"sig":"AAAA`), 1)
	}
	if _, err := s.Sync(t.Context()); rule.Of(err) == "" {
		t.Errorf("the known chain with another signature is taken: %v", err)
	}
}
