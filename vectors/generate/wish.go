// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// wishVectors: input is an operation, result what a gesture for it is made for in this household.
func wishVectors(w *world) []vector {
	front, yard := id.Camera(fixedID("cam_", "front")), id.Camera(fixedID("cam_", "yard"))
	cameras := []id.Camera{min(front, yard), max(front, yard)}
	mail := request.Channel{From: "hub@example.org", Kind: request.ChannelEmail, Names: true, To: "oma@example.org", URL: "smtps://hub:word@mail.example.org"}
	var out []vector
	add := func(name, begin string, op request.Op, household id.Household) {
		v := accept(name)
		bare := must(canon.Marshal(&op))
		v.Household = string(household)
		sum := sha256.Sum256(slices.Concat([]byte(begin), []byte(household), bare))
		v.Result = base64.StdEncoding.EncodeToString(sum[:])
		op.Gesture = &request.Gesture{Code: "012345"} // what shows it is no part of it
		v.Input = must(canon.Marshal(&op))
		out = append(out, v)
	}
	ntfy := request.Op{Kind: request.OpAddChannel, Channel: &request.Channel{Kind: request.ChannelNtfy, URL: "https://ntfy.example/door"}, Language: "de", Name: "Großmutter"}
	add("a channel of all cameras", "keyhold/v1/channel", ntfy, w.household)
	add("a channel in another household", "keyhold/v1/channel", ntfy, newWorld("other ").household)
	add("a channel of two cameras", "keyhold/v1/channel", request.Op{Kind: request.OpAddChannel, Cameras: cameras, Channel: &mail, Language: "nl", Name: "Oma"}, w.household)
	add("an integration", "keyhold/v1/integration", request.Op{
		Kind: request.OpAddIntegration, Cameras: cameras, Language: "en", Name: "Home Assistant", Tells: request.Tells(), URL: "mqtts://hub:word@broker.local",
	}, w.household)
	return out
}
