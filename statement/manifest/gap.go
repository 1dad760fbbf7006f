// SPDX-License-Identifier: Apache-2.0

package manifest

import "fmt"

// Gap says that there is no footage between two times, and why.
type Gap struct {
	Header
	From   int64  `json:"from"`
	Reason string `json:"reason"`
	Until  int64  `json:"until"`
}

// Reasons of a gap.
const (
	GapCamera  = "camera"
	GapHub     = "hub"
	GapJump    = "jump"
	GapDisk    = "disk"
	GapStopped = "stopped"
	GapPrivate = "private"
)

// Check refuses values that the types allow.
func (l *Gap) Check() error {
	switch l.Reason {
	case GapCamera, GapHub, GapJump, GapDisk, GapStopped, GapPrivate:
	default:
		return fmt.Errorf("leaf: an unknown reason for a gap")
	}
	if l.From <= 0 || l.Until < l.From {
		return fmt.Errorf("leaf: a malformed gap")
	}
	return l.check(false)
}
