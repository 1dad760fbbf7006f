// SPDX-License-Identifier: Apache-2.0

// Package manifest is the hub's record: leaves, the pages they travel in, the tree over them, and the hub's signed
// word on that tree.
//
// It promises to a reader who holds the hub's key that what it accepts was recorded by that hub, in that order, and
// that nothing of a camera was left out (docs/protocol.md, section 5). It trusts neither the bytes nor the tiles that
// it is given. It opens nothing: pages come to it in the clear from those who may read them.
package manifest

import (
	"errors"
	"fmt"
	"slices"

	"keyhold/statement/id"
	"keyhold/statement/masks"
	"keyhold/statement/private"
	"keyhold/statement/star"
)

// Payload types.
const (
	ThingStatus = "status"
	ThingNames  = "names"
	ThingLabel  = "label"
)

// Status is what the hub says every minute, out of order with its uploads.
type Status struct {
	At        int64        `json:"at"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	// Lag is the age of the oldest pack that is not uploaded, in milliseconds.
	Lag      int64  `json:"lag"`
	Run      id.Run `json:"run"`
	Signed   int64  `json:"signed"`
	Uploaded int64  `json:"uploaded"`
}

// Check refuses values that the types allow.
func (s *Status) Check() error {
	if s.At <= 0 || !s.Household.Valid() || s.Lag < 0 || !s.Run.Valid() || s.Signed < 0 || s.Uploaded < 0 || s.Uploaded > s.Signed {
		return fmt.Errorf("status: a malformed field")
	}
	return nil
}

// How old the hub's newest word may be (milliseconds).
const (
	StatusLate   = 10 * 60_000
	StatusSilent = 30 * 60_000
)

// Names is the household's document of names: the only place where they stand.
type Names struct {
	At        int64        `json:"at"`
	Cameras   []NamedCam   `json:"cameras"`
	Devices   []NamedDev   `json:"devices"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Persons   []NamedPer   `json:"persons"`
	// Private is what is set to be private for the household, and Unsaid says that the hub does not say all that is set: of
	// each camera no more is known than stands there. The second edition says them.
	Private *private.Held `json:"-"`
	// Channels and Integrations are what those are called that the hub has: one that takes its place has none of them.
	Channels     []string `json:"-"`
	Integrations []string `json:"-"`

	Seq    int64 `json:"seq"`
	Unsaid bool  `json:"-"`
	// Unstarred says that there are more stars than are said; the second edition says it, too.
	Unstarred bool `json:"-"`
	// Zone is an IANA time zone for day strips.
	Zone string `json:"zone"`
}

// NamedCam, NamedDev and NamedPer give an id its name.
type (
	NamedCam struct {
		ID   id.Camera `json:"id"`
		Name string    `json:"name"`
		// Room is what the second edition says besides, "" for none.
		Room  string `json:"-"`
		State string `json:"state"`
		// Child says that it is in a child's room, Masks what is covered of its picture, Private when it is private, Stars
		// which moments of it are kept, and Unsaid that the hub does not know all of what comes before those: an earlier one
		// had the camera. Bell says that something rings there, Door what a door is called that opens there, Light that one
		// is lit there while somebody looks, and Speaker that it takes sound at an address of its own: what that takes only
		// the hub knows. The second edition says them, too.
		Bell    bool          `json:"-"`
		Child   bool          `json:"-"`
		Door    string        `json:"-"`
		Light   bool          `json:"-"`
		Masks   []masks.Mask  `json:"-"`
		Private *private.Held `json:"-"`
		Speaker bool          `json:"-"`
		Stars   []star.Mark   `json:"-"`
		Unsaid  bool          `json:"-"`
	}
	NamedDev struct {
		ID   id.Device `json:"id"`
		Name string    `json:"name"`
	}
	NamedPer struct {
		ID   id.Person `json:"id"`
		Name string    `json:"name"`
	}
)

// States of a named camera.
const (
	NameOn      = "on"
	NameRemoved = "removed"
)

// maxCalled is how many channels, or integrations, are named.
const maxCalled = 8

// called wants names, each once.
func called(list []string) bool {
	for i, name := range list {
		if name == "" || len(name) > MaxName || slices.Contains(list[:i], name) {
			return false
		}
	}
	return len(list) <= maxCalled
}

// MaxName is the longest name in bytes.
const MaxName = 200

// Check refuses values that the types allow.
func (n *Names) Check() error {
	if n.At <= 0 || !n.Household.Valid() || n.Seq < 1 || len(n.Zone) > MaxName {
		return fmt.Errorf("names: a malformed field")
	}
	if err := n.Private.Check(); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	for _, c := range n.Cameras {
		if !c.ID.Valid() || len(c.Name) > MaxName || len(c.Room) > MaxName || len(c.Door) > MaxName || (c.State != NameOn && c.State != NameRemoved) {
			return fmt.Errorf("names: a malformed camera")
		}
		if err := errors.Join(masks.Check(c.Masks), c.Private.Check(), star.CheckMarks(c.Stars)); err != nil {
			return fmt.Errorf("names: %w", err)
		}
	}
	if !called(n.Channels) || !called(n.Integrations) {
		return fmt.Errorf("names: a malformed list of what the hub has")
	}
	for _, d := range n.Devices {
		if (!d.ID.Valid() && !d.ID.Passkey()) || len(d.Name) > MaxName {
			return fmt.Errorf("names: a malformed device")
		}
	}
	for _, p := range n.Persons {
		if !p.ID.Valid() || len(p.Name) > MaxName {
			return fmt.Errorf("names: a malformed person")
		}
	}
	return nil
}
