// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// lockVectors are settings of what opens a door, as the hub reads them and as they stand on the record, and the leaves of
// those and of doors that were opened.
func lockVectors() file {
	c := &collector{}
	h := family()
	c.lockSettings(h)
	c.onRecord(h, lock.Thing, func(h *house, device string, household id.Household) any {
		s := h.frontDoor(device)
		s.Household = household
		return s
	})
	statement := signed(lock.Thing, h.frontDoor("ben1"), h.by("ben1")).Encode()
	leaf := &manifest.Lock{Header: header(front, manifest.KindLock, 6), Device: deviceNamed("ben1"), Person: personNamed("ben"), Statement: statement}
	c.f.Vectors = append(c.f.Vectors, settingLeaves("lock", leaf, manifest.MaxLock)...)
	c.f.Vectors = append(c.f.Vectors, openLeaves(h)...)
	return c.f
}

func (h *house) frontDoor(device string) lock.Setting {
	return lock.Setting{
		At: h.at, Camera: cameraNamed("door"), Device: deviceNamed(device), Gesture: true, Head: h.s.Head.Hash, Household: h.s.Household, Kind: lock.HTTP,
		Name: "Front door", Seq: 1, Way: lock.HashOf([]byte("way")),
	}
}

func (c *collector) lockSettings(h *house) {
	try := func(name string, r rule.Name, device string, last int64, edit func(*lock.Setting), by ...signer) {
		s := h.frontDoor(device)
		edit(&s)
		v := refuse(name, r)
		if r == "" {
			v = accept(name)
		}
		if by == nil {
			by = []signer{h.by(device)}
		}
		c.brought(lock.Thing, h, v, signed(lock.Thing, s, by...), deviceNamed(device), last)
	}
	none := func(s *lock.Setting) { s.Gesture, s.Kind, s.Name, s.Way = false, lock.Off, "", []byte{} }
	same := func(*lock.Setting) {}
	try("by an owner", "", "ben1", 0, same)
	try("by a broker, without a gesture", "", "ben1", 0, func(s *lock.Setting) { s.Kind, s.Gesture = lock.MQTT, false })
	try("by the camera's own relay", "", "ben1", 0, func(s *lock.Setting) { s.Kind = lock.ONVIF })
	try("not any more", "", "ben1", 6, func(s *lock.Setting) { none(s); s.Seq = 7 })
	try("with a name of 200 bytes", "", "ben1", 0, func(s *lock.Setting) { s.Name = strings.Repeat("a", 200) })
	try("by a guardian", rule.Role, "gus1", 0, same)
	try("by a viewer", rule.Role, "vera1", 0, same)
	try("not any more, by a guest", rule.Role, "sam1", 1, func(s *lock.Setting) { none(s); s.Seq = 2 })
	try("two minutes old", "", "ben1", 0, func(s *lock.Setting) { s.At -= 120_000 })
	try("older", rule.Time, "ben1", 0, func(s *lock.Setting) { s.At -= 120_001 })
	try("the number that is set already", rule.Replay, "ben1", 1, same)
	try("an earlier number", rule.Replay, "ben1", 3, func(s *lock.Setting) { s.Seq = 2 })
	try("under an earlier head", rule.Head, "ben1", 0, func(s *lock.Setting) { s.Head = must(hashAt(h, h.s.Head.Seq-1)) })
	try("of another household", rule.Household, "ben1", 0, func(s *lock.Setting) { s.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("signed by another of the household", rule.Signer, "ben1", 0, same, h.by("anna1"))
	try("signed with another's key", rule.Signature, "ben1", 0, same, signer{deviceNamed("ben1"), pair("house anna1").Signing})
	c.brought(lock.Thing, h, refuse("brought by somebody else", rule.Audience), signed(lock.Thing, h.frontDoor("ben1"), h.by("ben1")), deviceNamed("vera1"), 0)
	seal := func(o object) vector { return vector{Input: signed(lock.Thing, o, h.by("ben1")).Encode()} }
	good, off := h.frontDoor("ben1"), h.frontDoor("ben1")
	none(&off)
	spoiled := append(spoil("lock", tree(good), seal), spoilFields("lock", tree(good), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}},
		bad{"number 0", int64(0), []any{"seq"}}, bad{"a household that is no hash", "home", []any{"household"}}, bad{"a kind that nobody knows", "lever", []any{"kind"}},
		bad{"without a name", "", []any{"name"}}, bad{"with a name of 201 bytes", strings.Repeat("a", 201), []any{"name"}}, bad{"without a way", "", []any{"way"}}, bad{"a way of 31 bytes", b64(make([]byte, 31)), []any{"way"}})...)
	spoiled = append(spoiled, spoilFields("no lock", tree(off), seal,
		bad{"with a name", "Front door", []any{"name"}}, bad{"with a gesture", true, []any{"gesture"}}, bad{"with a way", b64(make([]byte, 32)), []any{"way"}})...)
	c.spoiledSettings(h, lock.Thing, good.Device, spoiled)
}

func openLeaves(h *house) []vector {
	act := h.act("ben1")
	act.Action = roster.Open
	e := signed(command.Thing, act, h.by("ben1"))
	began := &manifest.Open{
		Header: header(front, manifest.KindOpen, 6), Act: e.Hash(), Device: deviceNamed("ben1"), Door: "Front door", Number: 5, Person: personNamed("ben"), Since: start,
		State: manifest.OpenBegan, Statement: e.Encode(),
	}
	var out []vector
	leaf := func(name string, l *manifest.Open) {
		v := accept(name)
		v.Input = must(manifest.EncodeLeaf(l))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
	}
	leaf("a door that is being opened", began)
	ended := *began
	ended.Header, ended.State, ended.Statement = header(front, manifest.KindOpen, 7), manifest.OpenEnded, []byte{}
	for _, o := range []string{manifest.Opened, manifest.OpenUnanswered, manifest.OpenRefused, manifest.OpenLate, manifest.OpenLost} {
		ended.Outcome = o
		leaf("a door that was opened: "+o, &ended)
	}
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	out = append(out, spoil("open", tree(&ended), seal)...)
	out = append(out, spoilFields("open", tree(&ended), seal,
		bad{"a state that nobody knows", "ajar", []any{"state"}}, bad{"an outcome that nobody knows", "ajar", []any{"outcome"}}, bad{"over, and nobody says how", "", []any{"outcome"}}, bad{"over, with the command", b64([]byte("x")), []any{"statement"}},
		bad{"since 0", int64(0), []any{"since"}}, bad{"number 0", int64(0), []any{"number"}}, bad{"without a door", "", []any{"door"}}, bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}},
		bad{"by the sheet", "sheet", []any{"device"}}, bad{"a person that is none", "ben", []any{"person"}}, bad{"a hash that is none", "act", []any{"act"}})...)
	out = append(out, spoilFields("open, begun", tree(began), seal,
		bad{"with an outcome", manifest.Opened, []any{"outcome"}}, bad{"without the command", "", []any{"statement"}}, bad{"with a command that is too long", b64([]byte(strings.Repeat("a", manifest.MaxOpen+1))), []any{"statement"}})...)
	for i := range out {
		out[i].Thing = "leaf"
	}
	return out
}
