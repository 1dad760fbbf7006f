// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"

	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
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

// offerOf is what an offer says, in a message that may also hold a roster.
func offerOf(o pairing.Offer) object {
	return tree(pairing.Welcome{Offer: o.Plain(), Roster: [][]byte{[]byte("roster")}})
}

func inviteVectors() []vector {
	h := alone()
	h.at = start + day
	device := pairing.Offer{From: "Anna", History: true, Kind: pairing.ForDevice}
	owner := pairing.Offer{From: "Anna", History: true, Kind: pairing.ForPerson, Name: "Ben", Role: roster.Owner}
	slow := pairing.Offer{
		Cameras: []pairing.CameraName{{ID: cameraNamed("garden"), Name: "Garden"}}, From: "Anna", Kind: pairing.ForPerson, Name: "Sam", Role: roster.Guest, Slow: true,
		Rights: roster.Plain([]roster.Right{
			{Actions: watch, Cameras: cameras("garden"), Hours: []roster.Hours{{Days: weekdays, From: 14 * 60, Until: 18 * 60}}, Since: h.at + day, Until: h.at + 8*day, Zone: "Europe/Berlin"},
		}),
	}
	var out []vector
	offer := func(o object) vector { return vector{Thing: "offer", Input: must(canon.Marshal(o))} }
	good := func(name string, v vector) { v.Name, v.Expect = name, "accept"; out = append(out, v) }
	good("an offer for a device", offer(offerOf(device)))
	good("an offer for an owner", offer(offerOf(owner)))
	good("an offer from afar", offer(offerOf(slow)))
	out = append(out, spoil("offer", offerOf(slow), offer)...)
	out = append(out, spoilFields("offer", offerOf(device), offer, bad{"a device with a role", "owner", []any{"role"}}, bad{"a device with a name", "Sam", []any{"name"}},
		bad{"a device from afar", true, []any{"slow"}}, bad{"a device without history", false, []any{"history"}}, bad{"a device with cameras", []any{object{"id": string(cameraNamed("garden")), "name": "Garden"}}, []any{"cameras"}},
		bad{"a kind that nobody knows", "robot", []any{"kind"}}, bad{"a name of 201 bytes", strings.Repeat("a", 201), []any{"from"}})...)
	out = append(out, spoilFields("offer", offerOf(owner), offer, bad{"a role that nobody knows", "admin", []any{"role"}}, bad{"no role", "", []any{"role"}})...)
	out = append(out, spoilFields("offer", with(offerOf(owner), false, "history"), offer, bad{"an owner from afar", true, []any{"slow"}})...)
	out = append(out, spoilFields("offer", offerOf(slow), offer, bad{"history from afar", true, []any{"history"}}, bad{"a malformed right", []any{}, []any{"rights", 0, "actions"}},
		bad{"the household as a camera", "household", []any{"cameras", 0, "id"}}, bad{"a camera's name of 201 bytes", strings.Repeat("a", 201), []any{"cameras", 0, "name"}})...)
	unfit := func(name string, o object) {
		v := offer(o)
		v.Name, v.Expect, v.Rule = "offer: "+name, "refuse", rule.Rights
		out = append(out, v)
	}
	unfit("rights that do not fit the role", with(offerOf(slow), "guardian", "role"))
	unfit("a guest without end", with(offerOf(slow), int64(0), "rights", 0, "until"))

	link := h.link(newPerson(roster.Guest, slow.Rights), "new1 -")
	answer := func(o object) vector { return vector{Thing: "answer", Input: must(canon.Marshal(o))} }
	a := tree(pairing.Answer{HMAC: fixed("hmac", 32), Link: []byte("link"), Name: "Phone", PersonName: "Sam"})
	good("an answer", answer(a))
	out = append(out, spoil("answer", a, answer)...)
	out = append(out, spoilFields("answer", a, answer, bad{"a MAC of 31 bytes", b64(make([]byte, 31)), []any{"hmac"}}, bad{"no link", "", []any{"link"}})...)
	verdict := func(o object) vector { return vector{Thing: "verdict", Input: must(canon.Marshal(o))} }
	for _, word := range []string{pairing.VerdictIn, pairing.VerdictStale, pairing.VerdictRefused, pairing.VerdictWords, pairing.VerdictDenied} {
		good("a verdict: "+word, verdict(tree(pairing.Verdict{Error: word, Roster: [][]byte{}})))
	}
	out = append(out, spoil("verdict", tree(pairing.Verdict{Roster: [][]byte{[]byte("link")}}), verdict)...)
	out = append(out, spoilFields("verdict", tree(pairing.Verdict{Roster: [][]byte{}}), verdict, bad{"a word that nobody knows", "maybe", []any{"error"}})...)
	out = append(out, partVectors(h)...)

	fits := func(name string, o pairing.Offer, link []byte, r rule.Name) {
		v := refuse(name, r)
		v.Thing, v.Input, v.Chain, v.Text = "fits", must(canon.Marshal(offerOf(o))), [][]byte{link}, string(personNamed("anna"))
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
		v.Thing, v.Input, v.Index = "wait", must(canon.Marshal(offerOf(o))), made
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

// partVectors are parts of a first message, as they lie in the joiner's box. key is the invitation's secret, text the
// plain chunk in base64.
func partVectors(h *house) []vector {
	secret := fixed("invite secret", 16)
	key := must(box.NewKey(pairing.Derive(secret, pairing.InviteOffer)))
	name := pairing.Box(pairing.Derive(secret, pairing.InviteToJoiner))
	seal := func(part, of, saidPart, saidOf int, household string, plain []byte) []byte {
		aad := box.Context{"box": name, "of": strconv.Itoa(of), "part": strconv.Itoa(part)}
		sealed := must(box.Seal(key.Public(), box.Context{"household": household, "purpose": "offer"}, aad, plain))
		return append([]byte{byte(saidPart), byte(saidOf)}, sealed...)
	}
	home := string(h.s.Household)
	var out []vector
	add := func(v vector, input []byte) {
		v.Thing, v.Key, v.Household, v.Input = "part", secret, home, input
		if v.Expect == "accept" {
			v.Result = map[string]any{"part": int(input[0]), "of": int(input[1])}
		}
		out = append(out, v)
	}
	chunk := []byte("a chunk")
	add(accept("the only part"), seal(0, 1, 0, 1, home, chunk))
	add(accept("the second part of three"), seal(1, 3, 1, 3, home, chunk))
	add(accept("the last part of twelve"), seal(11, 12, 11, 12, home, chunk))
	add(accept("the inviter has gone"), seal(pairing.Ended, 0, pairing.Ended, 0, home, nil))
	add(refuse("a part under another number", rule.Invitation), seal(0, 3, 1, 3, home, chunk))
	add(refuse("a part of fewer", rule.Invitation), seal(0, 3, 0, 2, home, chunk))
	add(refuse("a part past the last", rule.Invitation), seal(3, 3, 3, 3, home, chunk))
	add(refuse("thirteen parts", rule.Invitation), seal(0, 13, 0, 13, home, chunk))
	add(refuse("no parts", rule.Invitation), seal(0, 0, 0, 0, home, chunk))
	add(refuse("of another household", rule.Invitation), seal(0, 1, 0, 1, id.HashOf([]byte("x")).String(), chunk))
	add(refuse("cut short", rule.Invitation), seal(0, 1, 0, 1, home, chunk)[:1000])
	add(refuse("one byte", rule.Invitation), []byte{0})
	return out
}
