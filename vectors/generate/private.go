// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// privateVectors are settings of what is private, as the hub reads them and as they stand on the record, and the leaves.
func privateVectors() file {
	c := &collector{}
	h := family()
	h.add("paul", roster.Viewer, []roster.Right{{
		Actions: []roster.Action{roster.History, roster.Private}, Cameras: []id.Camera{cameraNamed("garden")},
		Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 720, Until: 1440}}, Zone: "UTC",
	}})
	c.settings(h)
	c.onRecord(h, private.Thing, func(h *house, device string, household id.Household) any {
		s := h.setting(id.HouseholdCamera, device)
		s.Household = household
		return s
	})
	c.f.Vectors = append(c.f.Vectors, privateLeaves(h)...)
	return c.f
}

func (h *house) setting(camera id.Camera, device string) private.Setting {
	return private.Setting{
		At: h.at, Camera: camera, Device: deviceNamed(device), Head: h.s.Head.Hash, Hours: []roster.Hours{}, Household: h.s.Household, On: true, Seq: 1,
	}
}

func workdays() []roster.Hours {
	return []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 480, Until: 1020}, {Days: []int{7}, From: 0, Until: 1440}}
}

// settings are those that a device brings.
func (c *collector) settings(h *house) {
	try := func(name string, r rule.Name, camera id.Camera, device string, last int64, edit func(*private.Setting), by ...signer) {
		bring(c, h, private.Thing, func(device string) private.Setting { return h.setting(camera, device) })(name, r, device, last, edit, by...)
	}
	garden, home := cameraNamed("garden"), id.HouseholdCamera
	same := func(*private.Setting) {}
	try("a camera, by an owner", "", garden, "ben1", 0, same)
	try("all cameras, by an owner", "", home, "anna1", 0, same)
	try("all cameras, by a guardian", "", home, "gus1", 0, same)
	try("off again", "", garden, "ben1", 6, func(s *private.Setting) { s.On, s.Seq = false, 7 })
	try("by hours", "", garden, "ben1", 0, func(s *private.Setting) { s.On, s.Hours, s.Zone = false, workdays(), "Europe/Berlin" })
	try("by hand and by hours", "", home, "ben1", 0, func(s *private.Setting) { s.Hours, s.Zone = workdays(), "UTC" })
	try("a camera, by somebody who was given that", "", garden, "paul1", 0, same)
	try("another camera, by them", rule.Camera, cameraNamed("door"), "paul1", 0, same)
	try("all cameras, by them", rule.Role, home, "paul1", 0, same)
	try("by a viewer who was not", rule.Action, garden, "vera1", 0, same)
	try("by a guest who was not", rule.Action, garden, "sam1", 0, same)
	try("all cameras, by a guest", rule.Role, home, "sam1", 0, same)
	late := h.clone()
	late.at += 12 * hour
	s := late.setting(garden, "paul1")
	c.brought(private.Thing, late, refuse("out of their hours", rule.Hours), signed(private.Thing, s, h.by("paul1")), s.Device, 0)

	try("two minutes old", "", garden, "ben1", 0, func(s *private.Setting) { s.At -= 120_000 })
	try("older", rule.Time, garden, "ben1", 0, func(s *private.Setting) { s.At -= 120_001 })
	try("from the future", rule.Time, garden, "ben1", 0, func(s *private.Setting) { s.At += 120_001 })
	try("the number that is set already", rule.Replay, garden, "ben1", 1, same)
	try("an earlier number", rule.Replay, garden, "ben1", 3, func(s *private.Setting) { s.Seq = 2 })
	try("a number too far", rule.Replay, garden, "ben1", 0, func(s *private.Setting) { s.Seq = 2 })
	try("under an earlier head", rule.Head, garden, "ben1", 0, func(s *private.Setting) { s.Head = must(hashAt(h, h.s.Head.Seq-1)) })
	try("of another household", rule.Household, garden, "ben1", 0, func(s *private.Setting) { s.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("signed by another of the household", rule.Signer, garden, "ben1", 0, same, h.by("anna1"))
	try("signed by two", rule.Signer, garden, "ben1", 0, same, h.by("ben1"), h.by("anna1"))
	try("signed with another's key", rule.Signature, garden, "ben1", 0, same, signer{deviceNamed("ben1"), pair("house anna1").Signing})
	c.brought(private.Thing, h, refuse("brought by somebody else", rule.Audience), signed(private.Thing, h.setting(garden, "ben1"), h.by("ben1")), deviceNamed("vera1"), 0)
	gone := h.clone()
	gone.remove("ben", "ben1")
	ben := gone.setting(garden, "ben1")
	c.brought(private.Thing, gone, refuse("by somebody who was removed", rule.Signer), signed(private.Thing, ben, h.by("ben1")), ben.Device, 0)
	eve := h.setting(garden, "eve1")
	c.brought(private.Thing, h, refuse("by somebody who is not there", rule.Signer), signed(private.Thing, eve, h.by("eve1")), eve.Device, 0)
	seal := func(o object) vector { return vector{Input: signed(private.Thing, o, h.by("ben1")).Encode()} }
	byHours := h.setting(garden, "ben1")
	byHours.Hours, byHours.Zone = workdays(), "Europe/Berlin"
	spoiled := append(spoil("private", tree(byHours), seal), spoilFields("private", tree(byHours), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"a camera that is none", string(foundNamed("x")), []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"by the hub", "hub", []any{"device"}},
		bad{"number 0", int64(0), []any{"seq"}}, bad{"a household that is no hash", "home", []any{"household"}}, bad{"no zone", "", []any{"zone"}}, bad{"a path as zone", "/etc/localtime", []any{"zone"}}, bad{"a zone that is local", "Local", []any{"zone"}}, bad{"a zone without hours", []any{}, []any{"hours"}},
		bad{"an eighth day", []any{int64(8)}, []any{"hours", 0, "days"}}, bad{"no day", []any{}, []any{"hours", 0, "days"}}, bad{"days out of order", []any{int64(2), int64(1)}, []any{"hours", 0, "days"}}, bad{"hours that end as they begin", int64(480), []any{"hours", 0, "until"}}, bad{"more than a day", int64(1441), []any{"hours", 1, "until"}})...)
	c.spoiledSettings(h, private.Thing, byHours.Device, spoiled)
}

func privateLeaves(h *house) []vector {
	statement := signed(private.Thing, h.setting(cameraNamed("garden"), "ben1"), h.by("ben1")).Encode()
	began := &manifest.Private{
		Header: header(front, manifest.KindPrivate, 6), Device: deviceNamed("ben1"), Person: personNamed("ben"), Since: start, State: manifest.PrivateBegan, Statement: statement,
	}
	ended := *began
	ended.Header, ended.State, ended.Until = header(front, manifest.KindPrivate, 7), manifest.PrivateEnded, start+60_000
	set := *began
	set.Header, set.State, set.Since = header(id.HouseholdCamera, manifest.KindPrivate, 8), manifest.PrivateSet, 0
	gap := &manifest.Gap{Header: header(front, manifest.KindGap, 9), From: start, Reason: manifest.GapPrivate, Until: start + 60_000}
	var out []vector
	for _, one := range []struct {
		name string
		leaf manifest.Leaf
	}{{"began", began}, {"ended", &ended}, {"set", &set}, {"a gap because of it", gap}} {
		v := accept("private, " + one.name)
		v.Input = must(manifest.EncodeLeaf(one.leaf))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
	}
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	out = append(out, spoil("private leaf", tree(&ended), seal)...)
	out = append(out, spoilFields("private leaf", tree(&ended), seal,
		bad{"a state that nobody knows", "paused", []any{"state"}}, bad{"begun, with an end", manifest.PrivateBegan, []any{"state"}}, bad{"set, with an end", manifest.PrivateSet, []any{"state"}}, bad{"over before it began", int64(start - 1), []any{"until"}}, bad{"since 0", int64(0), []any{"since"}},
		bad{"the household, ended", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"a person that is none", "ben", []any{"person"}},
		bad{"no statement", "", []any{"statement"}}, bad{"a statement that is too long", b64([]byte(strings.Repeat("a", manifest.MaxSetting+1))), []any{"statement"}})...)
	for i := range out {
		out[i].Thing = "leaf"
	}
	return out
}
