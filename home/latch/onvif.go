// SPDX-License-Identifier: Apache-2.0

package latch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"keyhold/home/find"
	"keyhold/statement/rule"
)

// lookEvery is how often a camera is asked whether the door is open that it was told to open.
const lookEvery = 200 * time.Millisecond

// What a camera has not.
var (
	// ErrNone: there is nothing that it opens, or nothing of that name.
	ErrNone = errors.New("latch: the camera opens nothing of that name")
	// ErrStays: its relay does not fall back by itself, so the door would stay open.
	ErrStays = errors.New("latch: the camera's relay stays as it was set")
)

// Device is what a camera itself opens the door with: which camera that was, and which of its doors or relays.
type Device struct {
	Relay  bool   `json:"relay"` // else a door of its door control service
	Serial string `json:"serial"`
	// Service is where it is asked.
	Service string `json:"service"`
	Token   string `json:"token"`
}

// Own is a device, and with what it is asked.
type Own struct {
	Device
	User, Password string
}

func (d *Driver) client(o *Own) (*find.Client, error) {
	u, err := url.Parse(o.Service)
	if err != nil {
		return nil, ErrWay
	}
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil, ErrWay
	}
	return find.Open(find.Device{Host: host.Unmap(), Service: o.Service}, o.User, o.Password).Only(d.allowed), nil
}

// Choose finds what a camera opens by a token, or the first there is if that is "". Of o it wants where the camera is
// asked, and with what; it fills in the rest.
func (d *Driver) Choose(ctx context.Context, o *Own, token string) error {
	c, err := d.client(o)
	if err != nil {
		return err
	}
	serial, doors, err := ask(ctx, c)
	if err != nil {
		return err
	}
	stays := false
	for _, one := range doors {
		switch {
		case token != "" && one.Token != token:
		case one.Stays:
			stays = true
		default:
			o.Serial, o.Token, o.Relay = serial, one.Token, one.Relay
			return nil
		}
	}
	if stays {
		return ErrStays
	}
	return ErrNone
}

// ask learns which camera answers, and what it opens.
func ask(ctx context.Context, c *find.Client) (serial string, doors []find.Door, err error) {
	if err := c.Clock(ctx); err != nil && !errors.Is(err, find.ErrPassword) && !errors.Is(err, find.ErrRefused) {
		return "", nil, err
	}
	details, err := c.Details(ctx)
	if err != nil {
		return "", nil, err
	}
	doors, err = c.Doors(ctx)
	return details.Serial, doors, err
}

// OpenOwn tells a camera to open the door, once. Where the camera tells how the door is, that it says yes is not enough.
func (d *Driver) OpenOwn(ctx context.Context, o *Own) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	c, err := d.client(o)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNo, err)
	}
	serial, doors, err := ask(ctx, c)
	if err != nil {
		return said(err)
	}
	if serial != o.Serial && !rule.Off(rule.WrongCamera) {
		return fmt.Errorf("%w (%s)", ErrNo, rule.WrongCamera)
	}
	for _, one := range doors {
		if one.Token != o.Token || one.Relay != o.Relay {
			continue
		}
		if one.Stays {
			return fmt.Errorf("%w: %w", ErrNo, ErrStays)
		}
		if err := c.Open(ctx, one); err != nil {
			return said(err)
		}
		return opens(ctx, c, one)
	}
	return fmt.Errorf("%w: %w", ErrNo, ErrNone)
}

// said says what came of what a camera answered, or did not.
func said(err error) error {
	switch {
	case errors.Is(err, find.ErrUnsure):
		return ErrAway
	case errors.Is(err, find.ErrPassword):
		return fmt.Errorf("%w (its password)", ErrNo)
	case errors.Is(err, find.ErrRefused):
		return ErrNo
	}
	return outcome(err)
}

// opens waits until the camera says that the door is open, where it says anything.
func opens(ctx context.Context, c *find.Client, one find.Door) error {
	if one.Relay {
		return nil
	}
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		open, err := c.IsOpen(ctx, one)
		if open || errors.Is(err, find.ErrRefused) && !one.Watched {
			return nil
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ErrAway
		}
	}
}
