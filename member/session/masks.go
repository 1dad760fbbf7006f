// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Masks asks the hub what is covered of the cameras' pictures, as far as this device may know it: the newest setting of
// each camera, behind the one before it if there is one.
func (s *Session) Masks(ctx context.Context) ([]*masks.Setting, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpMasks})
	if err != nil {
		return nil, err
	}
	var out []*masks.Setting
	for _, b := range reply.Result.Masks {
		one, err := masks.Kept(b, s.Home.Household, func(d id.Device) (ed25519.PublicKey, bool) { return signKey(s.Roster, d) })
		if err != nil {
			return nil, fmt.Errorf("check what is covered: %w", err)
		}
		out = append(out, one)
	}
	return out, nil
}

// maskTries is how often a setting is made again that somebody else's came before.
const maskTries = 3

// SetMasks changes what is covered of a camera's picture. change is given what is covered now.
func (s *Session) SetMasks(ctx context.Context, camera id.Camera, change func([]masks.Mask) []masks.Mask) (*masks.Setting, error) {
	for n := 1; ; n++ {
		list, err := s.Masks(ctx)
		if err != nil {
			return nil, err
		}
		next := &masks.Setting{Camera: camera}
		for _, one := range list {
			if one.Camera == camera {
				next.Seq, next.Masks = one.Seq, one.Masks
			}
		}
		next.Masks = masks.Sorted(change(next.Masks))
		next.At, next.Device, next.Head, next.Household, next.Seq = s.nowMS(), s.Keys.ID(), s.Roster.Head.Hash, s.Home.Household, next.Seq+1
		e, err := dsse.Signed(masks.Thing, next, s.Keys.ID(), s.Keys.Sign())
		if err != nil {
			return nil, fmt.Errorf("sign what is to be covered: %w", err)
		}
		_, err = s.Do(ctx, request.Op{Kind: request.OpSetMasks, Masks: e.Encode()})
		var no *RefusedError
		if err == nil || n == maskTries || !errors.As(err, &no) || no.Word != request.RefusedStale {
			return next, err
		}
		if _, err := s.Steady(ctx, func(*View) error { return nil }); err != nil {
			return nil, err
		}
	}
}

// checkMasks wants what stands on the record as covered to be what a member has signed, for this camera.
func (v *View) checkMasks(l *manifest.Masks) error {
	one, err := masks.Kept(l.Statement, v.Roster.Household, v.signKey)
	if err != nil {
		return fmt.Errorf("check what was covered: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera {
		return rule.Errorf(rule.Signer, "what was covered is said to be by somebody who did not say so")
	}
	return nil
}
