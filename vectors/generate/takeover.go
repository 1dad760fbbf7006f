// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"

	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// takeoverVectors are the messages by which a hub takes the place of another: what it is handed, whether that comes from
// somebody who holds its code, the parts in its box, and its answer.
func takeoverVectors() []vector {
	h := alone()
	h.at = start + 2*day
	code := pairing.Code{Fingerprint: hubNamed("hub2").Fingerprint(), Secret: fixed("takeover secret", 16)}
	op := roster.ReplaceHub{Hub: hubNamed("hub2"), Runs: []roster.ClosedRun{leftRun("one", 70)}}
	macOf := func(link []byte, label string) []byte {
		return pairing.MAC(code.Secret, label, must(dsse.Parse(link)).PAE())
	}
	link := h.link(op, "anna1 -")
	whole := pairing.Takeover{
		Cameras: []manifest.NamedCam{
			{ID: cameraNamed("garden"), Name: "Garden", State: manifest.NameOn}, {ID: cameraNamed("shed"), Name: "Shed", State: manifest.NameRemoved},
		},
		Devices: []manifest.NamedDev{{ID: deviceNamed("anna1"), Name: "Phone"}, {ID: deviceNamed("anna+"), Name: "Passkey"}},
		HMAC:    macOf(link, pairing.TakeoverMAC), Link: link, Persons: []manifest.NamedPer{{ID: personNamed("anna"), Name: "Anna"}},
		Roster: [][]byte{}, Sheet: h.s.Sheet.Lookup(), To: deviceNamed("anna1"), Zone: "Europe/Berlin",
	}
	bare := whole
	bare.Cameras, bare.Devices, bare.Persons, bare.Zone = []manifest.NamedCam{}, []manifest.NamedDev{}, []manifest.NamedPer{}, ""
	bare.To = id.Sheet
	byChain := whole
	byChain.Roster = [][]byte{[]byte("genesis"), []byte("link")}
	var out []vector
	add := func(v vector, thing string, input []byte) {
		v.Thing, v.Input = thing, input
		out = append(out, v)
	}
	add(accept("a household whose chain the cloud gives"), "takeover", must(canon.Marshal(whole)))
	add(accept("a household that brings its chain"), "takeover", must(canon.Marshal(byChain)))
	add(accept("without names, by the sheet"), "takeover", must(canon.Marshal(bare)))
	message := func(o object) vector { return vector{Thing: "takeover", Input: must(canon.Marshal(o))} }
	out = append(out, spoil("takeover", tree(whole), message)...)
	long := strings.Repeat("a", manifest.MaxName+1)
	out = append(out, spoilFields("takeover", tree(byChain), message, bad{"the household as a camera", "household", []any{"cameras", 0, "id"}},
		bad{"a camera in a state that nobody knows", "lost", []any{"cameras", 0, "state"}}, bad{"a camera's name of 201 bytes", long, []any{"cameras", 0, "name"}},
		bad{"the sheet as a named device", "sheet", []any{"devices", 0, "id"}}, bad{"a device's name of 201 bytes", long, []any{"devices", 0, "name"}},
		bad{"a device as a person", string(deviceNamed("anna1")), []any{"persons", 0, "id"}}, bad{"a person's name of 201 bytes", long, []any{"persons", 0, "name"}},
		bad{"a sheet that is no hash", "sheet", []any{"sheet"}}, bad{"an answer for the hub", "hub", []any{"to"}}, bad{"a zone of 201 bytes", long, []any{"zone"}},
		bad{"a link in another spelling", "AB==", []any{"link"}}, bad{"a chain that is no bytes", "*", []any{"roster", 1}})...)
	text := must(canon.Marshal(whole))
	add(refuse("takeover: with white space", rule.NotCanonical), "takeover", append([]byte(" "), text...))
	add(refuse("takeover: cut short", rule.Syntax), "takeover", text[:len(text)-1])

	proof := func(v vector, t pairing.Takeover) {
		v.Text = code.String()
		add(v, "proof", must(canon.Marshal(t)))
	}
	proves := func(name string, r rule.Name, link, mac []byte) {
		v := verdict(name, r)
		t := whole
		t.Link, t.HMAC = link, mac
		proof(v, t)
	}
	bySheet, other := h.link(op, "sheet -"), h.link(roster.ReplaceHub{Hub: hubNamed("hub3"), Runs: op.Runs}, "anna1 -")
	good := macOf(link, pairing.TakeoverMAC)
	proves("made with the code", "", link, good)
	proves("made with the code, by the sheet", "", bySheet, macOf(bySheet, pairing.TakeoverMAC))
	proves("signatures do not count", "", h.link(op, "anna1 sheet -"), good)
	proves("made without the code", rule.Invitation, link, pairing.MAC(fixed("another secret", 16), pairing.TakeoverMAC, must(dsse.Parse(link)).PAE()))
	proves("made for another link", rule.Invitation, other, good)
	proves("made for a new household", rule.Invitation, link, macOf(link, pairing.PairMAC))
	proves("made for an invitation", rule.Invitation, link, macOf(link, pairing.InviteMAC))
	proves("a MAC of 31 bytes", rule.Invitation, link, good[:31])
	proves("no MAC", rule.Invitation, link, []byte{})
	proves("a link that is none", rule.Syntax, []byte("link"), good)

	answer := func(o object) vector { return vector{Thing: "taken", Input: must(canon.Marshal(o))} }
	signed := pairing.Taken{Link: h.link(op, "anna1 hub=hub2")}
	add(accept("an answer: the hub is in"), "taken", must(canon.Marshal(signed)))
	for _, word := range []string{pairing.VerdictStale, pairing.VerdictDenied, pairing.VerdictRefused} {
		add(accept("an answer: "+word), "taken", must(canon.Marshal(pairing.Taken{Error: word, Link: []byte{}})))
	}
	out = append(out, spoil("taken", tree(signed), answer)...)
	return append(append(out, spoilFields("taken", tree(signed), answer, bad{"a word that is for invitations", pairing.VerdictWords, []any{"error"}},
		bad{"a word that nobody knows", "maybe", []any{"error"}}, bad{"a link that is no bytes", "*", []any{"link"}})...), takeoverParts(code)...)
}

