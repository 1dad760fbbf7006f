// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/statement/dsse"
)

type pushIn struct{ raw }

type pushOut struct{ Body api.Pushed }

// pushRoutes registers where the hub hands over messages for push services.
func (s *Server) pushRoutes(h huma.API) {
	register(h, huma.Operation{
		OperationID: "push", Method: http.MethodPost, Path: "/v1/pushes",
		Summary: "Have a sealed message brought to a browser's push service (hub)", Tags: []string{"mail"},
		Description: "It is tried once, to the services of a list, and nothing of it is kept. The answer says what came of it.",
	}, doc{body: statementBody("envelope of a push statement")}, handled(s, "push", s.sendPush))
}

func (s *Server) sendPush(ctx context.Context, in *pushIn) (*pushOut, error) {
	b, err := smallBody(in.w, in.r, dsse.MaxBytes)
	if err != nil {
		return nil, err
	}
	v, err := s.keys.Push(ctx, b)
	if err != nil {
		return nil, err
	}
	p := v.Statement()
	if !s.pushed.take(p.Household) {
		return nil, tooMany()
	}
	if err := s.store.UseNonce(ctx, v.Nonce()); err != nil {
		return nil, access.Answer(err)
	}
	answer, err := s.push.Send(ctx, p)
	if err != nil {
		return nil, err
	}
	return &pushOut{*answer}, nil
}
