// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Private is the record of a camera that was turned off at its source, or on again, and of what was set for it. The
// household has leaves of what is set for all of it.
type Private struct {
	Header
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Since is when it became private, 0 where something was set that changes nothing now.
	Since int64  `json:"since"`
	State string `json:"state"`
	// Statement is the setting (an envelope of type private) by which it began or ended, or that was set.
	Statement []byte `json:"statement"`
	// Until is 0 unless it has ended.
	Until int64 `json:"until"`
}

// MaxSetting is the longest statement in such a leaf, in bytes: hours have an end.
const MaxSetting = 8192

// States of what is private.
const (
	PrivateBegan = "began"
	PrivateEnded = "ended"
	PrivateSet   = "set"
)

// Check refuses values that the types allow.
func (l *Private) Check() error {
	switch {
	case l.State == PrivateBegan && l.Since > 0 && l.Until == 0:
	case l.State == PrivateEnded && l.Since > 0 && l.Until >= l.Since:
	case l.State == PrivateSet && l.Since == 0 && l.Until == 0:
	default:
		return fmt.Errorf("leaf: private, and neither begun nor ended nor set")
	}
	if l.State != PrivateSet && l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: what begins and ends is that of a camera")
	}
	if !l.Device.Valid() || !l.Person.Valid() || len(l.Statement) == 0 || len(l.Statement) > MaxSetting {
		return fmt.Errorf("leaf: private by nobody")
	}
	return l.check(false)
}
