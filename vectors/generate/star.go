// SPDX-License-Identifier: Apache-2.0

package main

import (
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

// starVectors are settings of moments that are kept, as the hub reads them and as they stand on the record, and the leaves.
func starVectors() file {
	c := &collector{}
	h := family()
	h.add("paul", roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{cameraNamed("garden")}, Since: h.at - hour}})
	h.add("lena", roster.Viewer, always(roster.Live))
	c.starSettings(h)
	c.onRecord(h, star.Thing, func(h *house, device string, household id.Household) any {
		s := h.starred(device)
		s.Household = household
		return s
	})
	c.f.Vectors = append(c.f.Vectors, starLeaves(h)...)
	return c.f
}

func (h *house) starred(device string) star.Setting {
	return star.Setting{
		At: h.at, Camera: cameraNamed("garden"), Device: deviceNamed(device), Head: h.s.Head.Hash, Household: h.s.Household,
		Moment: h.at - 60_000, On: true, Seq: 1,
	}
}

// starSettings are those that a device brings.
func (c *collector) starSettings(h *house) {
	try := bring(c, h, star.Thing, h.starred)
	same := func(*star.Setting) {}
	try("by an owner", "", "ben1", 0, same)
	try("by a guardian", "", "gus1", 0, same)
	try("by a viewer", "", "vera1", 0, same)
	try("let go", "", "ben1", 6, func(s *star.Setting) { s.On, s.Seq = false, 7 })
	try("what is seen now", "", "ben1", 0, func(s *star.Setting) { s.Moment = s.At })
	try("thirty days ago", "", "ben1", 0, func(s *star.Setting) { s.Moment = s.At - star.Back })
	try("longer ago", rule.Field, "ben1", 0, func(s *star.Setting) { s.Moment = s.At - star.Back - 1 })
	try("longer ago, let go", "", "ben1", 0, func(s *star.Setting) { s.Moment, s.On = s.At-2*star.Back, false })
	try("still to come", rule.Field, "ben1", 0, func(s *star.Setting) { s.Moment = s.At + 1 })
	try("by a guest", rule.Role, "sam1", 0, same)
	try("let go by a guest", rule.Role, "sam1", 1, func(s *star.Setting) { s.On, s.Seq = false, 2 })
	try("by a viewer who only watches live", rule.Action, "lena1", 0, same)
	try("by a viewer of that camera", "", "paul1", 0, same)
	try("another camera, by them", rule.Camera, "paul1", 0, func(s *star.Setting) { s.Camera = cameraNamed("door") })
	try("from before their right", rule.Early, "paul1", 0, func(s *star.Setting) { s.Moment = h.at - 2*hour })
	try("two minutes old", "", "ben1", 0, func(s *star.Setting) { s.At, s.Moment = s.At-120_000, s.Moment-120_000 })
	try("older", rule.Time, "ben1", 0, func(s *star.Setting) { s.At, s.Moment = s.At-120_001, s.Moment-120_001 })
	try("from the future", rule.Time, "ben1", 0, func(s *star.Setting) { s.At += 120_001 })
	try("the number that is set already", rule.Replay, "ben1", 1, same)
	try("an earlier number", rule.Replay, "ben1", 3, func(s *star.Setting) { s.Seq = 2 })
	try("a number too far", rule.Replay, "ben1", 0, func(s *star.Setting) { s.Seq = 2 })
	try("under an earlier head", rule.Head, "ben1", 0, func(s *star.Setting) { s.Head = must(hashAt(h, h.s.Head.Seq-1)) })
	try("of another household", rule.Household, "ben1", 0, func(s *star.Setting) { s.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("signed by another of the household", rule.Signer, "ben1", 0, same, h.by("anna1"))
	try("signed with another's key", rule.Signature, "ben1", 0, same, signer{deviceNamed("ben1"), pair("house anna1").Signing})
	c.brought(star.Thing, h, refuse("brought by somebody else", rule.Audience), signed(star.Thing, h.starred("ben1"), h.by("ben1")), deviceNamed("vera1"), 0)
	gone := h.clone()
	gone.remove("ben", "ben1")
	ben := gone.starred("ben1")
	c.brought(star.Thing, gone, refuse("by somebody who was removed", rule.Signer), signed(star.Thing, ben, h.by("ben1")), ben.Device, 0)
	seal := func(o object) vector { return vector{Input: signed(star.Thing, o, h.by("ben1")).Encode()} }
	good := h.starred("ben1")
	spoiled := append(spoil("star", tree(good), seal), spoilFields("star", tree(good), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"by the hub", "hub", []any{"device"}},
		bad{"number 0", int64(0), []any{"seq"}}, bad{"a household that is no hash", "home", []any{"household"}}, bad{"moment 0", int64(0), []any{"moment"}})...)
	c.spoiledSettings(h, star.Thing, good.Device, spoiled)
}

func starLeaves(h *house) []vector {
	statement := signed(star.Thing, h.starred("ben1"), h.by("ben1")).Encode()
	leaf := &manifest.Star{Header: header(front, manifest.KindStar, 6), Device: deviceNamed("ben1"), Person: personNamed("ben"), Statement: statement}
	return settingLeaves("star", leaf, manifest.MaxStar)
}
