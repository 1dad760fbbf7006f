// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"

	"keyhold/home/epochs"
	"keyhold/home/stars"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

// carryStar takes over a star that a hub before this one had taken, or is told that no more of a camera come. Nobody's word
// is taken for it: the star and the packs of its moment stand in a run that ends as owners signed when they put this hub in.
func (h *Hub) carryStar(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	camera := c.Op.Camera
	if reason := h.mayMask(c.Device, camera); reason != "" && !rule.Off(rule.Role) {
		return refusal(request.RefusedDenied)
	}
	_, known, err := h.removed(ctx, camera)
	if err != nil {
		return err
	}
	over, err := h.stars.Ended(ctx, camera)
	switch {
	case err != nil:
		return err
	case !known:
		return refusal(request.RefusedNotFound)
	case over && !rule.Off(rule.Replay):
		return refusal(request.RefusedExists)
	case c.Op.Carried == nil:
		_, err := h.epochs.Apply(ctx, epochs.Change{
			Before: func(tx *sql.Tx) error { return stars.End(ctx, tx, camera, c.Op.Lost) },
			Names:  true,
		})
		return err
	}
	s, err := h.carried(camera, c.Op.Carried)
	if err != nil {
		h.Log.Warn("a star that was to come along does not hold", "rule", string(rule.Of(err)))
		return refusal(request.RefusedInvalid)
	}
	stands, err := h.stars.Standing(ctx, &s.Star)
	switch {
	case err != nil:
		return err
	case stands.Others >= stars.Most:
		return refusal(request.RefusedFull)
	}
	err = h.stars.Carry(ctx, s)
	if errors.Is(err, stars.ErrTaken) {
		return refusal(request.RefusedExists)
	}
	if err == nil {
		h.uplink.Queued()
	}
	return err
}

// carried reads a star that comes along.
func (h *Hub) carried(camera id.Camera, c *request.Carried) (*stars.Carried, error) {
	leaf, err := h.leftBehind(&c.Star)
	if err != nil {
		return nil, err
	}
	l, ok := leaf.(*manifest.Star)
	if !ok || l.Camera != camera && !rule.Off(rule.WrongCamera) {
		return nil, rule.Errorf(rule.WrongCamera, "a star of another camera, or none")
	}
	set, err := star.Kept(l.Statement, h.household.Roster())
	if err != nil {
		return nil, err
	}
	if (set.Device != l.Device || set.Camera != l.Camera || !set.On) && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "nobody has said that this is starred")
	}
	out := &stars.Carried{Star: stars.Star{Setting: *set, Statement: l.Statement}, Run: c.Star.Run, Epoch: c.Epoch, Page: id.Hour(l.At)}
	for _, p := range c.Packs {
		leaf, err := h.leftBehind(&p)
		if err != nil {
			return nil, err
		}
		pack, ok := leaf.(*manifest.Pack)
		if !ok || pack.Camera != camera || len(pack.Files) == 0 || !set.Touches(pack.Span()) {
			return nil, rule.Errorf(rule.WrongCamera, "a pack of another moment, or another camera")
		}
		out.Packs = append(out.Packs, stars.Pack{Pack: pack, Run: p.Run})
	}
	return out, nil
}

// leftBehind reads a leaf of the record that hubs before this one have left behind, as the links say that this ends.
func (h *Hub) leftBehind(p *request.Proved) (manifest.Leaf, error) {
	_, run := h.household.Roster().EraOfRun(p.Run)
	if run == nil {
		return nil, rule.Errorf(rule.NotIncluded, "a leaf of no run that a hub has left behind")
	}
	cp := manifest.Checkpoint{Household: h.household.ID(), Run: p.Run, Size: run.Size, Root: run.Root}
	if err := manifest.CheckProof(cp, p.Index, p.Leaf, p.Proof); err != nil {
		return nil, err
	}
	return manifest.ParseLeaf(p.Leaf)
}

// named writes down something that the document of names speaks of: a hub that takes this one's place cannot be given it,
// and somebody is to know what there was.
func (h *Hub) named(ctx context.Context, keep func(*sql.Tx) error) error {
	_, err := h.epochs.Apply(ctx, epochs.Change{Before: keep, Names: true})
	return err
}
