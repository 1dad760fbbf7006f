// SPDX-License-Identifier: Apache-2.0

// Package private is how somebody turns a camera, or all of them, off at the source: by hand, or by hours of the week.
//
// A setting is a statement of type private, by a device that May(private) there; the hub keeps the newest of each camera
// and of the household, and puts it on the record (docs/protocol.md 7.2). It says all that holds from then on, so that
// one statement is enough to know it. Its number makes it good once: an earlier one never comes back.
package private

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/setting"
)

// Thing is the payload type.
const Thing = "private"

// Setting is what holds for a camera, or for all of the household, from now on.
type Setting struct {
	At int64 `json:"at"`
	// Camera is the one, or the household.
	Camera    id.Camera      `json:"camera"`
	Device    id.Device      `json:"device"`
	Head      id.Hash        `json:"head"`
	Hours     []roster.Hours `json:"hours"`
	Household id.Household   `json:"household"`
	// On is private until somebody says otherwise; in Hours it is private besides.
	On bool `json:"on"`
	// Seq counts the settings of a camera, or of the household, from 1.
	Seq  int64  `json:"seq"`
	Zone string `json:"zone"`
}

// Held is what holds for a camera, or for all of the household, whoever has set it, and whenever.
type Held struct {
	Hours []roster.Hours `json:"hours"`
	On    bool           `json:"on"`
	Zone  string         `json:"zone"`
}

// Held is what a setting says, nil where nothing is private by it.
func (s *Setting) Held() *Held {
	if !s.On && len(s.Hours) == 0 {
		return nil
	}
	return &Held{Hours: s.Hours, On: s.On, Zone: s.Zone}
}

// Check refuses what a setting could not say, and what holds nothing. Nil is fine.
func (h *Held) Check() error {
	if h == nil {
		return nil
	}
	if !h.On && len(h.Hours) == 0 {
		return fmt.Errorf("private: what holds nothing is left out")
	}
	if err := roster.CheckHours(h.Hours, h.Zone); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	return nil
}

// Check refuses values that the types allow.
func (s *Setting) Check() error {
	if s.At <= 0 || !s.Camera.ValidOrHousehold() || !s.Device.Valid() || !s.Household.Valid() || s.Seq < 1 {
		return fmt.Errorf("private: a malformed field")
	}
	if err := roster.CheckHours(s.Hours, s.Zone); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	return nil
}

// Header is what it has in common with other settings.
func (s *Setting) Header() setting.Header {
	return setting.Header{At: s.At, Camera: s.Camera, Device: s.Device, Head: s.Head, Household: s.Household, Seq: s.Seq}
}

// Read opens a setting that sender brings to the hub.
func Read(r *setting.Reading, b []byte, sender id.Device) (*Setting, error) {
	return setting.Read[Setting](r, Thing, b, sender)
}

// Kept opens a setting that the hub has taken, as it stands on the record: its device may have gone since.
func Kept(b []byte, r *roster.State) (*Setting, error) {
	return setting.Kept[Setting](Thing, b, r)
}
