// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// What is alike for all that is set for a camera: what is private, covered, starred, a child's room.

// brought adds a setting that a device brings, after the one with number last.
func (c *collector) brought(thing string, h *house, v vector, e *dsse.Envelope, by id.Device, last int64) {
	v.Thing = thing
	v = c.on(h, v)
	v.Input, v.Text, v.At, v.Index = e.Encode(), string(by), h.at, last
	if v.Expect == "accept" {
		v.Result = e.Hash().String()
	}
	c.f.Vectors = append(c.f.Vectors, v)
}

// bring returns what adds a setting that a device has made, edited, after the one with number last. The device signs it,
// where nobody else is named.
func bring[S any](c *collector, h *house, thing string, made func(device string) S) func(name string, r rule.Name, device string, last int64, edit func(*S), by ...signer) {
	return func(name string, r rule.Name, device string, last int64, edit func(*S), by ...signer) {
		s := made(device)
		edit(&s)
		if by == nil {
			by = []signer{h.by(device)}
		}
		c.brought(thing, h, verdict(name, r), signed(thing, s, by...), deviceNamed(device), last)
	}
}

// spoiledSettings adds settings that do not hold as they are, brought by a device.
func (c *collector) spoiledSettings(h *house, thing string, device id.Device, spoiled []vector) {
	for _, v := range spoiled {
		v.Thing = thing
		v.Text, v.At = string(device), h.at
		in := v.Input
		v = c.on(h, v)
		v.Input = in
		c.f.Vectors = append(c.f.Vectors, v)
	}
}

// onRecord adds settings as they stand on the record, whenever that was. made makes one by a device, of a household.
func (c *collector) onRecord(h *house, thing string, made func(h *house, device string, household id.Household) any) {
	gone := h.clone()
	ben := made(gone, "ben1", h.s.Household)
	gone.remove("ben", "anna1 cleo1")
	try := func(name string, r rule.Name, h *house, setting any, by signer) {
		e := signed(thing, setting, by)
		v := verdict("on the record: "+name, r)
		if r == "" {
			v.Result = e.Hash().String()
		}
		v.Thing = "kept"
		v = c.on(h, v)
		v.Input = e.Encode()
		c.f.Vectors = append(c.f.Vectors, v)
	}
	anna := made(h, "anna1", h.s.Household)
	try("by somebody who is gone since", "", gone, ben, h.by("ben1"))
	try("by somebody who never was there", rule.Signer, h, made(h, "eve1", h.s.Household), h.by("eve1"))
	try("in the name of another", rule.Signature, h, anna, signer{deviceNamed("anna1"), pair("house eve1").Signing})
	try("signed by the hub", rule.Signer, h, anna, h.by("hub"))
	try("of another household", rule.Household, h, made(h, "anna1", id.Household(id.HashOf([]byte("x")).String())), h.by("anna1"))
}

// settingLeaves are the leaf of a setting, and such leaves spoiled. most is how many bytes its statement may have.
func settingLeaves(name string, leaf manifest.Leaf, most int) []vector {
	v := accept(name)
	v.Input = must(manifest.EncodeLeaf(leaf))
	v.Result = manifest.LeafHash(v.Input).String()
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	out := append([]vector{v}, spoil(name+" leaf", tree(leaf), seal)...)
	out = append(out, spoilFields(name+" leaf", tree(leaf), seal,
		bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"a person that is none", "ben", []any{"person"}},
		bad{"no statement", "", []any{"statement"}}, bad{"a statement that is too long", b64([]byte(strings.Repeat("a", most+1))), []any{"statement"}})...)
	for i := range out {
		out[i].Thing = "leaf"
	}
	return out
}
