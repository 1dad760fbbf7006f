// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Run is a run of the manifest with a checkpoint that was checked.
type Run struct {
	manifest.Checkpoint
	// Note is the checkpoint as the hub signed it.
	Note  string
	Tree  *manifest.Tree
	order int
}

// View is what one answer of the cloud proves.
type View struct {
	Roster *roster.State
	Runs   []*Run // oldest first
	// Status and Names are nil while the hub has sent none.
	Status *manifest.Status
	Names  *manifest.Names
	// Cameras are those that this reader knows by name: of the document of names, or of the labels it was given.
	Cameras []manifest.NamedCam
	// HeardAt is the newest time under a signature of the hub.
	HeardAt int64
	// Alarms are failed proofs that do not make the rest worthless.
	Alarms []error
	// StarsUnknown says that the hub was asked what is starred, because of a time of which nothing else is kept, and did not
	// answer: what is starred of that time is not shown.
	StarsUnknown bool
	// Unreadable counts pages from before this device's time whose keys it was not given.
	Unreadable int

	s       *Session
	source  source
	answer  *api.Sync
	now     int64
	offline bool
	atHome  bool
	behind  bool                        // the hub has sent more than the cloud shows
	pages   map[id.Camera][]api.PageRef // by run, then hour
	rows    map[epochKey][]request.Row
	given   map[id.Hash]bool // hashes of envelopes that a reseal statement vouches for
	epochs  epochs
	leaps   map[id.Run]bool    // runs before which numbers may be left out
	starred map[id.Camera]bool // cameras whose starred moments are known
	home    []Record
	labels  []manifest.Label
	past    []standing
	// pastOnce guards past.
	pastOnce sync.Once
	// namesSum is the hash of the names' statement.
	namesSum id.Hash
}

// retention is assumed where the cloud was not asked: what is older is not missed.
const retentionDays = 30

const (
	minute = int64(60_000)
	hour   = 60 * minute
	day    = 24 * hour
)

// Sync asks the cloud for everything but footage, and checks it. Where the cloud does not answer and the hub can be reached
// at home, it asks that one.
func (s *Session) Sync(ctx context.Context) (*View, error) {
	// All that the cloud keeps: also what is older than the rest, because somebody has starred it.
	from, until := int64(0), s.nowMS()+hour
	if s.atHome {
		return s.syncAtHome(ctx, from, until)
	}
	statement, err := s.fetch(request.FetchSync, request.PurposeSync, nil, from, until)
	if err != nil {
		return nil, err
	}
	answer, err := s.syncBy(ctx, statement)
	if errors.Is(err, errHome) {
		return s.syncAtHome(ctx, from, until)
	}
	if err != nil {
		return nil, err
	}
	cache := s.cache()
	v, err := s.view(ctx, answer, &online{client: s.Client, address: answer.Address, cache: cache, old: cache.refs()}, fresh)
	if err != nil {
		return nil, err
	}
	if err := cache.keep(answer); err != nil {
		return nil, err
	}
	return v, nil
}

// Cached is the View of the last Sync, without network and without asking how old it is.
func (s *Session) Cached(ctx context.Context) (*View, error) {
	cache := s.cache()
	answer, err := cache.answer()
	if err != nil {
		return nil, err
	}
	return s.view(ctx, answer, cache, cached)
}

// origin says where an answer comes from.
type origin int

const (
	fresh  origin = iota // the cloud, now
	cached               // the cloud, earlier
	atHome               // the hub itself, now, which does not have everything
)

func (s *Session) view(ctx context.Context, answer *api.Sync, src source, from origin) (*View, error) {
	if err := wellFormed(answer); err != nil {
		return nil, err
	}
	v := &View{
		s: s, source: src, answer: answer, now: s.nowMS(), offline: from == cached, atHome: from == atHome,
		pages: map[id.Camera][]api.PageRef{}, rows: map[epochKey][]request.Row{}, given: map[id.Hash]bool{}, leaps: map[id.Run]bool{},
	}
	seen, err := s.seen()
	if err != nil {
		return nil, err
	}
	if err := s.takeRoster(answer.Roster); err != nil {
		return nil, err
	}
	v.Roster = s.Roster
	if err := s.belongs(); err != nil {
		return nil, err
	}
	if err := s.hidden(answer); err != nil {
		return nil, err
	}
	if err := v.readRuns(ctx, seen); err != nil {
		return nil, err
	}
	if err := v.readStatus(seen); err != nil {
		return nil, err
	}
	v.heldBack()
	if err := v.readReseals(); err != nil {
		return nil, err
	}
	v.index()
	if err := v.readHousehold(ctx); err != nil {
		return nil, err
	}
	if err := v.readNames(seen); err != nil {
		return nil, err
	}
	if err := v.readLabels(seen); err != nil {
		return nil, err
	}
	v.listCameras()
	s.Newest, s.spoke = v, s.spoke || !v.offline
	return v, s.raise(v)
}

