// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/command"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// actVectors are commands by which the hub acts at a camera at once, and the leaves of talk.
func actVectors() file {
	c := &collector{}
	h := family()
	h.add("tess", roster.Viewer, []roster.Right{{
		Actions: []roster.Action{roster.Live, roster.Talk}, Cameras: []id.Camera{cameraNamed("door")},
		Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 720, Until: 1440}}, Zone: "UTC",
	}})
	c.acts(h)
	c.f.Vectors = append(c.f.Vectors, talkLeaves()...)
	return c.f
}

func (h *house) act(device string) command.Command {
	return command.Command{
		Action: roster.Talk, Challenge: fixed("challenge", command.ChallengeSize), Device: deviceNamed(device), Head: h.s.Head.Hash, Household: h.s.Household,
		Hub: pair("house hub").SignPublic(), NotAfter: h.at + command.Window, Target: cameraNamed("door"),
	}
}

// acted adds a vector of a command that comes by the connection of a device at a time. What waits is the challenge of
// the command that is as it ought to be.
func (c *collector) acted(h *house, v vector, e *dsse.Envelope, by id.Device, at int64, waits bool) {
	v.Thing = command.Thing
	v = c.on(h, v)
	v.Input, v.Text, v.At = e.Encode(), string(by), at
	if v.Action == "" {
		v.Action = string(roster.Talk)
	}
	v.Camera, v.Index = string(cameraNamed("door")), h.at+command.Window
	if waits {
		v.Leaves = [][]byte{fixed("challenge", command.ChallengeSize)}
	}
	if v.Expect == "accept" {
		v.Result = e.Hash().String()
	}
	c.f.Vectors = append(c.f.Vectors, v)
}

