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
	since, found := int64(0), false
	for i := range p.Rights {
		if p.right(i, a, c, at) == "" && (!found || p.Rights[i].Since < since) {
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
	best := rule.Action
	for i := range p.Rights {
		r := p.right(i, a, c, at)
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
func (p *Person) right(i int, a Action, c id.Camera, at int64) Reason {
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
	case len(r.Hours) > 0 && !open(r.Hours, p.zones[i], at) && !rule.Off(rule.Hours):
		return rule.Hours
	}
	return ""
}

// open says whether it is one of these hours where the zone's clocks are.
func open(hours []Hours, zone *time.Location, at int64) bool {
	if zone == nil {
		return false
	}
	_, offset := time.UnixMilli(at).In(zone).Zone()
	local := floor(at, 1000) + int64(offset)
	days := floor(local, 86_400)
	minute := int(floor(local-days*86_400, 60))
	// 1970 began on a Thursday, the fourth day of the week.
	day := int(days+3-floor(days+3, 7)*7) + 1
	for i := range hours {
		h := &hours[i]
		if minute >= h.From && minute < h.Until && slices.Contains(h.Days, day) {
			return true
		}
	}
	return false
}

// floor divides and rounds down.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
