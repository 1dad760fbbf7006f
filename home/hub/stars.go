// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/epochs"
	"keyhold/home/stars"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
	"keyhold/statement/star"
)

// soon is for how long after a moment its first pack may still be open: it is starred while it is seen.
const soon = 10 * 60_000

// setStar keeps a moment of a camera, or lets it go.
func (h *Hub) setStar(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	now := h.Now().UnixMilli()
	r := &setting.Reading{Roster: h.household.Roster(), Now: now, May: h.mayStar, Last: h.stars.Last}
	s, err := star.Read(r, c.Op.Star, c.Device)
	if err != nil {
		h.Log.Warn("a star does not hold", "device", string(c.Device), "rule", string(rule.Of(err)))
		return refusal(privateWord(err))
	}
	by, ok := h.household.Roster().PersonOf(s.Device)
	if !ok {
		return refusal(request.RefusedDenied)
	}
	given, err := h.given(s, c.Op.Leaves)
	if err != nil {
		return err
	}
	gone, known, err := h.removed(ctx, s.Camera)
	if err != nil {
		return err
	}
	if !known {
		return refusal(request.RefusedNotFound)
	}
	set := &stars.Star{Setting: *s, Statement: c.Op.Star}
	stands, err := h.stars.Standing(ctx, set)
	switch {
	case err != nil:
		return err
	case s.On && stands.Others >= stars.Most:
		return refusal(request.RefusedFull)
	case s.On && stands.Packs+len(given) == 0 && s.Moment < now-soon, !s.On && !stands.On:
		return refusal(request.RefusedNotFound)
	}
	leaves := []manifest.Leaf{&manifest.Star{Header: manifest.Header{Camera: s.Camera}, Device: s.Device, Person: by.ID, Statement: set.Statement}}
	if gone {
		// The last word on a camera that is gone stays that it is gone: nobody then waits for its heartbeats.
		leaves = append(leaves, &manifest.CameraState{Header: manifest.Header{Camera: s.Camera}, State: manifest.CameraRemoved})
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Before: func(tx *sql.Tx) error { return stars.Write(ctx, tx, set, given) },
		Leaves: leaves,
		Placed: func(tx *sql.Tx, at []epochs.Stands) error { return stars.Stands(ctx, tx, set, at[0]) },
		Names:  true, // there a hub that takes this one's place is told of it
	})
	if err == nil {
		h.stars.Done(set)
		h.Log.Info("a moment is kept, or is no more", "camera", string(s.Camera), "kept", s.On)
	}
	return err
}

// removed says whether the household had a camera and has it no more, and whether it ever had it.
func (h *Hub) removed(ctx context.Context, camera id.Camera) (gone, known bool, err error) {
	list, err := h.cameras.List(ctx)
	for _, c := range list {
		if c.ID == camera {
			return c.Removed != 0, true, err
		}
	}
	return false, false, err
}

// mayStar asks the roster by the hub's time for rights.
func (h *Hub) mayStar(d id.Device, c id.Camera) roster.Reason {
	m := h.clock.Moment()
	return star.May(m.Of(h.household.Roster()), d, c, m.At)
}

// given are the packs of a moment that a device has found on the record: the hub stores recordings for some days only, and
// no longer knows which there were. A leaf counts if it is this hub's own: it stands in its tree.
func (h *Hub) given(s *star.Setting, leaves []request.Placed) ([]stars.Pack, error) {
	var out []stars.Pack
	for _, l := range leaves {
		own, err := h.ledger.Has(l.Run, l.Index, id.Hash(tlog.RecordHash(l.Leaf)))
		if err != nil {
			return nil, err
		}
		if !own && !rule.Off(rule.NotIncluded) {
			h.Log.Error("a pack was to be kept that is none of this hub's", "rule", string(rule.NotIncluded))
			return nil, refusal(request.RefusedInvalid)
		}
		leaf, err := manifest.ParseLeaf(l.Leaf)
		pack, ok := leaf.(*manifest.Pack)
		if err != nil || !ok || pack.Camera != s.Camera || len(pack.Files) == 0 || !s.Touches(pack.Span()) {
			return nil, refusal(request.RefusedInvalid)
		}
		out = append(out, stars.Pack{Pack: pack, Run: l.Run})
	}
	return out, nil
}

// keptSaid notes what the cloud said to a list of what is to stay.
func (h *Hub) keptSaid(ctx context.Context, camera string, list []byte, taken bool) error {
	return h.stars.Answered(ctx, camera, list, taken, h.Now())
}

// starred are the moments of a camera that a device may know of.
func (h *Hub) starred(ctx context.Context, c *request.Command) ([]request.Starred, error) {
	m := h.clock.Moment()
	since, ok := m.Of(h.household.Roster()).Earliest(c.Device, roster.History, c.Op.Camera, m.At)
	if !ok {
		return nil, nil
	}
	return h.stars.Stars(ctx, c.Op.Camera, since, c.Op.After, request.MaxStars)
}
