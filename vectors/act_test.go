// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"bytes"

	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// act reads a command as it comes by the connection of Text; Action, Camera and Index say what the challenge, which is
// the only one of Leaves, was given for.
func (b bases) act(v vector) (any, error) {
	if v.Thing == "leaf" {
		if _, err := manifest.ParseLeaf(v.Input); err != nil {
			return nil, err
		}
		return manifest.LeafHash(v.Input), nil
	}
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	r := command.Reading{
		Roster: s, Hub: s.Hub.Sign, Now: v.At,
		Take: func(_ id.Device, challenge []byte) (command.Asked, bool) {
			asked := command.Asked{Action: roster.Action(v.Action), NotAfter: v.Index, Target: id.Camera(v.Camera)}
			return asked, len(v.Leaves) == 1 && bytes.Equal(v.Leaves[0], challenge)
		},
		May: func(d id.Device, a roster.Action, c id.Camera) roster.Reason { return s.May(d, a, c, v.At) },
	}
	_, hash, err := r.Read(v.Input, id.Device(v.Text))
	return hash, err
}
