// SPDX-License-Identifier: Apache-2.0

package session

import (
	"keyhold/statement/child"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/private"
	"keyhold/statement/star"
)

// Act is something that somebody set for a camera, as its signer said it: that it is off, what is covered of its
// picture, that a moment of it is kept, that it is in a child's room, or what opens the door there.
type Act struct {
	At int64
	// Camera may be the household, for what was set for all cameras.
	Camera id.Camera
	Device id.Device
	Person id.Person
	// One of these is set.
	Private *private.Setting
	Masks   *masks.Setting
	Star    *star.Setting
	Child   *child.Setting
	Lock    *lock.Setting
}

// act takes a leaf of what was set, once: hours begin and end by one statement again and again.
func (t *Timeline) act(a Act) {
	if a.At < t.From || a.At >= t.Until {
		return
	}
	for _, b := range t.Acts {
		if a.Private != nil && b.Private != nil && a.Camera == b.Camera && a.Private.Seq == b.Private.Seq {
			return
		}
	}
	t.Acts = append(t.Acts, a)
}

// ForAll are what was set between two times for all cameras at once, as the household's own record has it. Only owners and
// guardians read that.
func (v *View) ForAll(from, until int64) ([]Act, error) {
	t := &Timeline{Camera: id.HouseholdCamera, From: from, Until: until}
	for _, r := range v.home {
		leaf, ok := r.Leaf.(*manifest.Private)
		if !ok {
			continue
		}
		one, err := v.checkPrivate(leaf)
		if err != nil {
			return nil, err
		}
		t.act(Act{At: one.At, Camera: one.Camera, Device: one.Device, Person: leaf.Person, Private: one})
	}
	return t.Acts, nil
}
