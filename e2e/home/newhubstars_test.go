// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/star"
)

// marked waits until the document of names says that so many moments of a camera are starred.
func (r *Rig) marked(c id.Camera, n int) {
	r.t.Helper()
	r.Until("the names saying what is starred", func() bool {
		v := r.View()
		return v.Names != nil && slices.ContainsFunc(v.Names.Cameras, func(x manifest.NamedCam) bool { return x.ID == c && len(x.Stars) == n })
	})
}

// same wants a device to be told the same stars as before.
func same(t *testing.T, got, want []session.Star) {
	t.Helper()
	ok := slices.EqualFunc(got, want, func(a, b session.Star) bool {
		return a.Setting == b.Setting && a.Person == b.Person && !a.Waiting && slices.Equal(a.Objects, b.Objects)
	})
	if !ok {
		t.Fatalf("starred are\n%+v, and were\n%+v", got, want)
	}
}

// marksOf name stars as the document of names does.
func marksOf(list []session.Star) []star.Mark {
	var out []star.Mark
	for _, x := range list {
		out = append(out, star.Mark{At: x.At, Moment: x.Moment})
	}
	return out
}

// swept lets so much time pass, and the cloud erase what nobody keeps.
func (r *Rig) swept(by time.Duration) {
	r.t.Helper()
	r.Stop()
	r.offset.Add(int64(by))
	r.Start()
	r.Serving()
	r.heardAgain()
	must(r.t, r.Cloud.Sweep(r.t.Context()))
}

func TestWhatIsStarredComesToANewHub(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	first, moment := r.starFirst(door)
	packs := r.Packs(door, 3)
	other := packs[2].Files[0].End + star.Around - 1
	r.Until("the second moment having been", func() bool { return r.now().UnixMilli() > other })
	must(t, vera.session().SetStar(t.Context(), door, other, true))
	must(t, r.Member.SetStar(t.Context(), door, moment+1, true))
	must(t, r.Member.SetStar(t.Context(), door, moment+1, false))
	r.monthLater()
	r.marked(door, 2)
	old := r.starred(r.Member, door)
	if len(old) != 2 || old[0].Moment != moment || old[1].Person != vera.Person || len(old[1].Objects) == 0 {
		t.Fatalf("starred are %+v", old)
	}

	r.replaced(r.anew())
	same(t, r.starred(r.Member, door), old)
	same(t, r.starred(vera.session(), door), old)
	_, line, err := r.shownAt(door, moment)
	must(t, err)
	if len(line.Segments) == 0 || slices.ContainsFunc(line.Segments, func(s session.Segment) bool {
		return s.Pack.Object != first.Object && !slices.Contains(old[1].Objects, s.Pack.Object)
	}) {
		t.Errorf("%d segments of the first moment are shown", len(line.Segments))
	}
	// Whoever comes next goes on counting, and a star comes along once: let go, it is gone.
	now := r.now().UnixMilli()
	must(t, vera.session().SetStar(t.Context(), door, now, true))
	must(t, vera.session().SetStar(t.Context(), door, old[1].Moment, false))
	list := r.starred(r.Member, door)
	if len(list) != 2 || list[1].Moment != now || list[1].Seq <= old[1].Seq {
		t.Fatalf("after another star they are %+v", list)
	}
	if kept, lost, err := r.Member.CarryStars(t.Context(), door, marksOf(old[1:])); kept != 0 || err != nil || len(lost) != 1 {
		t.Errorf("one that was let go is brought again: %d, %v, %v", kept, lost, err)
	}
	r.swept(time.Hour)
	if !there(r.stored(first.Object)) || there(r.stored(old[1].Objects[len(old[1].Objects)-1])) {
		t.Errorf("what is starred is there: %v; what is so no more: %v", there(r.stored(first.Object)), there(r.stored(old[1].Objects[len(old[1].Objects)-1])))
	}

	// And to the one after it, from the record of the first.
	must(t, vera.session().SetStar(t.Context(), door, now, false))
	r.swept(month)
	r.marked(door, 1)
	r.replaced(r.anew())
	same(t, r.starred(vera.session(), door), old[:1])
	must(t, vera.session().SetStar(t.Context(), door, moment, false))
	r.Until("an empty list", func() bool { return len(r.starred(r.Member, door)) == 0 })
	r.swept(time.Hour)
	if there(r.stored(first.Object)) {
		t.Error("what is starred no more is kept")
	}
}

// What the cloud does not show of it cannot come along, and is told; and what it was to keep for the old hub it keeps.
func TestAStarThatTheCloudHidesAtTheTakeoverIsMissed(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	first, moment := r.starFirst(door)
	must(t, r.Member.SetStar(t.Context(), door, moment+1, true))
	r.monthLater()
	now := r.now().UnixMilli()
	must(t, r.Member.SetStar(t.Context(), door, now, true))
	r.marked(door, 3)
	code := r.anew()
	p := &replace.Replacer{Session: r.Member, Step: func(string) {}}
	must(t, p.Replace(t.Context(), code))
	r.Serving()
	way := func(cloud http.Handler) http.Handler {
		return editing(cloud, func(a map[string]any) {
			list, _ := a["pages"].([]any)
			a["pages"] = slices.DeleteFunc(list, func(x any) bool {
				one, _ := x.(map[string]any)
				h, _ := one["hour"].(float64)
				return one["camera"] == string(door) && int64(h) < id.Hour(now)-24
			})
		})
	}
	r.way.Store(&way)
	told, err := replace.CarryStars(t.Context(), r.Member, p.Was())
	r.way.Store(nil)
	must(t, err)
	if len(told) != 1 || told[0].Kept != 1 || len(told[0].Lost) != 2 || told[0].Lost[0].Moment != moment {
		t.Fatalf("told is %+v", told)
	}
	if list := r.starred(r.Member, door); len(list) != 1 || list[0].Moment != now {
		t.Errorf("starred are %+v", list)
	}
	r.swept(time.Hour)
	if !there(r.stored(first.Object)) {
		t.Error("what was starred under the old hub is erased")
	}
}
