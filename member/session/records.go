// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"keyhold/api"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// Record is a leaf that was proved to stand in a run of the hub's tree.
type Record struct {
	manifest.Entry
	Run *Run
	// Epoch is that of its page.
	Epoch id.Epoch
}

// pagesAtOnce is how many pages are asked for at the same time.
const pagesAtOnce = 8

// records reads the leaves of one camera for the hours from..until, and wants them without a hole. It
// reads one page more on either side where there is one: only then is the edge of the range proved.
func (v *View) records(ctx context.Context, camera id.Camera, from, until int64) ([]Record, error) {
	refs := v.pages[camera]
	lo, hi := span(refs, from, until)
	all, shut, begins, err := v.loadAll(ctx, refs[lo:hi])
	if err != nil {
		return nil, err
	}
	if begins && len(shut) == 0 && lo == 0 && hi == len(refs) && v.justCame(camera) {
		return nil, nil
	}
	v.Unreadable += len(shut)
	if len(shut) == hi-lo && len(shut) > 0 {
		return nil, nil // recorded when this reader had no right to it, all of it
	}
	if v.atHome {
		return all, nil // the hub itself hands them out, and does not have all of them any more
	}
	stretches := shut.part(all)
	for i, stretch := range stretches {
		tail := int64(0)
		if i == len(stretches)-1 && hi == len(refs) && len(v.Runs) > 0 && !v.offline && !shut.after(stretch) {
			tail = v.Runs[len(v.Runs)-1].At
		}
		if i == 0 && lo == 0 && !shut.before(stretch) {
			if err := v.checkStart(refs, stretch); err != nil {
				return nil, err
			}
		}
		if err := v.checkNumbers(stretch, tail); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// checkNumbers wants the numbers of a stretch without a hole. A hub whose folder was put back to an
// earlier state does not know which numbers it gave since: it begins a run that says so and leaves out
// more than enough. Up to there the run before must be whole, to its own checkpoint.
func (v *View) checkNumbers(stretch []Record, tail int64) error {
	from := 0
	for i := 1; i < len(stretch); i++ {
		before, after := stretch[i-1].Leaf.Common(), stretch[i].Leaf.Common()
		if after.Seq > before.Seq+1 && v.nothingBefore(stretch[i:]) {
			// What lies between is older than what is kept. Only what somebody has starred is left.
			if err := manifest.CheckNumbers(entriesOf(stretch[from:i]), 0); err != nil {
				return err
			}
			from = i
			continue
		}
		if era := v.era(stretch[i].Run); era.Place != v.era(stretch[i-1].Run).Place {
			if err := manifest.CheckTurn(era, stretch[i].Entry); err != nil {
				return err
			}
			if err := manifest.CheckNumbers(entriesOf(stretch[from:i]), stretch[i-1].Run.At); err != nil {
				return err
			}
			from = i
			continue
		}
		if stretch[i].Run == stretch[i-1].Run || !v.leaps[stretch[i].Run.Run] {
			continue
		}
		if stretch[i].Leaf.Common().Seq <= stretch[i-1].Leaf.Common().Seq && !rule.Off(rule.SeqGap) {
			return rule.Errorf(rule.SeqGap, "a new run uses numbers of the one before")
		}
		if err := manifest.CheckNumbers(entriesOf(stretch[from:i]), stretch[i-1].Run.At); err != nil {
			return err
		}
		from = i
	}
	return manifest.CheckNumbers(entriesOf(stretch[from:]), tail)
}

// nothingBefore says whether what the hub wrote before a stretch is older than what is kept.
func (v *View) nothingBefore(stretch []Record) bool {
	old := v.now - (retentionDays-1)*day
	return stretch[0].Leaf.Common().At < old || manifest.Back(entriesOf(stretch), old)
}

func entriesOf(stretch []Record) []manifest.Entry {
	entries := make([]manifest.Entry, len(stretch))
	for i, r := range stretch {
		entries[i] = r.Entry
	}
	return entries
}

// span selects the pages of the hours from..until and one group on either side.
func span(refs []api.PageRef, from, until int64) (lo, hi int) {
	lo, hi = len(refs), 0
	for i, p := range refs {
		if p.Hour >= from && p.Hour <= until {
			lo, hi = min(lo, i), max(hi, i+1)
		}
	}
	if lo >= hi { // none inside: the neighbours prove that there is nothing
		lo = slices.IndexFunc(refs, func(p api.PageRef) bool { return p.Hour > until })
		if lo < 0 {
			lo = len(refs)
		}
		hi = lo
	}
	lo = groupStart(refs, lo-1)
	hi = groupEnd(refs, hi)
	return lo, hi
}

// groupStart is the first page of the run and hour that page i belongs to.
func groupStart(refs []api.PageRef, i int) int {
	if i < 0 {
		return 0
	}
	for i > 0 && refs[i-1].Hour == refs[i].Hour && refs[i-1].Run == refs[i].Run {
		i--
	}
	return i
}

// groupEnd is the page after the run and hour that page i belongs to.
func groupEnd(refs []api.PageRef, i int) int {
	if i >= len(refs) {
		return len(refs)
	}
	for i+1 < len(refs) && refs[i+1].Hour == refs[i].Hour && refs[i+1].Run == refs[i].Run {
		i++
	}
	return i + 1
}

// checkStart wants the first page that the cloud lists to be the first there is.
func (v *View) checkStart(refs []api.PageRef, stretch []Record) error {
	if len(stretch) == 0 || rule.Off(rule.SeqGap) {
		return nil
	}
	first := stretch[0].Leaf.Common()
	// The cloud does not list what was recorded before a viewer's or guest's right began.
	begins := manifest.Begins(v.era(stretch[0].Run), entriesOf(stretch))
	if !begins && !v.nothingBefore(stretch) && stretch[0].Index >= 0 && refs[0].Run == stretch[0].Run.Run && !v.mayLack(first.Camera, first.At, first.At) {
		return rule.Errorf(rule.SeqGap, "a camera's first leaves are missing")
	}
	return nil
}

// closed are pages that this reader cannot have keys for. What lies in them is not known, so the leaves on both sides
// need not follow each other.
type closed []place

// place orders pages: by run, then hour. Within one hour nobody knows which page came first.
type place struct {
	run  int
	hour int64
}

func placeOf(r Record) place { return place{r.Run.order, id.Hour(r.Leaf.Common().At)} }

func (p place) before(o place) bool { return p.run < o.run || (p.run == o.run && p.hour <= o.hour) }

// between says whether a closed page can lie between two places.
func (c closed) between(from, until place) bool {
	return slices.ContainsFunc(c, func(p place) bool { return from.before(p) && p.before(until) })
}

func (c closed) before(stretch []Record) bool {
	return len(stretch) > 0 && slices.ContainsFunc(c, func(p place) bool { return p.before(placeOf(stretch[0])) })
}

func (c closed) after(stretch []Record) bool {
	return len(stretch) > 0 && slices.ContainsFunc(c, func(p place) bool { return placeOf(stretch[len(stretch)-1]).before(p) })
}

// part cuts the leaves where numbers are missing and a closed page can hold them.
func (c closed) part(all []Record) [][]Record {
	var out [][]Record
	from := 0
	for i := 1; i < len(all); i++ {
		follows := all[i].Leaf.Common().Seq == all[i-1].Leaf.Common().Seq+1
		if !follows && c.between(placeOf(all[i-1]), placeOf(all[i])) {
			out = append(out, all[from:i])
			from = i
		}
	}
	return append(out, all[from:])
}

// loadAll opens pages and puts their leaves in order. shut are those that this reader cannot have keys for. begins says
// that all leaves lie beyond the checkpoint, from the camera's very first on.
func (v *View) loadAll(ctx context.Context, refs []api.PageRef) (all []Record, shut closed, begins bool, err error) {
	first := make([]bool, len(refs))
	pages := make([][]manifest.Entry, len(refs))
	lacks := make([]bool, len(refs))
	v.epochs.want(refs)
	defer v.epochs.drop(refs)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pagesAtOnce)
	for i, ref := range refs {
		group.Go(func() error {
			identity, err := v.identity(ctx, epochKey{ref.Camera, ref.Epoch})
			if err == nil {
				if pages[i] = v.epochs.take(ref); pages[i] == nil {
					pages[i], _, err = v.load(ctx, ref, identity)
				}
			}
			var yet *yetError
			switch {
			case errors.As(err, &yet):
				first[i] = yet.next == 0
				return nil
			case errors.Is(err, errNoKey), (v.offline || v.atHome) && errors.Is(err, errNotCached):
				lacks[i] = true
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, false, err
	}
	begins = slices.Contains(first, true)
	for i, ref := range refs {
		run := v.run(ref.Run)
		if lacks[i] {
			shut = append(shut, place{run.order, ref.Hour})
			continue
		}
		begins = begins && len(pages[i]) == 0
		if err := manifest.CheckRange(v.era(run), pages[i]...); err != nil {
			return nil, nil, false, err
		}
		for _, e := range pages[i] {
			all = append(all, Record{Entry: e, Run: run, Epoch: ref.Epoch})
			if leaf, ok := e.Leaf.(*manifest.Run); ok && (leaf.Reason == manifest.RunBehind || leaf.Reason == manifest.RunLost) {
				v.leaps[run.Run] = true
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Run.order, b.Run.order), cmp.Compare(a.Index, b.Index))
	})
	return all, shut, begins, nil
}

// justCame says whether a camera may be so new that nothing of it is under a checkpoint yet. The names say when a camera
// came, and they go up with its first page; what lies beyond the checkpoint alone could be anybody's.
func (v *View) justCame(camera id.Camera) bool {
	if len(v.Runs) == 0 {
		return false
	}
	newest := v.Runs[len(v.Runs)-1].At
	for _, l := range v.labels {
		if l.Camera == camera {
			return newest-l.At <= manifest.Patience
		}
	}
	if v.Names == nil || newest-v.Names.At > manifest.Patience {
		return false
	}
	return slices.ContainsFunc(v.Names.Cameras, func(c manifest.NamedCam) bool { return c.ID == camera && c.State == manifest.NameOn })
}
