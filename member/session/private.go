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
	var out []*private.Setting
	for _, b := range reply.Result.Privates {
		one, err := private.Kept(b, s.Home.Household, func(d id.Device) (ed25519.PublicKey, bool) { return signKey(s.Roster, d) })
		if err != nil {
			return nil, fmt.Errorf("check what is private: %w", err)
		}
		out = append(out, one)
	}
	return out, nil
}

// privateTries is how often a setting is made again that somebody else's came before.
const privateTries = 3

// SetPrivate changes what is set for a camera, or for the household. change is given what is set now.
func (s *Session) SetPrivate(ctx context.Context, camera id.Camera, change func(*private.Setting)) (*private.Setting, error) {
	for n := 1; ; n++ {
		list, err := s.Privates(ctx)
		if err != nil {
			return nil, err
		}
		next := &private.Setting{Camera: camera, Hours: []roster.Hours{}}
		for _, one := range list {
			if one.Camera == camera {
				*next = *one
			}
		}
		change(next)
		next.At, next.Device, next.Head, next.Household, next.Seq = s.nowMS(), s.Keys.ID(), s.Roster.Head.Hash, s.Home.Household, next.Seq+1
		e, err := dsse.Signed(private.Thing, next, s.Keys.ID(), s.Keys.Sign())
		if err != nil {
			return nil, fmt.Errorf("sign what is to be private: %w", err)
		}
		_, err = s.Do(ctx, request.Op{Kind: request.OpPrivate, Private: e.Encode()})
		var no *RefusedError
		if err == nil || n == privateTries || !errors.As(err, &no) || no.Word != request.RefusedStale {
			return next, err
		}
		if _, err := s.Steady(ctx, func(*View) error { return nil }); err != nil {
			return nil, err
		}
	}
}

func signKey(r *roster.State, d id.Device) (ed25519.PublicKey, bool) {
	if m, ok := r.Device(d); ok {
		return m.Sign, true
	}
	m, ok := r.Former(d)
	return m.Sign, ok
}

// checkPrivate wants what stands on the record as private to be what a member has signed, for this camera.
func (v *View) checkPrivate(l *manifest.Private) error {
	one, err := private.Kept(l.Statement, v.Roster.Household, v.signKey)
	if err != nil {
		return fmt.Errorf("check what was private: %w", err)
	}
	if one.Device != l.Device || one.Camera != l.Camera && one.Camera != id.HouseholdCamera {
		return rule.Errorf(rule.Signer, "what was private is said to be by somebody who did not say so")
	}
	return nil
}
