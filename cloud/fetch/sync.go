// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"errors"
	"slices"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// sync is an answer in the making.
type sync struct {
	*Desk
	fetch *request.Fetch
	sight roster.Sight
	asked store.Range
	out   *api.Sync
}

// empty is an answer without anything in it, which is not the same as one without lists.
func empty() *api.Sync {
	return &api.Sync{
		Envelopes: []request.Row{}, Erase: []byte{}, Labels: []api.LabelRef{}, Names: []byte{}, Pages: []api.PageRef{},
		Reseals: [][]byte{}, Runs: []api.RunRef{}, Status: []byte{},
	}
}

func (s *sync) answer(ctx context.Context) error {
	e, err := s.Store.Erasure(ctx, s.fetch.Household)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return err
	}
	// The hub goes on writing meanwhile. So what speaks of other things is read before them: a status before the
	// checkpoint that it names, a checkpoint before the pages that it covers, pages before the names that their leaves
	// speak of, all these before the envelopes of their epochs, and the roster last. A reader may find more than it was
	// told of, never less.
	steps := []func(context.Context) error{s.status, s.runs, s.pages, s.names, s.labels, s.envelopes, s.reseals, s.roster}
	if err == nil {
		s.out.Erase, s.out.EraseDue = e.Statement, e.Due
		steps = []func(context.Context) error{s.status, s.runs, s.roster}
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *sync) roster(ctx context.Context) error {
	state, err := s.Rosters.State(ctx, s.fetch.Household)
	if err != nil {
		return err
	}
	s.out.Roster = state.Chain
	return nil
}

func (s *sync) runs(ctx context.Context) error {
	runs, err := s.Store.Runs(ctx, s.fetch.Household)
	if err != nil {
		return err
	}
	for _, r := range runs {
		s.out.Runs = append(s.out.Runs, api.RunRef{Checkpoint: r.Checkpoint, Run: r.Run})
	}
	return nil
}

func (s *sync) pages(ctx context.Context) error {
	pages, err := s.Store.Pages(ctx, s.asked)
	if err != nil {
		return err
	}
	for _, p := range pages {
		if s.sight.Sees(roster.History, p.Camera, p.Hour, p.Updated) {
			s.out.Pages = append(s.out.Pages, api.PageRef{Camera: p.Camera, Epoch: p.Epoch, Hour: p.Hour, Run: p.Run, Size: p.Size, Updated: p.Updated})
		}
	}
	return nil
}

// sees says whether the reader may have the keys of a camera now.
func (s *sync) sees(c id.Camera) bool { return s.sight.Why(roster.History, c) == "" }

// envelopes are the reader's own; those who see everything get the sheet's too, which is how they can tell that the
// household would come back with it.
func (s *sync) envelopes(ctx context.Context) error {
	readers := []id.Device{s.fetch.Device}
	if s.sight.People() && !s.fetch.Device.ReturnKey() {
		readers = append(readers, id.Sheet)
	}
	rows, err := s.Store.Envelopes(ctx, s.fetch.Household, readers)
	if err != nil {
		return err
	}
	s.out.Envelopes = append(s.out.Envelopes, slices.DeleteFunc(rows, func(r request.Row) bool { return !s.sees(r.Camera) })...)
	return nil
}

// reseals are statements for the reader, as far as they speak of cameras that it may see.
func (s *sync) reseals(ctx context.Context) error {
	statements, err := s.Store.Reseals(ctx, s.fetch.Household, s.fetch.Device)
	if err != nil {
		return err
	}
	for _, b := range statements {
		e, err := dsse.Parse(b)
		if err != nil {
			return err
		}
		var r request.Reseal
		if err := e.Read(request.ThingReseal, &r); err != nil {
			return err
		}
		if slices.ContainsFunc(r.Epochs, func(e request.ResealedEpoch) bool { return s.sees(e.Camera) }) {
			s.out.Reseals = append(s.out.Reseals, b)
		}
	}
	return nil
}

func (s *sync) labels(ctx context.Context) error {
	labels, err := s.Store.Labels(ctx, s.fetch.Household)
	if err != nil {
		return err
	}
	for _, l := range labels {
		if s.sees(l.Camera) {
			s.out.Labels = append(s.out.Labels, api.LabelRef{Camera: l.Camera, Label: l.Body})
		}
	}
	return nil
}

func (s *sync) status(ctx context.Context) error { return s.document(ctx, store.Status, &s.out.Status) }

func (s *sync) names(ctx context.Context) error {
	if !s.sight.People() {
		return nil
	}
	return s.document(ctx, store.Names, &s.out.Names)
}

func (s *sync) document(ctx context.Context, kind string, into *[]byte) error {
	doc, err := s.Store.Document(ctx, s.fetch.Household, kind)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return err
	}
	*into = append(*into, doc.Body...)
	return nil
}
