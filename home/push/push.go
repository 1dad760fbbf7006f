// SPDX-License-Identifier: Apache-2.0

// Package push has alerts brought to phones whose app is closed, by the push services of their browsers
// (docs/protocol.md 17).
//
// It keeps what a browser gave the household when it subscribed, encrypts for that browser, proves to its push service who
// sends, and hands the result to the cloud, which has neither key. What the cloud cannot bring now is tried again, less and
// less often, for as long as the alert is worth something; a subscription that has ended is forgotten. It promises that
// every message has one size, and that each device's subscription has a key of its own, so that no push service learns by
// its key which phones belong together. It trusts state.db. A crash forgets messages that are being tried again, nothing
// else.
package push

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"keyhold/api"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

const (
	// most is how many messages may be on their way, at how many of them are tried at a time.
	most, slots = 512, 8
	// firstPause and longPause are between two tries.
	firstPause, longPause = time.Second, time.Minute
	// tryTime bounds one try.
	tryTime = 30 * time.Second
)

// Send signs a message for the cloud, brings it there, and says what came of it. It fills in all that is not of the
// message itself.
type Send func(context.Context, *request.Push) (*api.Pushed, error)

// Config says what a desk works with. All of it must be set.
type Config struct {
	DB   *state.DB
	Send Send
	// May says whether a message is for its device still: it is asked before each try.
	May func(Message) bool
	// Subject is whom a push service may turn to, "" for nobody.
	Subject string
	Now     func() time.Time
	Log     *slog.Logger
}

// Message is something for a device.
type Message struct {
	Device id.Device
	Camera id.Camera
	Seq    int64 // of the alert
	At     int64 // when it happened, ms
	Sealed []byte
	TTL    time.Duration
	Urgent bool
}

// Desk has messages brought to phones. Open makes one; Close must be called. It is safe for concurrent use.
type Desk struct {
	c    Config
	slot chan struct{}
	life context.Context
	end  context.CancelFunc
	wg   sync.WaitGroup

	changing sync.Mutex // held from a change of the database until it is in memory; mu is taken while it is held

	mu     sync.Mutex
	phones map[id.Device]*phone // guarded by mu; what it points to is not changed
	flying map[flight]int64     // messages on their way that their devices have said nothing of, by when they happened; guarded by mu
	going  map[id.Device]way    // of the newest message to each; guarded by mu
	ways   map[id.Device]way    // of the newest that each has said something of; guarded by mu
	onWay  int                  // guarded by mu
	closed bool                 // guarded by mu
}

// flight is a message on its way.
type flight struct {
	device id.Device
	seq    int64
}

// phone is a device as the database has it.
type phone struct {
	request.Phone
	key []byte
	to  request.Subscription // without an endpoint until it has subscribed
}

// Open takes up what was there before. ctx ends nothing but itself; what is on its way ends with Close.
func Open(ctx context.Context, c Config) (*Desk, error) {
	d := &Desk{c: c, slot: make(chan struct{}, slots), phones: map[id.Device]*phone{}, flying: map[flight]int64{}, going: map[id.Device]way{}, ways: map[id.Device]way{}}
	d.life, d.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := d.load(ctx); err != nil {
		d.end()
		return nil, err
	}
	return d, nil
}

// Close gives up what is on its way, and waits for that.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.end()
	d.wg.Wait()
}

// Subscribed are the devices that messages can be brought to.
func (d *Desk) Subscribed() []id.Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []id.Device
	for _, device := range slices.Sorted(maps.Keys(d.phones)) {
		if d.phones[device].to.Endpoint != "" {
			out = append(out, device)
		}
	}
	return out
}

func (d *Desk) phone(device id.Device) (*phone, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.phones[device]
	return p, ok
}

// ErrNotSubscribed says that a device has not told where it takes messages.
var ErrNotSubscribed = errors.New("push: the device has not subscribed")

