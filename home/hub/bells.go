// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/door"
	"keyhold/home/find"
	"keyhold/home/quiet"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// bellTime is how long a camera may take to say whether it has a button.
	bellTime = 15 * time.Second
	// mostAsked is how many devices at a camera's address are asked whether they are it.
	mostAsked = 8
)

// setBell says by what the hub hears that somebody presses at a camera.
func (h *Hub) setBell(ctx context.Context, by id.Device, op request.Op, r *request.Result) error {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	c, ok, err := h.listed(ctx, op.Camera)
	if err != nil || !ok {
		return cmp.Or(err, error(refusal(request.RefusedNotFound)))
	}
	bell, err := h.bellOf(ctx, c, op.Bell)
	if err != nil {
		return err
	}
	h.control.Lock()
	defer h.control.Unlock()
	// The camera took its time to answer; whoever was removed meanwhile changes nothing.
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	if err := h.keepBell(ctx, c.ID, bell); err != nil {
		return err
	}
	if bell != nil && bell.Kind == door.Webhook {
		r.Hooks = h.hooks(bell.Secret)
	}
	return nil
}

// keepBell writes a bell down, and hears it from then on. Control is held, or the camera is a moment old.
func (h *Hub) keepBell(ctx context.Context, camera id.Camera, bell *door.Bell) error {
	err := h.named(ctx, func(tx *sql.Tx) error { return h.cameras.SetBell(ctx, tx, camera, bell) })
	if errors.Is(err, cameras.ErrNotFound) {
		return refusal(request.RefusedNotFound)
	}
	if err == nil {
		h.ring.bells.Set(camera, bell)
	}
	return err
}

// bellOf makes what is asked for; nil for none.
func (h *Hub) bellOf(ctx context.Context, c cameras.Camera, wish *request.Bell) (*door.Bell, error) {
	switch wish.Kind {
	case request.BellWebhook:
		return &door.Bell{Kind: door.Webhook, Secret: door.NewSecret()}, nil
	case request.BellMQTT:
		u, err := door.CheckBroker(wish.URL)
		if err != nil || !door.CheckTopic(wish.Topic) {
			return nil, refusal(request.RefusedInvalid)
		}
		b := &door.Bell{Kind: door.MQTT, Topic: wish.Topic, Payload: wish.Payload}
		if u.User != nil {
			b.User = u.User.Username()
			b.Password, _ = u.User.Password()
			u.User = nil
		}
		b.URL = u.String()
		return b, nil
	case request.BellONVIF:
		return h.bellOfCamera(ctx, c)
	}
	return nil, nil
}

// bellOfCamera finds the camera's own service, which tells of its button.
func (h *Hub) bellOfCamera(ctx context.Context, c cameras.Camera) (*door.Bell, error) {
	if h.isPrivate(c.ID) {
		return nil, refusal(request.RefusedPrivate)
	}
	var bell *door.Bell
	err := h.askItself(ctx, c, request.RefusedNoBell, func(ctx context.Context, d find.Device, client *find.Client, user, password string) (err error) {
		bell, err = askBell(ctx, client, d, user, password)
		return err
	})
	return bell, err
}

// askItself asks the device that a camera is, at the camera's own address and with its password; none is the word for a
// camera that cannot be asked.
func (h *Hub) askItself(ctx context.Context, c cameras.Camera, none string, ask func(context.Context, find.Device, *find.Client, string, string) error) error {
	u, err := url.Parse(c.URL)
	if err != nil || c.URL == "" {
		return refusal(request.RefusedUnreachable)
	}
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil || !host.Is4() || !find.AtHome(host) {
		return refusal(none) // nothing like it is asked by a name, or elsewhere
	}
	ctx, cancel := context.WithTimeout(ctx, bellTime)
	defer cancel()
	to := slices.Clone(h.Find)
	if len(to) == 0 {
		to = []netip.AddrPort{netip.AddrPortFrom(host, find.Port)}
	}
	devices, err := find.Look(ctx, find.Config{Ask: to, Wait: checkTime})
	if err != nil {
		return err
	}
	devices = slices.DeleteFunc(devices, func(d find.Device) bool { return d.Host != host })
	password, _ := u.User.Password()
	last := error(refusal(request.RefusedUnreachable))
	for _, d := range devices[:min(len(devices), mostAsked)] {
		client := find.Open(d, u.User.Username(), password)
		if err := client.Clock(ctx); err != nil && !errors.Is(err, find.ErrPassword) {
			last = refusal(wordOfCamera(err))
			continue
		}
		if len(devices) > 1 {
			if is, err := sends(ctx, client, u); errors.Is(err, find.ErrPassword) {
				last = refusal(request.RefusedPassword)
				continue
			} else if !is {
				continue // it is another camera at the same address
			}
		}
		if last = ask(ctx, d, client, u.User.Username(), password); last == nil {
			return nil
		}
	}
	return last
}

// sends says whether one of a device's streams is at an address.
func sends(ctx context.Context, c *find.Client, address *url.URL) (bool, error) {
	list, err := c.Streams(ctx)
	return slices.ContainsFunc(list, func(s find.Stream) bool {
		u, err := url.Parse(s.URL)
		return err == nil && place(u) == place(address)
	}), err
}

