// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"slices"
	"time"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Reason says why not; "" is yes. It is one of rule.Device, Role, Action, Camera, Early, Ended, Hours.
type Reason = rule.Name

// May says whether a device may do something with a camera at a time. Hub, cloud, app and command line all ask it, so
// they give one answer (docs/protocol.md, 3.1). The sheet is treated as its person.
func (s *State) May(d id.Device, a Action, c id.Camera, at int64) Reason {
	p := s.personOf(d)
	if p == nil {
		if rule.Off(rule.Device) {
			return ""
		}
		return rule.Device
	}
	return p.May(a, c, at)
}

// Earliest returns the beginning of what a device may do now: footage from before it is not served. false: it may not.
func (s *State) Earliest(d id.Device, a Action, c id.Camera, at int64) (int64, bool) {
	p := s.personOf(d)
	if p == nil || p.May(a, c, at) != "" {
		return 0, false
	}
	since, found, clock := int64(0), false, clock{}
	for i := range p.Rights {
		if p.right(i, a, c, at, &clock) == "" && (!found || p.Rights[i].Since < since) {
			since, found = p.Rights[i].Since, true
		}
	}
	return since, true
}

// Readers returns who is given an epoch of a camera, or of the household, that is made now: the devices that may see
// its history, in roster order, then the sheet as long as its person is there.
func (s *State) Readers(c id.Camera, at int64) []id.Device {
	out := make([]id.Device, 0, len(s.Members)+1)
	for i := range s.Members {
		if s.May(s.Members[i].ID, History, c, at) == "" {
			out = append(out, s.Members[i].ID)
		}
	}
	if s.person(s.SheetPerson) != nil {
		out = append(out, id.Sheet)
	}
	return out
}

// May says whether a person may do something with a camera at a time.
func (p *Person) May(a Action, c id.Camera, at int64) Reason {
	if !a.listed() && a != Cameras && a != People {
		return rule.Action
	}
	if p.Role.adult() {
		return ""
	}
	if (!a.listed() || c == id.HouseholdCamera) && !rule.Off(rule.Role) {
		return rule.Role
	}
	best, clock := rule.Action, clock{}
	for i := range p.Rights {
		r := p.right(i, a, c, at, &clock)
		if r == "" {
			return ""
		}
		if closeness(r) > closeness(best) {
			best = r
		}
	}
	return best
}

// closeness orders reasons by how little is missing: of several rights, the one that nearly allows it speaks.
func closeness(r Reason) int {
	switch r {
	case rule.Camera:
		return 1
	case rule.Early:
		return 2
	case rule.Ended:
		return 3
	case rule.Hours:
		return 4
	}
	return 0
}

// right is what one of the person's rights says.
func (p *Person) right(i int, a Action, c id.Camera, at int64, t *clock) Reason {
	r := &p.Rights[i]
	switch {
	case !slices.Contains(r.Actions, a) && !rule.Off(rule.Action):
		return rule.Action
	case len(r.Cameras) > 0 && !slices.Contains(r.Cameras, c) && !rule.Off(rule.Camera):
		return rule.Camera
	case at < r.Since && !rule.Off(rule.Early):
		return rule.Early
	case r.Until != 0 && at >= r.Until && !rule.Off(rule.Ended):
		return rule.Ended
	case len(r.Hours) > 0 && !p.times[i].open(at, t) && !rule.Off(rule.Hours):
		return rule.Hours
	}
	return ""
}

// timetable is a right's hours, made ready for asking.
type timetable struct {
	zone  *time.Location // nil if nobody knows it: then it is never open
	spans []span
}

type span struct {
	days        uint8 // bit 0 is Monday
	from, until int16
}

func newTimetable(zone *time.Location, hours []Hours) timetable {
	t := timetable{zone: zone, spans: make([]span, len(hours))}
	for i, h := range hours {
		t.spans[i] = span{from: int16(h.From), until: int16(h.Until)}
		for _, d := range h.Days {
			t.spans[i].days |= 1 << (d - 1)
		}
	}
	return t
}

// clock is what the clocks of one zone show; rights mostly share one.
type clock struct {
	zone   *time.Location
	day    uint8 // a bit, as in span
	minute int16
}

func (t *timetable) open(at int64, c *clock) bool {
	if t.zone == nil {
		return false
	}
	if c.zone != t.zone {
		c.read(t.zone, at)
	}
	for i := range t.spans {
		if s := &t.spans[i]; s.days&c.day != 0 && c.minute >= s.from && c.minute < s.until {
			return true
		}
	}
	return false
}

func (c *clock) read(zone *time.Location, at int64) {
	_, offset := time.UnixMilli(at).In(zone).Zone()
	local := floor(at, 1000) + int64(offset)
	days := floor(local, 86_400)
	c.zone, c.minute = zone, int16((local-days*86_400)/60)
	// 1970 began on a Thursday, three days after a Monday.
	c.day = 1 << (days + 3 - floor(days+3, 7)*7)
}

// floor divides and rounds down.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
