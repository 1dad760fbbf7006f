// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/id"
)

// Carried is a star that an earlier hub had taken, as it stands on the record that this hub left behind.
type Carried struct {
	// Epoch is that of the page in which the star stands.
	Epoch id.Epoch `json:"epoch"`
	// Packs are those of the moment.
	Packs []Proved `json:"packs"`
	Star  Proved   `json:"star"`
}

// Proved is a leaf with its place on the record and the audit path to the root of that run.
type Proved struct {
	Index int64     `json:"index"`
	Leaf  []byte    `json:"leaf"`
	Proof []id.Hash `json:"proof"`
	Run   id.Run    `json:"run"`
}

// maxPath is the longest audit path: no run has more leaves than that.
const maxPath = 40

func (c *Carried) check() error {
	if c == nil {
		return nil
	}
	if !c.Epoch.Valid() || len(c.Packs) > maxStarLeaves {
		return fmt.Errorf("command: a star that comes along needs its epoch, and few leaves")
	}
	for _, p := range append([]Proved{c.Star}, c.Packs...) {
		if p.Index < 0 || len(p.Leaf) == 0 || !p.Run.Valid() || len(p.Proof) > maxPath {
			return fmt.Errorf("command: a malformed leaf")
		}
	}
	return nil
}
