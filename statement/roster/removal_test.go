// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"testing"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Each line is a sentence of docs/protocol.md, section 3, on who may remove what. Of the owners only dora has been one
// for less than seven days.
func TestWhoMayRemove(t *testing.T) {
	base := family(t)
	for _, c := range []struct {
		target, by string
		want       rule.Name
	}{
		{"anna2", "anna1", ""},
		{"anna1", "anna1", ""},
		{"sam1", "sam1", ""},
		{"anna2", "sheet", ""},
		{"ben1", "sheet", rule.Signer},
		{"vera1", "sheet", rule.Signer},
		{"vera1", "ben1", ""},
		{"gus1", "dora1", ""},
		{"ben2", "anna1", rule.Signer},
		{"ben2", "anna1 cleo1", rule.Signer},
		{"sam1", "gus1", ""},
		{"vera1", "gus1", rule.Signer},
		{"anna1", "gus1", rule.Signer},
		{"sam1", "vera1", rule.Signer},
		{"vera1", "sam1", rule.Signer},
		{"anna2", "anna1 anna2", rule.Signer},
		{"anna2", "anna1=eve1", rule.Signature},
		{"eve1", "anna1", rule.RosterOp},

		{"sam", "sam1", ""},
		{"vera", "vera1", ""},
		{"gus", "gus1", ""},
		{"sam", "dora1", ""},
		{"gus", "anna2", ""},
		{"sam", "gus1", ""},
		{"vera", "gus1", rule.Signer},
		{"gus", "vera1", rule.Signer},
		{"sam", "vera1", rule.Signer},
		{"vera", "sam1", rule.Signer},
		{"sam", "sheet", rule.Signer},
		{"sam", "anna1 ben1", rule.Signer},
		{"eve", "anna1", rule.RosterOp},
		{"sam", "eve1", rule.Signer},
		{"sam", "hub", rule.Signer},

		{"ben", "ben2", ""},
		{"ben", "anna1", rule.Signer},
		{"ben", "gus1", rule.Signer},
		{"ben", "anna1 anna2", rule.Signer},
		{"ben", "anna1 cleo1", ""},
		{"dora", "anna1 ben1 cleo1", ""},
		{"ben", "anna1 dora1", rule.Signer},
		{"ben", "anna1 cleo1 dora1", rule.Signer},
		{"ben", "anna1 gus1", rule.Signer},
		{"ben", "anna1 ben1", rule.Signer},
		{"ben", "anna1 sheet", rule.RosterOp},
		{"ben", "sheet", rule.RosterOp},
		{"anna", "sheet", rule.Signer},
		{"ben", "anna1 cleo1=eve1", rule.Signature},
		{"ben", "anna1 anna2 cleo1 dora1 gus1", rule.Signer},
	} {
		t.Run(c.target+" by "+c.by, func(t *testing.T) {
			h := base.clone(t)
			removal := h.removal(c.target, c.by)
			_, err := h.s.CheckRemoval(removal, h.at)
			refused(t, err, c.want)
			refused(t, h.try(roster.Remove{Removal: removal}, ""), c.want)
		})
	}
}

func TestARemovalTakesEverythingAway(t *testing.T) {
	h := family(t)
	refused(t, h.remove("ben", "ben1"), "")
	if _, ok := h.s.Person(personID("ben")); ok {
		t.Error("ben is there")
	}
	for _, d := range devices("ben1", "ben2") {
		if _, ok := h.s.Device(d); ok || !h.s.Gone[string(d)] {
			t.Error("a device of ben's is there")
		}
		if _, ok := h.s.Key(d); ok {
			t.Error("a device of ben's still signs")
		}
		if m, ok := h.s.Former(d); !ok || m.Person != personID("ben") {
			t.Error("nobody remembers whose device it was")
		}
		if r := h.s.May(d, roster.History, cameraID("a"), h.at); r != rule.Device {
			t.Errorf("a device of ben's may: %q", r)
		}
	}
	if got := h.s.Readers(cameraID("a"), h.at); !same(got, devices("anna1", "anna2", "cleo1", "gus1", "vera1", "sam1", "dora1", "sheet")) {
		t.Errorf("readers %v", got)
	}
	if by := h.s.SignersAt(h.s.Head.Seq); !same(by, devices("ben1")) {
		t.Errorf("ordered by %v", by)
	}
	refused(t, h.try(roster.AddDevice{Device: deviceKeys("ben1"), Person: personID("anna")}, "anna1 ben1"), rule.RosterOp)
	refused(t, h.try(roster.AddPerson{Device: deviceKeys("new1"), Person: personID("ben"), Role: roster.Owner}, "anna1 new1"), rule.RosterOp)
	refused(t, h.try(roster.AddDevice{Device: deviceKeys("new1"), Person: personID("ben")}, "ben1 new1"), rule.RosterOp)
}

