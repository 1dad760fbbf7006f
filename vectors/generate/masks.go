// SPDX-License-Identifier: Apache-2.0

package main

import (
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// maskVectors are settings of what is covered of a picture, as the hub reads them and as they stand on the record, and
// the leaves.
func maskVectors() file {
	c := &collector{}
	h := family()
	h.add("paul", roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.History, roster.Private}, Cameras: []id.Camera{}}})
	c.maskSettings(h)
	c.onRecord(h, masks.Thing, func(h *house, device string, household id.Household) any {
		s := h.masked(device)
		s.Household = household
		return s
	})
	c.f.Vectors = append(c.f.Vectors, maskLeaves(h)...)
	return c.f
}

func (h *house) masked(device string) masks.Setting {
	return masks.Setting{
		At: h.at, Camera: cameraNamed("garden"), Device: deviceNamed(device), Head: h.s.Head.Hash, Household: h.s.Household, Seq: 1,
		Masks: []masks.Mask{{Height: 500, Left: 0, Top: 0, Width: 250}, {Height: 500, Left: 250, Top: 0, Width: 100}, {Height: 10, Left: 990, Top: 990, Width: 10}},
	}
}

// maskSettings are those that a device brings.
func (c *collector) maskSettings(h *house) {
	try := bring(c, h, masks.Thing, h.masked)
	same := func(*masks.Setting) {}
	rows := func(n int) func(*masks.Setting) {
		return func(s *masks.Setting) {
			s.Masks = nil
			for i := range n {
				s.Masks = append(s.Masks, masks.Mask{Height: 10, Left: 0, Top: int64(i) * 10, Width: 1000})
			}
		}
	}
	try("by an owner", "", "ben1", 0, same)
	try("by a guardian", "", "gus1", 0, same)
	try("none any more", "", "ben1", 6, func(s *masks.Setting) { s.Masks, s.Seq = []masks.Mask{}, 7 })
	try("all of the picture", "", "ben1", 0, func(s *masks.Setting) { s.Masks = []masks.Mask{{Height: 1000, Left: 0, Top: 0, Width: 1000}} })
	try("as many as there may be", "", "ben1", 0, rows(masks.Most))
	try("one more", rule.Field, "ben1", 0, rows(masks.Most+1))
	try("by somebody who may turn it off", rule.Role, "paul1", 0, same)
	try("by a viewer", rule.Role, "vera1", 0, same)
	try("none any more, by a viewer", rule.Role, "vera1", 1, func(s *masks.Setting) { s.Masks, s.Seq = []masks.Mask{}, 2 })
	try("by a guest", rule.Role, "sam1", 0, same)
	try("two minutes old", "", "ben1", 0, func(s *masks.Setting) { s.At -= 120_000 })
	try("older", rule.Time, "ben1", 0, func(s *masks.Setting) { s.At -= 120_001 })
	try("from the future", rule.Time, "ben1", 0, func(s *masks.Setting) { s.At += 120_001 })
	try("the number that is set already", rule.Replay, "ben1", 1, same)
	try("an earlier number", rule.Replay, "ben1", 3, func(s *masks.Setting) { s.Seq = 2 })
	try("a number too far", rule.Replay, "ben1", 0, func(s *masks.Setting) { s.Seq = 2 })
	try("under an earlier head", rule.Head, "ben1", 0, func(s *masks.Setting) { s.Head = must(hashAt(h, h.s.Head.Seq-1)) })
	try("of another household", rule.Household, "ben1", 0, func(s *masks.Setting) { s.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("signed by another of the household", rule.Signer, "ben1", 0, same, h.by("anna1"))
	try("signed by two", rule.Signer, "ben1", 0, same, h.by("ben1"), h.by("anna1"))
	try("signed with another's key", rule.Signature, "ben1", 0, same, signer{deviceNamed("ben1"), pair("house anna1").Signing})
	c.brought(masks.Thing, h, refuse("brought by somebody else", rule.Audience), signed(masks.Thing, h.masked("ben1"), h.by("ben1")), deviceNamed("vera1"), 0)
	gone := h.clone()
	gone.remove("ben", "ben1")
	ben := gone.masked("ben1")
	c.brought(masks.Thing, gone, refuse("by somebody who was removed", rule.Signer), signed(masks.Thing, ben, h.by("ben1")), ben.Device, 0)
	seal := func(o object) vector { return vector{Input: signed(masks.Thing, o, h.by("ben1")).Encode()} }
	good := h.masked("ben1")
	first, second := tree(good.Masks[0]), tree(good.Masks[1])
	spoiled := append(spoil("masks", tree(good), seal), spoilFields("masks", tree(good), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"by the hub", "hub", []any{"device"}},
		bad{"number 0", int64(0), []any{"seq"}}, bad{"a household that is no hash", "home", []any{"household"}}, bad{"out of order", []any{second, first}, []any{"masks"}}, bad{"one twice", []any{first, first}, []any{"masks"}},
		bad{"left of the picture", int64(-1), []any{"masks", 0, "left"}}, bad{"above the picture", int64(-1), []any{"masks", 0, "top"}}, bad{"too narrow", int64(9), []any{"masks", 2, "width"}}, bad{"too low", int64(9), []any{"masks", 2, "height"}},
		bad{"beyond the right edge", int64(991), []any{"masks", 2, "left"}}, bad{"beyond the lower edge", int64(991), []any{"masks", 2, "top"}}, bad{"wider than the picture", int64(1001), []any{"masks", 0, "width"}}, bad{"a width without end", int64(9007199254740991), []any{"masks", 0, "width"}})...)
	c.spoiledSettings(h, masks.Thing, good.Device, spoiled)
}

func maskLeaves(h *house) []vector {
	statement := signed(masks.Thing, h.masked("ben1"), h.by("ben1")).Encode()
	leaf := &manifest.Masks{Header: header(front, manifest.KindMasks, 6), Device: deviceNamed("ben1"), Person: personNamed("ben"), Statement: statement}
	return settingLeaves("masks", leaf, manifest.MaxMasks)
}
