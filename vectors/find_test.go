// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"keyhold/statement/dsse"
	"keyhold/statement/finding"
	"keyhold/statement/id"
)

func (b bases) find(v vector) (any, error) {
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, x := range v.Leaves {
		e, err := dsse.Parse(x)
		if err != nil {
			return nil, err
		}
		var f finding.Find
		if err := e.Read(finding.Thing, &f); err != nil {
			return nil, err
		}
		known[string(f.Nonce)] = true
	}
	nonce := func(b []byte) bool { return known[string(b)] }
	if v.Thing == finding.ThingFound {
		f, err := finding.ReadFound(v.Input, id.Device(v.Device), s, v.At, nonce)
		if err != nil {
			return nil, err
		}
		return len(f.Cameras), nil
	}
	f, err := finding.Read(v.Input, id.Device(v.Text), s, v.At, nonce)
	if err != nil {
		return nil, err
	}
	return f.Kind, nil
}
