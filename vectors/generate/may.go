// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"time"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// moment reads a time such as "2026-03-29T01:59:59.999+01:00".
func moment(text string) int64 { return must(time.Parse(time.RFC3339, text)).UnixMilli() }

func cameras(names ...string) []id.Camera {
	var out []id.Camera
	for _, n := range names {
		out = append(out, cameraNamed(n))
	}
	slices.Sort(out)
	return out
}

var (
	weekdays = []int{1, 2, 3, 4, 5}
	watch    = []roster.Action{roster.History, roster.Live}
)

// mayHouse has a sitter as of the brochure, and people whose rights have an edge.
func mayHouse() *house {
	h := alone()
	friday := moment("2026-09-25T18:00:00+02:00")
	monday := moment("2026-09-21T08:00:00+02:00")
	afternoon := []roster.Hours{{Days: weekdays, From: 14 * 60, Until: 18 * 60}}
	night := []roster.Hours{{Days: []int{5}, From: 22 * 60, Until: 24 * 60}, {Days: []int{6}, From: 0, Until: 6 * 60}}
	h.at = start - 60*day
	for _, p := range []struct {
		name   string
		role   roster.Role
		rights []roster.Right
	}{
		{"sitter", roster.Guest, []roster.Right{
			{Actions: watch, Cameras: cameras("garden", "door"), Hours: afternoon, Since: monday, Until: friday, Zone: "Europe/Berlin"},
			{Actions: []roster.Action{roster.Open}, Cameras: cameras("door"), Since: monday, Until: friday},
		}},
		{"vera", roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.Export, roster.History, roster.Listen, roster.Live, roster.Private, roster.Talk}}}},
		{"otto", roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.Live}, Cameras: cameras("door")}, {Actions: watch, Cameras: cameras("garden"), Since: monday}, {Actions: []roster.Action{roster.History}, Since: friday}}},
		{"nick", roster.Viewer, []roster.Right{{Actions: watch, Hours: night, Zone: "Europe/Berlin"}}},
		{"early", roster.Viewer, []roster.Right{{Actions: watch, Hours: []roster.Hours{{Days: []int{7}, From: 120, Until: 180}}, Zone: "Europe/Berlin"}}},
		{"york", roster.Viewer, []roster.Right{{Actions: watch, Hours: []roster.Hours{{Days: []int{7}, From: 60, Until: 120}}, Zone: "America/New_York"}}},
		{"kathmandu", roster.Viewer, []roster.Right{{Actions: watch, Hours: []roster.Hours{{Days: []int{1}, From: 0, Until: 1}}, Zone: "Asia/Kathmandu"}}},
		{"apia", roster.Viewer, []roster.Right{{Actions: watch, Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 1440}}, Zone: "Pacific/Apia"}}},
		{"mars", roster.Viewer, []roster.Right{{Actions: watch, Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 1440}}, Zone: "Mars/Olympus"}}},
		{"both", roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.Live}, Cameras: cameras("door"), Until: monday}, {Actions: []roster.Action{roster.Live}, Cameras: cameras("door"), Since: friday}, {Actions: []roster.Action{roster.Talk}}}},
		{"closed", roster.Viewer, []roster.Right{{Actions: watch, Until: monday}, {Actions: watch, Hours: []roster.Hours{{Days: []int{7}, From: 0, Until: 1}}, Zone: "UTC"}, {Actions: watch, Since: friday}}},
	} {
		h.at = h.s.At
		h.add(p.name, p.role, p.rights)
	}
	return h.base("rights")
}

