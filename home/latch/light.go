// SPDX-License-Identifier: Apache-2.0

package latch

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"keyhold/home/find"
	"keyhold/statement/lock"
	"keyhold/statement/rule"
)

// What keeps a lamp from being lit.
var (
	// ErrFalls: the camera's relay does not say that it stays as it is set: the lamp would go out, or it is a door's.
	ErrFalls = errors.New("latch: the camera's relay does not stay as it is set")
	// ErrPassword: user and password are not taken.
	ErrPassword = errors.New("latch: user and password are not taken")
)

// ChooseLamp finds the camera's relay of a token, or the first there is that stays as it is set if that is "". Of o it
// wants what [Driver.Choose] wants.
func (d *Driver) ChooseLamp(ctx context.Context, o *Own, token string) error {
	c, err := d.client(o)
	if err != nil {
		return err
	}
	serial, relays, err := askRelays(ctx, c)
	if err != nil {
		return err
	}
	falls := false
	for _, one := range relays {
		switch {
		case token != "" && one.Token != token:
		case !one.Holds:
			falls = true
		default:
			o.Serial, o.Token, o.Relay = serial, one.Token, true
			return nil
		}
	}
	if falls {
		return ErrFalls
	}
	return ErrNone
}

func askRelays(ctx context.Context, c *find.Client) (serial string, relays []find.Door, err error) {
	if err := c.Clock(ctx); err != nil && !errors.Is(err, find.ErrPassword) && !errors.Is(err, find.ErrRefused) {
		return "", nil, err
	}
	details, err := c.Details(ctx)
	if err != nil {
		return "", nil, err
	}
	relays, err = c.Relays(ctx)
	return details.Serial, relays, err
}

// TurnOwn lights the lamp at a camera's relay, or puts it out. A relay that falls back by itself may be a door's since it
// was chosen: it is not touched.
func (d *Driver) TurnOwn(ctx context.Context, o *Own, on bool) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	c, err := d.client(o)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNo, err)
	}
	serial, relays, err := askRelays(ctx, c)
	if err != nil {
		return lampSaid(err)
	}
	if serial != o.Serial && !rule.Off(rule.WrongCamera) {
		return rule.Errorf(rule.WrongCamera, "latch: another camera answers")
	}
	for _, one := range relays {
		if one.Token != o.Token {
			continue
		}
		if !one.Holds {
			return ErrFalls
		}
		if err := c.Turn(ctx, one, on); err != nil {
			return lampSaid(err)
		}
		return nil
	}
	return ErrNone
}

// Tell posts to a lamp at an address of its own, once. Only an answer of the kind 2xx says that it has taken it.
func (d *Driver) Tell(ctx context.Context, url string) error {
	w := &lock.Way{URL: url}
	if err := CheckWay(lock.HTTP, w); err != nil {
		return fmt.Errorf("%w: %w", ErrNo, err)
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	status, err := d.request(ctx, w)
	switch {
	case err != nil:
		return lampSaid(err)
	case status/100 == 3:
		return rule.Errorf(rule.Elsewhere, "latch: the lamp wants to send us elsewhere")
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrPassword
	case status/100 != 2:
		return fmt.Errorf("%w (status %d)", ErrNo, status)
	}
	return nil
}

// lampSaid is what a lamp has not done, and why. It holds no address.
func lampSaid(err error) error {
	switch r := rule.Of(err); {
	case r != "":
		return rule.Errorf(r, "latch: the lamp is not gone to, or not listened to")
	case errors.Is(err, find.ErrPassword):
		return ErrPassword
	case errors.Is(err, find.ErrRefused), errors.Is(err, ErrWay):
		return ErrNo
	}
	return ErrAway
}
