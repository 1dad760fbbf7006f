// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"fmt"
	"slices"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/cloud/vault"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Cover is the right to read what one address lists. Only Open makes it.
type Cover struct {
	address store.Address
	store   store.Store
}

// Open finds what an address covers. One that never was and one that has ended are the same.
func (d *Desk) Open(ctx context.Context, address string) (*Cover, error) {
	a, err := d.Store.Address(ctx, address, d.Now().UnixMilli())
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: address: %w", err))
	}
	return &Cover{address: a, store: d.Store}, nil
}

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

// Object opens an object that a footage answer listed.
func (c *Cover) Object(ctx context.Context, v vault.Vault, object id.Object) (vault.Reader, error) {
	row, err := c.store.Object(ctx, object)
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: object: %w", err))
	}
	if row.Household != c.address.Household || row.Stored > c.address.At || !c.covers(store.AddressFootage, row.Camera, row.Hour) {
		return nil, access.Answer(store.ErrMissing)
	}
	r, size, err := v.Open(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("fetch: object with a row: %w", err)
	}
	if size != row.Size {
		_ = r.Close()
		return nil, fmt.Errorf("fetch: object has another size than its row")
	}
	return r, nil
}

// Page returns a page that a sync answer listed, or its newer version.
func (c *Cover) Page(ctx context.Context, run id.Run, camera id.Camera, epoch id.Epoch, hour int64) ([]byte, error) {
	if !c.covers(store.AddressSync, camera, hour) {
		return nil, access.Answer(store.ErrMissing)
	}
	p, err := c.store.Page(ctx, store.PageKey{Household: c.address.Household, Run: run, Camera: camera, Epoch: epoch, Hour: hour})
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: page: %w", err))
	}
	return p.Body, nil
}

// Tile returns the first width hashes of a tile.
func (c *Cover) Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	if c.address.Kind != store.AddressSync {
		return nil, access.Answer(store.ErrMissing)
	}
	const hash = len(id.Hash{})
	b, err := c.store.Tile(ctx, store.TileKey{Household: c.address.Household, Run: run, Level: level, N: n})
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: tile: %w", err))
	}
	if len(b) < width*hash {
		return nil, api.NewProblem(api.NotFound, rule.NotIncluded, "the tile is not that wide yet")
	}
	return b[:width*hash], nil
}
