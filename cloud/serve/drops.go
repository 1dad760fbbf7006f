// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/statement/id"
)

type dropIn struct {
	raw
	Box string `path:"box" doc:"SHA-256 of keyhold/v1/drop and the token"`
}

type dropOut struct{ Body api.Dropped }

type dropsIn struct {
	raw
	Box   string `path:"box"`
	After int64  `query:"after" minimum:"0" doc:"only messages with a higher number"`
	Wait  int64  `query:"wait" minimum:"0" maximum:"25" doc:"seconds to wait for one"`
	Token string `header:"Keyhold-Drop-Token" required:"true" doc:"standard base64 of the token"`
}

type dropsOut struct{ Body api.Drops }

func (s *Server) dropRoutes(h huma.API) {
	tags := []string{"drops"}
	register(h, huma.Operation{
		OperationID: "drop", Method: http.MethodPost, Path: "/v1/drops/{box}", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary: "Leave a message in a box whose name one knows",
	}, doc{body: binaryBody("at most 65,536 bytes")}, handled(s, "drop", s.drop))
	register(h, huma.Operation{
		OperationID: "drops", Method: http.MethodGet, Path: "/v1/drops/{box}", Tags: tags,
		Summary: "Read a box of one's own",
	}, doc{}, handled(s, "drops", s.drops))
}

func (s *Server) drop(ctx context.Context, in *dropIn) (*dropOut, error) {
	if err := s.stranger(in.r); err != nil {
		return nil, err
	}
	box, err := id.ParseHash(in.Box)
	if err != nil {
		return nil, misnamed()
	}
	b, err := smallBody(in.w, in.r, api.MaxMail)
	if err != nil {
		return nil, err
	}
	n, err := s.boxes.Put(ctx, box, b)
	if err != nil {
		return nil, err
	}
	return &dropOut{api.Dropped{N: n}}, nil
}

func (s *Server) drops(ctx context.Context, in *dropsIn) (*dropsOut, error) {
	box, err := id.ParseHash(in.Box)
	if err != nil {
		return nil, misnamed()
	}
	token, err := base64.StdEncoding.Strict().DecodeString(in.Token)
	if err != nil {
		return nil, misnamed()
	}
	// A wait ends with the request or with the server.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	found, err := s.boxes.After(ctx, box, token, in.After, time.Duration(in.Wait)*time.Second)
	if err != nil {
		return nil, err
	}
	out := &dropsOut{api.Drops{Messages: make([]api.Drop, 0, len(found))}}
	for _, d := range found {
		out.Body.Messages = append(out.Body.Messages, api.Drop{Body: d.Body, N: d.N})
	}
	return out, nil
}