func (c *collector) acts(h *house) {
	try := func(name string, r rule.Name, device string, edit func(*command.Command), by ...signer) {
		s := h.act(device)
		edit(&s)
		if by == nil {
			by = []signer{h.by(device)}
		}
		c.acted(h, verdict(name, r), signed(command.Thing, s, by...), deviceNamed(device), h.at, true)
	}
	same := func(*command.Command) {}
	good := signed(command.Thing, h.act("ben1"), h.by("ben1"))
	ben := deviceNamed("ben1")
	try("talk, by an owner", "", "ben1", same)
	try("talk, by a guardian", "", "gus1", same)
	try("talk, by somebody who was given that", "", "tess1", same)
	spoken := &quickreply.Reply{Language: "de", Text: "Bitte leg das Paket vor die Tür."}
	try("a quick reply", "", "ben1", func(c *command.Command) { c.Reply = spoken })
	try("a quick reply, as long as it may be", "", "ben1", func(c *command.Command) {
		c.Reply = &quickreply.Reply{Language: "nl", Text: strings.Repeat("🔔", quickreply.MaxCharacters)}
	})
	try("a quick reply, by a viewer who may not talk", rule.Action, "vera1", func(c *command.Command) { c.Reply = spoken })
	try("a quick reply, under an earlier head", rule.Head, "ben1", func(c *command.Command) { c.Reply, c.Head = spoken, must(hashAt(h, h.s.Head.Seq-1)) })
	try("by a viewer who was not", rule.Action, "vera1", same)
	try("by a guest who was not", rule.Action, "sam1", same)
	c.acted(h, accept("at the last moment"), good, ben, h.at+command.Window, true)
	c.acted(h, refuse("a moment later", rule.Time), good, ben, h.at+command.Window+1, true)
	c.acted(h, refuse("without a challenge that waits", rule.Replay), good, ben, h.at, false)
	try("over another challenge", rule.Replay, "ben1", func(c *command.Command) { c.Challenge = fixed("another challenge", command.ChallengeSize) })
	try("to open, where talk was asked for", rule.Replay, "ben1", func(c *command.Command) { c.Action = roster.Open })
	try("at another camera than was asked for", rule.Replay, "ben1", func(c *command.Command) { c.Target = cameraNamed("garden") })
	try("good for longer than was given", rule.Replay, "ben1", func(c *command.Command) { c.NotAfter += 60_000 })
	try("under an earlier head", rule.Head, "ben1", func(c *command.Command) { c.Head = must(hashAt(h, h.s.Head.Seq-1)) })
	try("under a head that nobody knows", rule.Head, "ben1", func(c *command.Command) { c.Head = id.HashOf([]byte("x")) })
	try("of another household", rule.Household, "ben1", func(c *command.Command) { c.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("for another hub", rule.Audience, "ben1", func(c *command.Command) { c.Hub = pair("house hub2").SignPublic() })
	try("signed by another of the household", rule.Signer, "ben1", same, h.by("anna1"))
	try("signed by two", rule.Signer, "ben1", same, h.by("ben1"), h.by("anna1"))
	try("signed with another's key", rule.Signature, "ben1", same, signer{ben, pair("house anna1").Signing})
	c.acted(h, refuse("by another's connection", rule.Audience), good, deviceNamed("anna1"), h.at, true)
	gone := h.clone()
	gone.remove("ben", "ben1")
	c.acted(gone, refuse("by somebody who was removed", rule.Signer), signed(command.Thing, gone.act("ben1"), h.by("ben1")), ben, h.at, true)
	c.acted(h, refuse("by somebody who is not there", rule.Signer), signed(command.Thing, h.act("eve1"), h.by("eve1")), deviceNamed("eve1"), h.at, true)
	wish := h.act("ben1")
	wish.Action = roster.Open
	open := signed(command.Thing, wish, h.by("ben1"))
	asked := func(v vector) vector { v.Action = string(roster.Open); return v }
	c.acted(h, asked(accept("to open, by an owner")), open, ben, h.at, true)
	c.acted(h, asked(refuse("to talk, where to open was asked for", rule.Replay)), good, ben, h.at, true)
	wish.Device = deviceNamed("tess1")
	c.acted(h, asked(refuse("to open, by somebody who may talk", rule.Action)), signed(command.Thing, wish, h.by("tess1")), wish.Device, h.at, true)
	early := h.clone()
	early.at -= 12 * hour
	c.acted(early, refuse("out of their hours", rule.Hours), signed(command.Thing, early.act("tess1"), h.by("tess1")), deviceNamed("tess1"), early.at, true)
	seal := func(o object) vector { return vector{Input: signed(command.Thing, o, h.by("ben1")).Encode()} }
	whole := tree(h.act("ben1"))
	says := h.act("ben1")
	says.Reply = spoken
	quick := append(spoilReply("act", tree(says), seal), spoilFields("act", tree(says), seal, bad{"to open, and something is said", string(roster.Open), []any{"action"}})...)
	for _, v := range append(append(spoil("act", whole, seal), quick...), spoilFields("act", whole, seal,
		bad{"an action that is none of these", string(roster.Live), []any{"action"}}, bad{"a challenge of 15 bytes", b64(make([]byte, 15)), []any{"challenge"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"by the hub", "hub", []any{"device"}},
		bad{"a key of 31 bytes", b64(make([]byte, 31)), []any{"hub"}}, bad{"time 0", int64(0), []any{"not_after"}}, bad{"a household that is no hash", "home", []any{"household"}}, bad{"at the household", "household", []any{"target"}})...) {
		v.Thing = command.Thing
		in := v.Input
		v = c.on(h, v)
		v.Input, v.Text, v.At = in, string(ben), h.at
		c.f.Vectors = append(c.f.Vectors, v)
	}
}

// spoilReply spoils the quick reply of something.
func spoilReply(what string, whole object, seal func(object) vector) []vector {
	text := []any{"reply", "text"}
	return spoilFields(what+", a quick reply", whole, seal,
		bad{"in a language that nobody speaks", "fr", []any{"reply", "language"}}, bad{"without a word", "", text}, bad{"a character too many", strings.Repeat("é", quickreply.MaxCharacters+1), text},
		bad{"in two lines", "yes\nno", text}, bad{"with a character that turns the text round", "yes\u202eno", text}, bad{"with a paragraph's end", "yes\u2029no", text})
}

func talkLeaves() []vector {
	began := &manifest.Talk{
		Header: header(front, manifest.KindTalk, 6), Act: id.HashOf([]byte("act")), Device: deviceNamed("sam1"), Person: personNamed("sam"), Since: start, State: manifest.TalkBegan, View: viewNamed("view"),
	}
	spoke := *began
	spoke.Reply = &quickreply.Reply{Language: "en", Text: "I’ll be right there."}
	ended := *began
	ended.Header, ended.State, ended.Until = header(front, manifest.KindTalk, 7), manifest.TalkEnded, start+12_000
	var out []vector
	for _, l := range []*manifest.Talk{began, &ended, &spoke} {
		v := accept("talk, " + l.State)
		if l.Reply != nil {
			v.Name += ", a quick reply"
		}
		v.Input = must(manifest.EncodeLeaf(l))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
	}
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	out = append(out, spoil("talk", tree(&ended), seal)...)
	out = append(out, spoilFields("talk", tree(&ended), seal,
		bad{"a state that nobody knows", "paused", []any{"state"}}, bad{"begun, with an end", manifest.TalkBegan, []any{"state"}}, bad{"over before it began", int64(start - 1), []any{"until"}}, bad{"since 0", int64(0), []any{"since"}},
		bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"a view that is none", "vie_", []any{"view"}}, bad{"a person that is none", "sam", []any{"person"}}, bad{"a hash that is none", "act", []any{"act"}})...)
	out = append(out, spoilReply("talk", tree(&spoke), seal)...)
	out = append(out, spoilFields("talk, begun", tree(began), seal, bad{"without an end, ended", manifest.TalkEnded, []any{"state"}})...)
	for i := range out {
		out[i].Thing = "leaf"
	}
	return out
}
