// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"

	"keyhold/home/durable"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/home/pairing"
	"keyhold/home/state"
	"keyhold/statement/id"
	code "keyhold/statement/pairing"
)

// Info is what `keyhold hub code` shows of a hub's folder.
type Info struct {
	// Code pairs the hub; it is there as long as Household is "".
	Code      code.Code
	Household id.Household
	// Gesture is the code that a change of the household waits for, or nil.
	Gesture *gesture.Request
}

// ShowInfo reads a hub's folder, beside a hub that runs or not.
func ShowInfo(ctx context.Context, dir string, now time.Time) (*Info, error) {
	l := LayoutOf(dir)
	if _, err := os.Stat(l.State); err == nil {
		i, err := paired(ctx, l, now)
		if !errors.Is(err, household.ErrNone) {
			return i, err
		}
	}
	if err := durable.MkdirAll(l.Keys); err != nil {
		return nil, err
	}
	keys, err := household.OpenKeys(l.Keys, rand.Reader)
	if err != nil {
		return nil, err
	}
	c, err := pairing.Code(l.Keys, keys, rand.Reader)
	return &Info{Code: c}, err
}

func paired(ctx context.Context, l Layout, now time.Time) (i *Info, err error) {
	db, err := state.OpenReadOnly(ctx, l.State)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	home, err := household.Load(ctx, db)
	if err != nil {
		return nil, err
	}
	r, err := gesture.Waiting(ctx, db, now.UnixMilli())
	return &Info{Household: home.ID(), Gesture: r}, err
}
