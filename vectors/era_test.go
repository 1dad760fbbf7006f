// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// era reads something by the key of the hub of its time.
func (b bases) era(v vector) (any, error) {
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	switch v.Thing {
	case "checkpoint":
		cp, err := manifest.OpenCheckpoint(s, v.Text)
		return map[string]int64{"size": cp.Size}, err
	case manifest.ThingStatus:
		_, current, err := manifest.OpenStatus(s, v.Input)
		return map[string]bool{"current": current}, err
	case manifest.ThingNames, manifest.ThingNames2:
		n, _, err := manifest.OpenNames(s, v.Input)
		if err != nil {
			return nil, err
		}
		return map[string]int64{"seq": n.Seq}, nil
	case manifest.ThingLabel, manifest.ThingLabel2:
		l, err := manifest.OpenLabel(s, v.Input)
		if err != nil {
			return nil, err
		}
		return map[string]int64{"seq": l.Seq}, nil
	}
	leaf, err := manifest.ParseLeaf(v.Input)
	if err != nil {
		return nil, err
	}
	era, _ := s.EraOfRun(id.Run(v.Text))
	return nil, manifest.CheckRange(era, manifest.Entry{Leaf: leaf})
}
