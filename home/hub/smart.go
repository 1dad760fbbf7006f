// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/door"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/home/lan"
	"keyhold/home/smart"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// KindIntegration is what a gesture for a new integration is for.
const KindIntegration = "integration"

// openSmart begins to tell the integrations that there are.
func (h *Hub) openSmart(ctx context.Context) error {
	list, err := h.cameras.Integrations(ctx)
	if err != nil {
		return err
	}
	h.ring.smart = smart.New(ctx, smart.Config{Look: h.lookForSmart, Here: h.Here.Addresses, Near: lan.Near, Now: h.Now, Log: h.Log})
	for _, i := range list {
		h.ring.smart.Add(i)
	}
	return nil
}

// lookForSmart says how the cameras do. Who it is that watches is nobody's business there.
func (h *Hub) lookForSmart(ctx context.Context) ([]smart.Camera, error) {
	list, err := h.cameras.List(ctx)
	watched := h.views.Watched()
	var out []smart.Camera
	for _, c := range list {
		if c.Removed == 0 {
			state := h.report(c).State
			door, open := h.entry.State(c.ID)
			out = append(out, smart.Camera{
				ID: c.ID, Name: c.Name, Online: state == request.CameraRecording, Private: state == request.CameraPrivate, Watched: watched[c.ID],
				Door: door, Open: open,
			})
		}
	}
	return out, err
}

// integration carries out what is asked of integrations: by owners, but that adults may see them.
func (h *Hub) integration(ctx context.Context, c *request.Command, r *request.Result) (err error) {
	switch c.Op.Kind {
	case request.OpAddIntegration:
		r.Streams, err = h.addIntegration(ctx, c)
		return err
	case request.OpRemoveIntegration:
		r.Forgotten, err = h.removeIntegration(ctx, c)
		return err
	}
	if !h.may(c.Device, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	r.Integrations, err = h.integrations(ctx)
	return err
}

// owner is the owner whose device this is.
func (h *Hub) owner(by id.Device) (id.Person, error) {
	p, ok := h.household.Roster().PersonOf(by)
	if !ok || p.Role != roster.Owner && !rule.Off(rule.Role) {
		return "", refusal(request.RefusedDenied)
	}
	return p.ID, nil
}

// addIntegration adds one. It wants a gesture, as a channel does: whoever has an owner's phone in their hand does not make
// the home tell them from then on when somebody rings, or watches, or show them the cameras. It returns where one that
// may read does so.
func (h *Hub) addIntegration(ctx context.Context, c *request.Command) ([]string, error) {
	h.control.Lock()
	defer h.control.Unlock()
	by, err := h.owner(c.Device)
	if err != nil {
		return nil, err
	}
	reads, told := request.Reads(c.Op.Tells)
	u := &url.URL{}
	if len(told) > 0 {
		if u, err = door.CheckBroker(c.Op.URL); err != nil {
			return nil, refusal(request.RefusedInvalid)
		}
	}
	if err := h.allListed(ctx, c.Op.Cameras); err != nil {
		return nil, err
	}
	list, err := h.cameras.Integrations(ctx)
	if err != nil {
		return nil, err
	}
	switch { // before somebody is asked for a code
	case slices.ContainsFunc(list, func(one smart.Integration) bool { return one.Name == c.Op.Name }):
		return nil, refusal(request.RefusedExists)
	case len(list) >= request.MaxIntegrations:
		return nil, refusal(request.RefusedFull)
	}
	wish, err := c.Op.Wish(c.Household)
	if err != nil {
		return nil, err
	}
	now := h.Now().UnixMilli()
	if err := h.shown(ctx, by, wish, KindIntegration, "", c.Op.Gesture, now); err != nil {
		return nil, err
	}
	i := smart.Integration{
		Added: now, By: by, Cameras: c.Op.Cameras, Language: c.Op.Language, Name: c.Op.Name, Secret: make([]byte, 32), Tells: c.Op.Tells,
	}
	if _, err := rand.Read(i.Secret); err != nil {
		return nil, err
	}
	if reads {
		if i.Reads, err = newReads(wish); err != nil {
			return nil, err
		}
	}
	if u.User != nil {
		i.User = u.User.Username()
		i.Password, _ = u.User.Password()
		u.User = nil
	}
	i.URL = u.String()
	if err := h.keepIntegration(ctx, &i); err != nil {
		return nil, err
	}
	h.ring.smart.Add(i)
	return h.letRead(&i), nil
}

// keepIntegration writes one down. One that reads is called by its name on the record, as a person is.
func (h *Hub) keepIntegration(ctx context.Context, i *smart.Integration) error {
	keep := func(tx *sql.Tx) error {
		return errors.Join(gesture.Done(ctx, tx), h.cameras.AddIntegration(ctx, tx, i))
	}
	if i.Reads == nil {
		return h.named(ctx, keep)
	}
	return h.named(ctx, func(tx *sql.Tx) error {
		return errors.Join(keep(tx), household.AddReader(ctx, tx, i.Reads.Device, i.Reads.Person, i.Name, i.Added))
	})
}

// removeIntegration ends an integration, and says whether its broker has forgotten what it was told.
func (h *Hub) removeIntegration(ctx context.Context, c *request.Command) (bool, error) {
	h.control.Lock()
	_, err := h.owner(c.Device)
	if err == nil {
		err = h.named(ctx, func(tx *sql.Tx) error { return h.cameras.RemoveIntegration(ctx, tx, c.Op.Name) })
	}
	h.control.Unlock()
	if errors.Is(err, cameras.ErrNotFound) {
		return false, refusal(request.RefusedNotFound)
	}
	if err != nil {
		return false, err
	}
	h.ring.restream.Remove(c.Op.Name)
	return h.ring.smart.Remove(c.Op.Name), nil // a broker takes its time, and nobody else waits for it
}

// integrations are those there are.
func (h *Hub) integrations(ctx context.Context) ([]request.Integration, error) {
	list, err := h.cameras.Integrations(ctx)
	out := []request.Integration{}
	for _, i := range list {
		s := h.ring.smart.State(i.Name)
		if i.URL == "" {
			s = smart.State{State: h.ring.restream.State(), Since: time.UnixMilli(i.Added)}
		}
		out = append(out, request.Integration{
			Added: i.Added, By: i.By, Cameras: i.Cameras, Language: i.Language, Name: i.Name, Since: s.Since.UnixMilli(), State: s.State, Tells: i.Tells, URL: i.URL,
		})
	}
	return out, err
}