func mayVectors() file {
	c := &collector{}
	h := mayHouse()
	ask := func(device string, a roster.Action, camera, at string, r rule.Name, earliest string) {
		cam, d := cameraNamed(camera), string(deviceNamed(device))
		if camera == "household" {
			cam = id.HouseholdCamera
		}
		if device == "sheet" || device == "hub" {
			d = device
		}
		v := c.on(h, refuse(fmt.Sprintf("%s, %s, %s, %s", device, a, camera, at), r))
		v.Device, v.Action, v.Camera, v.At = d, string(a), string(cam), moment(at)
		if r == "" {
			since := int64(0)
			if earliest != "" {
				since = moment(earliest)
			}
			v.Expect, v.Result = "accept", map[string]int64{"earliest": since}
		}
		c.f.Vectors = append(c.f.Vectors, v)
	}
	wednesday := "2026-09-23T15:00:00+02:00"
	monday, friday := "2026-09-21T08:00:00+02:00", "2026-09-25T18:00:00+02:00"
	for _, d := range []string{"anna1", "gus1", "sheet"} {
		for _, a := range []roster.Action{roster.Export, roster.History, roster.Listen, roster.Live, roster.Open, roster.Private, roster.Talk, roster.Cameras, roster.People} {
			ask(d, a, "door", wednesday, "", "")
		}
		ask(d, roster.History, "household", wednesday, "", "")
		ask(d, "dance", "door", wednesday, rule.Action, "")
	}
	for _, d := range []string{"eve1", "hub"} {
		ask(d, roster.History, "door", wednesday, rule.Device, "")
		ask(d, "dance", "door", wednesday, rule.Device, "")
	}
	for _, x := range []struct {
		device   string
		action   roster.Action
		camera   string
		at       string
		r        rule.Name
		earliest string
	}{
		{"sitter1", roster.History, "garden", wednesday, "", monday},
		{"sitter1", roster.Live, "door", wednesday, "", monday},
		{"sitter1", roster.Live, "hall", wednesday, rule.Camera, ""},
		{"sitter1", roster.Talk, "garden", wednesday, rule.Action, ""},
		{"sitter1", roster.Talk, "hall", wednesday, rule.Action, ""},
		{"sitter1", roster.Open, "door", "2026-09-23T03:00:00+02:00", "", monday},
		{"sitter1", roster.Open, "garden", wednesday, rule.Camera, ""},
		{"sitter1", roster.Open, "door", "2026-09-21T07:59:59.999+02:00", rule.Early, ""},
		{"sitter1", roster.Open, "door", monday, "", monday},
		{"sitter1", roster.Open, "door", "2026-09-25T17:59:59.999+02:00", "", monday},
		{"sitter1", roster.Open, "door", friday, rule.Ended, ""},
		{"sitter1", roster.Live, "garden", "2026-09-23T13:59:59.999+02:00", rule.Hours, ""},
		{"sitter1", roster.Live, "garden", "2026-09-23T14:00:00+02:00", "", monday},
		{"sitter1", roster.Live, "garden", "2026-09-23T17:59:59.999+02:00", "", monday},
		{"sitter1", roster.Live, "garden", "2026-09-23T18:00:00+02:00", rule.Hours, ""},
		{"sitter1", roster.Live, "garden", "2026-09-25T17:59:59.999+02:00", "", monday},
		{"sitter1", roster.Live, "garden", friday, rule.Ended, ""},
		{"sitter1", roster.Live, "garden", "2026-09-28T15:00:00+02:00", rule.Ended, ""},
		{"sitter1", roster.Live, "garden", "2026-09-14T15:00:00+02:00", rule.Early, ""},
		{"sitter1", roster.Cameras, "garden", wednesday, rule.Role, ""},
		{"sitter1", roster.People, "garden", wednesday, rule.Role, ""},
		{"sitter1", roster.History, "household", wednesday, rule.Role, ""},
		{"sitter1", "dance", "garden", wednesday, rule.Action, ""},
		{"vera1", roster.Export, "hall", wednesday, "", ""},
		{"vera1", roster.Private, "hall", "2031-01-01T00:00:00Z", "", ""},
		{"vera1", roster.Open, "hall", wednesday, rule.Action, ""},
		{"vera1", roster.History, "household", wednesday, rule.Role, ""},
		{"vera1", roster.People, "household", wednesday, rule.Role, ""},
		{"vera1", roster.Cameras, "hall", wednesday, rule.Role, ""},
		// Of several rights the nearest speaks, and the earliest of those that say yes counts.
		{"otto1", roster.Live, "door", wednesday, "", ""},
		{"otto1", roster.History, "door", wednesday, rule.Early, ""},
		{"otto1", roster.History, "garden", wednesday, "", monday},
		{"otto1", roster.History, "garden", "2026-09-27T12:00:00Z", "", monday},
		{"otto1", roster.History, "hall", "2026-09-27T12:00:00Z", "", friday},
		{"otto1", roster.Live, "hall", wednesday, rule.Camera, ""},
		{"otto1", roster.Live, "garden", "2026-09-20T12:00:00Z", rule.Early, ""},
		{"both1", roster.Live, "door", "2026-09-20T12:00:00Z", "", ""},
		{"both1", roster.Live, "door", wednesday, rule.Ended, ""},
		{"both1", roster.Live, "door", friday, "", friday},
		{"both1", roster.Live, "hall", wednesday, rule.Camera, ""},
		{"both1", roster.Export, "door", wednesday, rule.Action, ""},
		{"closed1", roster.Live, "door", wednesday, rule.Hours, ""},
		{"closed1", roster.Live, "door", monday, rule.Hours, ""},
		{"closed1", roster.Live, "door", friday, "", friday},
		// Across midnight, as two spans.
		{"nick1", roster.Live, "door", "2026-09-25T21:59:59.999+02:00", rule.Hours, ""},
		{"nick1", roster.Live, "door", "2026-09-25T22:00:00+02:00", "", ""},
		{"nick1", roster.Live, "door", "2026-09-25T23:59:59.999+02:00", "", ""},
		{"nick1", roster.Live, "door", "2026-09-26T00:00:00+02:00", "", ""},
		{"nick1", roster.Live, "door", "2026-09-26T05:59:59.999+02:00", "", ""},
		{"nick1", roster.Live, "door", "2026-09-26T06:00:00+02:00", rule.Hours, ""},
		{"nick1", roster.Live, "door", "2026-09-26T23:00:00+02:00", rule.Hours, ""},
		// The clocks go forward in Berlin on 29 March 2026 at 2: there is no 2 o'clock.
		{"early1", roster.Live, "door", "2026-03-29T01:59:59.999+01:00", rule.Hours, ""},
		{"early1", roster.Live, "door", "2026-03-29T03:00:00+02:00", rule.Hours, ""},
		{"early1", roster.Live, "door", "2026-03-22T02:00:00+01:00", "", ""},
		{"early1", roster.Live, "door", "2026-04-05T02:59:59.999+02:00", "", ""},
		{"early1", roster.Live, "door", "2026-04-05T03:00:00+02:00", rule.Hours, ""},
		// They go back on 25 October 2026 at 3: there are two hours from 2 to 3.
		{"early1", roster.Live, "door", "2026-10-25T01:59:59.999+02:00", rule.Hours, ""},
		{"early1", roster.Live, "door", "2026-10-25T02:00:00+02:00", "", ""},
		{"early1", roster.Live, "door", "2026-10-25T02:59:59.999+02:00", "", ""},
		{"early1", roster.Live, "door", "2026-10-25T02:00:00+01:00", "", ""},
		{"early1", roster.Live, "door", "2026-10-25T02:59:59.999+01:00", "", ""},
		{"early1", roster.Live, "door", "2026-10-25T03:00:00+01:00", rule.Hours, ""},
		// In New York on other days, at other hours: back on 1 November 2026 at 2, forward on 8 March at 2.
		{"york1", roster.Live, "door", "2026-11-01T01:00:00-04:00", "", ""},
		{"york1", roster.Live, "door", "2026-11-01T01:59:59.999-05:00", "", ""},
		{"york1", roster.Live, "door", "2026-11-01T02:00:00-05:00", rule.Hours, ""},
		{"york1", roster.Live, "door", "2026-03-08T01:59:59.999-05:00", "", ""},
		{"york1", roster.Live, "door", "2026-03-08T03:00:00-04:00", rule.Hours, ""},
		// A zone 5:45 ahead: Monday begins on Sunday.
		{"kathmandu1", roster.Live, "door", "2026-09-20T18:14:59.999Z", rule.Hours, ""},
		{"kathmandu1", roster.Live, "door", "2026-09-20T18:15:00Z", "", ""},
		{"kathmandu1", roster.Live, "door", "2026-09-20T18:15:59.999Z", "", ""},
		{"kathmandu1", roster.Live, "door", "2026-09-20T18:16:00Z", rule.Hours, ""},
		{"apia1", roster.Live, "door", "2026-09-20T10:59:59Z", "", ""},
		{"apia1", roster.Live, "door", "2026-09-20T11:00:00Z", "", ""},
		{"mars1", roster.Live, "door", wednesday, rule.Hours, ""},
	} {
		ask(x.device, x.action, x.camera, x.at, x.r, x.earliest)
	}
	// A passkey may what a device of its person may.
	ask("vera+", roster.History, "hall", wednesday, rule.Device, "")
	h = h.clone().do(newPasskey("vera+", "vera"), "vera1 vera+").do(newPasskey("anna+", "anna"), "anna1 anna+")
	ask("vera+", roster.History, "hall", wednesday, "", "")
	ask("vera+", roster.History, "household", wednesday, rule.Role, "")
	ask("anna+", roster.History, "household", wednesday, "", "")
	h = h.remove("vera", "vera1")
	ask("vera+", roster.History, "hall", wednesday, rule.Device, "")
	return c.f
}
