// SPDX-License-Identifier: Apache-2.0

// Package star is how somebody keeps a moment of a camera for longer than everything else is kept, or lets it go again.
//
// A setting is a statement of type star, by a device of an owner, a guardian or a viewer that May(history) there; the hub
// keeps those that hold and puts each on the record (docs/protocol.md 7.4). It names a moment, not recordings: whoever
// holds the record finds which packs are of it. Its number makes it good once.
package star

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
)

// Thing is the payload type.
const Thing = "star"

const (
	// Around is how much before a moment is kept, and how much after it: the packs that touch this, whole. Milliseconds.
	Around = 30_000
	// Back is how long ago a moment may be that is to be kept: as long as everything is. Milliseconds.
	Back = 30 * 24 * 3_600_000
)

// Setting is a moment that is kept from now on, or no more.
type Setting struct {
	At        int64        `json:"at"`
	Camera    id.Camera    `json:"camera"`
	Device    id.Device    `json:"device"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Moment    int64        `json:"moment"`
	// On keeps it, and lets it go otherwise.
	On bool `json:"on"`
	// Seq counts the settings of a camera from 1.
	Seq int64 `json:"seq"`
}

// Check refuses values that the types allow.
func (s *Setting) Check() error {
	if s.At <= 0 || !s.Camera.Valid() || !s.Device.Valid() || !s.Household.Valid() || s.Seq < 1 {
		return fmt.Errorf("star: a malformed field")
	}
	if s.Moment <= 0 || s.Moment > s.At || s.On && s.At-s.Moment > Back {
		return fmt.Errorf("star: a moment to come, or too long ago")
	}
	return nil
}

// Header is what it has in common with other settings.
func (s *Setting) Header() setting.Header {
	return setting.Header{At: s.At, Camera: s.Camera, Device: s.Device, Head: s.Head, Household: s.Household, Seq: s.Seq}
}

// Touches says whether footage between two times is of the moment.
func (s *Setting) Touches(start, end int64) bool {
	return start < s.Moment+Around && end > s.Moment-Around
}

// May says whether a device may keep moments of a camera now. A guest may not: what somebody looked after for an afternoon
// is not theirs to keep.
func May(s *roster.State, d id.Device, c id.Camera, at int64) roster.Reason {
	if p, ok := s.PersonOf(d); ok && p.Role == roster.Guest && !rule.Off(rule.Role) {
		return rule.Role
	}
	return s.May(d, roster.History, c, at)
}

// Read opens a setting that sender brings to the hub. What is from before its signer's right is not theirs to keep.
func Read(r *setting.Reading, b []byte, sender id.Device) (*Setting, error) {
	s, err := setting.Read[Setting](r, Thing, b, sender)
	if err != nil {
		return nil, err
	}
	if since, ok := r.Roster.Earliest(s.Device, roster.History, s.Camera, r.Now); ok && s.Moment < since && !rule.Off(rule.Early) {
		return nil, rule.Errorf(rule.Early, "star: a moment from before its signer's right")
	}
	return s, nil
}

// Kept opens a setting that the hub has taken, as it stands on the record: its device may have gone since.
func Kept(b []byte, r *roster.State) (*Setting, error) {
	return setting.Kept[Setting](Thing, b, r)
}
