// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"

	"keyhold/home/epochs"
	"keyhold/home/nursery"
	"keyhold/statement/child"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
)

// setChild says that a camera is in a child's room, or is so no more. Whoever may not listen any more hears nothing once
// it is answered.
func (h *Hub) setChild(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	r := &setting.Reading{Roster: h.household.Roster(), Now: h.Now().UnixMilli(), May: h.mayMask, Last: h.nursery.Last}
	s, err := child.Read(r, c.Op.Child, c.Device)
	if err != nil {
		h.Log.Warn("a setting of a child's room does not hold", "device", string(c.Device), "rule", string(rule.Of(err)))
		return refusal(privateWord(err))
	}
	by, ok := h.household.Roster().PersonOf(s.Device)
	if !ok {
		return refusal(request.RefusedDenied)
	}
	if _, ok, err := h.listed(ctx, s.Camera); err != nil {
		return err
	} else if !ok {
		return refusal(request.RefusedNotFound)
	}
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	set := &nursery.Setting{Setting: *s, Person: by.ID, Statement: c.Op.Child}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Follow: append(list, id.HouseholdCamera),
		Before: func(tx *sql.Tx) error { return nursery.Write(ctx, tx, set) },
		Leaves: []manifest.Leaf{&manifest.Child{Header: manifest.Header{Camera: s.Camera}, Device: s.Device, Person: by.ID, Statement: set.Statement}},
		Names:  true, // there a hub that takes this one's place is told of it
	})
	if err != nil {
		return err
	}
	h.nursery.Done(set)
	h.views.Changed(s.Camera) // who looks on asks again, and hears what they may
	h.Log.Info("whether a camera is in a child's room has changed", "camera", string(s.Camera), "on", s.On)
	return nil
}

// aloud asks, for what is said or heard at a camera, whether that is a child's room: there only owners and guardians
// talk, and listen live.
func (h *Hub) aloud(d id.Device, c id.Camera) roster.Reason {
	if !h.nursery.Is(c) || rule.Off(rule.Child) {
		return ""
	}
	if by, ok := h.household.Roster().PersonOf(d); ok && (by.Role == roster.Owner || by.Role == roster.Guardian) {
		return ""
	}
	return rule.Child
}

// childSettings are those that a device may know of.
func (h *Hub) childSettings(by id.Device) [][]byte {
	var out [][]byte
	for _, s := range h.nursery.All() {
		if h.knows(by, s.Camera) {
			out = append(out, s.Statement)
		}
	}
	return out
}
