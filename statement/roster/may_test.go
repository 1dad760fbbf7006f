// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"slices"
	"testing"
	"time"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// in reads a time of day in Berlin.
func in(t *testing.T, text string) int64 {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05.000", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMilli()
}

func right(actions ...roster.Action) roster.Right { return roster.Right{Actions: actions} }

func TestRolesThatHaveNoListOfRights(t *testing.T) {
	h := family(t)
	all := []roster.Action{roster.Export, roster.History, roster.Listen, roster.Live, roster.Open, roster.Private, roster.Talk, roster.Cameras, roster.People}
	for _, d := range devices("anna1", "dora1", "gus1", "sheet") {
		for _, a := range all {
			for _, c := range []id.Camera{cameraID("a"), id.HouseholdCamera} {
				if r := h.s.May(d, a, c, h.at); r != "" {
					t.Errorf("%s may not %s: %s", d, a, r)
				}
			}
		}
		if r := h.s.May(d, "dance", cameraID("a"), h.at); r != rule.Action {
			t.Errorf("an action that nobody knows: %q", r)
		}
	}
	for _, d := range devices("eve1", "hub") {
		if r := h.s.May(d, roster.History, cameraID("a"), h.at); r != rule.Device {
			t.Errorf("a stranger: %q", r)
		}
	}
	for _, d := range devices("vera1", "sam1") {
		for _, a := range []roster.Action{roster.Cameras, roster.People} {
			if r := h.s.May(d, a, cameraID("a"), h.at); r != rule.Role {
				t.Errorf("%s: %q", a, r)
			}
		}
		if r := h.s.May(d, roster.History, id.HouseholdCamera, h.at); r != rule.Role {
			t.Errorf("the household's pages: %q", r)
		}
		if r := h.s.May(d, "dance", cameraID("a"), h.at); r != rule.Action {
			t.Errorf("an action that nobody knows: %q", r)
		}
	}
}

func TestTheNearestRightSpeaks(t *testing.T) {
	now := in(t, "2026-09-23 15:00:00.000") // a Wednesday
	a, b := cameraID("a"), cameraID("b")
	far := right(roster.Talk)
	onB := roster.Right{Actions: []roster.Action{roster.Live}, Cameras: []id.Camera{b}}
	early := roster.Right{Actions: []roster.Action{roster.Live}, Since: now + 1}
	ended := roster.Right{Actions: []roster.Action{roster.Live}, Until: now}
	closed := roster.Right{Actions: []roster.Action{roster.Live}, Zone: "Europe/Berlin", Hours: []roster.Hours{{Days: []int{3}, From: 0, Until: 15 * 60}}}
	yes := right(roster.Live)
	for _, c := range []struct {
		want   rule.Name
		rights []roster.Right
	}{
		{rule.Action, []roster.Right{far}},
		{rule.Camera, []roster.Right{far, onB}},
		{rule.Early, []roster.Right{onB, far, early}},
		{rule.Ended, []roster.Right{ended, onB, early, far}},
		{rule.Hours, []roster.Right{far, closed, ended, onB, early}},
		{"", []roster.Right{far, closed, ended, onB, early, yes}},
	} {
		p := roster.PersonWith(personID("vera"), roster.Viewer, c.rights)
		if r := p.May(roster.Live, a, now); r != c.want {
			t.Errorf("%q; want %q", r, c.want)
		}
	}
	// In one right several things may be missing.
	worst := roster.Right{Actions: []roster.Action{roster.Talk}, Cameras: []id.Camera{b}, Until: 5, Since: 1}
	p := roster.PersonWith(personID("vera"), roster.Viewer, []roster.Right{worst})
	if r := p.May(roster.Live, a, now); r != rule.Action {
		t.Errorf("another action and camera: %q", r)
	}
}

func TestHoursGoByTheClocksOfTheirZone(t *testing.T) {
	week := []int{1, 2, 3, 4, 5}
	afternoon := roster.Hours{Days: week, From: 14 * 60, Until: 18 * 60}
	for _, c := range []struct {
		at   string
		h    roster.Hours
		open bool
	}{
		{"2026-09-23 14:00:00.000", afternoon, true},
		{"2026-09-23 13:59:59.999", afternoon, false},
		{"2026-09-23 17:59:59.999", afternoon, true},
		{"2026-09-23 18:00:00.000", afternoon, false},
		{"2026-09-26 15:00:00.000", afternoon, false}, // Saturday
		{"2026-09-27 15:00:00.000", roster.Hours{Days: []int{7}, From: 0, Until: 1440}, true},
		{"2026-09-27 23:59:59.999", roster.Hours{Days: []int{7}, From: 0, Until: 1440}, true},
		{"2026-09-28 00:00:00.000", roster.Hours{Days: []int{7}, From: 0, Until: 1440}, false},
		{"2026-09-28 00:00:00.000", roster.Hours{Days: []int{1}, From: 0, Until: 1}, true},
		// The clocks go forward on 29 March: at 01:59:59 comes 03:00:00.
		{"2026-03-29 01:59:59.999", roster.Hours{Days: []int{7}, From: 60, Until: 120}, true},
		{"2026-03-29 03:00:00.000", roster.Hours{Days: []int{7}, From: 120, Until: 180}, false},
		{"2026-03-29 03:00:00.000", roster.Hours{Days: []int{7}, From: 180, Until: 181}, true},
		// A Wednesday in winter and in summer.
		{"2026-01-14 14:00:00.000", afternoon, true},
		{"2026-01-14 13:59:59.999", afternoon, false},
	} {
		p := roster.PersonWith(personID("sam"), roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.Live}, Hours: []roster.Hours{c.h}, Zone: "Europe/Berlin"}})
		if got := p.May(roster.Live, cameraID("a"), in(t, c.at)) == ""; got != c.open {
			t.Errorf("%s, %+v: open %v", c.at, c.h, got)
		}
	}
	// The clocks go back on 25 October: 02:30 comes twice, an hour apart, and both are in.
	back := roster.PersonWith(personID("sam"), roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.Live}, Hours: []roster.Hours{{Days: []int{7}, From: 150, Until: 151}}, Zone: "Europe/Berlin"}})
	for _, at := range []string{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"} {
		x, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if r := back.May(roster.Live, cameraID("a"), x.UnixMilli()); r != "" {
			t.Errorf("%s: %q", at, r)
		}
	}
	for _, zone := range []string{"Mars/Olympus", "Europe/Nowhere"} {
		p := roster.PersonWith(personID("sam"), roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.Live}, Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 1440}}, Zone: zone}})
		if r := p.May(roster.Live, cameraID("a"), start); r != rule.Hours {
			t.Errorf("a zone that nobody knows: %q", r)
		}
	}
}

