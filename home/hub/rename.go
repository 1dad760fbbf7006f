// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// renameCamera calls a camera something else. It begins a new epoch with it: with that comes the label by which those
// know the name who may not read the document of names.
func (h *Hub) renameCamera(ctx context.Context, by id.Device, camera id.Camera, name string) error {
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
	if c.Name == name {
		return nil
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Cameras: []id.Camera{camera},
		Before:  func(tx *sql.Tx) error { return h.cameras.Rename(ctx, tx, camera, name) },
		Names:   true,
	})
	if errors.Is(err, cameras.ErrName) {
		return refusal(request.RefusedExists)
	}
	return err
}
