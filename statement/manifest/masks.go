// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Masks is the record of what is covered of a camera's picture from then on: nothing that is recorded after it shows that.
type Masks struct {
	Header
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Statement is the setting, an envelope of type masks.
	Statement []byte `json:"statement"`
}

// MaxMasks is the longest statement in such a leaf, in bytes.
const MaxMasks = 4096

// Check refuses values that the types allow.
func (l *Masks) Check() error {
	if !l.Device.Valid() || !l.Person.Valid() || len(l.Statement) == 0 || len(l.Statement) > MaxMasks {
		return fmt.Errorf("leaf: masks by nobody")
	}
	if l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: masks are those of a camera")
	}
	return l.check(false)
}