// askBell asks a camera whether it tells of a button.
func askBell(ctx context.Context, c *find.Client, d find.Device, user, password string) (*door.Bell, error) {
	topics, err := c.Topics(ctx)
	switch {
	case errors.Is(err, find.ErrPassword):
		return nil, refusal(request.RefusedPassword)
	case errors.Is(err, find.ErrAway):
		return nil, refusal(request.RefusedUnreachable)
	case err != nil || !slices.ContainsFunc(topics, find.Bell):
		return nil, refusal(request.RefusedNoBell)
	}
	return &door.Bell{Kind: door.ONVIF, URL: d.Service, User: user, Password: password}, nil
}

// foundBell gives a camera that was found and added the bell that it has itself, if it has one.
func (h *Hub) foundBell(ctx context.Context, camera id.Camera, one found) {
	u, err := url.Parse(one.url)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, bellTime)
	defer cancel()
	password, _ := u.User.Password()
	client := find.Open(one.device, u.User.Username(), password)
	if err := client.Clock(ctx); err != nil && !errors.Is(err, find.ErrPassword) {
		return
	}
	bell, err := askBell(ctx, client, one.device, u.User.Username(), password)
	if err != nil {
		return // most cameras have none
	}
	h.control.Lock()
	defer h.control.Unlock()
	if err := h.keepBell(ctx, camera, bell); err != nil {
		h.Log.Error("a camera's own bell was not kept", "camera", string(camera), "error", err)
	}
}

// hooks are the addresses of a webhook.
func (h *Hub) hooks(secret string) []string {
	var out []string
	for _, a := range h.door.Addresses() {
		out = append(out, "https://"+a+door.HookPath+secret)
	}
	for _, a := range h.door.PlainAddresses() {
		out = append(out, "http://"+a+door.HookPath+secret)
	}
	return out
}

// bellReports tell who may change the cameras how their bells do.
func (h *Hub) bellReports(ctx context.Context, by id.Device) ([]request.BellReport, error) {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return nil, refusal(request.RefusedDenied)
	}
	list, err := h.inUse(ctx)
	out := []request.BellReport{}
	for _, c := range list {
		kind, s, ok := h.ring.bells.State(c)
		if !ok {
			continue
		}
		one := request.BellReport{Camera: c, Kind: kind, Since: s.Since.UnixMilli(), State: s.State}
		if !s.Pressed.IsZero() {
			one.Pressed = s.Pressed.UnixMilli()
		}
		out = append(out, one)
	}
	return out, err
}

// snooze asks for quiet about a camera, for one's person.
func (h *Hub) snooze(ctx context.Context, by id.Device, camera id.Camera, until int64) error {
	h.control.Lock() // whoever goes meanwhile leaves nothing behind
	defer h.control.Unlock()
	p, ok := h.household.Roster().PersonOf(by)
	if !ok || !h.knows(by, camera) {
		return refusal(request.RefusedDenied)
	}
	now := h.Now().UnixMilli()
	if until > now+request.MaxSnooze {
		return refusal(request.RefusedInvalid)
	}
	return h.ring.quiet.Set(ctx, p.ID, camera, until, now)
}

// ownSnoozes are those of a device's person that still last.
func (h *Hub) ownSnoozes(by id.Device) []request.Snooze {
	p, ok := h.household.Roster().PersonOf(by)
	if !ok {
		return []request.Snooze{}
	}
	return h.ring.quiet.Of(p.ID, h.Now().UnixMilli())
}

// setQuiet asks for quiet at hours of the week, of a camera or of all, for one's person.
func (h *Hub) setQuiet(ctx context.Context, by id.Device, camera id.Camera, hours []roster.Hours, said int64) error {
	h.control.Lock() // whoever goes meanwhile leaves nothing behind
	defer h.control.Unlock()
	p, ok := h.household.Roster().PersonOf(by)
	if !ok || camera != id.HouseholdCamera && len(hours) > 0 && !h.knows(by, camera) {
		return refusal(request.RefusedDenied) // what was asked of a camera that is theirs no more they can still end
	}
	switch err := h.ring.quiet.SetHours(ctx, p.ID, camera, hours, said); {
	case errors.Is(err, quiet.ErrMany):
		return refusal(request.RefusedFull)
	case errors.Is(err, quiet.ErrHours):
		return refusal(request.RefusedInvalid)
	default:
		return err
	}
}

// ownQuiets are those of a device's person.
func (h *Hub) ownQuiets(by id.Device) []request.Quiet {
	p, ok := h.household.Roster().PersonOf(by)
	if !ok {
		return []request.Quiet{}
	}
	return h.ring.quiet.Hours(p.ID)
}

// carryQuiet takes what a device remembers of its person's hours from before this hub, where nothing newer is known, and says
// what holds. What is said to be of a time to come, or of a camera that they may not know of, is not taken.
func (h *Hub) carryQuiet(ctx context.Context, by id.Device, list []request.SaidQuiet, r *request.Result) (err error) {
	h.control.Lock()
	defer h.control.Unlock()
	p, ok := h.household.Roster().PersonOf(by)
	if !ok {
		return refusal(request.RefusedDenied)
	}
	late := h.Now().UnixMilli() + request.Window
	list = slices.DeleteFunc(slices.Clone(list), func(q request.SaidQuiet) bool {
		return q.Said > late && !rule.Off(rule.Time) || q.Camera != id.HouseholdCamera && len(q.Hours) > 0 && !h.knows(by, q.Camera)
	})
	if len(list) > 0 {
		r.Taken, err = h.ring.quiet.Carry(ctx, p.ID, list)
	}
	r.Said = h.ring.quiet.Said(p.ID)
	return err
}
