// SPDX-License-Identifier: Apache-2.0

package home

import (
	"testing"
	"time"

	"keyhold/member/session"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// askedFor are the persons whom owners want to have removed, as somebody's device is told.
func (f *folk) askedFor() []session.Ask {
	f.r.t.Helper()
	list, err := f.session().Asked(f.r.t.Context())
	must(f.r.t, err)
	return list
}

func TestTwoOwnersRemoveAThird(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	anna := r.owner()
	anna2 := r.Device(anna)
	ben, jan := r.Bring("Ben", roster.Owner), r.Bring("Jan", roster.Owner)
	gus := r.Bring("Gus", roster.Guardian)
	if _, err := anna.session().AskRemoval(t.Context(), jan.Person); word(err) == "" && err == nil {
		t.Error("an owner of today has a voice")
	}
	r.offset.Add(int64(week + time.Minute))

	ask, err := anna.session().AskRemoval(t.Context(), jan.Person)
	must(t, err)
	if _, err := anna2.session().AskRemoval(t.Context(), jan.Person); err != nil {
		t.Fatal(err)
	}
	list := ben.askedFor()
	if len(list) != 1 || list[0].Person != jan.Person || list[0].By != anna.Person {
		t.Fatalf("ben is told %+v", list)
	}
	if list := anna.askedFor(); len(list) != 1 {
		t.Errorf("anna is told %+v", list)
	}
	if list := jan.askedFor(); len(list) != 0 {
		t.Errorf("jan is told %+v", list)
	}
	if _, err := gus.session().Asked(t.Context()); word(err) != request.RefusedDenied {
		t.Errorf("a guardian is answered with %v", err)
	}
	// One word, however often, is not enough.
	twice, err := anna2.session().Second(*ask)
	if err == nil {
		t.Errorf("two devices of one person make a removal: %d bytes", len(twice))
	}
	if done, err := anna.session().Remove(t.Context(), ask.Removal, session.Target{Person: jan.Person}); done || word(err) != request.RefusedDenied {
		t.Errorf("one owner alone: %v, %v", done, err)
	}
	own := ben.session()
	removal, err := own.Second(list[0])
	must(t, err)
	done, err := own.Remove(t.Context(), removal, session.Target{Person: jan.Person})
	must(t, err)
	if _, there := own.Roster.Person(jan.Person); !done || there {
		t.Error("the removal by two is not in force")
	}
	if list := ben.askedFor(); len(list) != 0 {
		t.Errorf("afterwards ben is still told %+v", list)
	}
}

// A word that nobody seconds ends, at the hub and in the roster.
func TestAnOwnersWordEndsAfterAWeek(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	anna := r.owner()
	ben, jan := r.Bring("Ben", roster.Owner), r.Bring("Jan", roster.Owner)
	r.offset.Add(int64(week + time.Minute))
	ask, err := anna.session().AskRemoval(t.Context(), jan.Person)
	must(t, err)
	r.offset.Add(int64(week + time.Minute))
	if list := ben.askedFor(); len(list) != 0 {
		t.Errorf("after a week ben is told %+v", list)
	}
	if removal, err := ben.session().Second(*ask); err == nil {
		t.Errorf("after a week it holds: %d bytes", len(removal))
	}
}
