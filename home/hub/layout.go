// SPDX-License-Identifier: Apache-2.0

package hub

import "path/filepath"

// Layout is where things lie in a hub's folder.
type Layout struct{ Keys, State, Spool, Packs, Tiles string }

// LayoutOf returns the layout of a hub's folder.
func LayoutOf(dir string) Layout {
	return Layout{
		Keys: filepath.Join(dir, "keys"), State: filepath.Join(dir, "state.db"), Spool: filepath.Join(dir, "spool"),
		Packs: filepath.Join(dir, "packs"), Tiles: filepath.Join(dir, "tiles"),
	}
}
