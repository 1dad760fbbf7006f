// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Child is the record of a camera that is in a child's room from then on, or is so no more.
type Child struct {
	Header
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Statement is the setting, an envelope of type child.
	Statement []byte `json:"statement"`
}

// MaxChild is the longest statement in such a leaf, in bytes.
const MaxChild = 4096

// Check refuses values that the types allow.
func (l *Child) Check() error {
	if !l.Device.Valid() || !l.Person.Valid() || len(l.Statement) == 0 || len(l.Statement) > MaxChild {
		return fmt.Errorf("leaf: a child's room by nobody")
	}
	if l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a child's room is that of a camera")
	}
	return l.check(false)
}
