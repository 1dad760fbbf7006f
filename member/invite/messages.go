// SPDX-License-Identifier: Apache-2.0

// Package invite brings a further device of one's own, or another person, into the household: both sides of
// docs/protocol.md, section 9.
//
// The link carries the secret past the cloud. The joiner believes only a roster that contains the head in the link, sees
// what it is offered before it makes keys, and asks for just that; the inviter believes only a link whose MAC needs the
// secret and that takes what was offered, and uses the first. It promises that a device which Join reports as in has the
// hub's signature under its place in the roster, and that keys of older recordings go to nobody whom the offer did not
// promise them. What a crash of the inviter leaves is an invitation that nobody answers; a crash of the joiner after its
// last step leaves a device in the roster whose keys are gone: join again with a new link.
package invite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"keyhold/api"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
)

// Valid is how long an invitation waits to be used: as long as the cloud keeps what is dropped.
const Valid = 24 * time.Hour

type (
	request = pairing.Answer
	verdict = pairing.Verdict
	welcome = pairing.Welcome
)

// What a verdict can say.
const (
	in      = pairing.VerdictIn
	stale   = pairing.VerdictStale
	refused = pairing.VerdictRefused
	words   = pairing.VerdictWords
	denied  = pairing.VerdictDenied
)

// maxMessage bounds what is read from a box.
const maxMessage = 64 << 10

func joinInfo(household id.Household, purpose string) box.Context {
	return box.Context{"household": string(household), "purpose": purpose}
}

// ErrTooLate says that nobody used, or answered, an invitation in time.
var ErrTooLate = errors.New("the invitation was not used in time; make a new one")

// ends are the two boxes of an invitation.
type ends struct{ joiner, inviter []byte }

func endsOf(secret []byte) ends {
	return ends{joiner: pairing.Derive(secret, pairing.InviteToJoiner), inviter: pairing.Derive(secret, pairing.InviteToInviter)}
}

// watch hands what lies in a box, and what comes, to take until that returns true.
func watch(ctx context.Context, c *api.Client, token []byte, take func([][]byte) (bool, error)) error {
	var after int64
	for {
		drops, err := c.Drops(ctx, pairing.Box(token), token, after, api.MaxDropWait)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			// A cloud that restarts or refuses for a moment must not lose a day's invitation.
			if k := api.KindOf(err); k != "" && k != api.Unavailable && k != api.TooMany && k != api.Internal {
				return fmt.Errorf("wait for the other device: %w", err)
			}
			if err := pause(ctx, 2*time.Second); err != nil {
				return err
			}
			continue
		}
		bodies := make([][]byte, len(drops))
		for i, d := range drops {
			after = max(after, d.N)
			bodies[i] = d.Body
		}
		if done, err := take(bodies); err != nil || done {
			return err
		}
	}
}

// each is for messages that do not depend on each other.
func each(take func([]byte) (bool, error)) func([][]byte) (bool, error) {
	return func(bodies [][]byte) (bool, error) {
		for _, body := range bodies {
			if done, err := take(body); err != nil || done {
				return done, err
			}
		}
		return false, nil
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func drop(ctx context.Context, c *api.Client, token []byte, body []byte) error {
	if err := c.Drop(ctx, pairing.Box(token), body); err != nil {
		return fmt.Errorf("leave a message for the other device: %w", err)
	}
	return nil
}

func encode(v any) ([]byte, error) {
	b, err := canon.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if len(b) > maxMessage-box.EncSize-64 {
		return nil, ErrGrown
	}
	return b, nil
}

// readMAC finds the statement that a MAC was made over.
func readMAC(raw, mac, secret []byte) (*dsse.Envelope, error) {
	e, err := dsse.Parse(raw)
	if err != nil {
		return nil, err
	}
	return e, pairing.CheckMAC(mac, secret, pairing.InviteMAC, e.PAE())
}

func newSecret(rand io.Reader) ([]byte, error) {
	b := make([]byte, pairing.SecretSize)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}
