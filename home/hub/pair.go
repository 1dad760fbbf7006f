// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/rand"
	"errors"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/home/pairing"
)

// pair waits for a first device, or for one of a household whose hub is gone; or finishes what a crash interrupted.
func (h *Hub) pair(ctx context.Context, client *api.Client) error {
	p := &pairing.Pairing{
		Dir: LayoutOf(h.Dir).Keys, DB: h.db, Client: client, Keys: h.keys, Cameras: h.cameras, Now: h.Now, Rand: rand.Reader, Log: h.Log,
	}
	home, err := household.Load(ctx, h.db)
	if errors.Is(err, household.ErrNone) {
		c, err := pairing.Code(p.Dir, h.keys, rand.Reader)
		if err != nil {
			return err
		}
		h.ShowCode(c)
		if err := p.Run(ctx); err != nil {
			return err
		}
		home, err = household.Load(ctx, h.db)
		h.household = home
		return err
	}
	if err != nil {
		return err
	}
	h.household = home
	if err := p.Finish(ctx); !errors.Is(err, pairing.ErrOutrun) {
		return err
	}
	return h.pair(ctx, client)
}
