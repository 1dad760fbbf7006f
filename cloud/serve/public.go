// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/retention"
	"keyhold/cloud/store"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// bodyTime is how long a small body may take to come.
const bodyTime = 30 * time.Second

// chainUnit is how many bytes of a chain cost as much as another request.
const chainUnit = 8 << 10

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

type receiptIn struct {
	raw
	Hash string `path:"hash" doc:"hash of the erase statement"`
}

type receiptOut struct{ Body api.Receipt }

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
		Summary: "Register a household by its genesis, or by its whole chain", Tags: []string{"public"},
		Description: "201 the first time, 200 when it was registered before. A chain that is longer than the stored one continues it: " +
			"so a household comes to another cloud, and so a new hub takes the place of an old one.",
	}, doc{body: registrationBody(), also: http.StatusOK},
		handled(s, "register", s.register))
	register(h, huma.Operation{
		OperationID: "sheet", Method: http.MethodGet, Path: "/v1/sheets/{hash}",
		Summary: "The household of a recovery sheet", Tags: []string{"public"},
	}, doc{}, handled(s, "sheet", s.sheet))
	register(h, huma.Operation{
		OperationID: "receipt", Method: http.MethodGet, Path: "/v1/receipts/{hash}",
		Summary: "What was erased", Tags: []string{"public"},
		Description: "For who knows the erase statement, once everything is gone, for ninety days.",
	}, doc{}, handled(s, "receipt", s.receipt))
}

func (s *Server) register(ctx context.Context, in *registerIn) (*registerOut, error) {
	if err := s.stranger(in.r); err != nil {
		return nil, err
	}
	b, err := smallBody(in.w, in.r, api.MaxOther)
	if err != nil {
		return nil, err
	}
	chain := [][]byte{b}
	if bytes.HasPrefix(b, []byte(`{"roster":`)) {
		var whole api.Registration
		if err := canon.UnmarshalMax(b, &whole, api.MaxOther); err != nil {
			return nil, api.NewProblem(api.Invalid, rule.Of(err), "the body is neither a genesis nor a chain")
		}
		chain = whole.Roster
		// A chain costs the cloud what its length is: three signatures for every link, and the room that it takes.
		if !s.strangers.spend(caller(in.r.RemoteAddr), len(b)/chainUnit) {
			return nil, tooMany()
		}
	}
	household, created, err := s.keys.Rosters.Register(ctx, chain, s.config.Now().UnixMilli())
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
		return nil, access.Answer(err)
	}
	// A sheet that was replaced, or whose person is gone, finds nothing.
	if _, ok := state.Key(id.Sheet); !ok || state.Sheet.Lookup() != hash {
		return nil, access.Answer(store.ErrMissing)
	}
	return &sheetOut{api.SheetAnswer{Household: household, Roster: state.Chain}}, nil
}

func (s *Server) receipt(ctx context.Context, in *receiptIn) (*receiptOut, error) {
	if err := s.stranger(in.r); err != nil {
		return nil, err
	}
	hash, err := id.ParseHash(in.Hash)
	if err != nil {
		return nil, api.NewProblem(api.Invalid, rule.Field, "this is not a hash")
	}
	r, err := s.erase.Receipt(ctx, hash)
	if err != nil {
		return nil, err
	}
	return &receiptOut{*r}, nil
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