func TestFootageFromBeforeARightIsNotServed(t *testing.T) {
	h := family(t)
	a, b := cameraID("a"), cameraID("b")
	h.do(set("vera", roster.Viewer, []roster.Right{
		{Actions: []roster.Action{roster.History}, Since: start + 5*day},
		{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{a}, Since: start + 2*day},
		{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{a}, Since: start + day, Until: start + 3*day},
	}), "anna1")
	for _, c := range []struct {
		device string
		action roster.Action
		camera id.Camera
		at     int64
		since  int64
		ok     bool
	}{
		{"vera1", roster.History, a, h.at, start + 2*day, true},
		{"vera1", roster.History, b, h.at, start + 5*day, true},
		{"vera1", roster.History, b, start + 4*day, 0, false},
		{"vera1", roster.Live, b, h.at, 0, false},
		{"anna1", roster.History, b, h.at, 0, true},
		{"gus1", roster.Export, b, h.at, 0, true},
		{"eve1", roster.History, b, h.at, 0, false},
	} {
		since, ok := h.s.Earliest(deviceID(c.device), c.action, c.camera, c.at)
		if since != c.since || ok != c.ok {
			t.Errorf("%s %s: %d, %v", c.device, c.action, since, ok)
		}
	}
}

func TestWhoReadsAnEpoch(t *testing.T) {
	h := family(t)
	a, b := cameraID("a"), cameraID("b")
	h.do(set("vera", roster.Viewer, []roster.Right{{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{a}}}), "anna1")
	h.do(set("sam", roster.Guest, []roster.Right{{Actions: []roster.Action{roster.Live}, Until: start + 30*day}}), "anna1")
	adults := devices("anna1", "anna2", "ben1", "ben2", "cleo1", "gus1")
	for _, c := range []struct {
		name   string
		camera id.Camera
		want   []id.Device
	}{
		{"a camera that a viewer sees", a, append(append(adults[:6:6], devices("vera1")...), devices("dora1", "sheet")...)},
		{"a camera that she does not see", b, append(adults[:6:6], devices("dora1", "sheet")...)},
		{"the household", id.HouseholdCamera, append(adults[:6:6], devices("dora1", "sheet")...)},
	} {
		if got := h.s.Readers(c.camera, h.at); !same(got, c.want) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
	// A guest reads until the end, and not a moment longer.
	h.do(set("sam", roster.Guest, until(start+30*day)), "anna1")
	for at, want := range map[int64]bool{start + 30*day - 1: true, start + 30*day: false} {
		if got := len(h.s.Readers(b, at)) == 9; got != want {
			t.Errorf("at %d sam reads: %v", at, got)
		}
	}
}

func BenchmarkMay(b *testing.B) {
	hours := []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 14 * 60, Until: 18 * 60}, {Days: []int{6, 7}, From: 10 * 60, Until: 12 * 60}}
	var cameras []id.Camera
	for _, n := range []string{"a", "b", "c", "d"} {
		cameras = append(cameras, cameraID(n))
	}
	slices.Sort(cameras)
	worst := roster.Right{Actions: []roster.Action{roster.Export, roster.History, roster.Listen, roster.Live}, Until: start + 99*day, Zone: "America/New_York"}
	for i := range 16 {
		worst.Hours = append(worst.Hours, roster.Hours{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: i, Until: i + 1})
	}
	many := make([]roster.Right, 16)
	for i := range many {
		many[i] = worst
	}
	base := family(b)
	for _, c := range []struct {
		name   string
		rights []roster.Right
		device string
	}{
		{"owner", nil, "anna1"},
		{"guest with hours", []roster.Right{{Actions: []roster.Action{roster.History}, Cameras: cameras[:2], Until: start + 30*day}, {Actions: []roster.Action{roster.Live}, Cameras: cameras, Hours: hours, Until: start + 30*day, Zone: "Europe/Berlin"}}, "sam1"},
		{"the most rights there can be", many, "sam1"},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := base.clone(b)
			if c.rights != nil {
				h.do(set("sam", roster.Guest, c.rights), "anna1")
			}
			d := deviceID(c.device)
			b.ReportAllocs()
			for b.Loop() {
				h.s.May(d, roster.Live, cameras[3], h.at)
			}
		})
	}
}

// BenchmarkReplay is a roster of 500 links, of which half bring in a device and half take one away.
func BenchmarkReplay(b *testing.B) {
	h := begin(b)
	for i := range 250 {
		name := "n" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + "1"
		h.do(roster.AddDevice{Device: deviceKeys(name), Person: personID("anna")}, "anna1 "+name)
		if err := h.remove(name, "anna1"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := roster.Replay(h.s.Chain, h.s.Household); err != nil {
			b.Fatal(err)
		}
	}
}
