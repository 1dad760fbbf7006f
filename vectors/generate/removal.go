// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// removalVectors ask whether a removal would hold in a link made at the vector's time.
func removalVectors() file {
	c := &collector{}
	h, one := family(), alone()
	add := func(name string, h *house, input []byte, target string, r rule.Name) {
		v := c.on(h, refuse(name, r))
		v.Input = input
		if r == "" {
			v.Expect, v.Result = "accept", target
		}
		c.f.Vectors = append(c.f.Vectors, v)
	}
	for _, x := range []struct {
		target, by string
		r          rule.Name
	}{
		{"anna2", "anna1", ""},
		{"anna1", "anna1", ""},
		{"sam1", "sam1", ""},
		{"anna2", "sheet", ""},
		{"vera1", "ben1", ""},
		{"gus1", "dora1", ""},
		{"sam1", "gus1", ""},
		{"ben1", "sheet", rule.Signer},
		{"vera1", "sheet", rule.Signer},
		{"ben2", "anna1", rule.Signer},
		{"ben2", "anna1 cleo1", rule.Signer},
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
		{"ben", "ben2", ""},
		{"ben", "anna1 cleo1", ""},
		{"dora", "anna1 ben1 cleo1", ""},
		{"anna", "ben1 cleo1", ""},
		{"vera", "gus1", rule.Signer},
		{"gus", "vera1", rule.Signer},
		{"sam", "vera1", rule.Signer},
		{"vera", "sam1", rule.Signer},
		{"sam", "sheet", rule.Signer},
		{"sam", "anna1 ben1", rule.Signer},
		{"sam", "eve1", rule.Signer},
		{"sam", "hub", rule.Signer},
		{"ben", "anna1", rule.Signer},
		{"ben", "gus1", rule.Signer},
		{"ben", "anna1 anna2", rule.Signer},
		{"ben", "anna1 dora1", rule.Signer},
		{"ben", "anna1 cleo1 dora1", rule.Signer},
		{"ben", "anna1 gus1", rule.Signer},
		{"ben", "anna1 ben1", rule.Signer},
		{"anna", "sheet", rule.Signer},
		{"ben", "anna1 anna2 cleo1 dora1 gus1", rule.Signer},
		{"eve", "anna1", rule.RosterOp},
		{"ben", "sheet", rule.RosterOp},
		{"ben", "anna1 sheet", rule.RosterOp},
		{"ben", "anna1 cleo1=eve1", rule.Signature},
	} {
		target := string(personNamed(x.target))
		if len(x.target) > 0 && x.target[len(x.target)-1] <= '9' {
			target = string(deviceNamed(x.target))
		}
		add(x.target+" by "+x.by, h, h.removal(x.target, x.by), target, x.r)
	}
	week := h.clone()
	week.at = start + 16*day - 1
	removal := week.removal("ben", "anna1 dora1")
	add("an owner of nearly seven days has a voice", week, removal, "", rule.Signer)
	week.at++
	add("an owner of seven days has a voice", week, removal, string(personNamed("ben")), "")
	old := h.clone()
	both := old.removal("ben", "anna1 cleo1")
	old.at += 7 * day
	add("signed by two seven days ago", old, both, string(personNamed("ben")), "")
	old.at++
	add("signed by two more than seven days ago", old, both, "", rule.RosterTime)
	raised := h.clone().do(set("sam", roster.Owner, nil), "anna1")
	add("a guest made owner today has a voice", raised, raised.removal("ben", "anna1 sam1"), "", rule.Signer)
	add("the only owner leaves", one, one.removal("anna", "anna1"), "", rule.RosterOp)
	add("a guardian removes the only owner", one, one.removal("anna", "gus1"), "", rule.RosterOp)
	add("the only device of the only owner goes", one, one.removal("anna1", "anna1"), string(deviceNamed("anna1")), "")
	lost := h.clone().do(set("gus", roster.Guest, until(h.at+day)), "anna1")
	add("signed with a right that was lost since", lost, h.removal("sam", "gus1"), "", rule.Signer)
	p := passkeys(h)
	for _, x := range []struct {
		target, by string
		r          rule.Name
	}{
		{"anna1", "anna+", ""},
		{"anna+", "anna+", ""},
		{"anna+", "anna1", ""},
		{"anna+", "sheet", ""},
		{"vera+", "anna1", ""},
		{"anna+", "ben1", rule.Signer},
		{"vera+", "gus1", rule.Signer},
		{"vera1", "anna+", rule.Signer},
		{"sam1", "vera+", rule.Signer},
		{"anna2", "anna1 anna+", rule.Signer},
		{"anna2", "anna+=eve1", rule.Signature},
		{"ben+", "ben1", rule.RosterOp},
		{"anna", "anna+", rule.Signer},
		{"vera", "vera+", rule.Signer},
		{"vera", "anna+", rule.Signer},
		{"ben", "anna+ cleo1", rule.Signer},
	} {
		target := string(personNamed(x.target))
		if strings.ContainsAny(x.target, "+12") {
			target = string(deviceNamed(x.target))
		}
		add(x.target+" by "+x.by, p, p.removal(x.target, x.by), target, x.r)
	}
	c.removalForms(h, one, add)
	return c.f
}