// wellFormed refuses ids that are none: they become names of files in the cache, and a cloud must not choose where
// this device writes.
func wellFormed(a *api.Sync) error {
	for _, p := range a.Pages {
		if !p.Run.Valid() || !p.Camera.ValidOrHousehold() || !p.Epoch.Valid() || p.Hour < 0 {
			return rule.Errorf(rule.Field, "a page is listed under what is no name of a page")
		}
	}
	for i := range a.Envelopes {
		if err := a.Envelopes[i].Check(); err != nil {
			return rule.Errorf(rule.Field, "an envelope is handed out that is none")
		}
	}
	return nil
}

func (s *Session) seen() (device.Highest, error) {
	if s.Folder == nil {
		return device.Highest{Runs: map[id.Run]device.Seen{}}, nil
	}
	return s.Folder.Highest()
}

// readRuns checks each checkpoint, and that it continues the highest one seen of its run.
func (v *View) readRuns(ctx context.Context, seen device.Highest) error {
	for i, ref := range v.answer.Runs {
		cp, err := manifest.OpenCheckpoint(v.Roster, ref.Checkpoint)
		if err != nil {
			return err
		}
		if cp.Run != ref.Run && !rule.Off(rule.Checkpoint) {
			return rule.Errorf(rule.Checkpoint, "a checkpoint of another run than it is filed under")
		}
		run := &Run{Checkpoint: cp, Note: ref.Checkpoint, Tree: manifest.NewTree(cp, v.source), order: i}
		if old, ok := seen.Runs[cp.Run]; ok {
			root, err := id.ParseHash(old.Root)
			if err != nil {
				return fmt.Errorf("read highest.json: it is damaged: %w", err)
			}
			before := manifest.Checkpoint{Household: cp.Household, Run: cp.Run, Size: old.Size, Root: root}
			if err := run.Tree.Follows(ctx, before); err != nil && !v.overtaken(run, old) {
				return err
			}
		}
		v.Runs = append(v.Runs, run)
		if v.era(run).Current {
			v.HeardAt = max(v.HeardAt, cp.At)
		}
	}
	// Runs of hubs that were replaced come first, in the order of the links that say so.
	slices.SortStableFunc(v.Runs, func(a, b *Run) int { return v.Roster.RunOrder(a.Run, b.Run) })
	for i, r := range v.Runs {
		r.order = i
	}
	if v.Roster.Now().Place > 0 {
		v.HeardAt = max(v.HeardAt, v.Roster.Since())
	}
	for name, old := range seen.Runs {
		gone := !slices.ContainsFunc(v.Runs, func(r *Run) bool { return r.Run == name })
		if gone && !v.atHome && old.At > v.now-retentionDays*day && !rule.Off(rule.RolledBack) {
			return rule.Errorf(rule.RolledBack, "a whole part of the hub's record that this device has seen is gone")
		}
	}
	return nil
}

func (v *View) readStatus(seen device.Highest) error {
	if len(v.answer.Status) == 0 {
		if seen.Status > 0 && !rule.Off(rule.RolledBack) {
			return rule.Errorf(rule.RolledBack, "the hub's status that this device has seen is gone")
		}
		v.frozen()
		return nil
	}
	st, current, err := manifest.OpenStatus(v.Roster, v.answer.Status)
	if err != nil {
		return fmt.Errorf("check the hub's status: %w", err)
	}
	if st.At < seen.Status && !rule.Off(rule.RolledBack) {
		return rule.Errorf(rule.RolledBack, "the hub's status is older than one this device has seen")
	}
	// What a replaced hub said last says nothing of the one in force.
	if current {
		v.Status = st
		v.HeardAt = max(v.HeardAt, st.At)
	}
	v.frozen()
	return nil
}

