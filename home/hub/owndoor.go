// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"errors"
	"net/url"

	"keyhold/home/entry"
	"keyhold/home/find"
	"keyhold/home/lan"
	"keyhold/home/latch"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

func (h *Hub) driver() *latch.Driver { return &latch.Driver{Here: h.Here.Addresses, Near: lan.Near} }

// drive tells what opens a door to open. A camera that opens its own is asked with the password that it has now, also
// while it is private: nobody looks.
func (h *Hub) drive(ctx context.Context, l *entry.Lock) error {
	if l.Kind != lock.ONVIF {
		return h.driver().Open(ctx, l.Kind, l.Way)
	}
	c, ok, err := h.listed(ctx, l.Camera)
	if err != nil || !ok || l.Own == nil {
		return errors.Join(latch.ErrNo, err)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return latch.ErrNo // what it says has the address
	}
	own := &latch.Own{Device: *l.Own, User: u.User.Username()}
	own.Password, _ = u.User.Password()
	return h.driver().OpenOwn(ctx, own)
}

// ownDoor finds what a camera itself opens the door with, by its token, or the first there is if that is "".
func (h *Hub) ownDoor(ctx context.Context, camera id.Camera, token string) (*latch.Device, error) {
	c, ok, err := h.listed(ctx, camera)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refusal(request.RefusedNotFound)
	}
	var own *latch.Own
	err = h.askItself(ctx, c, request.RefusedNoRelay, func(ctx context.Context, d find.Device, _ *find.Client, user, password string) error {
		own = &latch.Own{Device: latch.Device{Service: d.Service}, User: user, Password: password}
		return wordOfOwn(h.driver().Choose(ctx, own, token))
	})
	if err != nil {
		return nil, err
	}
	return &own.Device, nil
}

// wordOfOwn is what a camera that was asked what it opens is refused by.
func wordOfOwn(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, latch.ErrStays):
		return refusal(request.RefusedRelayStays)
	case errors.Is(err, latch.ErrNone), errors.Is(err, find.ErrRefused):
		return refusal(request.RefusedNoRelay)
	case rule.Of(err) == rule.Here:
		return refusal(request.RefusedAddress)
	}
	return refusal(wordOfCamera(err))
}
