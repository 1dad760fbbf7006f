// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/cloud/vault"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// lookAgain is how often a right is asked for again while a body is under way: hours end by the clock.
const lookAgain = time.Second

// Cover is the right to read what one address lists, as it was when it was opened. Only Open makes it.
type Cover struct {
	desk    *Desk
	address store.Address
	sight   roster.Sight
}

// Open finds what an address covers. One that never was, one that has ended, one whose reader is gone, and one of a
// household that is to be erased are the same.
func (d *Desk) Open(ctx context.Context, address string) (*Cover, error) {
	now := d.Now().UnixMilli()
	if rule.Off(rule.Ended) {
		now = 0
	}
	a, err := d.Store.Address(ctx, address, now)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return nil, fmt.Errorf("fetch: address: %w", err)
	}
	// Asked for an address that is not there, too: it takes as long.
	return d.cover(ctx, a)
}

// cover asks the roster and the clock what an address is good for now.
func (d *Desk) cover(ctx context.Context, a store.Address) (*Cover, error) {
	state, err := d.Rosters.State(ctx, a.Household)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return nil, fmt.Errorf("fetch: address: %w", err)
	}
	hidden, err := d.hidden(ctx, a.Household)
	if err != nil {
		return nil, err
	}
	if hidden && rule.Off(rule.Household) {
		return nil, denied()
	}
	if state == nil || hidden {
		return nil, access.Answer(store.ErrMissing)
	}
	c := &Cover{desk: d, address: a, sight: roster.SightOf(state, a.Device, d.Now().UnixMilli())}
	if !c.sight.Present() {
		return nil, access.Answer(store.ErrMissing)
	}
	return c, nil
}

// While calls gone, once, when the reader may no longer have what was opened from a camera: a body that is under way
// has to end then. stop ends the watching.
func (c *Cover) While(ctx context.Context, camera id.Camera, gone func()) (stop func()) {
	return c.desk.Rosters.While(ctx, c.address.Household, lookAgain, func(ctx context.Context) (bool, error) {
		now, err := c.desk.cover(ctx, c.address)
		var p *api.Problem
		if errors.As(err, &p) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return now.sight.Why(now.action(), camera) == "", nil
	}, gone)
}

func (c *Cover) action() roster.Action { return action(c.address.Purpose) }

// covers says whether a camera and an hour are within what was asked for.
func (c *Cover) covers(kind string, camera id.Camera, hour int64) bool {
	if c.address.Kind != kind {
		return false
	}
	if len(c.address.Cameras) > 0 && !slices.Contains(c.address.Cameras, camera) {
		return false
	}
	return camera == id.HouseholdCamera || (hour >= c.address.From && hour <= c.address.Until)
}

// Object opens an object that a footage answer listed, and says whose camera's it is. Where the right that it was
// listed by is over, the answer says so; what was not listed is not there.
func (c *Cover) Object(ctx context.Context, v vault.Vault, object id.Object) (vault.Reader, id.Camera, error) {
	row, err := c.desk.Store.Object(ctx, c.address.Household, object)
	if err != nil {
		return nil, "", access.Answer(fmt.Errorf("fetch: object: %w", err))
	}
	if row.Stored > c.address.At || !c.covers(store.AddressFootage, row.Camera, row.Hour) {
		return nil, "", access.Answer(store.ErrMissing)
	}
	if why := c.sight.Why(c.action(), row.Camera); why != "" {
		// It was listed: the address was made when the reader could see this camera.
		return nil, "", denied()
	}
	if !c.sight.Sees(c.action(), row.Camera, row.Hour, row.Stored) {
		return nil, "", access.Answer(store.ErrMissing)
	}
	r, size, err := v.Open(ctx, row.Place)
	if err != nil {
		return nil, "", fmt.Errorf("fetch: object with a row: %w", err)
	}
	if size != row.Size {
		_ = r.Close()
		return nil, "", fmt.Errorf("fetch: object has another size than its row")
	}
	return r, row.Camera, nil
}

// Page returns a page that a sync answer listed, or its newer version. Of a camera that the reader may not see now it
// does not say whether there are any.
func (c *Cover) Page(ctx context.Context, run id.Run, camera id.Camera, epoch id.Epoch, hour int64) ([]byte, error) {
	if !c.covers(store.AddressSync, camera, hour) {
		return nil, access.Answer(store.ErrMissing)
	}
	if c.sight.Why(roster.History, camera) != "" {
		return nil, denied()
	}
	p, err := c.desk.Store.Page(ctx, store.PageKey{Household: c.address.Household, Run: run, Camera: camera, Epoch: epoch, Hour: hour})
	if err == nil && !c.sight.Sees(roster.History, camera, hour, p.Updated) {
		err = store.ErrMissing
	}
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: page: %w", err))
	}
	return p.Body, nil
}

// Tile returns the first width hashes of a tile. Tiles are of the whole run and tell nothing but that there are leaves,
// so everybody of the household may have them.
func (c *Cover) Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	if c.address.Kind != store.AddressSync {
		return nil, access.Answer(store.ErrMissing)
	}
	const hash = len(id.Hash{})
	b, err := c.desk.Store.Tile(ctx, store.TileKey{Household: c.address.Household, Run: run, Level: level, N: n})
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: tile: %w", err))
	}
	if len(b) < width*hash {
		return nil, api.NewProblem(api.NotFound, rule.NotIncluded, "the tile is not that wide yet")
	}
	return b[:width*hash], nil
}