func TestAPersonWithoutDevicesStays(t *testing.T) {
	h := family(t)
	refused(t, h.remove("vera1", "vera1"), "")
	if _, ok := h.s.Person(personID("vera")); !ok || len(h.s.Devices(personID("vera"))) != 0 {
		t.Error("vera went with her device")
	}
	refused(t, h.remove("anna2", "anna1"), "")
	refused(t, h.remove("anna1", "sheet"), "")
	h.do(newDevice("anna"), "sheet new1")
	refused(t, h.remove("vera", "new1"), "")
}

func TestTheOnlyOwnerStays(t *testing.T) {
	h := begin(t)
	h.add("gus", roster.Guardian, nil)
	refused(t, h.remove("anna", "anna1"), rule.RosterOp)
	refused(t, h.remove("anna", "gus1"), rule.RosterOp)
	h.do(set("gus", roster.Owner, nil), "anna1")
	refused(t, h.remove("anna", "anna1"), "")
	refused(t, h.remove("gus", "gus1"), rule.RosterOp)
}

func TestAnOwnersVoiceCountsAfterSevenDays(t *testing.T) {
	h := family(t)
	h.at = start + 16*day - 1
	removal := h.removal("ben", "anna1 dora1")
	refused(t, h.clone(t).try(roster.Remove{Removal: removal}, ""), rule.Signer)
	h.at = start + 16*day
	refused(t, h.clone(t).try(roster.Remove{Removal: removal}, ""), "")
	// A guest raised to owner yesterday was not an owner before.
	h.do(set("sam", roster.Owner, nil), "anna1")
	h.at += day
	refused(t, h.remove("ben", "anna1 sam1"), rule.Signer)
}

func TestWhatSeveralSignIsGoodForSevenDays(t *testing.T) {
	h := family(t)
	both, alone := h.removal("ben", "anna1 cleo1"), h.removal("sam", "anna1")
	h.at += 7 * day
	refused(t, h.clone(t).try(roster.Remove{Removal: both}, ""), "")
	h.at++
	refused(t, h.clone(t).try(roster.Remove{Removal: both}, ""), rule.RosterTime)
	// Nobody had to be asked about this one.
	refused(t, h.clone(t).try(roster.Remove{Removal: alone}, ""), "")
}

func TestTheWordOfOneOwnerOnAnother(t *testing.T) {
	h := family(t)
	check := func(target, names string) error {
		_, _, err := h.s.CheckVoice(h.removal(target, names), h.at)
		return err
	}
	refused(t, check("ben", "anna1"), "")
	for _, c := range []struct{ target, by string }{
		{"ben", "ben1"}, {"ben", "anna1 cleo1"}, {"ben", "dora1"}, {"ben", "gus1"}, {"ben", "eve1"}, {"sam", "anna1"}, {"ben1", "anna1"},
	} {
		refused(t, check(c.target, c.by), rule.Signer)
	}
	refused(t, check("ben", "anna1=eve1"), rule.Signature)
	removal := h.removal("ben", "anna1")
	_, by, err := h.s.CheckVoice(removal, h.at+7*day)
	refused(t, err, "")
	if by != personID("anna") {
		t.Errorf("the word is %s's", by)
	}
	_, _, err = h.s.CheckVoice(removal, h.at+7*day+1)
	refused(t, err, rule.RosterTime)
}

func TestOfTwoWhoRemoveEachOtherTheFirstWins(t *testing.T) {
	h := begin(t)
	h.add("gus", roster.Guardian, nil)
	h.do(newDevice("gus"), "gus1 new1")
	one, two := h.removal("gus1", "new1"), h.removal("new1", "gus1")
	refused(t, h.try(roster.Remove{Removal: one}, ""), "")
	refused(t, h.try(roster.Remove{Removal: two}, ""), rule.Signer)
	refused(t, h.try(roster.Remove{Removal: one}, ""), rule.RosterOp)
}

func TestARemovalIsGoodAtALaterHead(t *testing.T) {
	h := family(t)
	removal := h.removal("vera", "ben1")
	h.add("eve", roster.Guardian, nil)
	h.at += 100 * day
	refused(t, h.clone(t).try(roster.Remove{Removal: removal}, ""), "")
	// Not once who signed it has lost the right.
	refused(t, h.remove("ben1", "ben2"), "")
	refused(t, h.try(roster.Remove{Removal: removal}, ""), rule.Signer)
}

