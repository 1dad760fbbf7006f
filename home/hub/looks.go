// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/home/ledger"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// lookAge is how old a fetch statement may be when it comes: the cloud keeps what it has for a hub
// that was away for seven days. Its nonce is remembered for longer.
const lookAge = 8 * 24 * time.Hour

// look writes down who fetched footage: one leaf for each camera that the statement names and that its device might
// look at then. The statement came from the cloud; only one that a device of the roster signed, once, becomes a leaf.
// Somebody who was removed since has their looks from before written down all the same.
func (h *Hub) look(ctx context.Context, body []byte) error {
	e, f, member, ok := h.fetch(body)
	if !ok {
		h.Log.Warn("a fetch statement was dropped: it is not from a device of this household, or too old")
		return nil
	}
	all, err := h.cameras.List(ctx)
	if err != nil {
		return err
	}
	list, err := h.seen(f, all)
	if err != nil {
		return err
	}
	if err := h.fresh(ctx, list); err != nil {
		return err
	}
	if err := h.spread(ctx, list); err != nil {
		return err
	}
	hash := e.Hash()
	// Asked for before the ledger's lock is taken, which comes after that of the epochs.
	current := map[id.Camera]id.Epoch{}
	for _, c := range list {
		if x, ok := h.epochs.Current(c.ID); ok {
			current[c.ID] = x.ID
		}
	}
	build := func(tx *sql.Tx) ([]ledger.Entry, error) {
		n, err := useNonce(ctx, tx, f.Nonce, h.Now().Add(2*lookAge).UnixMilli())
		if err != nil || n == 0 {
			return nil, err
		}
		var out []ledger.Entry
		for _, c := range list {
			epoch, ok := current[c.ID]
			if !ok {
				continue
			}
			if f.Purpose == request.PurposeTiles {
				fresh, err := firstTiles(ctx, tx, f, c.ID, id.Hour(h.Now().UnixMilli()))
				if err != nil || !fresh {
					if err != nil {
						return nil, err
					}
					continue
				}
			}
			out = append(out, ledger.Entry{Epoch: epoch, Leaf: &manifest.Look{
				Header: manifest.Header{Camera: c.ID}, Device: f.Device, Fetch: hash, From: f.From, Until: f.Until,
				Person: member.Person, Purpose: f.Purpose,
			}})
			if c.Removed != 0 {
				// The last word on a camera that is gone stays that it is gone: nobody then waits for its heartbeats.
				out = append(out, ledger.Entry{Epoch: epoch, Leaf: &manifest.CameraState{
					Header: manifest.Header{Camera: c.ID}, State: manifest.CameraRemoved,
				}})
			}
		}
		return out, nil
	}
	return h.ledger.Append(ctx, build, nil)
}

// pageLooks is how many leaves a page takes before looks begin another: a page has 4 MiB, and a reader who asks without
// end must neither make it unreadable nor stop the upload.
const pageLooks = 4000

// spread gives new epochs, and with them new pages, to the cameras of a look whose page is crowded.
func (h *Hub) spread(ctx context.Context, list []cameras.Camera) error {
	most := h.PageLooks
	if most == 0 {
		most = pageLooks
	}
	run, hour := h.ledger.Standing().Run, id.Hour(h.Now().UnixMilli())
	var crowded []id.Camera
	for _, c := range list {
		epoch, ok := h.epochs.Current(c.ID)
		if !ok {
			continue
		}
		var n int
		err := h.db.Read(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT count(*) FROM leaves WHERE run = $1 AND camera = $2 AND epoch = $3 AND hour = $4`,
				string(run), string(c.ID), string(epoch.ID), hour).Scan(&n)
		})
		if err != nil {
			return fmt.Errorf("hub: count leaves: %w", err)
		}
		if n >= most {
			crowded = append(crowded, c.ID)
		}
	}
	if len(crowded) == 0 {
		return nil
	}
	h.control.Lock()
	defer h.control.Unlock()
	_, err := h.epochs.Apply(ctx, epochs.Change{Cameras: crowded})
	return err
}

// fetch verifies a fetch statement for footage. Its device may have been removed since.
func (h *Hub) fetch(body []byte) (e *dsse.Envelope, f *request.Fetch, by roster.Member, ok bool) {
	e, err := dsse.Parse(body)
	if err != nil {
		return nil, nil, by, false
	}
	f = &request.Fetch{}
	if err := e.Read(request.ThingFetch, f); err != nil {
		return nil, nil, by, false
	}
	if by, ok = h.household.Roster().Ever(f.Device); !ok {
		return nil, nil, by, false
	}
	if _, err := dsse.OpenBy(body, request.ThingFetch, f, f.Device, by.Sign); err != nil {
		return nil, nil, by, false
	}
	now := h.Now().UnixMilli()
	if f.Household != h.household.ID() || f.Kind != request.FetchFootage || f.At < now-lookAge.Milliseconds() || f.At > now+2*request.Window {
		return nil, nil, by, false
	}
	return e, f, by, true
}

// seen returns the cameras of a fetch at which its device might look when it asked. The cloud may not have known of a
// change that was a moment old, nor are all clocks the same: what was allowed two minutes earlier counts as well.
func (h *Hub) seen(f *request.Fetch, all []cameras.Camera) ([]cameras.Camera, error) {
	action := roster.History
	if f.Purpose == request.PurposeExport {
		action = roster.Export
	}
	var named []cameras.Camera
	for _, c := range all {
		if len(f.Cameras) == 0 || slices.Contains(f.Cameras, c.ID) {
			named = append(named, c)
		}
	}
	might := map[id.Camera]bool{}
	for _, at := range []int64{f.At, f.At - request.Window} {
		s, err := h.household.At(at)
		if err != nil {
			return nil, err
		}
		for _, c := range named {
			might[c.ID] = might[c.ID] || s != nil && s.May(f.Device, action, c.ID, at) == ""
		}
	}
	out := slices.DeleteFunc(named, func(c cameras.Camera) bool { return !might[c.ID] })
	if len(out) == 0 {
		h.Log.Warn("a look was dropped: its device had no right to it", "device", string(f.Device))
	}
	return out, nil
}

// firstTiles tells whether this is the device's first look in this hour at a camera's preview pictures of this
// stretch. The cloud hands out whole hours, so a stretch is told by its hours.
func firstTiles(ctx context.Context, tx *sql.Tx, f *request.Fetch, c id.Camera, hour int64) (bool, error) {
	r, err := tx.ExecContext(ctx, `INSERT INTO tile_looks (device, camera, hour, from_hour, until_hour) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, string(f.Device), string(c), hour, id.Hour(f.From), id.Hour(f.Until))
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n == 1, err
}
