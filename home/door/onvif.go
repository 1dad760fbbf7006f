// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"time"

	"keyhold/home/find"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// pull is how long one question for events waits.
	pull = 15 * time.Second
	// short is what may be left of a subscription before it is asked to last longer.
	short = pull + 10*time.Second
	// apart is how long after the beginning of one question the next is asked at the earliest: there are cameras that
	// answer at once, with nothing.
	apart = 250 * time.Millisecond
	// first and longest are pauses after something did not work.
	first   = 250 * time.Millisecond
	longest = 15 * time.Second
	// refusedPause: cameras lock out who tries a wrong password too often.
	refusedPause = 60 * time.Second
	// late is by how much what a camera says of the time of an event counts more than when it came: the clocks of both
	// are known to a second.
	late = 3 * time.Second
)

// events hears a camera's own bell until the context ends.
func (b *Bells) events(ctx context.Context, camera id.Camera, one *bell) {
	pause := first
	for ctx.Err() == nil {
		began := b.c.Now()
		err := b.subscribed(ctx, camera, one)
		if ctx.Err() != nil {
			return
		}
		switch {
		case errors.Is(err, find.ErrPassword):
			b.is(one, Refused)
			pause = refusedPause
		case errors.Is(err, find.ErrGone) && b.c.Now().Sub(began) > 2*time.Second:
			pause = first // there is another at once
		default:
			b.is(one, Away)
			pause = min(2*pause, longest)
		}
		b.c.Log.Debug("a camera tells of no presses now", "camera", string(camera), "error", err)
		if !sleep(ctx, pause) {
			return
		}
	}
}

// client opens the way to a camera's own service.
func (one *Bell) client() (*find.Client, error) {
	u, err := url.Parse(one.URL)
	if err != nil {
		return nil, errors.New("door: a camera's address that is none")
	}
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil, errors.New("door: a camera at no address")
	}
	return find.Open(find.Device{Host: host.Unmap(), Service: one.URL}, one.User, one.Password), nil
}

// subscribed keeps one subscription for as long as it lasts. A connection that breaks does not end it: what was pressed
// meanwhile waits at the camera.
func (b *Bells) subscribed(ctx context.Context, camera id.Camera, one *bell) error {
	c, err := one.client()
	if err != nil {
		return err
	}
	if err := c.Clock(ctx); err != nil && !errors.Is(err, find.ErrPassword) {
		return err
	}
	s, err := c.Subscribe(ctx)
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = s.End(last) // else it ends by itself
	}()
	b.is(one, Listening)
	pause := first
	for ctx.Err() == nil {
		began := time.Now()
		list, err := s.Pull(ctx, pull)
		switch {
		case errors.Is(err, find.ErrAway):
			if s.Left() <= 0 {
				return err
			}
			b.is(one, Away)
			if !sleep(ctx, pause) {
				return ctx.Err()
			}
			pause = min(2*pause, longest)
			continue
		case err != nil:
			return err
		}
		pause = first
		b.is(one, Listening)
		for _, e := range list {
			b.event(camera, e)
		}
		if s.Left() < short {
			// Where it is not done so, pulls prolong it; if neither does, another is made before this one ends.
			if err := s.Renew(ctx); errors.Is(err, find.ErrAway) {
				continue
			}
			if s.Left() < time.Second {
				return find.ErrGone
			}
		}
		if !sleep(ctx, time.Until(began.Add(apart))) {
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// event takes what a camera tells. Only a button's change counts: what it sees is no press.
func (b *Bells) event(camera id.Camera, e find.Event) {
	// How things are, as a subscription begins with, is no press, but it may be that a button was let go.
	if !find.Bell(e.Topic) && !rule.Off(rule.Action) || !e.News && e.On {
		return
	}
	now := b.c.Now()
	w := heard{key: e.Key(), button: e.Topic + "\x00" + e.Source, down: e.On, stamp: now, at: now}
	if e.Stamp == "" {
		w.key = ""
	}
	if !e.At.IsZero() {
		w.stamp = e.At
		if ago := now.Sub(e.At); ago > late && ago < 24*time.Hour {
			w.at = e.At // it waited at the camera
		}
	}
	b.hear(camera, ONVIF, w)
}
