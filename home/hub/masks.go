// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"net/url"

	"keyhold/home/covers"
	"keyhold/home/epochs"
	"keyhold/home/ingest"
	"keyhold/home/nursery"
	"keyhold/home/privacy"
	"keyhold/home/stars"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
)

// loadSettings reads what an earlier process has been told is private, covered and starred.
func (h *Hub) loadSettings(ctx context.Context) (err error) {
	if h.privacy, err = privacy.Load(ctx, h.db); err == nil {
		h.covers, err = covers.Load(ctx, h.db)
	}
	if err == nil {
		h.stars, err = stars.Load(ctx, h.db)
	}
	if err == nil {
		h.nursery, err = nursery.Load(ctx, h.db)
	}
	return err
}

// setMasks covers parts of a camera's picture, or uncovers them. First everything that is connected to the camera is
// closed, so that nothing which is recorded after the leaf shows what it says is covered; then it is written down; then
// the hub connects anew.
func (h *Hub) setMasks(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	r := &setting.Reading{Roster: h.household.Roster(), Now: h.Now().UnixMilli(), May: h.mayMask, Last: h.covers.Last}
	s, err := masks.Read(r, c.Op.Masks, c.Device)
	if err != nil {
		h.Log.Warn("a setting of what is covered does not hold", "device", string(c.Device), "rule", string(rule.Of(err)))
		return refusal(privateWord(err))
	}
	by, ok := h.household.Roster().PersonOf(s.Device)
	if !ok {
		return refusal(request.RefusedDenied)
	}
	camera, ok, err := h.listed(ctx, s.Camera)
	if err != nil {
		return err
	}
	if !ok {
		return refusal(request.RefusedNotFound)
	}
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	h.shut(s.Camera)
	h.shutNow(s.Camera)
	h.views.Changed(s.Camera)
	set := &covers.Setting{Setting: *s, Person: by.ID, Statement: c.Op.Masks}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Follow: append(list, id.HouseholdCamera),
		Before: func(tx *sql.Tx) error { return covers.Write(ctx, tx, set) },
		Leaves: []manifest.Leaf{&manifest.Masks{Header: manifest.Header{Camera: s.Camera}, Device: s.Device, Person: by.ID, Statement: set.Statement}},
		Names:  true, // there a hub that takes this one's place is told of it
	})
	if err == nil {
		h.covers.Done(set)
		h.Log.Info("what is covered of a camera's picture has changed", "camera", string(s.Camera), "masks", len(s.Masks))
	}
	h.startNow(camera, manifest.GapStopped)
	return err
}

// mayMask asks the roster by the hub's time for rights.
func (h *Hub) mayMask(d id.Device, _ id.Camera) roster.Reason {
	m := h.clock.Moment()
	return m.Of(h.household.Roster()).May(d, roster.Cameras, id.HouseholdCamera, m.At)
}

// cover is what nobody is to see of a camera's picture. Whatever connects to one to show it asks here.
func (h *Hub) cover(c id.Camera) []ingest.Area {
	var out []ingest.Area
	for _, m := range h.covers.Of(c) {
		out = append(out, ingest.Area{Left: m.Left, Top: m.Top, Width: m.Width, Height: m.Height})
	}
	return out
}

// unsaid says that an earlier hub had a camera, and nobody has told this one what is covered of its picture. It is neither
// recorded nor shown until somebody has.
func (h *Hub) unsaid(c id.Camera) bool {
	return h.covers.Unsaid(c) && !rule.Off(rule.Masks)
}

// coveredAt says that on a device there is a camera whose picture is not to be seen as it is.
func (h *Hub) coveredAt(known *knownDevices, device *url.URL) bool {
	for _, c := range known.list {
		u, err := url.Parse(c.URL)
		if err == nil && c.Removed == 0 && u.Hostname() == device.Hostname() && (h.covers.Unsaid(c.ID) || len(h.cover(c.ID)) > 0) {
			return !rule.Off(rule.Masks)
		}
	}
	return false
}

// maskSettings are those that a device may know of.
func (h *Hub) maskSettings(by id.Device) [][]byte {
	var out [][]byte
	for _, s := range h.covers.All() {
		if h.knows(by, s.Camera) {
			out = append(out, s.Statement)
		}
	}
	return out
}
