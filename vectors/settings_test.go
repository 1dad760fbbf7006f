// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"crypto/ed25519"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/roster"
	"keyhold/statement/setting"
)

func (b bases) private(v vector) (any, error) {
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
		_, err = private.Kept(v.Input, s.Household, func(d id.Device) (ed25519.PublicKey, bool) {
			if m, ok := s.Device(d); ok {
				return m.Sign, true
			}
			m, ok := s.Former(d)
			return m.Sign, ok
		})
	} else {
		r := &setting.Reading{
			Roster: s, Now: v.At, Last: func(id.Camera) int64 { return v.Index },
			May: func(d id.Device, c id.Camera) roster.Reason { return s.May(d, roster.Private, c, v.At) },
		}
		_, err = private.Read(r, v.Input, id.Device(v.Text))
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
