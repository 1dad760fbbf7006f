// SPDX-License-Identifier: Apache-2.0

package main

import (
	"keyhold/statement/child"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// childVectors are settings of a child's room, as the hub reads them and as they stand on the record, and the leaves.
func childVectors() file {
	c := &collector{}
	h := family()
	c.childSettings(h)
	c.onRecord(h, child.Thing, func(h *house, device string, household id.Household) any {
		s := h.childRoom(device)
		s.Household = household
		return s
	})
	c.f.Vectors = append(c.f.Vectors, childLeaves(h)...)
	return c.f
}

func (h *house) childRoom(device string) child.Setting {
	return child.Setting{At: h.at, Camera: cameraNamed("garden"), Device: deviceNamed(device), Head: h.s.Head.Hash, Household: h.s.Household, On: true, Seq: 1}
}

func (c *collector) childSettings(h *house) {
	try := bring(c, h, child.Thing, h.childRoom)
	same := func(*child.Setting) {}
	try("by an owner", "", "ben1", 0, same)
	try("by a guardian", "", "gus1", 0, same)
	try("not any more", "", "ben1", 6, func(s *child.Setting) { s.On, s.Seq = false, 7 })
	try("by a viewer", rule.Role, "vera1", 0, same)
	try("not any more, by a guest", rule.Role, "sam1", 1, func(s *child.Setting) { s.On, s.Seq = false, 2 })
	try("two minutes old", "", "ben1", 0, func(s *child.Setting) { s.At -= 120_000 })
	try("older", rule.Time, "ben1", 0, func(s *child.Setting) { s.At -= 120_001 })
	try("the number that is set already", rule.Replay, "ben1", 1, same)
	try("an earlier number", rule.Replay, "ben1", 3, func(s *child.Setting) { s.Seq = 2 })
	try("under an earlier head", rule.Head, "ben1", 0, func(s *child.Setting) { s.Head = must(hashAt(h, h.s.Head.Seq-1)) })
	try("of another household", rule.Household, "ben1", 0, func(s *child.Setting) { s.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("signed by another of the household", rule.Signer, "ben1", 0, same, h.by("anna1"))
	try("signed with another's key", rule.Signature, "ben1", 0, same, signer{deviceNamed("ben1"), pair("house anna1").Signing})
	c.brought(child.Thing, h, refuse("brought by somebody else", rule.Audience), signed(child.Thing, h.childRoom("ben1"), h.by("ben1")), deviceNamed("vera1"), 0)
	seal := func(o object) vector { return vector{Input: signed(child.Thing, o, h.by("ben1")).Encode()} }
	good := h.childRoom("ben1")
	spoiled := append(spoil("child", tree(good), seal), spoilFields("child", tree(good), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}},
		bad{"number 0", int64(0), []any{"seq"}}, bad{"a household that is no hash", "home", []any{"household"}})...)
	c.spoiledSettings(h, child.Thing, good.Device, spoiled)
}

func childLeaves(h *house) []vector {
	statement := signed(child.Thing, h.childRoom("ben1"), h.by("ben1")).Encode()
	leaf := &manifest.Child{Header: header(front, manifest.KindChild, 6), Device: deviceNamed("ben1"), Person: personNamed("ben"), Statement: statement}
	return settingLeaves("child", leaf, manifest.MaxChild)
}