// era is the time of the hub whose run it is.
func (v *View) era(r *Run) roster.Era {
	era, _ := v.Roster.EraOfRun(r.Run)
	return era
}

// overtaken says that this device has seen more of a run than its hub left behind, and that this is no wonder: the hub
// was still at work when another took its place.
func (v *View) overtaken(r *Run, old device.Seen) bool {
	era, left := v.Roster.EraOfRun(r.Run)
	return left != nil && !era.Current && old.Size > left.Size && old.At > v.Roster.EndOf(era)-15*minute
}

// frozen notes an alarm where the cloud shows less than the hub has sent, or shows nothing fresh.
func (v *View) frozen() {
	if v.offline {
		return
	}
	served := func(run id.Run) manifest.Checkpoint {
		if r := v.run(run); r != nil {
			return r.Checkpoint
		}
		return manifest.Checkpoint{Run: run}
	}
	var err error
	if st := v.Status; st != nil {
		err = manifest.CheckServed(served(st.Run), st.Run, st.Uploaded)
	}
	for run, size := range v.s.heard {
		if err == nil {
			err = manifest.CheckServed(served(run), run, size)
		}
	}
	v.behind = err != nil
	if err == nil && v.HeardAt > 0 {
		err = manifest.CheckHeard(v.HeardAt, v.now)
	}
	if err != nil {
		v.Alarms = append(v.Alarms, err)
	}
}

// heldBack notes an alarm where the hub's own status names a link that this device was told of at home, and the cloud still
// shows the roster from before.
func (v *View) heldBack() {
	if v.Status == nil || v.offline || rule.Off(rule.RolledBack) {
		return
	}
	for seq := int64(len(v.answer.Roster)); seq <= v.Roster.Head.Seq; seq++ {
		if hash, ok := v.Roster.HashAt(seq); ok && hash == v.Status.Head {
			v.behind = true
			v.Alarms = append(v.Alarms, rule.Errorf(rule.RolledBack, "the hub speaks of a roster that the cloud does not show"))
		}
	}
}

// Late says that the hub has been silent for a while, which is worth a line but no alarm.
func (v *View) Late() bool {
	return v.HeardAt > 0 && manifest.HeardAt(v.HeardAt, v.now) == manifest.Late
}

// raise remembers what was seen, so that nothing older is taken later.
func (s *Session) raise(v *View) error {
	if s.Folder == nil || v.offline || v.atHome {
		return nil
	}
	return s.Folder.Raise(func(h *device.Highest) error {
		for _, r := range v.Runs {
			if old := h.Runs[r.Run]; r.Size >= old.Size {
				h.Runs[r.Run] = device.Seen{Size: r.Size, Root: r.Root.String(), At: max(r.At, old.At), Note: r.Note}
			}
		}
		h.Roster = max(h.Roster, int64(len(v.answer.Roster))-1)
		if v.Status != nil {
			h.Status = max(h.Status, v.Status.At)
		}
		if v.Names != nil && v.Names.Seq > h.Names {
			h.Names, h.NamesHash = v.Names.Seq, v.namesSum.String()
		}
		for _, l := range v.labels {
			h.Labels[l.Camera] = max(h.Labels[l.Camera], l.Seq)
		}
		return nil
	})
}

// index sorts what the answer lists.
func (v *View) index() {
	order := map[id.Run]int{}
	for _, r := range v.Runs {
		order[r.Run] = r.order
	}
	for _, p := range v.answer.Pages {
		if _, ok := order[p.Run]; ok {
			v.pages[p.Camera] = append(v.pages[p.Camera], p)
		}
	}
	for _, refs := range v.pages {
		slices.SortStableFunc(refs, func(a, b api.PageRef) int {
			if d := order[a.Run] - order[b.Run]; d != 0 {
				return d
			}
			return int(a.Hour - b.Hour)
		})
	}
	for _, row := range v.answer.Envelopes {
		if row.Device == v.s.Keys.ID() {
			k := epochKey{row.Camera, row.Epoch}
			v.rows[k] = append(v.rows[k], row)
		}
	}
}

func (v *View) run(name id.Run) *Run {
	for _, r := range v.Runs {
		if r.Run == name {
			return r
		}
	}
	return nil
}
