// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Lock is the record of what opens the door at a camera from then on.
type Lock struct {
	Header
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Statement is the setting, an envelope of type lock.
	Statement []byte `json:"statement"`
}

// MaxLock is the longest statement in such a leaf, MaxOpen the longest command to open in one of that, in bytes.
const (
	MaxLock = 4096
	MaxOpen = 3072
)

// Check refuses values that the types allow.
func (l *Lock) Check() error {
	if !l.Device.Valid() || !l.Person.Valid() || len(l.Statement) == 0 || len(l.Statement) > MaxLock || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed lock")
	}
	return l.check(false)
}

// Open is the record of somebody who opened a door: one leaf before the lock is told, one when it has answered, or has not.
type Open struct {
	Header
	// Act is the hash of the command.
	Act    id.Hash   `json:"act"`
	Device id.Device `json:"device"`
	// Door is what it was called.
	Door string `json:"door"`
	// Number is that of the moment at which it was.
	Number int64 `json:"number"`
	// Outcome is "" while the lock is being told.
	Outcome string    `json:"outcome"`
	Person  id.Person `json:"person"`
	Since   int64     `json:"since"`
	State   string    `json:"state"`
	// Statement is the command, an envelope of type act; empty where it has ended: it stands where it began.
	Statement []byte `json:"statement"`
}

// States and outcomes of an opening.
const (
	OpenBegan = "began"
	OpenEnded = "ended"

	Opened         = "opened"     // the lock has taken it
	OpenUnanswered = "unanswered" // the lock has said nothing: nobody knows whether it is open
	OpenRefused    = "refused"    // the lock has said no
	OpenLate       = "late"       // it took too long until it was written down, so the lock was not told
	OpenLost       = "lost"       // the hub was cut off: nobody knows whether the lock was told
)

// maxDoor bounds a door's name.
const maxDoor = 200

// Check refuses values that the types allow.
func (l *Open) Check() error {
	switch {
	case l.State == OpenBegan && l.Outcome == "" && len(l.Statement) > 0 && len(l.Statement) <= MaxOpen:
	case l.State == OpenEnded && len(l.Statement) == 0:
		switch l.Outcome {
		case Opened, OpenUnanswered, OpenRefused, OpenLate, OpenLost:
		default:
			return fmt.Errorf("leaf: a door of which nobody knows how it went")
		}
	default:
		return fmt.Errorf("leaf: a door that is neither being opened nor has been")
	}
	if !l.Device.Valid() || !l.Person.Valid() || l.Since <= 0 || l.Number < 1 || l.Door == "" || len(l.Door) > maxDoor || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed opening")
	}
	return l.check(false)
}
