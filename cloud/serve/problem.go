// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/cloud/vault"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// problem makes the answer to an error. What is not a problem already is a fault of ours: the cause goes to the log
// under the answer's id, and nothing of it to the caller.
func (s *Server) problem(ctx context.Context, op string, err error) *api.Problem {
	var p *api.Problem
	if errors.As(err, &p) {
		out := *p // a problem may be shared; the id is this answer's own
		out.ID = problemID()
		return &out
	}
	switch {
	case ctx.Err() != nil:
		p = api.NewProblem(api.Unavailable, "", "the request was given up")
	case errors.Is(err, store.ErrNoSpace), errors.Is(err, vault.ErrNoSpace):
		p = api.NewProblem(api.Unavailable, "", "the cloud's disk is full: this was not stored, send it again later")
	default:
		p = api.NewProblem(api.Internal, "", "something went wrong in the cloud")
	}
	p.ID = problemID()
	if ctx.Err() == nil {
		s.log.Error("request failed for a fault of ours", "op", op, "problem", p.ID, "err", err)
	}
	return p
}

func problemID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return id.Base32(b[:])
}

// write sends a problem where no framework does.
func write(w http.ResponseWriter, p *api.Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// frameworkProblem is how the framework's own refusals (a parameter that is missing or malformed) look.
func frameworkProblem(status int, _ string, _ ...error) huma.StatusError {
	var p *api.Problem
	switch {
	case status == http.StatusNotFound:
		p = api.NewProblem(api.NotFound, "", "there is nothing here")
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		p = api.NewProblem(api.Invalid, rule.Field, "a parameter of the request is missing or malformed")
	default:
		p = api.NewProblem(api.Internal, "", "something went wrong in the cloud")
	}
	p.ID = problemID()
	return p
}