func (c *collector) removalForms(h, one *house, add func(string, *house, []byte, string, rule.Name)) {
	good := roster.Removal{At: h.at, Head: h.s.Head, Household: h.s.Household, Person: personNamed("sam")}
	by := signer{deviceNamed("ben1"), pair("house ben1").Signing}
	sam := string(personNamed("sam"))
	spoil := func(name string, r rule.Name, change func(*roster.Removal)) {
		x := good
		change(&x)
		add(name, h, signed(roster.ThingRemoval, x, by).Encode(), sam, r)
	}
	spoil("made at genesis", "", func(r *roster.Removal) { r.Head = must(roster.Start(h.s.Chain[0], "")).Head })
	spoil("two minutes ahead", "", func(r *roster.Removal) { r.At += 120_000 })
	spoil("a year old", "", func(r *roster.Removal) { r.At -= 365 * day })
	spoil("more than two minutes ahead", rule.RosterTime, func(r *roster.Removal) { r.At += 120_001 })
	spoil("of both a device and a person", rule.RosterOp, func(r *roster.Removal) { r.Device = deviceNamed("sam1") })
	spoil("of nobody", rule.RosterOp, func(r *roster.Removal) { r.Person = "" })
	spoil("of the sheet", rule.RosterOp, func(r *roster.Removal) { r.Person, r.Device = "", id.Sheet })
	spoil("of the hub", rule.RosterOp, func(r *roster.Removal) { r.Person, r.Device = "", id.Hub })
	spoil("of another household", rule.RosterOp, func(r *roster.Removal) { r.Household = id.Household(id.HashOf([]byte("x")).String()) })
	spoil("made at a head that is not in the chain", rule.RosterOp, func(r *roster.Removal) { r.Head.Hash = id.HashOf([]byte("x")) })
	spoil("made at a head to come", rule.RosterOp, func(r *roster.Removal) { r.Head.Seq++ })
	spoil("of time 0", rule.RosterOp, func(r *roster.Removal) { r.At = 0 })
	o := tree(good)
	for _, x := range []struct {
		name string
		o    object
	}{
		{"a field too many", with(o, int64(1), "seq")}, {"without a device field", with(o, nil, "device")}, {"a head as text", with(o, "x", "head")}, {"a head without number", with(o, nil, "head", "seq")},
	} {
		add(x.name, h, signed(roster.ThingRemoval, x.o, by).Encode(), "", rule.RosterOp)
	}
	add("a link in its place", h, h.link(newDevice("ben"), "ben1 new1"), "", rule.RosterOp)
	add("not an envelope", h, []byte("sam"), "", rule.RosterOp)
	unsigned := must(dsse.New(roster.ThingRemoval, good))
	add("without a signature", h, must(canon.Marshal(unsigned)), "", rule.RosterOp)
	add("made in another household", one, h.removal("sam", "ben1"), "", rule.RosterOp)
}
