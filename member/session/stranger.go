// SPDX-License-Identifier: Apache-2.0

package session

import (
	"errors"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// HiddenError says that an owner has had everything deleted at this cloud: it shows nothing any more, and erases it later.
type HiddenError struct {
	// At is when the owner signed, By their device, Due when the cloud is going to erase.
	At, Due int64
	By      id.Device
}

func (e *HiddenError) Error() string {
	return "an owner has had everything of this household deleted at this cloud"
}

// hidden says whether the cloud shows nothing because an owner wants that. Without an owner's signature it is an alarm.
func (s *Session) hidden(answer *api.Sync) error {
	if len(answer.Erase) == 0 {
		return s.noteErasure(nil)
	}
	said, err := erasure.Read(answer.Erase)
	if err != nil {
		return err
	}
	// It was fresh when the hub took it.
	if _, _, err := erasure.Open(answer.Erase, s.Roster, s.Home.To, said.At); err != nil {
		return err
	}
	if said.Act != erasure.Erase && !rule.Off(rule.Field) {
		return rule.Errorf(rule.Field, "the cloud hides everything by a statement that says to keep it")
	}
	if err := s.noteErasure(&device.Erasure{Statement: answer.Erase, Due: answer.EraseDue}); err != nil {
		return err
	}
	return &HiddenError{At: said.At, Due: answer.EraseDue, By: said.Device}
}

// IsStranger says whether the cloud answered as it answers everybody whom it does not know. It gives no reason: the device
// may have been removed, or its household may not be there.
func IsStranger(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Kind() == api.Unauthenticated && p.Rule == rule.Signature
}
