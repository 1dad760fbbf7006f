// SPDX-License-Identifier: Apache-2.0

package main

import (
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// integrations are the operations of programs of the home that are told how cameras do.
func (c *commandVectors) integrations() {
	camera := id.Camera(fixedID("cam_", "front"))
	name, cameras, tells, language := []any{"op", "name"}, []any{"op", "cameras"}, []any{"op", "tells"}, []any{"op", "language"}
	op := request.Op{Kind: request.OpAddIntegration, Name: "Home Assistant", URL: "mqtts://hub:word@broker.local", Cameras: []id.Camera{camera}, Tells: request.Tells(), Language: "nl"}
	c.add("add-integration", op, bad{"no name", nil, name}, bad{"no broker", nil, []any{"op", "url"}},
		bad{"no cameras", nil, cameras}, bad{"a camera that is none", "household", []any{"op", "cameras", 0}}, bad{"a camera twice", []any{string(camera), string(camera)}, cameras},
		bad{"nothing to tell", nil, tells}, bad{"something that is not told", "picture", []any{"op", "tells", 0}}, bad{"not in order", []any{request.TellPress, request.TellOnline}, tells},
		bad{"no language", nil, language}, bad{"a language that it has no words in", "fr", language})
	reads := op
	reads.URL, reads.Tells = "", []string{request.TellStream}
	c.add("add-integration, that reads and is told nothing", reads, bad{"by a broker", "mqtts://broker.local", []any{"op", "url"}},
		bad{"something to tell, and no broker", []any{request.TellOnline, request.TellStream}, tells})
	c.add("remove-integration", request.Op{Kind: request.OpRemoveIntegration, Name: "Home Assistant"}, bad{"no name", nil, name})
	c.add("integrations", request.Op{Kind: request.OpIntegrations}, bad{"with something that is not told", []any{"picture"}, tells}, bad{"with a language that it has no words in", "fr", language})
	of := func(name string) []any { return []any{"result", "integrations", 0, name} }
	c.reply("reply to integrations", request.Result{Integrations: []request.Integration{{
		Added: start, By: c.w.person, Cameras: []id.Camera{camera}, Language: "nl", Name: "Home Assistant", Since: start, State: "telling", Tells: request.Tells(), URL: "mqtts://broker.local",
	}}}, bad{"added before there was time", int64(-1), of("added")}, bad{"since before there was time", int64(-1), of("since")})
	c.reply("reply to add-integration", request.Result{Streams: []string{"rtsp://keyhold:word@192.168.1.7:7444/front"}})
	c.reply("reply to remove-integration", request.Result{Forgotten: true})
}
