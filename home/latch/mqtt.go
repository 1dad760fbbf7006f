// SPDX-License-Identifier: Apache-2.0

package latch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eclipse/paho.golang/paho"

	"keyhold/home/door"
	"keyhold/statement/lock"
)

const (
	// forgotten is after how many seconds a broker forgets what no lock has fetched: a lock that comes back later does
	// not open then.
	forgotten = 5
	// noReaders is the broker's word that nobody listens at a topic.
	noReaders = 0x10
)

// publish tells a lock by a broker, and waits for the lock's word where it tells how it is.
func (d *Driver) publish(ctx context.Context, w *lock.Way) error {
	u, err := door.CheckBroker(w.URL)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNo, err)
	}
	conn, err := door.DialBroker(ctx, u, d.allowed)
	if err != nil {
		return outcome(err)
	}
	said := make(chan struct{}, 1)
	// What is still waited for when the broker goes away does not come.
	ctx, lost := context.WithCancel(ctx)
	defer lost()
	c, err := door.Greet(ctx, conn, u.User, Patience, paho.ClientConfig{
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			// What the broker keeps for whoever comes says how the lock was.
			if p.Packet.Topic == w.State && !p.Packet.Retain && strings.Contains(string(p.Packet.Payload), w.Expect) {
				select {
				case said <- struct{}{}:
				default:
				}
			}
			return true, nil
		}},
		OnClientError:      func(error) { lost() },
		OnServerDisconnect: func(*paho.Disconnect) { lost() },
	})
	if errors.Is(err, door.ErrTakesNobody) {
		return fmt.Errorf("%w (the broker takes nobody)", ErrNo)
	}
	if err != nil {
		return ErrAway
	}
	defer func() { _ = c.Disconnect(&paho.Disconnect{}); <-c.Done() }()
	if w.State != "" {
		answer, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: w.State, QoS: 1, RetainHandling: 2}}})
		switch {
		case err != nil && answer != nil:
			return fmt.Errorf("%w (the broker lets nobody listen)", ErrNo)
		case err != nil:
			return ErrAway
		}
	}
	return tell(ctx, c, w, said)
}

func tell(ctx context.Context, c *paho.Client, w *lock.Way, said <-chan struct{}) error {
	forget := uint32(forgotten)
	answer, err := c.Publish(ctx, &paho.Publish{Topic: w.Topic, QoS: 1, Payload: []byte(w.Body), Properties: &paho.PublishProperties{MessageExpiry: &forget}})
	switch {
	case answer != nil && answer.ReasonCode >= 0x80:
		return fmt.Errorf("%w (the broker does not pass it on)", ErrNo)
	case err != nil:
		return ErrAway
	case answer != nil && answer.ReasonCode == noReaders:
		return fmt.Errorf("%w: nobody listens there", ErrAway)
	}
	if w.State == "" {
		return nil
	}
	select {
	case <-said:
		return nil
	case <-ctx.Done():
		return ErrAway
	}
}
