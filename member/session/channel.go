// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"keyhold/statement/request"
)

// AddIntegration has the hub tell a program of the home how cameras do, or lets it read them. The hub wants a gesture for
// it. It returns where it reads them, with user and password: nobody is told that again.
func (s *Session) AddIntegration(ctx context.Context, op request.Op, gesture Gesture) (streams []string, err error) {
	op.Kind = request.OpAddIntegration
	reply, err := s.gestured(ctx, op, gesture)
	if err != nil {
		return nil, err
	}
	return reply.Result.Streams, nil
}

// AddChannel has the hub tell, by another way than alerts, that somebody rings. The hub wants a gesture for it.
func (s *Session) AddChannel(ctx context.Context, op request.Op, gesture Gesture) error {
	op.Kind = request.OpAddChannel
	_, err := s.gestured(ctx, op, gesture)
	return err
}
