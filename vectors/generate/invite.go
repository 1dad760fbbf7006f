// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// wordsVectors are links and the six words that both sides read aloud.
func wordsVectors() []vector {
	var out []vector
	h := alone()
	for i := range 12 {
		op := newPerson(roster.Viewer, until(start+int64(i)*day+1))
		if i%3 == 0 {
			op = newDevice("anna")
		}
		h.at = start + day + int64(i)*1000
		link := h.link(op, "new1 -")
		e := must(dsse.Parse(link))
		v := accept(fmt.Sprintf("%s, %d", op.Kind(), i+1))
		v.Input, v.Result = link, map[string]any{"words": pairing.Words(e.PAE())}
		out = append(out, v)
	}
	// Signatures do not count: the inviter reads the words before it signs.
	v := accept("with more signatures, the words of the first")
	h.at = start + day
	v.Input, v.Result = h.link(newDevice("anna"), "anna1 new1"), out[0].Result
	return append(out, v)
}

func inviteVectors() []vector {
	h := alone()
	h.at = start + day
	device := pairing.Offer{Kind: pairing.ForDevice, Rights: []roster.Right{}, Roster: h.s.Chain}
	slow := pairing.Offer{Kind: pairing.ForPerson, Name: "Sam", Role: roster.Guest, Roster: h.s.Chain, Slow: true, Rights: roster.Plain([]roster.Right{
		{Actions: watch, Cameras: cameras("garden"), Hours: []roster.Hours{{Days: weekdays, From: 14 * 60, Until: 18 * 60}}, Since: h.at + day, Until: h.at + 8*day, Zone: "Europe/Berlin"},
	})}
	owner := pairing.Offer{Kind: pairing.ForPerson, Name: "Ben", Role: roster.Owner, Rights: []roster.Right{}, Roster: h.s.Chain}
	var out []vector
	offer := func(o object) vector { return vector{Thing: "offer", Input: must(canon.Marshal(o))} }
	good := func(name string, v vector) { v.Name, v.Expect = name, "accept"; out = append(out, v) }
	bare := func(o pairing.Offer) object { o.Roster = [][]byte{[]byte("roster")}; return tree(o) }
	good("an offer for a device", offer(bare(device)))
	good("an offer for an owner", offer(bare(owner)))
	good("an offer from afar", offer(bare(slow)))
	out = append(out, spoil("offer", bare(slow), offer)...)
	out = append(out, spoilFields("offer", bare(device), offer, bad{"a device with a role", "owner", []any{"role"}}, bad{"a device with a name", "Sam", []any{"name"}},
		bad{"a device from afar", true, []any{"slow"}}, bad{"a kind that nobody knows", "robot", []any{"kind"}}, bad{"no roster", []any{}, []any{"roster"}})...)
	out = append(out, spoilFields("offer", bare(owner), offer, bad{"an owner from afar", true, []any{"slow"}}, bad{"a role that nobody knows", "admin", []any{"role"}}, bad{"no role", "", []any{"role"}})...)
	out = append(out, spoilFields("offer", bare(slow), offer, bad{"a malformed right", []any{}, []any{"rights", 0, "actions"}})...)
	v := offer(with(bare(slow), "guardian", "role"))
	v.Name, v.Expect, v.Rule = "offer: rights that do not fit the role", "refuse", rule.Rights
	out = append(out, v)
	v = offer(with(bare(slow), int64(0), "rights", 0, "until"))
	v.Name, v.Expect, v.Rule = "offer: a guest without end", "refuse", rule.Rights
	out = append(out, v)

	link := h.link(newPerson(roster.Guest, slow.Rights), "new1 -")
	answer := func(o object) vector { return vector{Thing: "answer", Input: must(canon.Marshal(o))} }
	a := tree(pairing.Answer{HMAC: fixed("hmac", 32), Link: []byte("link"), Name: "Phone", PersonName: "Sam"})
	good("an answer", answer(a))
	out = append(out, spoil("answer", a, answer)...)
	out = append(out, spoilFields("answer", a, answer, bad{"a MAC of 31 bytes", b64(make([]byte, 31)), []any{"hmac"}}, bad{"no link", "", []any{"link"}})...)

	fits := func(name string, o pairing.Offer, link []byte, r rule.Name) {
		v := refuse(name, r)
		v.Thing, v.Input, v.Chain, v.Text = "fits", must(canon.Marshal(bare(o))), [][]byte{link}, string(personNamed("anna"))
		if r == "" {
			v.Expect = "accept"
		}
		out = append(out, v)
	}
	more := roster.Plain(slow.Rights)
	more[0].Actions = append(more[0].Actions, roster.Talk)
	fits("a person as offered", slow, link, "")
	fits("a device as offered", device, h.link(newDevice("anna"), "new1 -"), "")
	fits("an owner as offered", owner, h.link(newPerson(roster.Owner, nil), "new1 -"), "")
	fits("a role above the offer", slow, h.link(newPerson(roster.Owner, nil), "new1 -"), rule.Invitation)
	fits("rights beyond the offer", slow, h.link(newPerson(roster.Guest, more), "new1 -"), rule.Invitation)
	fits("a right twice", slow, h.link(newPerson(roster.Guest, times(2, slow.Rights[0])), "new1 -"), rule.Invitation)
	fits("a device of the inviter's in place of a person", slow, h.link(newDevice("anna"), "new1 -"), rule.Invitation)
	fits("a person in place of a device", device, h.link(newPerson(roster.Owner, nil), "new1 -"), rule.Invitation)
	fits("a device of somebody else", device, h.link(newDevice("gus"), "new1 -"), rule.Invitation)
	fits("another operation", device, h.link(newSheet("sheet2"), "sheet=sheet2 -"), rule.Invitation)

	wait := func(name string, o pairing.Offer, made int64, r rule.Name) {
		v := refuse(name, r)
		v.Thing, v.Input, v.Index = "wait", must(canon.Marshal(bare(o))), made
		if r == "" {
			v.Expect = "accept"
		}
		out = append(out, v)
	}
	wait("from afar, a day ahead", slow, h.at, "")
	wait("from afar, less than a day ahead", slow, h.at+1, rule.Invitation)
	near := slow
	near.Slow = false
	wait("in person", near, h.at+day, "")
	return out
}
