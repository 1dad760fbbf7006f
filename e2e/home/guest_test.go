// SPDX-License-Identifier: Apache-2.0

package home

import (
	"slices"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// berlin is where the rig's household is.
func berlin(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	return loc
}

// nextMonday is the first Monday after tomorrow at a time of day, in Berlin.
func (r *Rig) nextMonday(hour, minute int) time.Time {
	d := r.now().In(berlin(r.t)).AddDate(0, 0, 2)
	for d.Weekday() != time.Monday {
		d = d.AddDate(0, 0, 1)
	}
	return time.Date(d.Year(), d.Month(), d.Day(), hour, minute, 0, 0, d.Location())
}

// moveTo moves everybody's clock.
func (r *Rig) moveTo(at time.Time) { r.offset.Store(int64(time.Until(at))) }

// sitter is a guest for the door, from Monday to Friday between two and six, until a time.
func (r *Rig) sitter(door id.Camera, until time.Time) *folk {
	return r.Bring("Sitter", roster.Guest, roster.Right{
		Actions: []roster.Action{roster.History, roster.Live}, Cameras: []id.Camera{door}, Zone: "Europe/Berlin", Until: until.UnixMilli(),
		Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 14 * 60, Until: 18 * 60}},
	})
}

// reads waits until somebody's key opens the newest epochs of exactly these cameras.
func (f *folk) reads(when string, cameras ...id.Camera) {
	f.r.t.Helper()
	want := sorted(cameras...)
	f.r.Until("a guest's key opening "+when+" what it should", func() bool { return slices.Equal(f.current(), want) })
}

// madeAt is when the newest epoch of a camera was made.
func (r *Rig) madeAt(c id.Camera) time.Time {
	r.t.Helper()
	var at int64
	r.query(`SELECT made FROM epochs WHERE current = 1 AND camera = $1`, []any{string(c)}, func(scan func(...any) error) error { return scan(&at) })
	return time.UnixMilli(at)
}

// turns wants the camera's newest epoch to have been made within five seconds of a time, and not before.
func (r *Rig) turns(c id.Camera, at time.Time) {
	r.t.Helper()
	if late := r.madeAt(c).Sub(at); late < 0 || late > intime.By(5*time.Second) {
		r.t.Errorf("the epoch was made %s after %s", late, at)
	}
}

func TestGuestReadsExactlyTheCameraAndTheHoursThatWereGiven(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.ffmpeg = none
	monday := r.nextMonday(13, 59)
	r.moveTo(monday)
	r.Begin()
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	friday := monday.AddDate(0, 0, 4).Add(61 * time.Minute) // three o'clock
	f := r.sitter(door, friday)
	f.reads("before two")
	s := f.session()
	cameras := func() []id.Camera {
		var out []id.Camera
		reply, err := s.Do(t.Context(), request.Op{Kind: request.OpListCameras})
		must(t, err)
		for _, c := range reply.Result.Cameras {
			out = append(out, c.ID)
		}
		return out
	}
	if list := cameras(); len(list) != 0 {
		t.Errorf("before two the hub tells a guest of %v", list)
	}

	opening := monday.Add(time.Minute)
	r.moveTo(opening.Add(-time.Second))
	f.reads("from two on", door)
	r.turns(door, opening)
	if list := cameras(); !slices.Equal(list, []id.Camera{door}) {
		t.Errorf("after two the hub tells a guest of %v", list)
	}
	for _, op := range []request.Op{
		{Kind: request.OpAddCamera, Name: "Mine", URL: r.URL("a")}, {Kind: request.OpRemoveCamera, Camera: door}, {Kind: request.OpRotate},
	} {
		if _, err := s.Do(t.Context(), op); word(err) != request.RefusedDenied {
			t.Errorf("%s by a guest: %v", op.Kind, err)
		}
	}
	wasYard := r.madeAt(yard)

	closing := opening.Add(4 * time.Hour)
	r.moveTo(closing.Add(-time.Second))
	f.reads("from six on")
	r.turns(door, closing)

	saturday := opening.AddDate(0, 0, 5)
	r.moveTo(opening.AddDate(0, 0, 1).Add(time.Hour))
	f.reads("on Tuesday", door)
	r.moveTo(friday.Add(-time.Second))
	f.reads("on Friday from three on")
	r.turns(door, friday)
	r.moveTo(saturday.AddDate(0, 0, 2).Add(time.Hour))
	f.reads("on the Monday after")
	if list := cameras(); len(list) != 0 {
		t.Errorf("after the end the hub tells a guest of %v", list)
	}
	if got := r.madeAt(yard); got != wasYard {
		t.Error("the yard, which no guest sees, was given a new key")
	}
	// The key opens what the manifest says, and nothing else.
	mine := f.opens()
	r.query(`SELECT epoch, camera, made FROM epochs`, nil, func(scan func(...any) error) error {
		var e id.Epoch
		var c id.Camera
		var made int64
		err := scan(&e, &c, &made)
		at := time.UnixMilli(made).In(berlin(t))
		hours := at.Hour() >= 14 && at.Hour() < 18 && at.Weekday() <= time.Friday && at.Weekday() >= time.Monday && at.Before(friday)
		if want := c == door && hours; (mine[e] != nil) != want {
			t.Errorf("an epoch of %s made at %s: the guest reads it is %v", c, at, !want)
		}
		return err
	})
}

func TestClockSetBackOpensNothingForAGuest(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.ffmpeg = none
	closing := r.nextMonday(18, 0)
	r.moveTo(closing.Add(-time.Minute))
	r.Begin()
	door := r.Add("Door", "a")
	f, viewer := r.sitter(door, closing.AddDate(0, 0, 4)), r.Bring("Anna", roster.Viewer, always())
	f.reads("before six", door)
	r.moveTo(closing.Add(-time.Second))
	f.reads("after six")
	for _, back := range []time.Duration{4 * time.Minute, time.Hour, 24 * time.Hour} {
		r.Stop()
		r.astray.Store(-int64(back))
		r.Start()
		r.Serving() // readers were held against the clock before
		f.reads("after the hub's clock was set back")
		viewer.reads("without any date in her rights", door)
		r.Until("the word on the two clocks", func() bool { return r.logged("more than two minutes apart") })
	}
	if r.logged("the cloud does not know this hub") {
		t.Error("a hub whose clock is wrong is told that another has taken its place")
	}
	// It opens again by the clock that is right: the next day at two.
	r.Stop()
	r.astray.Store(0)
	r.moveTo(closing.AddDate(0, 0, 1).Add(-4*time.Hour + time.Second))
	r.Start()
	r.Serving()
	f.reads("the next day", door)
}
