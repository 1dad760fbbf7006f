// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"keyhold/member/session"
	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// recorded is a segment as it lies sealed on the hub.
type recorded struct {
	manifest.File
	path  string
	epoch id.Epoch
}

// recorded returns every segment of a camera that the hub has.
func (r *Rig) recorded(c id.Camera) []recorded {
	r.t.Helper()
	var out []recorded
	r.query(`SELECT object, epoch, files FROM packs WHERE camera = $1 ORDER BY starts`, []any{string(c)}, func(scan func(...any) error) error {
		var object string
		var epoch id.Epoch
		var text []byte
		if err := scan(&object, &epoch, &text); err != nil {
			return err
		}
		var files []manifest.File
		if err := json.Unmarshal(text, &files); err != nil {
			return err
		}
		for _, f := range files {
			out = append(out, recorded{f, filepath.Join(r.Dir, "packs", object[4:6], object), epoch})
		}
		return nil
	})
	return out
}

// openedBy says whether one of these identities opens what was recorded.
func (x *recorded) openedBy(t *testing.T, identities map[id.Epoch]*open.Identity) bool {
	t.Helper()
	f, err := os.Open(x.path)
	must(t, err)
	defer f.Close()
	for _, i := range identities {
		plain, err := i.Open(io.NewSectionReader(f, x.Offset, x.Size))
		if err != nil {
			continue
		}
		if n, err := io.Copy(io.Discard, plain); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// estimate is how far a picture's time of arrival, which is estimated, may be off: less than one picture.
const estimate = 40

func TestRemovedPersonOpensNothingFromTheConfirmationOn(t *testing.T) {
	t.Parallel()
	r := New(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	f := r.Bring("Anna", roster.Viewer, always(door))
	second := r.Device(f)
	other := r.Bring("Bert", roster.Viewer, always())
	r.Until("footage for the viewer", func() bool {
		r.leaveEarly()
		mine := f.opens()
		return slices.ContainsFunc(r.recorded(door), func(x recorded) bool { return mine[x.epoch] != nil }) && len(r.recorded(yard)) > 0
	})
	before := r.madeAt(yard)
	op := r.removal(f.Person, "", r.owner())
	reply := r.Do(op)
	confirmed := r.now().UnixMilli()
	r.follow(reply.Result.Link)
	if again := r.Do(op); !slices.Equal(again.Result.Link, reply.Result.Link) || again.Head != reply.Head {
		t.Error("the same removal sent again moves the roster")
	}
	r.Until("footage from after the removal", func() bool {
		r.leaveEarly()
		n := 0
		for _, x := range append(r.recorded(door), r.recorded(yard)...) {
			if x.Start >= confirmed {
				n++
			}
		}
		return n >= 6
	})
	hers := f.opens()
	for e, i := range second.opens() {
		hers[e] = i
	}
	yes, no := 0, 0
	for _, c := range []id.Camera{door, yard} {
		for _, x := range r.recorded(c) {
			switch opens := x.openedBy(t, hers); {
			case opens && c == yard:
				t.Error("the viewer opens a camera that was never hers")
			case opens && x.End > confirmed+estimate:
				t.Errorf("the removed viewer opens what was recorded up to %d ms after the confirmation", x.End-confirmed)
			case opens:
				yes++
			case x.Start >= confirmed:
				no++
			}
		}
	}
	if yes == 0 || no < 6 {
		t.Errorf("she opens %d segments from before, and not %d from after: that shows nothing", yes, no)
	}
	// What is written down from then on is not for her either, but for packs that hold what was recorded before.
	r.query(`SELECT epoch, leaf FROM leaves`, nil, func(scan func(...any) error) error {
		var e id.Epoch
		var raw []byte
		if err := scan(&e, &raw); err != nil {
			return err
		}
		leaf, err := manifest.ParseLeaf(raw)
		must(t, err)
		if h := leaf.Common(); hers[e] != nil && h.At > confirmed && h.Kind != manifest.KindPack {
			t.Errorf("a leaf of kind %s from after the removal is on a page that she reads", h.Kind)
		}
		return nil
	})
	if now := f.current(); len(now) > 0 {
		t.Errorf("she opens what is sealed now of %v", now)
	}
	// The others notice nothing: the yard, which was not hers, goes on under the same key, and nothing is missing.
	if got := other.current(); !slices.Equal(got, sorted(door, yard)) {
		t.Errorf("another viewer opens %v", got)
	}
	if r.madeAt(yard) != before {
		t.Error("another camera was given a new key")
	}
	gapless(t, r.Timeline(door))
	gapless(t, r.Timeline(yard))
	if names := r.View().Names; !slices.ContainsFunc(names.Persons, func(p manifest.NamedPer) bool { return p.ID == f.Person && p.Name == "Anna" }) {
		t.Error("what she looked at while she was there has lost its name")
	}
}

func sorted(list ...id.Camera) []id.Camera {
	slices.Sort(list)
	return list
}

func TestOfTwoThatRemoveEachOtherTheFirstWins(t *testing.T) {
	t.Parallel()
	r := New(t)
	a, b := r.owner(), (*folk)(nil)
	b = r.Device(a)
	ours := map[*folk]*session.Session{a: r.Member, b: b.session()}
	ops := map[*folk]request.Op{a: r.removal("", b.ID(), a), b: r.removal("", a.ID(), b)}
	var mu sync.Mutex
	done := map[*folk]error{}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for f, s := range ours {
		wg.Go(func() {
			_, err := s.Do(ctx, ops[f])
			mu.Lock()
			defer mu.Unlock()
			if done[f] = err; err == nil {
				cancel() // the other one hears nothing any more
			}
		})
	}
	wg.Wait()
	cancel()
	winner, loser := a, b
	if done[a] != nil {
		winner, loser = b, a
	}
	if done[winner] != nil || done[loser] == nil {
		t.Fatalf("the one is answered %v, the other %v", done[winner], done[loser])
	}
	s := ours[winner]
	reply, err := s.Do(t.Context(), request.Op{Kind: request.OpPing})
	must(t, err)
	if reply.Head.Seq != 2 {
		t.Errorf("the roster is at %d", reply.Head.Seq)
	}
	// Nor does the loser's word count when the winner, of all people, brings it.
	var no *session.RefusedError
	if _, err := s.Do(t.Context(), ops[loser]); !errors.As(err, &no) || no.Word != request.RefusedDenied {
		t.Errorf("the loser's removal is answered with %v", err)
	}
}

func TestRemovalsThatDoNotHoldAreRefused(t *testing.T) {
	t.Parallel()
	r := New(t)
	owner := r.owner()
	guardian, viewer := r.Bring("Greta", roster.Guardian), r.Bring("Anna", roster.Viewer, always())
	for name, op := range map[string]request.Op{
		"a viewer removes a guardian":          r.removal(guardian.Person, "", viewer),
		"a guardian removes a viewer":          r.removal(viewer.Person, "", guardian),
		"a guardian removes an owner's device": r.removal("", owner.ID(), guardian),
		"a stranger removes a viewer":          r.removal(viewer.Person, "", r.newFolk("")),
	} {
		if _, err := r.Member.Do(t.Context(), op); word(err) != request.RefusedDenied {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.refused(r.removal(owner.Person, "", owner), request.RefusedInvalid) // the last owner stays
	// The hub alone orders a removal: as a link that somebody brings it is refused.
	r.refused(request.Op{Kind: request.OpAppendLink, Link: r.link(roster.Remove{Removal: r.removal(viewer.Person, "", owner).Removal}, owner)}, request.RefusedDenied)
	// Leaving always works, and needs nobody's code.
	reply := r.Do(r.removal(viewer.Person, "", viewer))
	if reply.Head.Seq != 3 {
		t.Errorf("the roster is at %d", reply.Head.Seq)
	}
}

func word(err error) string {
	var no *session.RefusedError
	if errors.As(err, &no) {
		return no.Word
	}
	return ""
}
