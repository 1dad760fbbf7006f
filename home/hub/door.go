// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"errors"
	"net/http"

	"keyhold/api"
	"keyhold/home/lan"
	"keyhold/home/shelf"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// openDoors opens the ways in that are not by the cloud, the door for those at home and live view; and the way to phones
// whose app is closed. With live view the lights go on.
func (h *Hub) openDoors(ctx context.Context) error {
	if err := h.openPush(ctx); err != nil {
		return err
	}
	// The door first: what the views have to tell goes there, too. It answers once it runs.
	if err := h.openDoor(ctx); err != nil {
		return err
	}
	if err := h.openViews(ctx); err != nil {
		return errors.Join(err, h.door.Close())
	}
	if err := h.openBells(ctx); err != nil {
		return errors.Join(err, h.closeViews(), h.door.Close())
	}
	if err := h.openLights(ctx); err != nil { // which know the doors
		return errors.Join(err, h.closeDoors())
	}
	return nil
}

// closeDoors closes them.
func (h *Hub) closeDoors() error {
	return errors.Join(h.closeBells(), h.closeViews(), h.door.Close())
}

// openDoor opens the way for those who are at home.
func (h *Hub) openDoor(ctx context.Context) error {
	now := func() *roster.State { return h.household.Roster() }
	door, err := lan.New(ctx, lan.Config{
		Address: h.LAN, Key: h.keys.Sign, Roster: now, Sight: h.sight,
		// What a letter asks for goes on when it has been taken.
		Mail: func(_ context.Context, d *api.Delivery) error { return h.mail(h.recordings, d) },
		Look: h.look,
		Hook: func(r *http.Request) bool { return h.ring.bells != nil && h.ring.bells.Hook(r) }, Hooks: h.Bell,
		Shelf: &shelf.Shelf{
			DB: h.db, Ledger: h.ledger, Packs: h.packs, Key: h.keys.Sign, Roster: now, Status: h.uplink.Word, Erasing: h.toErase, Now: h.Now,
		},
		Now: h.Now, Log: h.Log,
	})
	if err != nil {
		return err
	}
	h.door = door
	h.Log.Info("the way at home", "tcp_port", door.Port())
	return nil
}

// sight is what a device may see now, by the hub's own time for rights.
func (h *Hub) sight(d id.Device) roster.Sight {
	m := h.clock.Moment()
	return roster.SightOf(m.Of(h.household.Roster()), d, m.At)
}

// toErase is what an owner wants to be erased.
func (h *Hub) toErase() ([]byte, int64) {
	if w := h.erasing.Load(); w != nil {
		return w.Statement, w.Due
	}
	return nil, 0
}

// tellHere gives a letter to its reader's open sockets at home, and says whether there is one.
func (h *Hub) tellHere(to id.Device, sealed []byte) bool {
	return h.door != nil && h.door.Send(to, sealed)
}
