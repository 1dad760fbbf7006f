// SPDX-License-Identifier: Apache-2.0

// Package child is how somebody says that a camera is in a child's room, where only owners and guardians talk or listen.
//
// A setting is a statement of type child, by a device that May(cameras); the hub keeps the newest of each camera and puts
// it on the record (docs/protocol.md 7.5). Its number makes it good once: an earlier one never comes back.
package child

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/setting"
)

// Thing is the payload type.
const Thing = "child"

// Setting says whether a camera is in a child's room from now on.
type Setting struct {
	At        int64        `json:"at"`
	Camera    id.Camera    `json:"camera"`
	Device    id.Device    `json:"device"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	On        bool         `json:"on"`
	// Seq counts the settings of a camera from 1.
	Seq int64 `json:"seq"`
}

// Check refuses values that the types allow.
func (s *Setting) Check() error {
	if s.At <= 0 || !s.Camera.Valid() || !s.Device.Valid() || !s.Household.Valid() || s.Seq < 1 {
		return fmt.Errorf("child: a malformed field")
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
