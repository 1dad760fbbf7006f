// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

type fetchIn struct{ raw }

// fetchOut is a *api.Sync or a *api.Footage.
type fetchOut struct{ Body any }

type objectIn struct {
	raw
	Address string `path:"id" doc:"the last part of a footage answer's address"`
	Object  string `path:"object"`
	Range   string `header:"Range" doc:"bytes=first-last"`
}

type pageIn struct {
	raw
	Address string `path:"id" doc:"the last part of a sync answer's address"`
	Run     string `path:"run"`
	Camera  string `path:"camera" doc:"camera id, or the word household"`
	Epoch   string `path:"epoch"`
	Hour    int64  `path:"hour"`
}

type tileIn struct {
	raw
	Address string `path:"id" doc:"the last part of a sync answer's address"`
	Run     string `path:"run"`
	Level   int    `path:"level" minimum:"0" maximum:"6"`
	N       int64  `path:"n" minimum:"0"`
	Width   int    `path:"width" minimum:"1" maximum:"256"`
}

// fetches registers the login and what it opens.
func (s *Server) fetches(h huma.API) {
	register(h, huma.Operation{
		OperationID: "fetch", Method: http.MethodPost, Path: "/v1/fetch",
		Summary: "Ask for household data with a signed statement", Tags: []string{"fetch"},
		Description: "The answer to kind sync is a Sync, to kind footage a Footage. Footage is a look: the hub writes it down.",
	}, doc{body: statementBody("envelope of a fetch statement"), oneOf: []any{api.Sync{}, api.Footage{}}},
		handled(s, "fetch", s.fetch))
	tags := []string{"fetched"}
	register(h, huma.Operation{
		OperationID: "object", Method: http.MethodGet, Path: "/v1/fetched/{id}/objects/{object}", Tags: tags,
		Summary: "A sealed pack, or a part of it",
	}, doc{binary: true}, handled(s, "fetched object", s.object))
	register(h, huma.Operation{
		OperationID: "page", Method: http.MethodGet, Path: "/v1/fetched/{id}/pages/{run}/{camera}/{epoch}/{hour}", Tags: tags,
		Summary: "A sealed page of leaves",
	}, doc{binary: true}, handled(s, "fetched page", s.page))
	register(h, huma.Operation{
		OperationID: "tile", Method: http.MethodGet, Path: "/v1/fetched/{id}/tiles/{run}/{level}/{n}/{width}", Tags: tags,
		Summary: "The first hashes of a tile",
	}, doc{binary: true}, handled(s, "fetched tile", s.tile))
}

func (s *Server) fetch(ctx context.Context, in *fetchIn) (*fetchOut, error) {
	b, err := smallBody(in.w, in.r, dsse.MaxBytes)
	if err != nil {
		return nil, err
	}
	v, err := s.keys.Fetch(ctx, b)
	if err != nil {
		return nil, err
	}
	if v.Statement().Kind == request.FetchSync {
		out, err := s.desk.Sync(ctx, v)
		return &fetchOut{out}, err
	}
	out, err := s.desk.Footage(ctx, v)
	return &fetchOut{out}, err
}

func (s *Server) object(ctx context.Context, in *objectIn) (*huma.StreamResponse, error) {
	object, err := id.ParseObject(in.Object)
	if err != nil {
		return nil, misnamed()
	}
	cover, err := s.desk.Open(ctx, in.Address)
	if err != nil {
		return nil, err
	}
	r, camera, err := cover.Object(ctx, s.vault, object)
	if err != nil {
		return nil, err
	}
	return s.stream(&in.raw, r, func(gone func()) func() { return cover.While(ctx, camera, gone) }), nil
}

func (s *Server) page(ctx context.Context, in *pageIn) (*huma.StreamResponse, error) {
	run, err := id.ParseRun(in.Run)
	epoch, err2 := id.ParseEpoch(in.Epoch)
	camera := id.Camera(in.Camera)
	if err != nil || err2 != nil || !camera.ValidOrHousehold() || strconv.FormatInt(in.Hour, 10) != in.r.PathValue("hour") {
		return nil, misnamed()
	}
	cover, err := s.desk.Open(ctx, in.Address)
	if err != nil {
		return nil, err
	}
	b, err := cover.Page(ctx, run, camera, epoch, in.Hour)
	if err != nil {
		return nil, err
	}
	return s.stream(&in.raw, memory{bytes.NewReader(b)}, func(gone func()) func() { return cover.While(ctx, camera, gone) }), nil
}

func (s *Server) tile(ctx context.Context, in *tileIn) (*huma.StreamResponse, error) {
	run, err := id.ParseRun(in.Run)
	if err != nil {
		return nil, misnamed()
	}
	cover, err := s.desk.Open(ctx, in.Address)
	if err != nil {
		return nil, err
	}
	b, err := cover.Tile(ctx, run, in.Level, in.N, in.Width)
	if err != nil {
		return nil, err
	}
	return s.stream(&in.raw, memory{bytes.NewReader(b)}, nil), nil
}

func misnamed() error {
	return api.NewProblem(api.Invalid, rule.Field, "a part of the path is not in its form")
}

// memory is bytes that can be closed.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// stream sends r, or the range that was asked for, and closes it. While it is under way, watch calls back when the
// reader may no longer have it; the answer then breaks off.
func (s *Server) stream(x *raw, r io.ReadSeekCloser, watch func(gone func()) (stop func())) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer func() { _ = r.Close() }()
		if size, err := r.Seek(0, io.SeekEnd); err == nil {
			_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(answerTime + time.Duration(size/slowest)*time.Second))
		}
		x.w.Header().Set("Content-Type", "application/octet-stream")
		if watch == nil {
			http.ServeContent(x.w, x.r, "", time.Time{}, r)
			return
		}
		var gone atomic.Bool
		stop := watch(func() {
			gone.Store(true)
			cut(x)
		})
		http.ServeContent(x.w, x.r, "", time.Time{}, r)
		stop()
		if gone.Load() {
			panic(http.ErrAbortHandler) // the caller must not take what it has for the whole
		}
	}}
}
