// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/find"
	"keyhold/home/ingest"
	"keyhold/home/latch"
	"keyhold/home/light"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// newLights makes who keeps lights. There are none yet.
func (h *Hub) newLights(ctx context.Context) *light.Keeper {
	return light.New(ctx, light.Config{
		Looked: func(c id.Camera) bool { return h.views.Watched()[c] && !h.isPrivate(c) }, Log: h.Log,
	})
}

// openLights takes up the lights that cameras have. Each is put out first: it may have burned since an earlier process.
func (h *Hub) openLights(ctx context.Context) error {
	kept, err := h.cameras.Lights(ctx)
	if err != nil {
		return err
	}
	list, err := h.cameras.List(ctx)
	for _, c := range list {
		if l := kept[c.ID]; l != nil && c.Removed == 0 {
			h.lights.Set(c.ID, h.lamp(c, l), false)
		}
	}
	return err
}

// lamp drives a light. A relay of the camera itself is asked with the camera's own user and password, also while the camera
// is private: it has to go out, and nothing is seen by that.
func (h *Hub) lamp(c cameras.Camera, l *cameras.Light) light.Lamp {
	if l.Kind == request.LightHTTP {
		return func(ctx context.Context, lit bool) error {
			if lit {
				return h.lightDriver(ctx).Tell(ctx, l.On)
			}
			return h.lightDriver(ctx).Tell(ctx, l.Off)
		}
	}
	own := &latch.Own{Device: *l.Own}
	if u, err := url.Parse(c.URL); err == nil {
		own.User = u.User.Username()
		own.Password, _ = u.User.Password()
	}
	return func(ctx context.Context, lit bool) error { return h.driver().TurnOwn(ctx, own, lit) }
}

// lightDriver goes to no place at which a door is opened: that takes more than a look.
func (h *Hub) lightDriver(ctx context.Context) *latch.Driver {
	d := h.driver()
	for at := range h.locksByHTTP(ctx) {
		d.Locks = append(d.Locks, at)
	}
	return d
}

// lookup bounds how long the name of a lock may take to be found. A lock whose name leads nowhere opens for nobody.
const lookup = 2 * time.Second

// locksByHTTP are the places of locks that are told by HTTP, as their names lead there now, and the paths there.
func (h *Hub) locksByHTTP(ctx context.Context) map[netip.AddrPort][]string {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	out := map[netip.AddrPort][]string{}
	for _, l := range h.entry.All() {
		if l.Kind != lock.HTTP || l.Way == nil {
			continue
		}
		u, err := url.Parse(l.Way.URL)
		if err != nil {
			continue
		}
		port, err := strconv.ParseUint(cmp.Or(u.Port(), ingest.Port(u.Scheme)), 10, 16)
		if err != nil {
			continue
		}
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
		if err != nil {
			continue
		}
		for _, one := range found {
			at := netip.AddrPortFrom(one.Unmap(), uint16(port))
			out[at] = append(out[at], u.Path)
		}
	}
	return out
}

// lighting carries out what is asked of lights.
func (h *Hub) lighting(ctx context.Context, c *request.Command, r *request.Result) (err error) {
	switch c.Op.Kind {
	case request.OpLights:
		r.Lights, err = h.lightReports(ctx, c.Device)
	case request.OpTryLight:
		err = h.tryLight(ctx, c.Device, c.Op.Camera)
	default:
		err = h.setLight(ctx, c.Device, c.Op.Camera, c.Op.Light)
	}
	return err
}

// setLight says by what a light at a camera is lit, once it has been; nil that there is none.
func (h *Hub) setLight(ctx context.Context, by id.Device, camera id.Camera, want *request.Light) error {
	c, err := h.mayLight(ctx, by, camera)
	if err != nil {
		return err
	}
	var set *cameras.Light
	var lamp light.Lamp
	if want != nil {
		if h.isPrivate(camera) {
			return refusal(request.RefusedPrivate)
		}
		if set, err = h.readLight(ctx, c, want); err != nil {
			return err
		}
		lamp = h.lamp(c, set)
		if err := lamp(ctx, true); err != nil {
			return h.refusedLight(camera, err)
		}
	}
	h.control.Lock()
	defer h.control.Unlock()
	// The light took its time; whoever was removed meanwhile changes nothing.
	if _, err = h.mayLight(ctx, by, camera); err == nil {
		err = h.named(ctx, func(tx *sql.Tx) error { return h.cameras.SetLight(ctx, tx, camera, set) })
	}
	if err != nil && lamp != nil {
		_ = lamp(ctx, false) // it is nobody's
	}
	if errors.Is(err, cameras.ErrNotFound) {
		return refusal(request.RefusedNotFound)
	}
	if err == nil {
		h.lights.Set(camera, lamp, true)
	}
	return err
}

