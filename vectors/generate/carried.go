// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"keyhold/statement/id"
	"keyhold/statement/request"
)

// carried are commands that bring a new hub what was starred under the one before.
func (c *commandVectors) carried() {
	front, run := id.Camera(fixedID("cam_", "front")), id.Run(fixedID("run_", "run"))
	leaf := request.Proved{Index: 3, Leaf: []byte("leaf"), Proof: []id.Hash{id.HashOf([]byte("left")), id.HashOf([]byte("right"))}, Run: run}
	alone := request.Proved{Leaf: []byte("star"), Proof: []id.Hash{}, Run: run}
	op := request.Op{Kind: request.OpCarryStar, Camera: front, Carried: &request.Carried{Epoch: id.Epoch(fixedID("epo_", "epoch")), Packs: []request.Proved{leaf}, Star: alone}}
	at := func(more ...any) []any { return append([]any{"op", "carried"}, more...) }
	hashes := slices.Repeat([]any{id.HashOf([]byte("left")).String()}, 41)
	c.add("carry-star", op, bad{"no camera", nil, []any{"op", "camera"}}, bad{"an epoch that is none", "epoch", at("epoch")}, bad{"a place before the first", int64(-1), at("star", "index")},
		bad{"an empty leaf", "", at("star", "leaf")}, bad{"a run that is none", "run", at("packs", 0, "run")}, bad{"a path that is longer than any", hashes, at("packs", 0, "proof")})
	op.Carried = &request.Carried{Epoch: op.Carried.Epoch, Packs: slices.Repeat([]request.Proved{leaf}, 8), Star: leaf}
	c.add("carry-star with as many packs as a moment has", op, bad{"with more", slices.Repeat([]any{tree(leaf)}, 9), at("packs")})
	c.add("carry-star, the end", request.Op{Kind: request.OpCarryStar, Camera: front, Lost: 2}, bad{"fewer than none lost", int64(-1), []any{"op", "lost"}}, bad{"none lost, which is left out", int64(0), []any{"op", "lost"}})
}
