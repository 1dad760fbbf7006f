// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"os"
	"path/filepath"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/signal"
)

// has says whether a version has a file: what is newer than it has none there.
func (dir folder) has(name string) bool {
	_, err := os.Stat(filepath.Join(string(dir), name+".json"))
	return err == nil
}

func (b bases) live(v vector) (any, error) {
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
	to := id.Device(v.Device)
	if v.Thing == signal.ThingWatching {
		w, err := signal.ReadWatching(v.Input, to, s, v.At, v.Index)
		if err != nil {
			return nil, err
		}
		out := map[string]any{"looks": w.Looks, "private": w.Private}
		if w.Talks != nil {
			out["talks"] = w.Talks
		}
		return out, nil
	}
	r := &signal.Reading{To: to, Roster: s, Now: v.At}
	seen := map[string]bool{}
	for _, x := range v.Leaves {
		e, err := dsse.Parse(x)
		if err != nil {
			return nil, err
		}
		var before signal.Signal
		if err := e.Read(signal.Thing, &before); err != nil {
			return nil, err
		}
		if to == id.Hub {
			seen[string(before.Nonce)] = true
		} else {
			r.Waiting = append(r.Waiting, &before)
		}
	}
	r.Seen = func(nonce []byte) bool { return seen[string(nonce)] }
	_, hash, err := r.Read(v.Input, id.Device(v.Text))
	return hash, err
}
