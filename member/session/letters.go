// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/sealing/box"
	"keyhold/statement/id"
)

// Post leaves something for another device of the household, sealed to it. It says nothing of who wrote it: that is for
// a signature in the text.
func (s *Session) Post(ctx context.Context, to id.Device, purpose string, text []byte) error {
	reader, ok := s.Roster.Reader(to)
	if !ok {
		return fmt.Errorf("write to another device: it does not belong to the household any more")
	}
	sealed, err := box.Seal(reader, s.info(purpose), box.Context{"from": string(s.Keys.ID()), "to": string(to)}, text)
	if err != nil {
		return fmt.Errorf("write to another device: %w", err)
	}
	return s.Client.Mail(ctx, s.Signer(), s.Home.Household, to, sealed)
}

// lettersPause is how long it takes until a connection that broke is made again.
const lettersPause = 2 * time.Second

// Letters hands over what was posted to this device for a purpose, also what came before, until read is done or ctx
// ends. A connection that breaks is made again.
func (s *Session) Letters(ctx context.Context, purpose string, read func(from id.Device, text []byte) (done bool, err error)) error {
	for {
		done, err := s.letters(ctx, purpose, read)
		if done {
			return err
		}
		if IsStranger(err) {
			return err
		}
		wait := time.NewTimer(lettersPause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return context.Cause(ctx)
		}
	}
}

// letters does so for one connection. With done the error is of read, else of the connection.
func (s *Session) letters(ctx context.Context, purpose string, read func(id.Device, []byte) (bool, error)) (done bool, err error) {
	socket, err := s.socket(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = socket.Close() }() // it has served its purpose
	for {
		d, err := socket.Receive(ctx)
		if err != nil {
			return false, err
		}
		if d.Kind != api.KindMail || d.From == id.Hub {
			continue
		}
		text, err := s.Keys.Reader().Open(s.info(purpose), box.Context{"from": string(d.From), "to": string(s.Keys.ID())}, d.Body)
		if err != nil {
			continue // for another purpose, or noise: anybody of the household may leave bytes here
		}
		done, err := read(d.From, text)
		ack := socket.Ack(ctx, d.ID)
		if done || err != nil {
			return true, err
		}
		if ack != nil {
			return false, ack
		}
	}
}
