// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"crypto/ed25519"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/roster"
	"keyhold/statement/setting"
)

func (b bases) masks(v vector) (any, error) {
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
	if v.Thing == "kept" {
		_, err = masks.Kept(v.Input, s.Household, func(d id.Device) (ed25519.PublicKey, bool) {
			if m, ok := s.Device(d); ok {
				return m.Sign, true
			}
			m, ok := s.Former(d)
			return m.Sign, ok
		})
	} else {
		r := &setting.Reading{
			Roster: s, Now: v.At, Last: func(id.Camera) int64 { return v.Index },
			May: func(d id.Device, _ id.Camera) roster.Reason {
				return s.May(d, roster.Cameras, id.HouseholdCamera, v.At)
			},
		}
		_, err = masks.Read(r, v.Input, id.Device(v.Text))
	}
	if err != nil {
		return nil, err
	}
	e, err := dsse.Parse(v.Input)
	if err != nil {
		return nil, err
	}
	return e.Hash(), nil
}
