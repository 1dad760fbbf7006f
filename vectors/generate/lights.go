// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/request"
)

// lights are the operations of lights at cameras.
func (c *commandVectors) lights() {
	camera := id.Camera(fixedID("cam_", "front"))
	at := func(name string) []any { return []any{"op", "light", name} }
	lost := []bad{{"no camera", nil, []any{"op", "camera"}}, {"another thing in the place of the camera", "household", []any{"op", "camera"}}}
	own := request.Light{Kind: request.LightONVIF, Relay: strings.Repeat("r", 128)}
	c.add("set-light, onvif", request.Op{Kind: request.OpSetLight, Camera: camera, Light: &request.Light{Kind: request.LightONVIF}}, append(lost,
		bad{"with an address", "http://lamp.local/on", at("on")}, bad{"a kind that nobody knows", "candle", at("kind")}, bad{"an empty kind", "", at("kind")}, bad{"an empty relay, which is left out", "", at("relay")})...)
	c.add("set-light, onvif, with the longest name of a relay", request.Op{Kind: request.OpSetLight, Camera: camera, Light: &own}, bad{"a relay of 129 bytes", strings.Repeat("r", 129), at("relay")})
	web := request.Light{Kind: request.LightHTTP, Off: "http://anna:secret@lamp.local/relay/0?turn=off", On: "http://anna:secret@lamp.local/relay/0?turn=on"}
	c.add("set-light, http", request.Op{Kind: request.OpSetLight, Camera: camera, Light: &web}, append(lost,
		bad{"nothing that lights it", nil, at("on")}, bad{"nothing that puts it out", nil, at("off")}, bad{"with a relay", "1", at("relay")}, bad{"an address of 2049 bytes", strings.Repeat("a", 2049), at("on")}, bad{"another address of 2049 bytes", strings.Repeat("a", 2049), at("off")})...)
	c.add("set-light to none", request.Op{Kind: request.OpSetLight, Camera: camera}, lost...)
	c.add("try-light", request.Op{Kind: request.OpTryLight, Camera: camera}, lost...)
	c.add("lights", request.Op{Kind: request.OpLights}, bad{"with a light of no kind", object{"kind": "candle"}, []any{"op", "light"}})
	of := func(name string) []any { return []any{"result", "lights", 0, name} }
	reports := []request.LightReport{}
	for _, state := range []string{request.LightOn, request.LightOff, request.LightAway, request.LightAsked} {
		reports = append(reports, request.LightReport{Camera: camera, Kind: request.LightHTTP, State: state}, request.LightReport{Camera: camera, Kind: request.LightONVIF, State: state})
	}
	c.reply("reply to lights", request.Result{Lights: reports},
		bad{"of what is no camera", "front", of("camera")}, bad{"a kind that nobody knows", "candle", of("kind")}, bad{"a state that nobody knows", "dim", of("state")}, bad{"none, which is left out", []any{}, []any{"result", "lights"}})
}
