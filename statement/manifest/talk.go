// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/quickreply"
)

// Talk is the record of somebody who talked by a camera's speaker: one leaf before the first sound, one when it is over.
type Talk struct {
	Header
	// Act is the hash of the command by which it began.
	Act    id.Hash   `json:"act"`
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Reply is what the hub spoke for them, nil where they spoke themselves.
	Reply *quickreply.Reply `json:"reply,omitempty"`
	Since int64             `json:"since"`
	State string            `json:"state"`
	// Until is 0 while it lasts.
	Until int64   `json:"until"`
	View  id.View `json:"view"`
}

// States of talk.
const (
	TalkBegan = "began"
	TalkEnded = "ended"
)

// Check refuses values that the types allow.
func (l *Talk) Check() error {
	switch {
	case l.State == TalkBegan && l.Until == 0:
	case l.State == TalkEnded && l.Until >= l.Since:
	default:
		return fmt.Errorf("leaf: talk that has neither begun nor ended")
	}
	if !l.Device.Valid() || !l.Person.Valid() || l.Since <= 0 || !l.View.Valid() || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: malformed talk")
	}
	if l.Reply != nil {
		if err := l.Reply.Check(); err != nil {
			return fmt.Errorf("leaf: talk: %w", err)
		}
	}
	return l.check(false)
}
