// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// secondVectors are about a hub that two owners put in: the first one's word (half), what a second one answers
// (second), and both together (whole).
func secondVectors() file {
	c := &collector{}
	h := family()
	c.halves(h)
	c.seconds(h)
	c.wholes(h)
	return c.f
}

func (c *collector) halves(h *house) {
	add := func(name string, h *house, input []byte, r rule.Name) {
		v := c.on(h, refuse(name, r))
		v.Thing, v.Input = "half", input
		if r == "" {
			half := must(h.s.CheckHalf(input))
			v.Expect, v.Result = "accept", map[string]any{"by": half.By, "device": half.Device}
		}
		c.f.Vectors = append(c.f.Vectors, v)
	}
	hub := newHub("hub2")
	for _, x := range []struct {
		what, by string
		r        rule.Name
	}{
		{"an owner's word", "ben1 -", ""},
		{"with another device", "ben2 -", ""},
		{"a new owner's", "dora1 -", rule.Signer},
		{"a guardian's", "gus1 -", rule.Signer},
		{"of nobody", "eve1 -", rule.Signer},
		{"the sheet's", "sheet -", rule.Signer},
		{"of two", "ben1 anna1 -", rule.Signer},
		{"with the hub's signature", "ben1 hub=hub2", rule.Signer},
		{"by another's key", "ben1=eve1 -", rule.Signature},
	} {
		add(x.what, h, h.link(hub, x.by), x.r)
	}
	p := passkeys(h)
	add("a passkey's", p, p.link(hub, "anna+ -"), rule.Signer)
	add("the hub that is in force", h, h.link(newHub("hub"), "ben1 -"), rule.RosterOp)
	add("a link about something else", h, h.link(announce("ben"), "anna1 -"), rule.RosterOp)
	moved := h.clone()
	moved.do(roster.AddDevice{Device: deviceKeysNamed("cleo2"), Person: personNamed("cleo")}, "cleo1 cleo2")
	add("made before the roster went on", moved, h.link(hub, "ben1 -"), rule.RosterSeq)
	add("made on a roster that is not this one", h, moved.link(hub, "ben1 -"), rule.RosterSeq)
	other := must(h.s.NewLink(h.at, hub))
	other.Payload = bytes.Replace(other.Payload, []byte(h.s.Household), []byte(id.HashOf([]byte("x")).String()), 1)
	h.sign(other, "ben1")
	add("of another household", h, other.Encode(), rule.Household)
	add("an answer in its place", h, c.answer(h, "ben1", h.link(hub, "ben1 -"), pairing.SecondNo).Encode(), rule.PayloadType)
	add("not an envelope", h, []byte("hub"), rule.Syntax)
}

// answer is a device's on a link, signed by it.
func (c *collector) answer(h *house, device string, link []byte, word string) *dsse.Envelope {
	return signed(pairing.ThingSecond, said(h, device, link, word), signer{deviceNamed(device), pair("house " + device).Signing})
}

func said(h *house, device string, link []byte, word string) pairing.Second {
	e := must(dsse.Parse(link))
	s := pairing.Second{Answer: word, At: h.at, Device: deviceNamed(device), Household: h.s.Household, Link: e.Hash(), Signature: []byte{}}
	if word == pairing.SecondYes {
		s.Signature = ed25519.Sign(pair("house "+device).Signing, e.PAE())
	}
	return s
}

