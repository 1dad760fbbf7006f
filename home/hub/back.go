// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"os"
	"time"

	"keyhold/home/record"
	"keyhold/statement/id"
)

const (
	// longAway is for how long a hub was off that says so with its first leaves.
	longAway = 7 * 24 * time.Hour
	// kept is what the cloud keeps.
	kept = 30 * 24 * time.Hour
)

// keepOld takes a pack that an earlier process left open into the manifest. What is older than all that is kept goes: its
// page would be one of an epoch of which nobody has any other.
func (h *Hub) keepOld(ctx context.Context, p record.Pack) error {
	if p.End() >= h.Now().Add(-kept).UnixMilli() {
		return h.packs.Closed(ctx, p)
	}
	h.Log.Info("what was left open is older than what is kept; it is removed", "camera", string(p.Camera), "object", string(p.Object))
	return os.Remove(p.Path)
}

// back says of a hub that was off for long, on each record, from when to when it wrote nothing. Whoever comes later than
// what was before is kept then knows that nothing was left out. It comes with the new epochs, before anything else.
func (h *Hub) back(ctx context.Context, reason string) error {
	if h.last == 0 || h.Now().Sub(time.UnixMilli(h.last)) < longAway {
		return nil
	}
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	for _, c := range append(list, id.HouseholdCamera) {
		e, ok := h.epochs.Current(c)
		if !ok {
			continue
		}
		end, err := h.packs.LastEnd(ctx, c)
		if err != nil {
			return err
		}
		if end != 0 && end < h.last {
			// It recorded nothing for a while before.
			if err := h.packs.Gap(ctx, e.ID, record.Gap{Camera: c, From: end, Until: h.last, Reason: reason}); err != nil {
				return err
			}
		}
		if err := h.packs.Gap(ctx, e.ID, record.Gap{Camera: c, From: h.last, Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}
