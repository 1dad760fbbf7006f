// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"keyhold/api"
	"keyhold/home/cameras"
	"keyhold/home/entry"
	"keyhold/home/lan"
	"keyhold/home/ledger"
	"keyhold/home/light"
	"keyhold/home/live"
	"keyhold/home/speech"
	"keyhold/home/talk"
	"keyhold/home/view"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

// watching is what there is for who watches live.
type watching struct {
	engine *live.Engine
	views  *view.Desk
	talk   *talk.Desk
	voice  *speech.Speaker // nil where the hub cannot speak
	entry  *entry.Desk
	lights *light.Keeper
}

// openViews prepares live view, and ends on the record what an earlier process left.
func (h *Hub) openViews(ctx context.Context) error {
	err := h.openTalk(ctx)
	if err != nil {
		return err
	}
	h.engine, err = live.New(ctx, live.Config{
		Address: h.Live, Find: h.stream, Small: h.smallStream, Near: lan.Near, Speaks: h.speaks, Replies: h.voice != nil, FFmpeg: h.FFmpeg, Now: h.Now, Log: h.Log,
	})
	if err != nil {
		return err
	}
	h.lights = h.newLights(ctx)
	h.views = view.New(ctx, view.Config{
		DB: h.db, Key: h.keys.Sign, Roster: func() *roster.State { return h.household.Roster() }, May: h.may, InUse: h.inUse, Private: h.isPrivate, Off: h.off,
		Record: h.recordLive, Here: h.tellHere, Send: h.mailOut, Attend: h.attend, Talks: h.talk.Talks, Looked: func() { h.lights.Follow() }, Engine: h.engine, Now: h.Now, Log: h.Log,
	})
	if err := h.views.Recover(ctx); err != nil {
		h.views.Close()
		h.lights.Close()
		return errors.Join(err, h.engine.Close())
	}
	h.Log.Info("live view", "udp_port", h.engine.Port())
	return nil
}

// closeViews ends all of it, on the record.
func (h *Hub) closeViews() error {
	h.views.Close()
	h.lights.Close()
	h.talk.Close()
	return h.engine.Close()
}

// relays asks the cloud for relays, so that devices can watch away from home.
func (h *Hub) relays(ctx context.Context) ([]api.Relay, error) {
	ctx, cancel := context.WithTimeout(ctx, relaysTime)
	defer cancel()
	info, err := h.client.Info(ctx)
	if err != nil {
		return nil, err
	}
	nonce, err := h.client.Nonce()
	if err != nil {
		return nil, err
	}
	e, err := dsse.Signed(request.ThingRelays, &request.Relays{
		At: h.Now().UnixMilli(), From: id.Hub, Household: h.household.ID(), Nonce: nonce, To: info.To,
	}, id.Hub, h.keys.Sign)
	if err != nil {
		return nil, err
	}
	list, err := h.client.Relays(ctx, e.Encode())
	if api.KindOf(err) == api.NotFound {
		return nil, nil // a cloud of an earlier version
	}
	return list, err
}

// relaysTime bounds the question for relays.
const relaysTime = 15 * time.Second

// stream is a camera at work.
func (h *Hub) stream(c id.Camera) (live.Stream, bool) {
	ch := h.channel(c)
	if ch == nil {
		return nil, false
	}
	return ch.source, true
}

// sendMail gives a piece of mail to its reader at home, and to the cloud, at once: what is said of a view is worth nothing
// later.
func (h *Hub) sendMail(ctx context.Context, to id.Device, sealed []byte) error {
	here := h.tellHere(to, sealed)
	if err := h.mailOut(ctx, to, sealed); err != nil && !here {
		return err
	}
	return nil
}

// mailOut gives a piece of mail to the cloud.
func (h *Hub) mailOut(ctx context.Context, to id.Device, sealed []byte) error {
	return h.client.Mail(ctx, api.Signer{From: id.Hub, Key: h.keys.Sign}, h.household.ID(), to, sealed)
}

// signal hands a piece of mail on that is no command.
func (h *Hub) signal(d *api.Delivery) error {
	info := box.Context{"household": string(h.household.ID()), "purpose": signal.Purpose}
	plain, err := h.keys.HPKE.Open(info, box.Context{"from": string(d.From), "to": string(id.Hub)}, d.Body)
	if err != nil {
		return err
	}
	if h.views.Signal(d.From, plain) {
		h.ring.desk.Heard(d.From)
	}
	return nil
}

// recordLive adds leaves of live looks.
func (h *Hub) recordLive(ctx context.Context, looks []*manifest.Live, also func(*sql.Tx) error) error {
	leaves := make([]manifest.Leaf, len(looks))
	for i, l := range looks {
		leaves[i] = l
	}
	return h.recordLeaves(ctx, leaves, also)
}

// recordLeaves adds leaves of cameras, each to its camera's page.
func (h *Hub) recordLeaves(ctx context.Context, leaves []manifest.Leaf, also func(*sql.Tx) error) error {
	all, err := h.cameras.List(ctx)
	if err != nil {
		return err
	}
	byID := map[id.Camera]cameras.Camera{}
	for _, c := range all {
		byID[c.ID] = c
	}
	var list []cameras.Camera
	for _, l := range leaves {
		if c, ok := byID[l.Common().Camera]; ok {
			list = append(list, c)
			delete(byID, c.ID) // once is enough
		}
	}
	if err := h.fresh(ctx, list); err != nil {
		return err
	}
	if err := h.spread(ctx, list); err != nil {
		return err
	}
	var entries []ledger.Entry
	for _, l := range leaves {
		if e, ok := h.epochs.Current(l.Common().Camera); ok {
			entries = append(entries, ledger.Entry{Epoch: e.ID, Leaf: l})
		}
	}
	for _, c := range list {
		if e, ok := h.epochs.Current(c.ID); ok && c.Removed != 0 {
			// The last word on a camera that is gone stays that it is gone.
			entries = append(entries, ledger.Entry{Epoch: e.ID, Leaf: &manifest.CameraState{
				Header: manifest.Header{Camera: c.ID}, State: manifest.CameraRemoved,
			}})
		}
	}
	return h.ledger.Append(ctx, func(tx *sql.Tx) ([]ledger.Entry, error) { return entries, also(tx) }, nil)
}
