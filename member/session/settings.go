// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// taken opens settings that the hub has taken.
func taken[T any](s *Session, list [][]byte, open func([]byte, *roster.State) (T, error)) ([]T, error) {
	var out []T
	for _, b := range list {
		one, err := open(b, s.Roster)
		if err != nil {
			return nil, fmt.Errorf("check what is set: %w", err)
		}
		out = append(out, one)
	}
	return out, nil
}

// signed signs a setting.
func (s *Session) signed(thing string, setting any) ([]byte, error) {
	e, err := dsse.Signed(thing, setting, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign what is to be set: %w", err)
	}
	return e.Encode(), nil
}

// settingTries is how often a setting is made again that somebody else's came before.
const settingTries = 3

// set sends a setting, and makes it anew where somebody else's came before. next makes it by what is set now; done is given
// the answer.
func (s *Session) set(ctx context.Context, next func() (request.Op, error), done ...func(*request.Reply)) error {
	for n := 1; ; n++ {
		op, err := next()
		if err != nil {
			return err
		}
		reply, err := s.Do(ctx, op)
		for _, f := range done {
			if err == nil {
				f(reply)
			}
		}
		var no *RefusedError
		if err == nil || n == settingTries || !errors.As(err, &no) || no.Word != request.RefusedStale {
			return err
		}
		if _, err := s.Steady(ctx, func(*View) error { return nil }); err != nil {
			return err
		}
	}
}
