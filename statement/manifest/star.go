// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Span is when the footage of a pack begins and ends.
func (l *Pack) Span() (start, end int64) {
	start, end = l.Files[0].Start, l.Files[0].End
	for _, f := range l.Files {
		end = max(end, f.End)
	}
	return start, end
}

// Star is the record of a moment that is kept from then on, or no more.
type Star struct {
	Header
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Statement is the setting, an envelope of type star.
	Statement []byte `json:"statement"`
}

// MaxStar is the longest statement in such a leaf, in bytes.
const MaxStar = 4096

// Check refuses values that the types allow.
func (l *Star) Check() error {
	if !l.Device.Valid() || !l.Person.Valid() || len(l.Statement) == 0 || len(l.Statement) > MaxStar {
		return fmt.Errorf("leaf: a star by nobody")
	}
	if l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a star is that of a camera")
	}
	return l.check(false)
}
