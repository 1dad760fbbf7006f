// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"

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
	return taken(s, reply.Result.Masks, masks.Kept)
}

// SetMasks changes what is covered of a camera's picture. change is given what is covered now.
func (s *Session) SetMasks(ctx context.Context, camera id.Camera, change func([]masks.Mask) []masks.Mask) (*masks.Setting, error) {
	var next *masks.Setting
	err := s.set(ctx, func() (request.Op, error) {
		list, err := s.Masks(ctx)
		if err != nil {
			return request.Op{}, err
		}
		next = &masks.Setting{Camera: camera}
		for _, one := range list {
			if one.Camera == camera {
				next.Seq, next.Masks = one.Seq, one.Masks
			}
		}
		next.Masks = masks.Sorted(change(next.Masks))
		next.At, next.Device, next.Head, next.Household, next.Seq = s.nowMS(), s.Keys.ID(), s.Roster.Head.Hash, s.Home.Household, next.Seq+1
		b, err := s.signed(masks.Thing, next)
		return request.Op{Kind: request.OpSetMasks, Masks: b}, err
	})
	return next, err
}

// FirstMasks says what is covered of a camera's picture to a hub that nobody has told yet. Where somebody has, it is refused:
// their word stays.
func (s *Session) FirstMasks(ctx context.Context, camera id.Camera, list []masks.Mask) error {
	return s.set(ctx, func() (request.Op, error) {
		b, err := s.signed(masks.Thing, &masks.Setting{
			At: s.nowMS(), Camera: camera, Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household, Masks: masks.Sorted(list), Seq: 1,
		})
		return request.Op{Kind: request.OpSetMasks, Masks: b}, err
	})
}

// checkMasks wants what stands on the record as covered to be what a member has signed, for this camera.
func (v *View) checkMasks(l *manifest.Masks) (*masks.Setting, error) {
	one, err := masks.Kept(l.Statement, v.Roster)
	if err != nil {
		return nil, fmt.Errorf("check what was covered: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera {
		return nil, rule.Errorf(rule.Signer, "what was covered is said to be by somebody who did not say so")
	}
	return one, nil
}
