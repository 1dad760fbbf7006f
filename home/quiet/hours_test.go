// SPDX-License-Identifier: Apache-2.0

package quiet

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

var daily = []int{1, 2, 3, 4, 5, 6, 7}

// nights are from ten in the evening until seven.
var nights = []roster.Hours{{Days: daily, From: 22 * 60, Until: 24 * 60}, {Days: daily, Until: 7 * 60}}

const (
	anna = id.Person("per_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	ben  = id.Person("per_bbbbbbbbbbbbbbbbbbbbbbbbbb")
)

func opened(t *testing.T) (*Book, *state.DB) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b, err := Open(t.Context(), db, berlin)
	if err != nil {
		t.Fatal(err)
	}
	return b, db
}

func camera(t *testing.T) id.Camera {
	t.Helper()
	c, err := id.NewCamera(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func set(t *testing.T, b *Book, p id.Person, c id.Camera, list []roster.Hours) {
	t.Helper()
	if err := b.SetHours(t.Context(), p, c, list, 1); err != nil {
		t.Fatal(err)
	}
}

func at(t *testing.T, text string) int64 {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when.UnixMilli()
}

func TestHoursAreTheHouseholds(t *testing.T) {
	t.Parallel()
	b, db := opened(t)
	door, yard := camera(t), camera(t)
	set(t, b, anna, door, nights)
	again, err := Open(t.Context(), db, berlin) // they outlive the process
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		when  string
		quiet bool
	}{
		{"2026-11-30T21:59:59+01:00", false},
		{"2026-11-30T22:00:00+01:00", true},
		{"2026-11-30T23:59:59+01:00", true},
		{"2026-12-01T00:00:00+01:00", true}, // over midnight, and over the end of a month
		{"2026-12-01T06:59:59+01:00", true},
		{"2026-12-01T07:00:00+01:00", false},
		{"2026-03-29T06:59:59+02:00", true}, // the night in which summer time begins
		{"2026-03-29T07:00:00+02:00", false},
		{"2026-03-29T21:59:59+02:00", false},
		{"2026-03-29T22:00:00+02:00", true},
		{"2026-10-25T02:30:00+02:00", true}, // that in which it ends has this half hour twice
		{"2026-10-25T02:30:00+01:00", true},
		{"2026-10-25T06:59:59+01:00", true},
		{"2026-10-25T07:00:00+01:00", false},
	} {
		for name, book := range map[string]*Book{"before": b, "after": again} {
			if got := book.Is(anna, door, at(t, c.when)); got != c.quiet {
				t.Errorf("%s a restart it is quiet at %s: %v", name, c.when, got)
			}
		}
		if b.Is(ben, door, at(t, c.when)) || b.Is(anna, yard, at(t, c.when)) {
			t.Errorf("at %s it is quiet for somebody else, or elsewhere", c.when)
		}
	}
	if got, want := again.Hours(anna), []request.Quiet{{Camera: door, Hours: nights}}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart %v is wished, not %v", got, want)
	}
	if got := again.Hours(ben); len(got) > 0 {
		t.Errorf("ben has wished %v", got)
	}
}

func TestHoursOfAllCamerasAndASnoozeStandBesides(t *testing.T) {
	t.Parallel()
	b, _ := opened(t)
	door, yard := camera(t), camera(t)
	night, noon := at(t, "2026-11-30T23:00:00+01:00"), at(t, "2026-11-30T12:00:00+01:00")
	set(t, b, anna, id.HouseholdCamera, nights)
	set(t, b, anna, yard, []roster.Hours{{Days: []int{1}, From: 11 * 60, Until: 13 * 60}})
	if !b.Is(anna, door, night) || !b.Is(anna, yard, night) || b.Is(ben, door, night) {
		t.Error("hours of all cameras do not hold for each of one's own")
	}
	if b.Is(anna, door, noon) || !b.Is(anna, yard, noon) || b.Is(anna, yard, noon+24*3_600_000) {
		t.Error("a camera's own hours do not stand beside those of all")
	}
	if err := b.Set(t.Context(), anna, door, noon+1000, noon); err != nil {
		t.Fatal(err)
	}
	if !b.Is(anna, door, noon) || b.Is(anna, door, noon+1000) || !b.Is(anna, door, night) {
		t.Error("a snooze and hours do not both hold")
	}
	set(t, b, anna, id.HouseholdCamera, nil)
	if got := b.Hours(anna); b.Is(anna, door, night) || len(got) != 1 || got[0].Camera != yard {
		t.Errorf("after those of all were taken back there are %v", got)
	}
}

func TestHoursAreBounded(t *testing.T) {
	t.Parallel()
	b, _ := opened(t)
	if err := b.SetHours(t.Context(), anna, camera(t), []roster.Hours{{Days: daily, From: 60, Until: 60}}, 1); !errors.Is(err, ErrHours) {
		t.Errorf("hours that end as they begin: %v", err)
	}
	var last id.Camera
	for range MaxCameras {
		last = camera(t)
		set(t, b, anna, last, nights)
	}
	if err := b.SetHours(t.Context(), anna, camera(t), nights, 1); !errors.Is(err, ErrMany) {
		t.Errorf("hours of one camera more: %v", err)
	}
	set(t, b, anna, last, nights[:1]) // others for the same camera are none more
	set(t, b, ben, last, nights)      // and ben has his own
}
