// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"

	"keyhold/home/epochs"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// setRoom says in which room a camera is; "" for none. As with a name, a new epoch brings the label by which those know
// of it who may not read the document of names.
func (h *Hub) setRoom(ctx context.Context, by id.Device, camera id.Camera, room string) error {
	h.control.Lock()
	defer h.control.Unlock()
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	c, ok, err := h.listed(ctx, camera)
	if err != nil {
		return err
	}
	if !ok {
		return refusal(request.RefusedNotFound)
	}
	if c.Room == room {
		return nil
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Cameras: []id.Camera{camera},
		Before:  func(tx *sql.Tx) error { return h.cameras.Place(ctx, tx, camera, room) },
		Names:   true,
	})
	return err
}
