// SPDX-License-Identifier: Apache-2.0

package view

import "keyhold/statement/id"

// Watched are the cameras that somebody watches now, as far as members may know of it already.
func (d *Desk) Watched() map[id.Camera]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[id.Camera]bool{}
	for _, o := range d.open {
		if !o.told {
			continue
		}
		for _, c := range o.offer.Cameras {
			out[c] = true
		}
	}
	return out
}