func TestARightThatWasLostRemovesNobody(t *testing.T) {
	h := family(t)
	removal := h.removal("sam", "gus1")
	h.do(set("gus", roster.Viewer, always(roster.Live)), "anna1")
	refused(t, h.try(roster.Remove{Removal: removal}, ""), rule.Signer)
}

func TestTheSheetRemovesAnOwnerAfterThreeDays(t *testing.T) {
	h := family(t)
	refused(t, h.remove("ben", "sheet"), rule.RosterOp)
	h.do(roster.AnnounceRemoval{Person: personID("ben")}, "sheet")
	announced := h.at
	refused(t, h.try(roster.AnnounceRemoval{Person: personID("ben")}, "sheet"), rule.RosterOp)
	removal := h.removal("ben", "sheet")
	h.at = announced + 72*hour - 1
	refused(t, h.clone(t).try(roster.Remove{Removal: removal}, ""), rule.RosterOp)
	for _, c := range []struct {
		by   string
		want rule.Name
	}{{"gus1", rule.Signer}, {"vera1", rule.Signer}, {"sheet", rule.Signer}, {"ben1 anna1", rule.Signer}, {"ben2", ""}, {"dora1", ""}, {"anna1", ""}} {
		refused(t, h.clone(t).try(roster.Object{Person: personID("ben")}, c.by), c.want)
	}
	h.at = announced + 72*hour
	gone := h.clone(t)
	refused(t, gone.try(roster.Remove{Removal: removal}, ""), "")
	if _, ok := gone.s.Announced[personID("ben")]; ok {
		t.Error("the announcement outlives its person")
	}
	h.do(roster.Object{Person: personID("ben")}, "ben1")
	refused(t, h.try(roster.Remove{Removal: removal}, ""), rule.RosterOp)
	h.do(roster.AnnounceRemoval{Person: personID("ben")}, "sheet")
	refused(t, h.try(roster.Remove{Removal: removal}, ""), rule.RosterOp)
}

func TestARemovalOfAnotherShape(t *testing.T) {
	base := family(t)
	other := begin(t)
	good := roster.Removal{At: base.at, Head: base.s.Head, Household: base.s.Household, Person: personID("sam")}
	for _, c := range []struct {
		name  string
		want  rule.Name
		spoil func(*roster.Removal)
	}{
		{"as it should be", "", func(*roster.Removal) {}},
		{"of both a device and a person", rule.RosterOp, func(r *roster.Removal) { r.Device = deviceID("sam1") }},
		{"of nobody", rule.RosterOp, func(r *roster.Removal) { r.Person = "" }},
		{"of the sheet", rule.RosterOp, func(r *roster.Removal) { r.Person, r.Device = "", id.Sheet }},
		{"of another household", rule.RosterOp, func(r *roster.Removal) { r.Household = id.Household(id.HashOf([]byte("x")).String()) }},
		{"made at a head that is not in the chain", rule.RosterOp, func(r *roster.Removal) { r.Head.Hash = id.HashOf([]byte("x")) }},
		{"made at a head to come", rule.RosterOp, func(r *roster.Removal) { r.Head.Seq++ }},
		{"made at an early head", "", func(r *roster.Removal) { r.Head = other.s.Head }},
		{"of time 0", rule.RosterOp, func(r *roster.Removal) { r.At = 0 }},
		{"two minutes ahead", "", func(r *roster.Removal) { r.At += 120_000 }},
		{"more than two minutes ahead", rule.RosterTime, func(r *roster.Removal) { r.At += 120_001 }},
		{"a year old", "", func(r *roster.Removal) { r.At -= 365 * day }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, r := base.clone(t), good
			c.spoil(&r)
			e := must[*dsse.Envelope](t)(dsse.New(roster.ThingRemoval, r))
			h.sign(e, "ben1")
			_, err := h.s.CheckRemoval(e.Encode(), h.at)
			refused(t, err, c.want)
			refused(t, h.try(roster.Remove{Removal: e.Encode()}, ""), c.want)
		})
	}
	h := base.clone(t)
	refused(t, h.try(roster.Remove{Removal: []byte("{}")}, ""), rule.RosterOp)
	refused(t, h.try(roster.Remove{Removal: h.s.Chain[1]}, ""), rule.RosterOp)
	refused(t, h.try(roster.Remove{Removal: []byte{}}, ""), rule.Field)
	refused(t, h.try(roster.Remove{Removal: make([]byte, 8193)}, ""), rule.Field)
	// The link of a removal is the hub's alone.
	refused(t, h.try(roster.Remove{Removal: h.removal("sam", "ben1")}, "ben1"), rule.Signer)
	refused(t, h.try(roster.Remove{Removal: h.removal("sam", "ben1")}, "hub=eve1"), rule.Signature)
}
