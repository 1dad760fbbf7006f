// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/retention"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// bodyTime is how long a small body may take to come.
const bodyTime = 30 * time.Second

var errPanic = errors.New("serve: handler panicked")

type infoOut struct{ Body api.Info }

type registerIn struct{ raw }

type registerOut struct {
	Status int
	Body   api.Registered
}

type sheetIn struct {
	raw
	Hash string `path:"hash" doc:"SHA-256 of keyhold/v1/sheet and the sheet's public signing key"`
}

type sheetOut struct{ Body api.SheetAnswer }

// public registers what anybody may ask.
func (s *Server) public(h huma.API) {
	register(h, huma.Operation{
		OperationID: "info", Method: http.MethodGet, Path: "/v1/info",
		Summary: "The cloud's key, clock and retention", Tags: []string{"public"},
	}, doc{}, handled(s, "info", func(context.Context, *struct{}) (*infoOut, error) {
		return &infoOut{api.Info{To: s.to, Now: s.config.Now().UnixMilli(), RetentionDays: retention.Days}}, nil
	}))
	register(h, huma.Operation{
		OperationID: "registerHousehold", Method: http.MethodPost, Path: "/v1/households", DefaultStatus: http.StatusCreated,
		Summary: "Register a household by its genesis", Tags: []string{"public"},
		Description: "201 the first time, 200 when it was registered before.",
	}, doc{body: statementBody("envelope of the genesis statement with its three signatures"), also: http.StatusOK},
		handled(s, "register", s.register))
	register(h, huma.Operation{
		OperationID: "sheet", Method: http.MethodGet, Path: "/v1/sheets/{hash}",
		Summary: "The household of a recovery sheet", Tags: []string{"public"},
	}, doc{}, handled(s, "sheet", s.sheet))
}

func (s *Server) register(ctx context.Context, in *registerIn) (*registerOut, error) {
	if err := s.stranger(in.r); err != nil {
		return nil, err
	}
	b, err := smallBody(in.w, in.r, dsse.MaxBytes)
	if err != nil {
		return nil, err
	}
	household, created, err := s.keys.Rosters.Register(ctx, b, s.config.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	out := &registerOut{Status: http.StatusOK, Body: api.Registered{Household: household}}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *Server) sheet(ctx context.Context, in *sheetIn) (*sheetOut, error) {
	if err := s.stranger(in.r); err != nil {
		return nil, err
	}
	hash, err := id.ParseHash(in.Hash)
	if err != nil {
		return nil, api.NewProblem(api.Invalid, rule.Field, "this is not a hash")
	}
	household, err := s.store.HouseholdOf(ctx, hash)
	if err != nil {
		return nil, access.Answer(err)
	}
	state, err := s.keys.Rosters.State(ctx, household)
	if err != nil {
		return nil, err
	}
	return &sheetOut{api.SheetAnswer{Household: household, Roster: state.Chain}}, nil
}

// smallBody reads a body that may have at most limit bytes.
func smallBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, api.NewProblem(api.Invalid, rule.Length, "the body is too long")
	case err != nil:
		return nil, errors.Join(api.NewProblem(api.Invalid, rule.FileSize, "the body broke off"), err)
	}
	return b, nil
}
