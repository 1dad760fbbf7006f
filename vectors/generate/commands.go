// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// commandVectors are commands of a device, and of each some whose fields do not hold. What is spoiled outside of the
// operation is tried with add-camera.
type commandVectors struct {
	w   *world
	out []vector
}

func (c *commandVectors) command(op request.Op) request.Command {
	return request.Command{At: start, Device: c.w.phoneID, Head: c.w.state.Head.Hash, Household: c.w.household, Nonce: fixed("n", 16), Op: op}
}

func (c *commandVectors) add(name string, op request.Op, cases ...bad) {
	c.good(name, statement(request.ThingCommand, c.w.asPhone()), tree(c.command(op)), cases)
}

// reply adds the hub's reply with this result.
func (c *commandVectors) reply(name string, result request.Result, cases ...bad) {
	r := request.Reply{
		At: start, Head: c.w.state.Head, Household: c.w.household, Nonce: fixed("n", 16), Result: result,
		Root: id.HashOf([]byte("root")), Run: id.Run(fixedID("run_", "run")), Size: 9,
	}
	c.good(name, statement(request.ThingReply, c.w.asHub()), tree(r), cases)
}

func (c *commandVectors) good(name string, seal func(object) vector, o object, cases []bad) {
	v := seal(o)
	v.Name, v.Expect = name, "accept"
	c.out = append(append(c.out, v), spoilFields(name, o, seal, cases...)...)
}

// settings are the operations that bring a setting which stands on the record, and those that ask what is set.
func (c *commandVectors) settings() {
	said := []byte("statement")
	long := func(most int) string { return b64([]byte(strings.Repeat("a", most+1))) }
	for _, s := range []struct {
		kind, field string
		most        int
		op          request.Op
	}{
		{request.OpPrivate, "private", 8192, request.Op{Private: said}},
		{request.OpSetMasks, "masks", 4096, request.Op{Masks: said}},
		{request.OpSetChild, "child", 4096, request.Op{Child: said}},
	} {
		s.op.Kind = s.kind
		at := []any{"op", s.field}
		c.add(s.kind, s.op, bad{"no statement", nil, at}, bad{"an empty statement", "", at}, bad{"a statement that is too long", long(s.most), at})
	}
	for _, kind := range []string{request.OpPrivates, request.OpMasks, request.OpChildren} {
		c.add(kind, request.Op{Kind: kind})
	}
	two := [][]byte{[]byte("one"), []byte("another")}
	for _, r := range []struct {
		field  string
		result request.Result
	}{{"privates", request.Result{Privates: two}}, {"masks", request.Result{Masks: two}}, {"children", request.Result{Children: two}}} {
		c.reply("reply to "+r.field, r.result, bad{"none, which is left out", []any{}, []any{"result", r.field}})
	}
}

