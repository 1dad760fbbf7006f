// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"keyhold/e2e/harness"
	"keyhold/statement/request"
)

const (
	peerName = "a bare broker (mosquitto), as many bytes said and heard"
	topic    = "home/door"
	// patience is for what comes at once, or not at all.
	patience = 20 * time.Second
)

// peer is a broker with a program that speaks and one that hears: no record, no keys, no push service behind it.
type peer struct {
	broker *harness.Broker
	speaks *autopaho.ConnectionManager
	hears  *autopaho.ConnectionManager
	heard  chan time.Time
	stop   context.CancelFunc
	body   []byte
}

func startPeer(ctx context.Context, dir string) (_ *peer, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	broker, err := harness.StartBroker(ctx, dir)
	if err != nil {
		return nil, err
	}
	p := &peer{broker: broker, heard: make(chan time.Time, 1), body: make([]byte, request.PushSize)}
	_, _ = rand.Read(p.body)
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.speaks, err = p.connect(life, "speaks", nil); err != nil {
		return nil, err
	}
	p.hears, err = p.connect(life, "hears", func(paho.PublishReceived) (bool, error) {
		p.heard <- time.Now()
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, c := range []*autopaho.ConnectionManager{p.speaks, p.hears} {
		if err := c.AwaitConnection(ctx); err != nil {
			return nil, fmt.Errorf("reach the peer: %w", err)
		}
	}
	_, err = p.hears.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}})
	return p, err
}

func (p *peer) connect(ctx context.Context, name string, take func(paho.PublishReceived) (bool, error)) (*autopaho.ConnectionManager, error) {
	c := autopaho.ClientConfig{
		ServerUrls: []*url.URL{{Scheme: "mqtt", Host: p.broker.Address}}, KeepAlive: 15, CleanStartOnInitialConnection: true,
		ConnectUsername: p.broker.User, ConnectPassword: []byte(p.broker.Password),
		ClientConfig: paho.ClientConfig{ClientID: name},
	}
	if take != nil {
		c.OnPublishReceived = []func(paho.PublishReceived) (bool, error){take}
	}
	return autopaho.NewConnection(ctx, c)
}

// told is how long a word of one program took to the other.
func (p *peer) told(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	if _, err := p.speaks.Publish(ctx, &paho.Publish{Topic: topic, QoS: 1, Payload: p.body}); err != nil {
		return 0, fmt.Errorf("speak by the peer: %w", err)
	}
	select {
	case at := <-p.heard:
		return at.Sub(began), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("nothing was heard by the peer: %w", ctx.Err())
	}
}

func (p *peer) close() error {
	p.stop()
	for _, c := range []*autopaho.ConnectionManager{p.speaks, p.hears} {
		if c != nil {
			<-c.Done()
		}
	}
	return p.broker.Stop()
}
