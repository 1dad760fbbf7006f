// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/home/lan"
	"keyhold/home/tell"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// KindChannel is what a gesture for a new channel is for.
const KindChannel = "channel"

// openTell begins to tell the channels that there are.
func (h *Hub) openTell(ctx context.Context) error {
	list, err := h.cameras.Channels(ctx)
	if err != nil {
		return err
	}
	h.ring.tell = tell.New(ctx, tell.Config{Here: h.Here.Addresses, Near: lan.Near, Zone: h.zone, Now: h.Now, Log: h.Log})
	for _, c := range list {
		h.ring.tell.Add(c)
	}
	return nil
}

// zone is the home's time zone, UTC where it is not known.
func (h *Hub) zone(ctx context.Context) *time.Location {
	var name []byte
	err := h.db.Read(ctx, func(tx *sql.Tx) (err error) {
		name, err = household.Fact(ctx, tx, "zone")
		return err
	})
	if err != nil {
		return time.UTC
	}
	zone, err := time.LoadLocation(string(name))
	if err != nil {
		return time.UTC
	}
	return zone
}

// channels carries out what is asked of channels: by owners, but that whoever may change the cameras may see them.
func (h *Hub) channels(ctx context.Context, c *request.Command, r *request.Result) (err error) {
	switch c.Op.Kind {
	case request.OpAddChannel:
		return h.addChannel(ctx, c)
	case request.OpRemoveChannel:
		return h.removeChannel(ctx, c)
	case request.OpTestChannel:
		r.Channels, err = h.testChannel(ctx, c)
		return err
	}
	if !h.may(c.Device, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	r.Channels, err = h.listChannels(ctx)
	return err
}

// addChannel adds one. It wants a gesture: whoever has an owner's phone in their hand does not make the home tell them
// from then on when somebody is at its door.
func (h *Hub) addChannel(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	by, err := h.owner(c.Device)
	if err != nil {
		return err
	}
	u, err := tell.Check(c.Op.Channel)
	if err != nil {
		return refusal(request.RefusedInvalid)
	}
	if err := h.allListed(ctx, c.Op.Cameras); err != nil {
		return err
	}
	list, err := h.cameras.Channels(ctx)
	if err != nil {
		return err
	}
	switch { // before somebody is asked for a code
	case slices.ContainsFunc(list, func(one tell.Channel) bool { return one.Name == c.Op.Name }):
		return refusal(request.RefusedExists)
	case len(list) >= request.MaxChannels:
		return refusal(request.RefusedFull)
	}
	wish, err := c.Op.Wish(c.Household)
	if err != nil {
		return err
	}
	now := h.Now().UnixMilli()
	if err := h.shown(ctx, by, wish, KindChannel, "", c.Op.Gesture, now); err != nil {
		return err
	}
	asked := c.Op.Channel
	one := tell.Channel{
		Added: now, By: by, Cameras: append([]id.Camera{}, c.Op.Cameras...), From: asked.From, Kind: asked.Kind, Language: c.Op.Language, Name: c.Op.Name,
		Names: asked.Names, To: asked.To, Token: asked.Token, Topic: asked.Topic,
	}
	if u.User != nil {
		one.User = u.User.Username()
		one.Password, _ = u.User.Password()
		u.User = nil
	}
	one.URL = u.String()
	err = h.named(ctx, func(tx *sql.Tx) error {
		return errors.Join(gesture.Done(ctx, tx), h.cameras.AddChannel(ctx, tx, &one))
	})
	if err == nil {
		h.ring.tell.Add(one)
	}
	return err
}

// allListed refuses cameras that are not in use.
func (h *Hub) allListed(ctx context.Context, list []id.Camera) error {
	for _, camera := range list {
		if _, ok, err := h.listed(ctx, camera); err != nil {
			return err
		} else if !ok {
			return refusal(request.RefusedNotFound)
		}
	}
	return nil
}

func (h *Hub) removeChannel(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	if _, err := h.owner(c.Device); err != nil {
		return err
	}
	err := h.named(ctx, func(tx *sql.Tx) error { return h.cameras.RemoveChannel(ctx, tx, c.Op.Name) })
	if errors.Is(err, cameras.ErrNotFound) {
		return refusal(request.RefusedNotFound)
	}
	if err == nil {
		h.ring.tell.Remove(c.Op.Name)
	}
	return err
}

// testChannel sends a word by a channel, and says how that went.
func (h *Hub) testChannel(ctx context.Context, c *request.Command) ([]request.ChannelReport, error) {
	if _, err := h.owner(c.Device); err != nil {
		return nil, err
	}
	h.ring.tell.Test(ctx, c.Op.Name)
	list, err := h.listChannels(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.Name == c.Op.Name {
			return []request.ChannelReport{one}, nil
		}
	}
	return nil, refusal(request.RefusedNotFound)
}

// listChannels are those there are.
func (h *Hub) listChannels(ctx context.Context) ([]request.ChannelReport, error) {
	list, err := h.cameras.Channels(ctx)
	out := []request.ChannelReport{}
	for _, c := range list {
		s := h.ring.tell.State(c.Name)
		one := request.ChannelReport{
			Added: c.Added, By: c.By, Cameras: c.Cameras, From: c.From, Kind: c.Kind, Language: c.Language, Missed: s.Missed, Name: c.Name, Names: c.Names,
			Since: s.Since.UnixMilli(), State: s.State, To: c.To, Topic: c.Topic, URL: tell.Server(c.URL),
		}
		if !s.Told.IsZero() {
			one.Told = s.Told.UnixMilli()
		}
		out = append(out, one)
	}
	return out, err
}
