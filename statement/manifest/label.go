// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
)

// Label is one camera's name, for those who read that camera and not the household's names. Signed by the hub and
// sealed to the camera's epoch.
type Label struct {
	At        int64        `json:"at"`
	Camera    id.Camera    `json:"camera"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Name      string       `json:"name"`
	// Room is what the second edition says besides, "" for none.
	Room string `json:"-"`
	Seq  int64  `json:"seq"`
	// Zone is the household's IANA time zone, for day strips.
	Zone string `json:"zone"`
}

// Check refuses values that the types allow.
func (l *Label) Check() error {
	if l.At <= 0 || !l.Camera.Valid() || !l.Household.Valid() || len(l.Name) > MaxName || len(l.Room) > MaxName || l.Seq < 1 || len(l.Zone) > MaxName {
		return fmt.Errorf("label: a malformed field")
	}
	return nil
}
