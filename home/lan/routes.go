// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// routes are those of the cloud that make sense here, in the same words.
func (d *Door) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/info", d.small(d.info))
	mux.HandleFunc("PUT /v1/households/{household}/mail/{to}", d.small(d.mail))
	mux.HandleFunc("POST /v1/fetch", d.small(d.fetch))
	mux.HandleFunc("GET /v1/fetched/{address}/pages/{run}/{camera}/{epoch}/{hour}", d.small(d.page))
	mux.HandleFunc("GET /v1/fetched/{address}/tiles/{run}/{level}/{n}/{width}", d.small(d.tile))
	mux.HandleFunc("GET /v1/fetched/{address}/objects/{object}", d.limited(d.object))
	mux.HandleFunc("GET /v1/socket", d.limited(d.socket))
	mux.HandleFunc("/bell/", d.hook)
	mux.HandleFunc("/", d.small(func(*http.Request) (any, error) { return nil, nothing() }))
	return mux
}

// limited lets so many requests through in a second.
func (d *Door) limited(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !d.often.Allow() {
			d.refuse(w, r, tooMany())
			return
		}
		next(w, r)
	}
}

// small is a request that is read and answered at once, so many of them in a second.
func (d *Door) small(f func(*http.Request) (any, error)) http.HandlerFunc {
	return d.limited(d.prompt(f))
}

// prompt reads and answers at once: with JSON, bytes, or nothing.
func (d *Door) prompt(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		control, until := http.NewResponseController(w), time.Now().Add(smallTime)
		_ = control.SetReadDeadline(until)
		_ = control.SetWriteDeadline(until)
		ctx, cancel := context.WithTimeout(r.Context(), smallTime)
		defer cancel()
		out, err := f(r.WithContext(ctx))
		if err != nil {
			d.refuse(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		switch out := out.(type) {
		case nil:
			w.WriteHeader(http.StatusNoContent)
		case []byte:
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(out) // the reader may have left
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(out)
		}
		// The next request of this connection begins with its own time.
		_ = control.SetReadDeadline(time.Time{})
	}
}

// refuse answers with a problem. What is none is a fault of ours, and says nothing of its cause.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *api.Problem
	if !errors.As(err, &p) {
		if r.Context().Err() == nil {
			d.c.Log.Error("a request at home failed", "error", err)
		}
		p = api.NewProblem(api.Internal, "", "something went wrong in the hub")
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// body reads a small body; a longer one is refused.
func body(r *http.Request, limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, api.NewProblem(api.Invalid, rule.Length, "the body is too long")
	}
	if err != nil {
		return nil, api.NewProblem(api.Invalid, "", "the body did not arrive whole")
	}
	return b, nil
}

// keepDays is what is promised of footage here. Often there is more.
const keepDays = 3

func (d *Door) info(*http.Request) (any, error) {
	return api.Info{To: d.key(), Now: d.c.Now().UnixMilli(), RetentionDays: keepDays}, nil
}

// mail takes a letter to the hub. Letters to others go by the cloud.
func (d *Door) mail(r *http.Request) (any, error) {
	w, err := d.write(r.Header.Get(api.StatementHeader), request.Write{
		Household: id.Household(r.PathValue("household")), Kind: request.WriteMail, Name: r.PathValue("to"),
	})
	if err != nil {
		return nil, err
	}
	if w.Name != string(id.Hub) {
		return nil, nothing()
	}
	if w.Size > api.MaxMail || r.ContentLength != w.Size {
		return nil, api.NewProblem(api.Invalid, rule.Length, "the body has another length than the statement says, or is too long")
	}
	b, err := body(r, api.MaxMail)
	if err != nil {
		return nil, err
	}
	if id.HashOf(b) != w.SHA256 && !rule.Off(rule.FileHash) {
		return nil, api.NewProblem(api.Invalid, rule.FileHash, "the body is not the one that was signed")
	}
	return nil, d.c.Mail(r.Context(), &api.Delivery{At: d.c.Now().UnixMilli(), Body: b, From: w.From, Kind: api.KindMail})
}

// fetch answers a fetch statement.
func (d *Door) fetch(r *http.Request) (any, error) {
	b, err := body(r, dsse.MaxBytes)
	if err != nil {
		return nil, err
	}
	f, err := d.fetchStatement(b)
	if err != nil {
		return nil, err
	}
	if f.Kind == request.FetchSync {
		return d.sync(r.Context(), f)
	}
	return d.footage(r.Context(), f, b)
}