// Push has a message brought to its device. It returns at once; what comes of it is seen in Phones.
func (d *Desk) Push(m Message) error {
	p, ok := d.phone(m.Device)
	if !ok || p.to.Endpoint == "" {
		return ErrNotSubscribed
	}
	// As text: some ways into a browser carry nothing else.
	body, err := encrypt([]byte(base64.RawURLEncoding.EncodeToString(m.Sealed)), &p.to)
	if err != nil {
		return err
	}
	if !d.begin(m) {
		return errors.New("push: too much is on its way already")
	}
	go func() {
		defer d.done(m)
		d.deliver(m, p, body)
	}()
	return nil
}

func (d *Desk) begin(m Message) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.onWay >= most {
		return false
	}
	d.onWay++
	d.flying[flight{m.Device, m.Seq}] = m.At
	d.wg.Add(1)
	return true
}

func (d *Desk) done(m Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onWay--
	delete(d.flying, flight{m.Device, m.Seq})
	d.wg.Done()
}

// inFlight is when a message happened that is on its way still; taken: its device says that it has it.
func (d *Desk) inFlight(f flight, taken bool) (int64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.flying[f]
	if taken {
		delete(d.flying, f)
	}
	return at, ok
}

// deliver tries until the message is with the push service, or worth nothing any more.
func (d *Desk) deliver(m Message, p *phone, body []byte) {
	until := time.UnixMilli(m.At).Add(m.TTL)
	log := d.c.Log.With("device", string(m.Device))
	for pause := firstPause; ; pause = min(pause*2, longPause) {
		left := until.Sub(d.c.Now())
		if left <= 0 {
			log.Warn("an alert was not brought to its phone in time")
			return
		}
		if !d.c.May(m) {
			log.Info("an alert is not brought to its phone any more: it may not know of it now")
			return
		}
		outcome, wait := d.try(m, p, body, left)
		switch outcome {
		case api.PushSent:
			d.brought(m)
			if err := d.sent(d.life, m); err != nil && d.life.Err() == nil {
				log.Error("that an alert was sent was not written down", "error", err)
			}
			return
		case api.PushGone:
			if err := d.drop(d.life, p); err != nil && d.life.Err() == nil {
				log.Error("a subscription that has ended was not removed", "error", err)
			}
			log.Info("alerts are pushed to a device no more: its subscription has ended")
			return
		case api.PushRefused:
			log.Warn("an alert is not brought to its phone: its push service, or the cloud, does not take it")
			return
		}
		t := time.NewTimer(max(pause, wait))
		select {
		case <-t.C:
		case <-d.life.Done():
		}
		t.Stop()
		if d.life.Err() != nil {
			return
		}
		if now, ok := d.phone(m.Device); !ok || now.to.Endpoint != p.to.Endpoint {
			return // it has subscribed anew, or no more
		}
	}
}

// try hands the message to the cloud once, and says what came of it and how long to wait at least.
func (d *Desk) try(m Message, p *phone, body []byte, left time.Duration) (string, time.Duration) {
	select {
	case d.slot <- struct{}{}:
		defer func() { <-d.slot }()
	case <-d.life.Done():
		return api.PushLater, 0
	}
	proof, err := prove(p.key, p.to.Endpoint, d.c.Subject, d.c.Now())
	if err != nil {
		d.c.Log.Error("a proof for a push service was not made", "error", err)
		return api.PushRefused, 0
	}
	urgency := request.UrgencyNormal
	if m.Urgent {
		urgency = request.UrgencyHigh
	}
	ctx, cancel := context.WithTimeout(d.life, tryTime)
	defer cancel()
	d.leaves(m)
	got, err := d.c.Send(ctx, &request.Push{
		Body: body, Endpoint: p.to.Endpoint, Proof: proof, TTL: min(int64(left/time.Second), request.MaxTTL), Urgency: urgency,
	})
	if err != nil {
		switch api.KindOf(err) {
		case api.Denied, api.Invalid, api.NotFound: // also a cloud of an earlier version
			return api.PushRefused, 0
		}
		return api.PushLater, 0
	}
	return got.Outcome, time.Duration(got.After) * time.Second
}
