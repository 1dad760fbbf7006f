// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"keyhold/statement/child"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/private"
	"keyhold/statement/roster"
	"keyhold/statement/setting"
	"keyhold/statement/star"
)

func (b bases) private(v vector) (any, error) {
	return settings(b, v, private.Read, private.Kept, func(s *roster.State, d id.Device, c id.Camera) roster.Reason {
		return s.May(d, roster.Private, c, v.At)
	})
}

func (b bases) masks(v vector) (any, error) {
	return settings(b, v, masks.Read, masks.Kept, func(s *roster.State, d id.Device, _ id.Camera) roster.Reason {
		return s.May(d, roster.Cameras, id.HouseholdCamera, v.At)
	})
}

func (b bases) star(v vector) (any, error) {
	return settings(b, v, star.Read, star.Kept, func(s *roster.State, d id.Device, c id.Camera) roster.Reason {
		return star.May(s, d, c, v.At)
	})
}

func (b bases) child(v vector) (any, error) {
	return settings(b, v, child.Read, child.Kept, func(s *roster.State, d id.Device, _ id.Camera) roster.Reason {
		return s.May(d, roster.Cameras, id.HouseholdCamera, v.At)
	})
}

func (b bases) lock(v vector) (any, error) {
	return settings(b, v, lock.Read, lock.Kept, func(s *roster.State, d id.Device, _ id.Camera) roster.Reason { return lock.May(s, d) })
}

// settings reads a setting of a camera, as the hub is brought it or as it is kept, or the leaf that tells of it.
func settings[S any](b bases, v vector, read func(*setting.Reading, []byte, id.Device) (S, error), kept func([]byte, *roster.State) (S, error),
	may func(*roster.State, id.Device, id.Camera) roster.Reason,
) (any, error) {
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
		_, err = kept(v.Input, s)
	} else {
		r := &setting.Reading{
			Roster: s, Now: v.At, Last: func(id.Camera) int64 { return v.Index },
			May: func(d id.Device, c id.Camera) roster.Reason { return may(s, d, c) },
		}
		_, err = read(r, v.Input, id.Device(v.Text))
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
