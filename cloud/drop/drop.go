// SPDX-License-Identifier: Apache-2.0

// Package drop keeps the boxes in which strangers meet: a hub and its first device, an inviter and a joiner.
//
// A box's name is the hash of a token that only the two sides can make; whoever knows the name may put something in,
// whoever shows the token may read. It promises nothing about who wrote what: the messages prove that themselves. It
// keeps sixteen messages a box for a day. A crash loses nothing that was acknowledged.
package drop

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/cloud/bell"
	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// Keep is how long a message stays, MostInBox how many a box takes, MostInAll what all boxes hold together.
	Keep      = 24 * time.Hour
	MostInBox = 16
	MostInAll = 1 << 16
	// domain separates a box's name from every other hash.
	domain = "keyhold/v1/drop"
)

// Boxes keeps drops. Its fields are set once, before use.
type Boxes struct {
	Store store.Drops
	Bell  *bell.Bell
	Now   func() time.Time
}

func topic(box id.Hash) string { return "drop " + box.String() }

// Put adds a message to a box and returns its number.
func (b *Boxes) Put(ctx context.Context, box id.Hash, body []byte) (int64, error) {
	if len(body) == 0 || len(body) > api.MaxMail {
		return 0, api.NewProblem(api.Invalid, rule.Length, "a drop has 1 to 65,536 bytes")
	}
	n, err := b.Store.PutDrop(ctx, box, body, b.Now().Add(Keep).UnixMilli(), MostInBox, MostInAll)
	if errors.Is(err, store.ErrFull) {
		return 0, api.NewProblem(api.TooMany, "", "this box is full: start again with a new code or invitation")
	}
	if err != nil {
		return 0, fmt.Errorf("drop: put: %w", err)
	}
	b.Bell.Ring(topic(box))
	return n, nil
}

// After lists the messages with a higher number, and waits for one if there is none.
func (b *Boxes) After(ctx context.Context, box id.Hash, token []byte, after int64, wait time.Duration) ([]store.Drop, error) {
	if made := id.HashOf([]byte(domain), token); subtle.ConstantTimeCompare(made[:], box[:]) != 1 && !rule.Off(rule.WrongHousehold) {
		return nil, api.NewProblem(api.Denied, "", "the token does not belong to this box")
	}
	rings, stop := b.Bell.Listen(topic(box))
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, max(wait, 0))
	defer cancel()
	for {
		now := b.Now().UnixMilli()
		if rule.Off(rule.Time) {
			now = 0
		}
		// The read itself must not be cut short by the wait.
		found, err := b.Store.DropsAfter(context.WithoutCancel(ctx), box, after, now)
		if err != nil {
			return nil, fmt.Errorf("drop: read: %w", err)
		}
		if len(found) > 0 {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-rings:
		}
	}
}