// door are the operations of bells and of quiet.
func (c *commandVectors) door() {
	camera := id.Camera(fixedID("cam_", "front"))
	mqtt := request.Bell{Kind: request.BellMQTT, Payload: "ON", Topic: "door/bell", URL: "mqtt://broker.local"}
	kind, topic, url, payload := []any{"op", "bell", "kind"}, []any{"op", "bell", "topic"}, []any{"op", "bell", "url"}, []any{"op", "bell", "payload"}
	for _, k := range []string{request.BellONVIF, request.BellWebhook, request.BellOff} {
		c.add("set-bell, "+k, request.Op{Kind: request.OpSetBell, Bell: &request.Bell{Kind: k}, Camera: camera},
			bad{"with a topic", "door/bell", topic}, bad{"with an address", "mqtt://broker.local", url}, bad{"with what is said", "ON", payload}, bad{"an empty topic, which is left out", "", topic})
	}
	c.add("set-bell, mqtt", request.Op{Kind: request.OpSetBell, Bell: &mqtt, Camera: camera},
		bad{"no bell", nil, []any{"op", "bell"}}, bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "household", []any{"op", "camera"}},
		bad{"a kind that nobody knows", "gong", kind}, bad{"an empty kind", "", kind}, bad{"no address", nil, url}, bad{"no topic", nil, topic},
		bad{"a topic of 257 bytes", strings.Repeat("a", 257), topic}, bad{"a word of 257 bytes", strings.Repeat("ü", 128) + "a", payload}, bad{"an address of 2049 bytes", strings.Repeat("a", 2049), url})
	longest := mqtt
	longest.Payload, longest.Topic = strings.Repeat("ü", 128), strings.Repeat("a", 256)
	c.add("set-bell, mqtt, as long as may be", request.Op{Kind: request.OpSetBell, Bell: &longest, Camera: camera})
	c.add("set-bell, mqtt, whatever is said", request.Op{Kind: request.OpSetBell, Bell: &request.Bell{Kind: request.BellMQTT, Topic: "door/bell", URL: "mqtts://broker.local:8883"}, Camera: camera})
	c.add("bells", request.Op{Kind: request.OpBells}, bad{"with a bell of no kind", object{"kind": "gong"}, []any{"op", "bell"}})
	until := []any{"op", "until"}
	c.add("snooze", request.Op{Kind: request.OpSnooze, Camera: camera, Until: start + 3_600_000},
		bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "household", []any{"op", "camera"}}, bad{"a time before there was any", int64(-1), until}, bad{"time 0, which is left out", int64(0), until})
	c.add("snooze that ends", request.Op{Kind: request.OpSnooze, Camera: camera})
	c.add("snoozes", request.Op{Kind: request.OpSnoozes})
	nights := []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 22 * 60, Until: 24 * 60}, {Days: []int{1, 2, 3, 4, 5, 6, 7}, Until: 7 * 60}}
	hours := func(name string) []any { return []any{"op", "hours", 0, name} }
	c.add("set-quiet", request.Op{Kind: request.OpSetQuiet, Camera: camera, Hours: nights},
		bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "front", []any{"op", "camera"}}, bad{"no hours, which is left out", []any{}, []any{"op", "hours"}},
		bad{"no days", []any{}, hours("days")}, bad{"an eighth day", []any{int64(8)}, hours("days")}, bad{"days in no order", []any{int64(2), int64(1)}, hours("days")},
		bad{"a minute before the day", int64(-1), hours("from")}, bad{"hours that end as they begin", int64(22 * 60), hours("until")}, bad{"a minute after the day", int64(24*60 + 1), hours("until")})
	many := request.Op{Kind: request.OpSetQuiet, Camera: id.HouseholdCamera}
	for range roster.MaxHours {
		many.Hours = append(many.Hours, nights[0])
	}
	c.add("set-quiet, all cameras, as many hours as may be", many, bad{"one more", append(tree(many)["hours"].([]any), tree(nights[0])), []any{"op", "hours"}})
	c.add("set-quiet that ends", request.Op{Kind: request.OpSetQuiet, Camera: camera})
	c.add("quiets", request.Op{Kind: request.OpQuiets})
	said := []request.SaidQuiet{{Camera: camera, Hours: nights, Said: start - 9}, {Camera: id.HouseholdCamera, Said: start - 5}}
	told := func(name string) []any { return []any{"op", "said", 0, name} }
	c.add("carry-quiet", request.Op{Kind: request.OpCarryQuiet, Said: said},
		bad{"hours of what is no camera", "front", told("camera")}, bad{"said before there was time", int64(-1), told("said")},
		bad{"no hours, which is left out", []any{}, told("hours")}, bad{"a minute after the day", int64(24*60 + 1), []any{"op", "said", 0, "hours", 0, "until"}}, bad{"nothing, which is left out", []any{}, []any{"op", "said"}})
	full := request.Op{Kind: request.OpCarryQuiet}
	for range request.MaxSaidQuiet {
		full.Said = append(full.Said, said[1])
	}
	c.add("carry-quiet, as many cameras as may be", full, bad{"one more", append(tree(full)["said"].([]any), tree(said[1])), []any{"op", "said"}})
	c.add("carry-quiet that only asks", request.Op{Kind: request.OpCarryQuiet})
	of := func(field, name string) []any { return []any{"result", field, 0, name} }
	c.reply("reply to carry-quiet", request.Result{Said: said, Taken: []id.Camera{camera, id.HouseholdCamera}},
		bad{"hours of what is no camera", "front", of("said", "camera")}, bad{"said before there was time", int64(-1), of("said", "said")},
		bad{"no hours, which is left out", []any{}, of("said", "hours")}, bad{"taken of what is no camera", []any{"front"}, []any{"result", "taken"}})
	c.reply("reply to set-bell, webhook", request.Result{Hooks: []string{"https://192.168.1.7:7441/bell/abcdefghijklmnopqrstuvwxyz", "https://[fd00::7]:7441/bell/abcdefghijklmnopqrstuvwxyz"}})
	c.reply("reply to bells", request.Result{Bells: []request.BellReport{{Camera: camera, Kind: request.BellMQTT, Pressed: start - 1, Since: start - 2, State: "listening"}, {Camera: camera, Kind: request.BellONVIF, Since: start, State: "away"}}},
		bad{"pressed before there was time", int64(-1), of("bells", "pressed")}, bad{"since before there was time", int64(-1), of("bells", "since")})
	c.reply("reply to snoozes", request.Result{Snoozes: []request.Snooze{{Camera: camera, Until: start + 3_600_000}}}, bad{"until before there was time", int64(-1), of("snoozes", "until")})
	c.reply("reply to quiets", request.Result{Quiets: []request.Quiet{{Camera: camera, Hours: nights}, {Camera: id.HouseholdCamera, Hours: nights[1:]}}},
		bad{"hours of what is no camera", "front", of("quiets", "camera")}, bad{"no hours", []any{}, of("quiets", "hours")}, bad{"a minute after the day", int64(24*60 + 1), []any{"result", "quiets", 0, "hours", 0, "until"}})
	c.reply("reply to push-key", request.Result{PushKey: append([]byte{4}, fixed("push", 64)...)}, bad{"half a point", b64(make([]byte, 33)), []any{"result", "push_key"}})
	c.reply("reply to phones", request.Result{Phones: []request.Phone{{Brought: 300, Device: c.w.phoneID, Left: 120, Seen: start - 5, Service: "push.example", Silent: start - 4, Since: start - 9, Took: 812}, {Device: c.w.laptopID, Service: "push.example", Since: start}}},
		bad{"seen before there was time", int64(-1), of("phones", "seen")}, bad{"silent before there was time", int64(-1), of("phones", "silent")}, bad{"since before there was time", int64(-1), of("phones", "since")}, bad{"sooner than at once", int64(-1), of("phones", "took")}, bad{"left before it happened", int64(-1), of("phones", "left")}, bad{"brought before it happened", int64(-1), of("phones", "brought")})
}