// mayLight wants somebody who may set cameras, and a camera that is in use.
func (h *Hub) mayLight(ctx context.Context, by id.Device, camera id.Camera) (cameras.Camera, error) {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return cameras.Camera{}, refusal(request.RefusedDenied)
	}
	c, ok, err := h.listed(ctx, camera)
	if err == nil && !ok {
		err = refusal(request.RefusedNotFound)
	}
	return c, err
}

// readLight finds what somebody wants to be a light.
func (h *Hub) readLight(ctx context.Context, c cameras.Camera, want *request.Light) (*cameras.Light, error) {
	set := &cameras.Light{Kind: want.Kind, On: want.On, Off: want.Off}
	if want.Kind == request.LightHTTP {
		for _, at := range []string{want.On, want.Off} {
			if latch.CheckWay(lock.HTTP, &lock.Way{URL: at}) != nil {
				return nil, refusal(request.RefusedAddress)
			}
		}
		return set, nil
	}
	err := h.askItself(ctx, c, request.RefusedNoRelay, func(ctx context.Context, d find.Device, _ *find.Client, user, password string) error {
		own := &latch.Own{Device: latch.Device{Service: d.Service}, User: user, Password: password}
		if err := h.driver().ChooseLamp(ctx, own, want.Relay); err != nil {
			return refusal(cmp.Or(wordOfLight(err), wordOfCamera(err)))
		}
		set.Own = &own.Device
		return nil
	})
	return set, err
}

// tryLight lights it for a moment.
func (h *Hub) tryLight(ctx context.Context, by id.Device, camera id.Camera) error {
	if _, err := h.mayLight(ctx, by, camera); err != nil {
		return err
	}
	if h.isPrivate(camera) {
		return refusal(request.RefusedPrivate)
	}
	return h.refusedLight(camera, h.lights.Try(ctx, camera))
}

// lightReports are the lights of the cameras that a device may know of.
func (h *Hub) lightReports(ctx context.Context, by id.Device) ([]request.LightReport, error) {
	kept, err := h.cameras.Lights(ctx)
	if err != nil {
		return nil, err
	}
	var out []request.LightReport
	states := h.lights.States()
	for _, c := range slices.Sorted(maps.Keys(states)) {
		if l := kept[c]; l != nil && h.knows(by, c) {
			out = append(out, request.LightReport{Camera: c, Kind: l.Kind, State: string(states[c])})
		}
	}
	return out, nil
}

// refusedLight is the word for what a light has not done.
func (h *Hub) refusedLight(camera id.Camera, err error) error {
	if err == nil {
		return nil
	}
	word := cmp.Or(wordOfLight(err), request.RefusedLightAway)
	h.Log.Info("a camera's light was tried", "camera", string(camera), "word", word)
	return refusal(word)
}

// wordOfLight is "" where nothing is known but that it did not work.
func wordOfLight(err error) string {
	switch r := rule.Of(err); {
	case errors.Is(err, light.ErrNone):
		return request.RefusedNoLight
	case errors.Is(err, latch.ErrFalls):
		return request.RefusedRelayFalls
	case errors.Is(err, latch.ErrNone):
		return request.RefusedNoRelay
	case errors.Is(err, latch.ErrPassword):
		return request.RefusedPassword
	case errors.Is(err, latch.ErrNo), r == rule.WrongCamera:
		return request.RefusedLightNo
	case r == rule.Gesture:
		return request.RefusedDoorThere
	case r == rule.Here:
		return request.RefusedAddress
	case r == rule.Elsewhere:
		return finding.Elsewhere
	}
	return ""
}