// takeoverParts are parts of what a hub is handed. key is the seed of its key, text the name of its box.
func takeoverParts(code pairing.Code) []vector {
	name := pairing.Box(pairing.Derive(code.Secret, pairing.PairToHub))
	elsewhere := pairing.Box(pairing.Derive(code.Secret, pairing.PairToDevice))
	chunk := []byte("a chunk")
	seal := func(hub, purpose, boxName string, part, of, saidPart, saidOf int) []byte {
		aad := box.Context{"box": boxName, "of": strconv.Itoa(of), "part": strconv.Itoa(part)}
		sealed := must(box.Seal(hubNamed(hub).HPKE, box.Context{"purpose": purpose}, aad, chunk))
		return append([]byte{byte(saidPart), byte(saidOf)}, sealed...)
	}
	var out []vector
	add := func(v vector, input []byte) {
		v.Thing, v.Key, v.Text, v.Input = "part", fixed("house hub2 reader", 32), name, input
		if v.Expect == "accept" {
			v.Result = map[string]any{"part": int(input[0]), "of": int(input[1]), "plain": b64(chunk)}
		}
		out = append(out, v)
	}
	as := func(part, of, saidPart, saidOf int) []byte {
		return seal("hub2", pairing.PurposeTakeover, name, part, of, saidPart, saidOf)
	}
	add(accept("part: the only one"), as(0, 1, 0, 1))
	add(accept("part: the second of three"), as(1, 3, 1, 3))
	add(accept("part: the last of twelve"), as(11, 12, 11, 12))
	add(refuse("part: under another number", rule.Invitation), as(0, 3, 1, 3))
	add(refuse("part: of fewer", rule.Invitation), as(0, 3, 0, 2))
	add(refuse("part: past the last", rule.Invitation), as(3, 3, 3, 3))
	add(refuse("part: one of thirteen", rule.Invitation), as(0, 13, 0, 13))
	add(refuse("part: one of none", rule.Invitation), as(0, 0, 0, 0))
	add(refuse("part: the end of an invitation", rule.Invitation), as(pairing.Ended, 0, pairing.Ended, 0))
	add(refuse("part: from another box", rule.Invitation), seal("hub2", pairing.PurposeTakeover, elsewhere, 0, 1, 0, 1))
	add(refuse("part: of an answer", rule.Invitation), seal("hub2", pairing.PurposeTaken, name, 0, 1, 0, 1))
	add(refuse("part: for another hub", rule.Invitation), seal("hub3", pairing.PurposeTakeover, name, 0, 1, 0, 1))
	add(refuse("part: cut short", rule.Invitation), as(0, 1, 0, 1)[:1000])
	add(refuse("part: one byte", rule.Invitation), []byte{0})
	return out
}
