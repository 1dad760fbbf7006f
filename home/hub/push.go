// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	"keyhold/api"
	alerts "keyhold/home/alert"
	"keyhold/home/push"
	"keyhold/statement/alert"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// pushFor is how long an alert is worth something to a phone that cannot be reached. What comes late is shown as late.
const pushFor = 12 * time.Hour

// openPush opens the way to phones whose app is closed.
func (h *Hub) openPush(ctx context.Context) error {
	c := &courier{hub: h}
	subject := ""
	if u, err := url.Parse(h.client.Base); err == nil && u.Scheme == "https" {
		subject = u.Scheme + "://" + u.Host // whom a push service may turn to: the operator, whose address it sees anyway
	}
	var err error
	h.push, err = push.Open(ctx, push.Config{DB: h.db, Send: c.bring, May: h.mayPush, Subject: subject, Now: h.Now, Log: h.Log})
	if err != nil {
		return err
	}
	return h.keepPhones(ctx)
}

// keepPhones forgets phones that do not belong to the household any more.
func (h *Hub) keepPhones(ctx context.Context) error {
	return h.push.Keep(ctx, func(d id.Device) bool {
		_, ok := h.household.Key(d)
		return ok
	})
}

// mayPush says whether a device is brought an alert now: of a camera, if it may know of it, and of nothing else while it
// belongs to the household.
func (h *Hub) mayPush(m push.Message) bool {
	if m.Camera == id.HouseholdCamera {
		_, ok := h.household.Key(m.Device)
		return ok
	}
	return h.mayHear(m.Device, m.Camera)
}

// pushAlert has an alert that is sealed for a device brought to it, if it has subscribed.
func (h *Hub) pushAlert(a alert.Alert, to id.Device, sealed []byte) {
	err := h.push.Push(push.Message{Device: to, Camera: a.Camera, Seq: a.Seq, At: a.At, Sealed: sealed, TTL: pushFor, Urgent: true})
	if err != nil && !errors.Is(err, push.ErrNotSubscribed) {
		h.Log.Error("an alert is not brought to a phone", "device", string(to), "error", err)
	}
}

// testAlert has an alert brought to a device that is nothing but a test.
func (h *Hub) testAlert(ctx context.Context, to id.Device) error {
	reader, ok := h.household.Reader(to)
	if !ok {
		return refusal(request.RefusedNotFound) // it went a moment ago
	}
	a := alert.Alert{Seq: h.ring.numbers.Next(), At: h.Now().UnixMilli(), Camera: id.HouseholdCamera, Kind: alert.Test}
	if err := h.db.Write(ctx, func(tx *sql.Tx) error { return h.ring.numbers.Keep(ctx, tx) }); err != nil {
		return err
	}
	sealed, err := alerts.Seal(a, h.household.ID(), to, reader, h.keys.Sign)
	if err == nil {
		h.pushAlert(a, to, sealed)
	}
	return err
}

// phones carries out what devices ask about alerts to themselves.
func (h *Hub) phones(ctx context.Context, c *request.Command, r *request.Result) (err error) {
	switch c.Op.Kind {
	case request.OpPushKey:
		r.PushKey, err = h.push.Key(ctx, c.Device)
	case request.OpSubscribe:
		err = h.push.Subscribe(ctx, c.Device, c.Op.Push)
	case request.OpUnsubscribe:
		err = h.push.Unsubscribe(ctx, c.Device)
	case request.OpTestAlert:
		if !slices.Contains(h.push.Subscribed(), c.Device) {
			return refusal(request.RefusedNotFound)
		}
		err = h.testAlert(ctx, c.Device)
	case request.OpReceived:
		err = h.push.Received(ctx, c.Device, c.Op.Received)
	case request.OpPhones:
		r.Phones, err = h.push.Phones(ctx)
		if !h.may(c.Device, roster.People, id.HouseholdCamera) {
			r.Phones = slices.DeleteFunc(r.Phones, func(p request.Phone) bool { return p.Device != c.Device })
		}
	}
	switch {
	case errors.Is(err, push.ErrNotSubscribed), errors.Is(err, push.ErrUnknown):
		return refusal(request.RefusedNotFound)
	case errors.Is(err, push.ErrKey):
		return refusal(request.RefusedInvalid)
	}
	return err
}

// courier hands messages for push services to the cloud, and remembers the key of the cloud, so that no message waits for
// being told it.
type courier struct {
	hub *Hub
	mu  sync.Mutex
	to  []byte // guarded by mu
}

func (c *courier) bring(ctx context.Context, p *request.Push) (*api.Pushed, error) {
	h := c.hub
	to, err := c.cloud(ctx)
	if err != nil {
		return nil, err
	}
	nonce, err := h.client.Nonce()
	if err != nil {
		return nil, err
	}
	p.At, p.From, p.Household, p.Nonce, p.To = h.Now().UnixMilli(), id.Hub, h.household.ID(), nonce, to
	e, err := dsse.Signed(request.ThingPush, p, id.Hub, h.keys.Sign)
	if err != nil {
		return nil, err
	}
	got, err := h.client.Push(ctx, e.Encode())
	var refused *api.Problem
	if errors.As(err, &refused) && refused.Rule == rule.Audience {
		c.forget() // the cloud has another key by now
	}
	return got, err
}

func (c *courier) cloud(ctx context.Context) ([]byte, error) {
	c.mu.Lock()
	to := c.to
	c.mu.Unlock()
	if to != nil {
		return to, nil
	}
	// Nobody waits for another's question: each has its own end.
	info, err := c.hub.client.Info(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = info.To
	return c.to, nil
}

func (c *courier) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = nil
}
