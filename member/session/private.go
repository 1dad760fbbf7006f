// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Privates asks the hub what is set to be private, as far as this device may know it.
func (s *Session) Privates(ctx context.Context) ([]*private.Setting, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpPrivates})
	if err != nil {
		return nil, err
	}
	return taken(s, reply.Result.Privates, private.Kept)
}

// SetPrivate changes what is set for a camera, or for the household. change is given what is set now.
func (s *Session) SetPrivate(ctx context.Context, camera id.Camera, change func(*private.Setting)) (*private.Setting, error) {
	var next *private.Setting
	err := s.set(ctx, func() (request.Op, error) {
		list, err := s.Privates(ctx)
		if err != nil {
			return request.Op{}, err
		}
		next = &private.Setting{Camera: camera, Hours: []roster.Hours{}}
		for _, one := range list {
			if one.Camera == camera {
				*next = *one
			}
		}
		change(next)
		next.At, next.Device, next.Head, next.Household, next.Seq = s.nowMS(), s.Keys.ID(), s.Roster.Head.Hash, s.Home.Household, next.Seq+1
		b, err := s.signed(private.Thing, next)
		return request.Op{Kind: request.OpPrivate, Private: b}, err
	})
	return next, err
}

// FirstPrivate says what is private to a hub that nobody has told yet. Where somebody has, it is refused: their word stays.
func (s *Session) FirstPrivate(ctx context.Context, camera id.Camera, held *private.Held) error {
	return s.set(ctx, func() (request.Op, error) {
		b, err := s.signed(private.Thing, &private.Setting{
			At: s.nowMS(), Camera: camera, Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household,
			Hours: held.Hours, On: held.On, Seq: 1, Zone: held.Zone,
		})
		return request.Op{Kind: request.OpPrivate, Private: b}, err
	})
}

// checkPrivate wants what stands on the record as private to be what a member has signed, for this camera.
func (v *View) checkPrivate(l *manifest.Private) (*private.Setting, error) {
	one, err := private.Kept(l.Statement, v.Roster)
	if err != nil {
		return nil, fmt.Errorf("check what was private: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera && one.Camera != id.HouseholdCamera {
		return nil, rule.Errorf(rule.Signer, "what was private is said to be by somebody who did not say so")
	}
	return one, nil
}
