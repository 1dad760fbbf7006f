// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"keyhold/api"
)

// answerTime is how long an answer may take to go out; objects and waits set their own.
const answerTime = time.Minute

// framework sets what the HTTP framework keeps in variables of its own.
var framework = sync.OnceFunc(func() {
	huma.NewError = frameworkProblem
	huma.DefaultArrayNullable = false
})

// routes builds the handler: the API under /v1/, the app beside it.
func (s *Server) routes() http.Handler {
	framework()
	mux := http.NewServeMux()
	hapi := humago.New(mux, humaConfig())
	s.public(hapi)
	s.writes(hapi)
	s.fetches(hapi)
	s.relays(hapi)
	s.pushRoutes(hapi)
	s.dropRoutes(hapi)
	s.socketRoute(mux, hapi)
	doc := document(hapi)
	mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_, _ = w.Write(doc)
	})
	mux.HandleFunc("/v1/", s.nothing)
	if s.config.App != nil {
		mux.Handle("/", s.config.App)
	} else {
		mux.HandleFunc("/", s.nothing)
	}
	return s.outer(mux)
}

// nothing answers where there is no route.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	write(w, s.problem(r.Context(), "none", api.NewProblem(api.NotFound, "", "there is nothing here")))
}

// strict are the headers of every answer of the API; the app's handler sets its own. Nothing here is a page, a script
// or a picture, nothing is for another origin, and nothing is to be kept by a cache. There is no cookie to guard.
var strict = [][2]string{
	{"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Cache-Control", "no-store"},
}

// outer is what happens to every request before it finds its route.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.recovered(w, r)
		h := w.Header()
		for _, line := range strict {
			h.Set(line[0], line[1])
		}
		if s.config.TLSCert != "" || len(s.config.Origin) > 5 && s.config.Origin[:6] == "https:" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !s.addresses.take(caller(r.RemoteAddr)) {
			write(w, s.problem(r.Context(), "any", tooMany()))
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
		started := s.config.Now()
		next.ServeHTTP(w, r)
		s.log.Debug("answered", "op", r.Pattern, "ms", s.config.Now().Sub(started).Milliseconds())
	})
}

// recovered turns a panic into an answer and a line in the log.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	err, ok := v.(error)
	if errors.Is(err, http.ErrAbortHandler) || r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the caller is gone; there is nobody to answer
	}
	if !ok {
		err = errPanic
	}
	write(w, s.problem(r.Context(), r.Pattern, err))
}

// raw gives a handler the request itself, for bodies that are streamed.
type raw struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve is called by the framework before the handler.
func (x *raw) Resolve(ctx huma.Context) []error {
	x.r, x.w = humago.Unwrap(ctx)
	return nil
}

// stranger spends from the caller's allowance for requests that anybody can make.
func (s *Server) stranger(r *http.Request) error {
	if !s.strangers.take(caller(r.RemoteAddr)) {
		return tooMany()
	}
	return nil
}

// handled wraps a handler so that its errors become problems.
func handled[I, O any](s *Server, op string, f func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, op, err)
		}
		return out, nil
	}
}
