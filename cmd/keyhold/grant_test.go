// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"

	"keyhold/member/session"
	"keyhold/statement/roster"
)

func TestAGrantSaysWhetherCamerasMayBeHeardAndTurnedOff(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g := grantFlags{Role: "viewer", Export: "role", Live: "yes", Listen: "yes", Private: "no"}
	before := g.wish()
	gives := func(want ...roster.Action) {
		t.Helper()
		_, rights, err := g.grant(&session.View{}, now, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(rights[0].Actions, want) {
			t.Errorf("--private %s gives %v", g.Private, rights[0].Actions)
		}
	}
	gives(roster.Export, roster.History, roster.Listen, roster.Live)
	g.Listen = "no"
	gives(roster.Export, roster.History, roster.Live)
	if g.wish() == before {
		t.Error("a code that the hub showed for a change without sound would do for one with it")
	}
	before = g.wish()
	g.Private = "yes"
	gives(roster.Export, roster.History, roster.Live, roster.Private)
	if g.wish() == before {
		t.Error("a code that the hub showed for a change without this right would do for one with it")
	}
	g.Role = "guardian"
	if _, _, err := g.grant(&session.View{}, now, 0); err == nil {
		t.Error("a guardian is given a right that guardians have anyway")
	}
}
