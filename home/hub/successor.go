// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"

	"keyhold/home/cameras"
	"keyhold/home/ledger"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// predecessor says what the hub left behind whose place this one took, nil if this is the household's first.
func predecessor(s *roster.State) *ledger.Predecessor {
	if s.Now().Place == 0 {
		return nil
	}
	left, _ := s.LeftBehind()
	return &ledger.Predecessor{Left: left}
}

// formers says whether a checkpoint is of a hub before this one: the cloud shows it until it has one of this hub.
func (h *Hub) formers(checkpoint string) bool {
	cp, err := manifest.OpenCheckpoint(h.household.Roster(), checkpoint)
	if err != nil {
		return false
	}
	_, left := h.household.Roster().EraOfRun(cp.Run)
	return left != nil
}

// reconnect tells the hub where a camera is that an earlier one had: it keeps its id, and with it its history.
func (h *Hub) reconnect(ctx context.Context, c cameras.Camera, n newCamera) (id.Camera, error) {
	err := h.db.Write(ctx, func(tx *sql.Tx) error {
		if err := h.cameras.Connect(ctx, tx, c.ID, n.url); err != nil {
			return err
		}
		if err := h.cameras.SetSmall(ctx, tx, c.ID, n.small); err != nil {
			return err
		}
		if err := h.cameras.SetRecorded(ctx, tx, c.ID, n.recorded); err != nil {
			return err
		}
		return h.cameras.Identify(ctx, tx, c.ID, n.which)
	})
	if err != nil {
		return "", err
	}
	c.URL, c.Small, c.Recorded = n.url, n.small, n.recorded
	h.startNow(c, manifest.GapHub)
	return c.ID, nil
}

// unconnected finds a camera by name that an earlier hub had, and of which nobody has said yet where it is.
func unconnected(list []cameras.Camera, name string) (cameras.Camera, bool) {
	for _, c := range list {
		if c.Removed == 0 && c.Name == name {
			return c, c.URL == ""
		}
	}
	return cameras.Camera{}, false
}
