// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"database/sql"

	"keyhold/home/cameras"
	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// usualRate is how many pictures a second are reckoned with while it is not known.
const usualRate = 15

// streams are where a camera's picture comes from that is recorded, and its smaller one, "" for none.
func streams(c cameras.Camera) (url, second string) {
	if c.Recorded == request.RecordSmall && c.Small != "" {
		return c.Small, ""
	}
	return c.URL, c.Small
}

// wantsForm is the word for a camera that nobody is to record before somebody has said in which form: not every browser
// plays H.265, and nothing can be made of it later.
func wantsForm(n newCamera, codec ingest.Codec) string {
	switch {
	case n.recorded == request.RecordSmall && n.small == "":
		return request.RefusedInvalid
	case n.recorded == "" && codec == ingest.H265:
		return request.RefusedForm
	}
	return ""
}

// setRecorded says in which form a camera is recorded from now on.
func (h *Hub) setRecorded(ctx context.Context, by id.Device, camera id.Camera, form string) error {
	h.control.Lock()
	defer h.control.Unlock()
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	c, ok, err := h.listed(ctx, camera)
	if err != nil || !ok || form == request.RecordSmall && c.Small == "" {
		return cmp.Or(err, error(refusal(request.RefusedNotFound)))
	}
	was := c
	if c.Recorded = form; h.uncovers(was, c) {
		return refusal(request.RefusedCovered)
	}
	err = h.db.Write(ctx, func(tx *sql.Tx) error { return h.cameras.SetRecorded(ctx, tx, c.ID, form) })
	if err != nil {
		return err
	}
	if form != cmp.Or(was.Recorded, request.RecordSent) {
		h.again(c)
	}
	return nil
}

// uncovers says that what is covered of a camera's picture would lie elsewhere: another of its streams may show another
// part of what is before it, and nobody has said what of that is not to be seen.
func (h *Hub) uncovers(was, is cameras.Camera) bool {
	before, _ := streams(was)
	after, _ := streams(is)
	return before != after && len(h.cover(is.ID)) > 0 && !rule.Off(rule.Masks)
}

// again closes everything that is connected to a camera, and connects anew. control is held.
func (h *Hub) again(c cameras.Camera) {
	h.shut(c.ID)
	h.shutNow(c.ID)
	h.views.Changed(c.ID)
	h.startNow(c, manifest.GapStopped)
}

// recorded tells of the cameras that the device may see in which form each is recorded.
func (h *Hub) recorded(ctx context.Context, by id.Device) ([]request.Recorded, error) {
	list, err := h.cameras.List(ctx)
	out := []request.Recorded{}
	for _, c := range list {
		if c.Removed != 0 || !h.may(by, roster.History, c.ID) {
			continue
		}
		one := request.Recorded{Camera: c.ID, Form: cmp.Or(c.Recorded, request.RecordSent), Small: c.Small != ""}
		if ch := h.channel(c.ID); ch != nil {
			one.Sent, one.Cost, one.Measured = costOf(ch.source)
		}
		out = append(out, one)
	}
	return out, err
}

// costOf says how the pictures are coded that a camera sends, and what making others of them costs.
func costOf(s *ingest.Source) (sent string, cost int64, measured bool) {
	is := s.Sent()
	if is == nil {
		return "", 0, false
	}
	if cost = s.Cost(); cost > 0 {
		return string(is.Params.Codec), cost, true
	}
	if width, height := size(is.Params); width > 0 && height > 0 {
		cost = masks.Cost(width, height, int64(cmp.Or(is.Rate, usualRate)+0.5))
	}
	return string(is.Params.Codec), cost, false
}
