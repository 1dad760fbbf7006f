// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/finding"
	"keyhold/statement/id"
)

// findWait is how long a question about cameras waits: the hub asks them itself.
const findWait = 40 * time.Second

// Find asks the hub about cameras that may be found, and returns its answer once it holds. What the hub refuses is a
// RefusedError.
func (s *Session) Find(ctx context.Context, f finding.Find) (*finding.Found, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, findWait, ErrHubAway)
	defer cancel()
	found, err := s.find(ctx, &f)
	if err != nil && errors.Is(context.Cause(ctx), ErrHubAway) {
		return nil, ErrHubAway
	}
	return found, err
}

func (s *Session) find(ctx context.Context, f *finding.Find) (*finding.Found, error) {
	// The socket stands before the question leaves; see do.
	socket, err := s.socket(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = socket.Close() }() // it has served its purpose
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	f.At, f.Device, f.Household, f.Nonce = s.nowMS(), s.Keys.ID(), s.Home.Household, nonce
	// What the hub would not read it drops without a word.
	if err := f.Check(); err != nil {
		return nil, fmt.Errorf("this cannot be asked of the hub: %w", err)
	}
	e, err := dsse.Signed(finding.Thing, f, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sealed, err := box.Seal(s.Roster.Hub.HPKE, s.info(finding.Purpose), box.Context{"from": string(s.Keys.ID()), "to": string(id.Hub)}, e.Encode())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := s.Client.Mail(ctx, s.Signer(), s.Home.Household, id.Hub, sealed); err != nil {
		return nil, err
	}
	for {
		d, err := socket.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if d.Kind != api.KindMail || d.From != id.Hub {
			continue
		}
		found, err := s.readFound(d.Body, nonce)
		if err != nil {
			continue // an answer to an earlier question, for something else, or noise
		}
		if err := socket.Ack(ctx, d.ID); err != nil {
			return nil, err
		}
		if found.Error != "" {
			return found, &RefusedError{Word: found.Error}
		}
		return found, nil
	}
}

func (s *Session) readFound(sealed, nonce []byte) (*finding.Found, error) {
	plain, err := s.Keys.Reader().Open(s.info(finding.Purpose), box.Context{"from": string(id.Hub), "to": string(s.Keys.ID())}, sealed)
	if err != nil {
		return nil, err
	}
	return finding.ReadFound(plain, s.Keys.ID(), s.Roster, s.nowMS(), func(b []byte) bool { return string(b) == string(nonce) })
}
