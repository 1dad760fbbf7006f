// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// errHome says that the hub itself is asked from now on.
var errHome = errors.New("at home, without the cloud")

// syncBy asks the cloud for everything but footage. Where it does not answer, and the hub at home does, the session turns
// to that one and errHome comes back.
func (s *Session) syncBy(ctx context.Context, statement []byte) (*api.Sync, error) {
	type answered struct {
		sync *api.Sync
		err  error
	}
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	came, client := make(chan answered, 1), s.Client
	go func() { // received below
		a, err := client.Sync(asking, statement)
		came <- answered{a, err}
	}()
	late := time.NewTimer(syncAfter)
	defer late.Stop()
	var a answered
	select {
	case a = <-came:
	case <-late.C:
		if s.GoHome(ctx) == nil {
			cancel()
			<-came
			return nil, errHome
		}
		a = <-came
	}
	if a.err != nil && unanswered(ctx, a.err) && s.GoHome(ctx) == nil {
		return nil, errHome
	}
	return a.sync, a.err
}

// syncAtHome asks the hub itself. What the hub no longer has, and the cloud once showed, is in the cache. Nothing of the
// answer is remembered but the roster: the cloud may honestly show less for a while.
func (s *Session) syncAtHome(ctx context.Context, from, until int64) (*View, error) {
	statement, err := s.fetch(request.FetchSync, request.PurposeSync, nil, from, until)
	if err != nil {
		return nil, err
	}
	answer, err := s.Client.Sync(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("at home: %w", err)
	}
	cache := s.cache()
	src := &fromHub{client: s.Client, address: answer.Address, cache: cache, listed: map[manifest.PageName]bool{}}
	for _, p := range answer.Pages {
		src.listed[pageName(p)] = true
	}
	if old, err := cache.answer(); err == nil {
		merge(answer, old, src.listed)
	}
	v, err := s.view(ctx, answer, src, atHome)
	if err != nil {
		return nil, err
	}
	return v, s.noteHome(v.Roster.Head.Seq)
}

// merge adds to the hub's answer what the cloud showed before and the hub does not have: runs of hubs before it, old
// pages, keys that were handed on.
func merge(a, old *api.Sync, listed map[manifest.PageName]bool) {
	if len(a.Erase) > 0 {
		return
	}
	runs := map[id.Run]bool{}
	for _, r := range a.Runs {
		runs[r.Run] = true
	}
	var before []api.RunRef
	for _, r := range old.Runs {
		if !runs[r.Run] {
			before = append(before, r)
		}
	}
	a.Runs = append(before, a.Runs...)
	var pages []api.PageRef
	for _, p := range old.Pages {
		if !listed[pageName(p)] {
			pages = append(pages, p)
		}
	}
	a.Pages = append(pages, a.Pages...)
	rows := map[id.Hash]bool{}
	for _, r := range a.Envelopes {
		rows[id.HashOf(r.Bytes)] = true
	}
	for _, r := range old.Envelopes {
		if !rows[id.HashOf(r.Bytes)] {
			a.Envelopes = append(a.Envelopes, r)
		}
	}
	a.Reseals = old.Reseals
}

// fromHub asks the hub for what it lists, and the cache for the rest.
type fromHub struct {
	client  *api.Client
	address string
	cache   cache
	listed  map[manifest.PageName]bool
}

func (f *fromHub) page(ctx context.Context, ref api.PageRef) ([]byte, error) {
	if !f.listed[pageName(ref)] {
		return f.cache.page(ctx, ref)
	}
	b, err := f.client.Page(ctx, f.address, ref.Run, ref.Camera, ref.Epoch, ref.Hour)
	return b, forgotten(err)
}

func (f *fromHub) Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	if b, err := f.cache.Tile(ctx, run, level, n, width); err == nil && len(b) == width*len(id.Hash{}) {
		return b, nil
	}
	b, err := f.client.Tile(ctx, f.address, run, level, n, width)
	return b, forgotten(err)
}

// forgotten says that the hub does not have something any more, which is no wonder.
func forgotten(err error) error {
	if api.KindOf(err) == api.NotFound {
		return fmt.Errorf("%w: %w", errNotCached, err)
	}
	return err
}
