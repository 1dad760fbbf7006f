// SPDX-License-Identifier: Apache-2.0

package view

import (
	"context"
	"crypto/rand"
	"errors"

	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

// answer signs, seals and sends a signal about an offer to its device.
func (d *Desk) answer(offer *signal.Signal, kind, body string) error {
	now := d.c.Now().UnixMilli()
	s := d.c.Roster()
	a := &signal.Signal{
		At: now, Body: body, Cameras: offer.Cameras, From: id.Hub, Head: s.Head.Hash, Household: offer.Household, Kind: kind, Nonce: offer.Nonce, To: offer.From, View: offer.View,
	}
	if kind == signal.End {
		a.Cameras, a.Nonce = []id.Camera{}, make([]byte, signal.NonceSize)
		_, _ = rand.Read(a.Nonce) // it never fails
	}
	if kind == signal.Answer && a.Head != offer.Head && !rule.Off(rule.Head) {
		a.Kind, a.Body = signal.Refused, signal.Stale // the roster has moved meanwhile
	}
	err := d.send(s, offer.From, signal.Thing, a)
	if err == nil && a.Kind != kind {
		err = errors.New("view: the roster has moved on")
	}
	return err
}

// refuse says no. Who does not hear it offers once more.
func (d *Desk) refuse(offer *signal.Signal, word string) { _ = d.answer(offer, signal.Refused, word) }

// send gives a statement to a device, at home and by the cloud.
func (d *Desk) send(s *roster.State, to id.Device, thing string, payload any) error {
	return d.letter(s, to, thing, payload)()
}

// letter signs and seals a statement for a device, and gives it to those at home at once; what it returns waits for the
// cloud.
func (d *Desk) letter(s *roster.State, to id.Device, thing string, payload any) (mail func() error) {
	sealed, err := d.seal(s, to, thing, payload)
	here := err == nil && d.c.Here(to, sealed)
	return func() error {
		if err == nil {
			ctx, cancel := context.WithTimeout(d.work, sendTime)
			defer cancel()
			err = d.c.Send(ctx, to, sealed)
		}
		if err != nil {
			d.c.Log.Info("something about a view was not delivered", "device", string(to), "error", err)
		}
		if here {
			return nil
		}
		return err
	}
}

func (d *Desk) seal(s *roster.State, to id.Device, thing string, payload any) ([]byte, error) {
	e, err := dsse.Signed(thing, payload, id.Hub, d.c.Key)
	if err != nil {
		return nil, err
	}
	reader, ok := s.Reader(to)
	if !ok {
		return nil, errors.New("view: the device is not in the household any more")
	}
	info := box.Context{"household": string(s.Household), "purpose": signal.Purpose}
	return box.Seal(reader, info, box.Context{"from": string(id.Hub), "to": string(to)}, e.Encode())
}