func (c *collector) seconds(h *house) {
	link := h.link(newHub("hub2"), "ben1 -")
	add := func(v vector, input []byte) {
		v.Thing = "second"
		at := h.at
		v = c.on(h, v)
		v.Input, v.At = input, at
		c.f.Vectors = append(c.f.Vectors, v)
	}
	good := said(h, "anna1", link, pairing.SecondYes)
	anna := signer{deviceNamed("anna1"), pair("house anna1").Signing}
	change := func(name string, r rule.Name, edit func(*pairing.Second), by ...signer) {
		s := good
		edit(&s)
		v := refuse(name, r)
		if r == "" {
			v = accept(name)
			v.Result = map[string]any{"answer": s.Answer}
		}
		add(v, signed(pairing.ThingSecond, s, by...).Encode())
	}
	without := func(word string) func(*pairing.Second) {
		return func(s *pairing.Second) { s.Answer, s.Signature = word, []byte{} }
	}
	change("a second owner agrees", "", func(*pairing.Second) {}, anna)
	change("a second owner does not agree", "", without(pairing.SecondNo), anna)
	change("the roster went on", "", without(pairing.SecondStale), anna)
	change("fifteen minutes old", "", func(s *pairing.Second) { s.At -= pairing.LinkAge }, anna)
	change("older", rule.Time, func(s *pairing.Second) { s.At -= pairing.LinkAge + 1 }, anna)
	change("two minutes ahead", "", func(s *pairing.Second) { s.At += 120_000 }, anna)
	change("from the future", rule.Time, func(s *pairing.Second) { s.At += 120_001 }, anna)
	change("of another household", rule.Household, func(s *pairing.Second) { s.Household = id.Household(id.HashOf([]byte("x")).String()) }, anna)
	change("of a new owner", rule.Signer, func(s *pairing.Second) { s.Device = deviceNamed("dora1") }, signer{deviceNamed("dora1"), pair("house dora1").Signing})
	change("of a guardian", rule.Signer, func(s *pairing.Second) { s.Device = deviceNamed("gus1") }, signer{deviceNamed("gus1"), pair("house gus1").Signing})
	change("of a device that is not there", rule.Signer, func(s *pairing.Second) { s.Device = deviceNamed("eve1") }, signer{deviceNamed("eve1"), pair("house eve1").Signing})
	change("signed by another of the owner's devices", rule.Signer, func(*pairing.Second) {}, signer{deviceNamed("anna2"), pair("house anna2").Signing})
	change("signed by two", rule.Signer, func(*pairing.Second) {}, anna, signer{deviceNamed("cleo1"), pair("house cleo1").Signing})
	change("signed by another's key", rule.Signature, func(*pairing.Second) {}, signer{deviceNamed("anna1"), pair("house eve1").Signing})
	seal := func(o object) vector { return vector{Input: signed(pairing.ThingSecond, o, anna).Encode()} }
	for _, v := range append(spoil("second", tree(good), seal), spoilFields("second", tree(good), seal,
		bad{"an answer that nobody knows", "perhaps", []any{"answer"}}, bad{"no with a signature", "no", []any{"answer"}}, bad{"yes without a signature", "", []any{"signature"}},
		bad{"a signature of 63 bytes", b64(make([]byte, 63)), []any{"signature"}}, bad{"the sheet as device", "sheet", []any{"device"}},
		bad{"a passkey as device", string(deviceNamed("anna+")), []any{"device"}}, bad{"a link that is no hash", "x", []any{"link"}}, bad{"time 0", int64(0), []any{"at"}})...) {
		add(v, v.Input)
	}
	add(refuse("a link in its place", rule.PayloadType), link)
}

func (c *collector) wholes(h *house) {
	link := h.link(newHub("hub2"), "ben1 -")
	add := func(name, device string, about []byte, r rule.Name) {
		v := c.on(h, refuse(name, r))
		if r == "" {
			v.Expect = "accept"
		}
		v.Thing, v.Leaves = "whole", [][]byte{link, c.answer(h, device, about, pairing.SecondYes).Encode()}
		c.f.Vectors = append(c.f.Vectors, v)
	}
	add("two owners", "anna1", link, "")
	add("with another device of the second", "anna2", link, "")
	add("two devices of one owner", "ben2", link, rule.Signer)
	add("the second signed a link about another hub", "anna1", h.link(newHub("hub3"), "ben1 -"), rule.Signature)
}
