// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"keyhold/statement/request"
)

// AddIntegration has the hub tell a program of the home how cameras do. The hub wants a gesture for it.
func (s *Session) AddIntegration(ctx context.Context, op request.Op, gesture Gesture) error {
	op.Kind = request.OpAddIntegration
	return s.gestured(ctx, op, gesture)
}

// AddChannel has the hub tell, by another way than alerts, that somebody rings. The hub wants a gesture for it.
func (s *Session) AddChannel(ctx context.Context, op request.Op, gesture Gesture) error {
	op.Kind = request.OpAddChannel
	return s.gestured(ctx, op, gesture)
}
