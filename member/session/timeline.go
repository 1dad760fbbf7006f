// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Segment is a piece of footage that the hub's record names.
type Segment struct {
	manifest.File
	Pack *manifest.Pack
	// Record is the leaf of the pack, with its place in the tree.
	Record Record
	// Number is the file's place in the pack.
	Number int
}

// Timeline is what one camera recorded between two times, and what is said about the rest.
type Timeline struct {
	Camera   id.Camera
	From     int64
	Until    int64
	Segments []Segment // by start
	Gaps     []*manifest.Gap
	Looks    []*manifest.Look
	// Lives are live looks, one for each view: its end where it has ended, else its beginning.
	Lives []*manifest.Live
	// Talks are when somebody talked by its speaker: its end where that is over, else its beginning.
	Talks []*manifest.Talk
	// Opens are who opened its door: how that went where it is over, else that it has begun.
	Opens []*manifest.Open
	// Privates are when it was turned off at its source: its end where that is over, else its beginning.
	Privates []*manifest.Private
	// Acts are what was set for it, in the order of the record: when it is off, what is covered, what is
	// starred, and whether it is in a child's room.
	Acts []Act
	// KeptFrom is when the time begins of which everything is kept: before it only what is starred is there, and the rest is
	// not missed. 0 where all of the range is within it.
	KeptFrom int64
	// Presses are who rang, Moments what was seen then.
	Presses []*manifest.Press
	Moments []*manifest.Moment
	// KnownUntil is the time of the camera's newest leaf: after it nothing is known yet.
	KnownUntil int64
}

// packDelay is how long after its footage a pack's leaf may be written: a pack and a bit.
const packDelay = 5 * minute

// Timeline reads and checks the leaves of a camera for footage between two times (milliseconds).
func (v *View) Timeline(ctx context.Context, camera id.Camera, from, until int64) (*Timeline, error) {
	if err := v.knowStars(ctx, camera, from); err != nil {
		return nil, err
	}
	records, err := v.records(ctx, camera, id.Hour(from), id.Hour(until+packDelay))
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		if err := v.mustHave(camera); err != nil {
			return nil, err
		}
	}
	t := &Timeline{Camera: camera, From: from, Until: until}
	if v.gone(from) {
		t.KeptFrom = id.Hour(v.now-retentionDays*day) * hour
	}
	// What is older than this reader's right is not served, though a key of it may be at hand.
	earliest, _ := v.Roster.Earliest(v.s.Keys.ID(), roster.History, camera, v.now)
	for _, r := range records {
		t.KnownUntil = max(t.KnownUntil, r.Leaf.Common().At)
		switch leaf := r.Leaf.(type) {
		case *manifest.Pack:
			// What is older than all that is kept is not there, but for what somebody has starred.
			if leaf.Files[0].Start < earliest || v.lapsed(leaf) {
				continue
			}
			for i, f := range leaf.Files {
				if f.Kind == manifest.FileSegment && f.Start < until && f.End > from {
					t.Segments = append(t.Segments, Segment{File: f, Pack: leaf, Record: r, Number: i})
				}
			}
		case *manifest.Gap:
			if leaf.From < until && leaf.Until > from {
				t.Gaps = append(t.Gaps, leaf)
			}
		case *manifest.Private:
			one, err := v.checkPrivate(leaf)
			if err != nil {
				return nil, err
			}
			t.act(Act{At: one.At, Camera: one.Camera, Device: one.Device, Person: leaf.Person, Private: one})
			if leaf.State != manifest.PrivateSet && leaf.Since < until && (leaf.State == manifest.PrivateBegan || leaf.Until > from) {
				t.private(leaf)
			}
		case *manifest.Masks:
			one, err := v.checkMasks(leaf)
			if err != nil {
				return nil, err
			}
			t.act(Act{At: leaf.At, Camera: one.Camera, Device: one.Device, Person: leaf.Person, Masks: one})
		case *manifest.Star:
			one, err := v.checkStar(leaf)
			if err != nil {
				return nil, err
			}
			t.act(Act{At: leaf.At, Camera: one.Camera, Device: one.Device, Person: leaf.Person, Star: one})
		case *manifest.Press:
			if leaf.Pressed >= from && leaf.Pressed < until {
				t.Presses = append(t.Presses, leaf)
			}
		case *manifest.Moment:
			if leaf.Files[0].Start >= earliest && leaf.At >= from && leaf.At < until+minute && !v.lapsed(leaf.Pack()) {
				t.Moments = append(t.Moments, leaf)
			}
		case *manifest.Child:
			one, err := v.checkChild(leaf)
			if err != nil {
				return nil, err
			}
			t.act(Act{At: leaf.At, Camera: one.Camera, Device: one.Device, Person: leaf.Person, Child: one})
		case *manifest.Lock:
			one, err := v.checkLock(leaf)
			if err != nil {
				return nil, err
			}
			t.act(Act{At: leaf.At, Camera: one.Camera, Device: one.Device, Person: leaf.Person, Lock: one})
		case *manifest.Open:
			if err := v.checkOpen(leaf); err != nil {
				return nil, err
			}
			if leaf.Since >= from && leaf.Since < until {
				t.open(leaf)
			}
		case *manifest.Look:
			if leaf.At >= from && leaf.At < until {
				t.Looks = append(t.Looks, leaf)
			}
		case *manifest.Live:
			if leaf.Since < until && (leaf.State == manifest.LiveBegan || leaf.Until > from) {
				t.live(leaf)
			}
		case *manifest.Talk:
			if leaf.Since < until && (leaf.State == manifest.TalkBegan || leaf.Until > from) {
				t.talk(leaf)
			}
		}
	}
	slices.SortStableFunc(t.Segments, func(a, b Segment) int { return cmp.Compare(a.Start, b.Start) })
	return t, nil
}

