// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

func (b bases) alert(v vector) (any, error) {
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
	a, err := alert.Read(v.Input, id.Device(v.Device), s, v.At, v.Index)
	if err != nil {
		return nil, err
	}
	return map[string]any{"at": a.At, "camera": a.Camera, "kind": a.Kind, "seq": a.Seq}, nil
}
