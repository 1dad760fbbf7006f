// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/request"
)

// channels are the operations of other ways by which the household is told that somebody rings.
func (c *commandVectors) channels() {
	front, yard := id.Camera(fixedID("cam_", "front")), id.Camera(fixedID("cam_", "yard"))
	cameras := []id.Camera{min(front, yard), max(front, yard)}
	at := func(field string) []any { return []any{"op", "channel", field} }
	op := func(ch request.Channel, list ...id.Camera) request.Op {
		return request.Op{Kind: request.OpAddChannel, Cameras: list, Channel: &ch, Language: "de", Name: "Oma"}
	}
	ntfy := op(request.Channel{Kind: request.ChannelNtfy, Names: true, Token: "tk_word", URL: "https://ntfy.example/door"}, cameras...)
	ntfy.Gesture = &request.Gesture{Code: "012345"}
	c.add("add-channel, ntfy", ntfy, bad{"no name", nil, []any{"op", "name"}}, bad{"no language", nil, []any{"op", "language"}}, bad{"a language that it has no words in", "fr", []any{"op", "language"}},
		bad{"no channel", nil, []any{"op", "channel"}}, bad{"a camera that is none", "household", []any{"op", "cameras", 0}}, bad{"a camera twice", []any{string(front), string(front)}, []any{"op", "cameras"}},
		bad{"65 cameras", many(65), []any{"op", "cameras"}},
		bad{"a kind that nobody knows", "pigeon", at("kind")}, bad{"an empty address", "", at("url")}, bad{"an address of 2049 bytes", strings.Repeat("a", 2049), at("url")},
		bad{"a token of 513 bytes", strings.Repeat("a", 513), at("token")}, bad{"an empty token, which is left out", "", at("token")},
		bad{"with a topic", "door", at("topic")}, bad{"with somebody's address", "oma@example.org", at("to")}, bad{"with a sender", "hub@example.org", at("from")})
	c.add("add-channel, ntfy, of all cameras", op(request.Channel{Kind: request.ChannelNtfy, URL: "https://ntfy.example/door"}))
	c.add("add-channel, mqtt", op(request.Channel{Kind: request.ChannelMQTT, Topic: "keyhold/said", URL: "mqtts://hub:word@broker.example"}),
		bad{"no topic", nil, at("topic")}, bad{"a topic of 257 bytes", strings.Repeat("a", 257), at("topic")}, bad{"with a token", "tk_word", at("token")}, bad{"with somebody's address", "oma@example.org", at("to")})
	c.add("add-channel, email", op(request.Channel{From: "hub@example.org", Kind: request.ChannelEmail, Names: true, To: "oma@example.org", URL: "smtps://hub:word@mail.example.org"}),
		bad{"nobody to send to", nil, at("to")}, bad{"nobody who sends", nil, at("from")}, bad{"an address of 255 bytes", strings.Repeat("a", 255), at("to")}, bad{"a sender of 255 bytes", strings.Repeat("a", 255), at("from")},
		bad{"with a topic", "door", at("topic")}, bad{"with a token", "tk_word", at("token")})
	for _, kind := range []string{request.OpRemoveChannel, request.OpTestChannel} {
		c.add(kind, request.Op{Kind: kind, Name: "Oma"}, bad{"no name", nil, []any{"op", "name"}})
	}
	c.add("channels", request.Op{Kind: request.OpChannels}, bad{"with a channel of no kind", object{"kind": "pigeon", "names": true, "url": "https://ntfy.example"}, []any{"op", "channel"}})
	of := func(field string) []any { return []any{"result", "channels", 0, field} }
	c.reply("reply to channels", request.Result{Channels: []request.ChannelReport{{
		Added: start, By: c.w.person, Cameras: cameras, Kind: request.ChannelEmail, From: "hub@example.org", Language: "de", Missed: 2, Name: "Oma", Names: true,
		Since: start, State: "telling", To: "oma@example.org", Told: start + 1, URL: "smtps://mail.example.org",
	}, {Added: start, By: c.w.person, Cameras: []id.Camera{}, Kind: request.ChannelMQTT, Language: "nl", Name: "Bel", Since: start, State: "away", Topic: "keyhold/said", URL: "mqtts://broker.example"}}},
		bad{"added before there was time", int64(-1), of("added")}, bad{"since before there was time", int64(-1), of("since")}, bad{"told before there was time", int64(-1), of("told")}, bad{"fewer than none missed", int64(-1), of("missed")})
}
