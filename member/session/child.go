// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"

	"keyhold/statement/child"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Children asks the hub which cameras are in a child's room, or were once, as far as this device may know it.
func (s *Session) Children(ctx context.Context) ([]*child.Setting, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpChildren})
	if err != nil {
		return nil, err
	}
	return taken(s, reply.Result.Children, child.Kept)
}

// SetChild says whether a camera is in a child's room.
func (s *Session) SetChild(ctx context.Context, camera id.Camera, on bool) error {
	return s.set(ctx, func() (request.Op, error) {
		list, err := s.Children(ctx)
		if err != nil {
			return request.Op{}, err
		}
		next := &child.Setting{At: s.nowMS(), Camera: camera, Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household, On: on, Seq: 1}
		for _, one := range list {
			if one.Camera == camera {
				next.Seq = one.Seq + 1
			}
		}
		b, err := s.signed(child.Thing, next)
		return request.Op{Kind: request.OpSetChild, Child: b}, err
	})
}

// FirstChild says whether a camera is in a child's room to a hub that nobody has told yet. Where somebody has, it is refused:
// their word stays.
func (s *Session) FirstChild(ctx context.Context, camera id.Camera, on bool) error {
	return s.set(ctx, func() (request.Op, error) {
		b, err := s.signed(child.Thing, &child.Setting{
			At: s.nowMS(), Camera: camera, Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household, On: on, Seq: 1,
		})
		return request.Op{Kind: request.OpSetChild, Child: b}, err
	})
}

// checkChild wants what stands on the record of a child's room to be what a member has signed, for this camera.
func (v *View) checkChild(l *manifest.Child) (*child.Setting, error) {
	one, err := child.Kept(l.Statement, v.Roster)
	if err != nil {
		return nil, fmt.Errorf("check what was set of a child's room: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera {
		return nil, rule.Errorf(rule.Signer, "a child's room is said to be by somebody who did not say so")
	}
	return one, nil
}
