// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/signal"
)

// A Line is an open way to the hub for signals, and on which it tells who is watching.
type Line struct {
	s      *Session
	socket *api.Socket

	waiting  []*signal.Signal
	nonces   map[string]bool
	watching int64 // time of the newest list
	alert    int64 // the highest number of an alert
	alerts   int   // how many came
}

// Line opens one. It belongs to one goroutine.
func (s *Session) Line(ctx context.Context) (*Line, error) {
	socket, err := s.socket(ctx)
	if err != nil {
		return nil, err
	}
	return &Line{s: s, socket: socket, nonces: map[string]bool{}}, nil
}

// Close ends it.
func (l *Line) Close() { _ = l.socket.Close() }

// Offer asks for a view of cameras. What Next brings for it has its View.
func (l *Line) Offer(ctx context.Context, cameras []id.Camera, sdp string) (*signal.Signal, error) {
	view, err := id.NewView(l.s.Rand)
	if err != nil {
		return nil, err
	}
	o, err := l.send(ctx, &signal.Signal{Kind: signal.Offer, Body: sdp, Cameras: cameras, View: view})
	return o, err
}

// Ask asks who is watching.
func (l *Line) Ask(ctx context.Context) error {
	view, err := id.NewView(l.s.Rand)
	if err == nil {
		_, err = l.send(ctx, &signal.Signal{Kind: signal.Ask, Cameras: []id.Camera{}, View: view})
	}
	return err
}

// End ends a view of this device.
func (l *Line) End(ctx context.Context, view id.View) error {
	_, err := l.send(ctx, &signal.Signal{Kind: signal.End, Cameras: []id.Camera{}, View: view})
	return err
}

func (l *Line) send(ctx context.Context, x *signal.Signal) (*signal.Signal, error) {
	s := l.s
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	x.At, x.From, x.Head, x.Household, x.Nonce, x.To = s.nowMS(), s.Keys.ID(), s.Roster.Head.Hash, s.Home.Household, nonce, id.Hub
	// What the hub would not read it drops without a word.
	if err := x.Check(); err != nil {
		return nil, fmt.Errorf("this cannot be asked of the hub: %w", err)
	}
	e, err := dsse.Signed(signal.Thing, x, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sealed, err := box.Seal(s.Roster.Hub.HPKE, s.info(signal.Purpose), box.Context{"from": string(s.Keys.ID()), "to": string(id.Hub)}, e.Encode())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if x.Kind == signal.Offer {
		l.waiting = append(l.waiting, x)
	}
	return x, s.Client.Mail(ctx, s.Signer(), s.Home.Household, id.Hub, sealed)
}

// Next waits for what the hub says: a signal, or a list of who is watching. The other is nil.
func (l *Line) Next(ctx context.Context) (*signal.Signal, *signal.Watching, error) {
	for {
		d, err := l.socket.Receive(ctx)
		if err != nil {
			return nil, nil, err
		}
		if d.Kind != api.KindMail || d.From != id.Hub {
			continue
		}
		x, w := l.read(d.Body)
		if x == nil && w == nil {
			continue // for somebody else, old, or noise
		}
		if err := l.socket.Ack(ctx, d.ID); err != nil {
			return nil, nil, err
		}
		return x, w, nil
	}
}

func (l *Line) read(sealed []byte) (*signal.Signal, *signal.Watching) {
	s := l.s
	plain, err := s.Keys.Reader().Open(s.info(signal.Purpose), box.Context{"from": string(id.Hub), "to": string(s.Keys.ID())}, sealed)
	if err != nil {
		return nil, nil
	}
	r := signal.Reading{To: s.Keys.ID(), Roster: s.Roster, Now: s.nowMS(), Waiting: l.waiting, Seen: func(nonce []byte) bool {
		// An answer has the nonce of its offer, and there is one.
		was := l.nonces[string(nonce)]
		l.nonces[string(nonce)] = true
		return was
	}}
	if x, _, err := r.Read(plain, id.Hub); err == nil {
		return x, nil
	}
	w, err := signal.ReadWatching(plain, s.Keys.ID(), s.Roster, s.nowMS(), l.watching)
	if err != nil {
		return nil, nil
	}
	l.watching = w.At
	return nil, w
}

// Relays asks the cloud for relays, by which the hub is reached away from home.
func (s *Session) Relays(ctx context.Context) ([]api.Relay, error) {
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	e, err := dsse.Signed(request.ThingRelays, &request.Relays{
		At: s.nowMS(), From: s.Keys.ID(), Household: s.Home.Household, Nonce: nonce, To: s.Home.To,
	}, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign a question for relays: %w", err)
	}
	list, err := s.Client.Relays(ctx, e.Encode())
	if api.KindOf(err) == api.NotFound {
		return nil, nil // a cloud of an earlier version
	}
	return list, err
}

// Drop ends it without a word: the way on which it lay is gone.
func (l *Line) Drop() {
	l.socket.Drop()
	l.s.Client.Forget()
}

// AnswerTime is how long an offer waits for an answer.
const AnswerTime = 10 * time.Second
