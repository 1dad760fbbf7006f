// SPDX-License-Identifier: Apache-2.0

// Package latch tells a lock or a relay to open, and hears what it says.
//
// A lock is at an address, at a broker, or at the camera itself, which is asked by ONVIF ([Driver.OpenOwn]). A lamp is lit
// and put out likewise ([Driver.TurnOwn], [Driver.Tell]), at nothing that is a lock.
//
// It asks nobody whether it may: that is home/entry. It goes to addresses of the home alone, follows no redirection,
// reads no more of an answer than it needs, and waits no longer than a person at a door does. It never tries twice: a
// relay that was told twice may have closed again. What it says goes to nobody who is not there now: a broker is told to
// forget it at once.
package latch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"keyhold/home/door"
	"keyhold/home/gate"
	"keyhold/statement/lock"
	"keyhold/statement/rule"
)

// Patience is how long a lock may take to answer.
const Patience = 5 * time.Second

// Outcomes that are not that it is open.
var (
	// ErrAway: it has not answered; nobody knows whether it is open.
	ErrAway = errors.New("latch: it has not answered")
	// ErrNo: it has said no, or cannot be told.
	ErrNo = errors.New("latch: it has said no")
)

// ErrWay says that a way is none.
var ErrWay = errors.New("latch: a lock is at an address like http://192.168.1.9/relay/0?turn=on or at a broker like mqtt://192.168.1.5:1883")

// Driver tells locks to open. Its fields must be set but Here.
type Driver struct {
	// Here are addresses of this computer that may be gone to.
	Here []netip.AddrPort
	// Near says whether an address is one of the home's networks.
	Near func(netip.Addr) bool
	// Locks are where locks are, to which a lamp's driver does not go: nobody opens a door by looking.
	Locks []netip.AddrPort
}

// CheckWay refuses a way that this hub could not go.
func CheckWay(kind string, w *lock.Way) error {
	switch kind {
	case lock.HTTP:
		u, err := url.Parse(w.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "" {
			return ErrWay
		}
	case lock.MQTT:
		if _, err := door.CheckBroker(w.URL); err != nil || !door.CheckTopic(w.Topic) || w.State != "" && !door.CheckTopic(w.State) {
			return ErrWay
		}
	case lock.ONVIF: // it is at the camera
	default:
		return ErrWay
	}
	return nil
}

// Open tells a lock by HTTP or MQTT to open, once, and waits for what it says.
func (d *Driver) Open(ctx context.Context, kind string, w *lock.Way) error {
	if err := CheckWay(kind, w); err != nil {
		return fmt.Errorf("%w: %w", ErrNo, err)
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	switch kind {
	case lock.MQTT:
		return d.publish(ctx, w)
	case lock.HTTP:
		return d.post(ctx, w)
	}
	return fmt.Errorf("%w: %w", ErrNo, ErrWay)
}

// allowed says whether a lock may be at an address: in the home, and not on this computer but where somebody there has
// allowed it.
func (d *Driver) allowed(to netip.AddrPort) error {
	if err := gate.Allowed(to, d.Here); err != nil {
		return err
	}
	if slices.Contains(d.Locks, netip.AddrPortFrom(to.Addr().Unmap(), to.Port())) && !rule.Off(rule.Gesture) {
		return rule.Errorf(rule.Gesture, "latch: a lock is there")
	}
	if !d.Near(to.Addr()) && !rule.Off(rule.Here) {
		return rule.Errorf(rule.Here, "latch: an address that is not of the home")
	}
	return nil
}

// outcome says what came of an error on the way. It holds no address.
func outcome(err error) error {
	if r := rule.Of(err); r != "" {
		return fmt.Errorf("%w (%s)", ErrNo, r)
	}
	return ErrAway
}
