// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// followEvery is how often the readers of each camera are held against those that its epoch was made for.
const followEvery = time.Second

// keepReaders follows the clock until the context ends.
func (h *Hub) keepReaders(ctx context.Context) {
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			h.say(ctx, "private", h.followPrivate(ctx))
			h.views.Follow()
			h.say(ctx, "readers", h.follow(ctx))
		}
	}
}

// may asks the roster whether a device may do something now, by the hub's own clock.
func (h *Hub) may(d id.Device, a roster.Action, c id.Camera) bool {
	m := h.clock.Moment()
	return m.Of(h.household.Roster()).May(d, a, c, m.At) == ""
}

// follow renews the epochs of the cameras that others may read now than a moment ago: a guest's hour has come, or has
// passed. The time by which that was found is kept with it, so that no restart takes it back.
func (h *Hub) follow(ctx context.Context) error {
	if err := h.clock.Keep(ctx); err != nil {
		return err
	}
	if len(h.epochs.Stale()) == 0 {
		return nil
	}
	h.control.Lock()
	defer h.control.Unlock()
	live, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	live = append(live, id.HouseholdCamera)
	// Cameras that were removed get a new epoch when something is written down about them; see fresh.
	if !slices.ContainsFunc(h.epochs.Stale(), func(c id.Camera) bool { return slices.Contains(live, c) }) {
		return nil
	}
	changed, err := h.epochs.Apply(ctx, epochs.Change{
		Follow: live,
		Before: func(tx *sql.Tx) error { return h.clock.KeepIn(ctx, tx, h.clock.Moment().At) },
	})
	if err == nil && len(changed) > 0 {
		h.Log.Info("readers changed by the clock", "epochs", len(changed))
	}
	return err
}

// fresh gives a new epoch to those of these cameras that others may read now than when theirs was made. The last word
// on a camera that is gone stays that it is gone.
func (h *Hub) fresh(ctx context.Context, list []cameras.Camera) error {
	if len(h.epochs.Stale()) == 0 {
		return nil
	}
	h.control.Lock()
	defer h.control.Unlock()
	stale := h.epochs.Stale()
	var change epochs.Change
	for _, c := range list {
		if !slices.Contains(stale, c.ID) {
			continue
		}
		change.Cameras = append(change.Cameras, c.ID)
		if c.Removed != 0 {
			change.Leaves = append(change.Leaves, &manifest.CameraState{Header: manifest.Header{Camera: c.ID}, State: manifest.CameraRemoved})
		}
	}
	if len(change.Cameras) == 0 {
		return nil
	}
	_, err := h.epochs.Apply(ctx, change)
	return err
}