// private takes a leaf of what was private; what says that it is over says it all.
func (t *Timeline) private(leaf *manifest.Private) {
	if n := len(t.Privates); n > 0 && t.Privates[n-1].Since == leaf.Since {
		t.Privates[n-1] = leaf
		return
	}
	t.Privates = append(t.Privates, leaf)
}

// live takes a leaf of a live look; what says that one has ended says it all.
func (t *Timeline) live(leaf *manifest.Live) {
	for i, l := range t.Lives {
		if l.View == leaf.View {
			if leaf.State == manifest.LiveEnded {
				t.Lives[i] = leaf
			}
			return
		}
	}
	t.Lives = append(t.Lives, leaf)
}

// talk takes a leaf of talk; what says that it is over says it all.
func (t *Timeline) talk(leaf *manifest.Talk) {
	i := slices.IndexFunc(t.Talks, func(l *manifest.Talk) bool { return l.Act == leaf.Act })
	if i < 0 {
		t.Talks = append(t.Talks, leaf)
	} else if leaf.State == manifest.TalkEnded {
		t.Talks[i] = leaf
	}
}

// mustHave refuses a camera without a single page, unless it came a moment ago.
func (v *View) mustHave(camera id.Camera) error {
	if len(v.pages[camera]) > 0 || len(v.Runs) == 0 || v.offline || v.atHome || rule.Off(rule.SeqGap) {
		return nil
	}
	newest := v.Runs[len(v.Runs)-1].At
	for _, l := range v.labels {
		if l.Camera == camera && newest-l.At > manifest.Patience && !v.mayLack(camera, newest-manifest.Patience, newest) {
			return rule.Errorf(rule.SeqGap, "nothing of a camera's record is shown")
		}
	}
	if v.Names == nil {
		return nil
	}
	for _, c := range v.Names.Cameras {
		if c.ID == camera && c.State == manifest.NameOn && newest-v.Names.At > manifest.Patience {
			return rule.Errorf(rule.SeqGap, "nothing of a camera's record is shown")
		}
	}
	return nil
}

// Objects gives every object that the cached or shown pages of all cameras name, for holding a folder of
// ciphertext against the record.
func (v *View) Objects(ctx context.Context) (map[id.Object]*manifest.Pack, error) {
	out := map[id.Object]*manifest.Pack{}
	for camera := range v.pages {
		if camera == id.HouseholdCamera {
			continue
		}
		records, err := v.records(ctx, camera, 0, math.MaxInt64)
		if err != nil {
			return nil, fmt.Errorf("camera: %w", err)
		}
		for _, r := range records {
			if pack := manifest.Stored(r.Leaf); pack != nil {
				out[pack.Object] = pack
			}
		}
	}
	return out, nil
}

// Identity opens this reader's key of an epoch of a camera.
func (v *View) Identity(ctx context.Context, camera id.Camera, epoch id.Epoch) (*open.Identity, error) {
	return v.identity(ctx, epochKey{camera, epoch})
}
