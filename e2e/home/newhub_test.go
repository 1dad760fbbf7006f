// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/home/check"
	"keyhold/member/export"
	comeback "keyhold/member/recover"
	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// anew starts a hub in an empty folder, and returns its code. The one before has stopped for good.
func (r *Rig) anew() string {
	r.t.Helper()
	r.Stop()
	r.Dir = filepath.Join(r.t.TempDir(), "hub")
	codes := r.Start()
	return (<-codes).String()
}

// replaced lets a device put in a hub that is new.
func (r *Rig) replaced(code string) {
	r.t.Helper()
	p := &replace.Replacer{Session: r.Member, Step: func(string) {}}
	must(r.t, p.Replace(r.t.Context(), code))
	r.Serving()
	_, err := replace.Carry(r.t.Context(), r.Member, p.Was(), true)
	must(r.t, err)
	_, err = replace.CarryStars(r.t.Context(), r.Member, p.Was())
	must(r.t, err)
}

// allWeek are hours that never end.
var allWeek = []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 1440}}

// private sets what is private of a camera, or of all.
func (r *Rig) private(c id.Camera, hours []roster.Hours, on bool) error {
	r.t.Helper()
	_, err := r.Member.SetPrivate(r.t.Context(), c, func(x *private.Setting) {
		x.Hours, x.On, x.Zone = append([]roster.Hours{}, hours...), on, ""
		if len(hours) > 0 {
			x.Zone = "UTC"
		}
	})
	return err
}

// stillPrivate wants a new hub to have been told, once, what was private before it.
func (r *Rig) stillPrivate(byHand, byHours id.Camera) {
	r.t.Helper()
	list, err := r.Member.Privates(r.t.Context())
	must(r.t, err)
	for _, x := range list {
		hours := x.Camera == byHours
		if x.Seq != 1 || x.On == hours || hours != reflect.DeepEqual(x.Hours, allWeek) {
			r.t.Errorf("the new hub was told %+v", x)
		}
	}
	if len(list) != 3 {
		r.t.Errorf("the new hub was told %d times what is private", len(list))
	}
}

// opens reads and opens the footage of packs again.
func (r *Rig) opens(camera id.Camera, packs []*manifest.Pack) {
	r.t.Helper()
	tl := r.Timeline(camera)
	for _, want := range packs {
		found := slices.ContainsFunc(tl.Segments, func(s session.Segment) bool { return s.Pack.Object == want.Object })
		if !found {
			r.t.Errorf("pack %s is not in the timeline any more", want.Object)
		}
	}
}

func TestNewHubTakesOverAndHistoryStays(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	old := r.Packs(door, 2)
	began := r.now()
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Export, roster.History}, Cameras: []id.Camera{door}})
	guardian := r.Bring("Gus", roster.Guardian)
	// A part of the yard's picture is covered, and the door is a child's: that comes along.
	yard := r.Add("Yard", "b")
	must(t, r.Member.SetChild(t.Context(), door, true))
	r.mask(r.Member, yard, window)
	// So does what is private: the door by hand, the yard at all hours, and for now all there is.
	must(t, r.private(yard, allWeek, false))
	must(t, r.private(door, nil, true))
	must(t, r.private(id.HouseholdCamera, nil, true))
	r.Until("the names saying so", func() bool {
		v := r.View()
		c, ok := v.Camera("Yard")
		return ok && len(c.Masks) == 1 && v.Names.Private != nil
	})
	gone := r.Dir
	taken := r.Camera.Taken("a") + r.Camera.Taken("b")
	r.replaced(r.anew())

	if place := r.Member.Roster.Now().Place; place != 1 {
		t.Fatalf("the roster knows of hub %d", place)
	}
	r.Until("the new hub's record", func() bool {
		v := r.View()
		return len(v.Runs) == 2 && v.Names != nil && v.Names.Seq > v.Roster.Now().First
	})
	v := r.View()
	if name := v.CameraName(door); name != "Door" {
		t.Errorf("the camera is called %q", name)
	}
	if name := v.PersonName(guardian.Person); name != "Gus" {
		t.Errorf("the guardian is called %q", name)
	}
	old = r.Packs(door, len(old)) // with those that it put away when it stopped
	list := r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras
	if len(list) != 2 || list[0].ID != door || list[0].State != request.CameraUnconnected {
		t.Fatalf("the new hub has %+v", list)
	}
	covered, err := r.Member.Masks(t.Context())
	must(t, err)
	for _, one := range covered {
		if want := one.Camera == yard; want != slices.Equal(one.Masks, []masks.Mask{window}) || !want && len(one.Masks) > 0 {
			t.Errorf("of camera %s %v is covered", one.Camera, one.Masks)
		}
	}
	children, err := r.Member.Children(t.Context())
	must(t, err)
	if len(covered) != 2 || len(children) != 2 {
		t.Errorf("the new hub was told what is covered of %d cameras, and of %d rooms", len(covered), len(children))
	}
	for _, one := range children {
		if one.On != (one.Camera == door) {
			t.Errorf("camera %s is in a child's room: %v", one.Camera, one.On)
		}
	}
	// What was private is so before anything has connected: not even a look whether the camera is there.
	r.stillPrivate(door, yard)
	for _, c := range []id.Camera{id.HouseholdCamera, door, yard} {
		for _, name := range []string{"Door", "Yard"} {
			if c == yard && name == "Door" {
				continue // that one is on again
			}
			_, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpAddCamera, Name: name, URL: r.URL("b")})
			if word(err) != request.RefusedPrivate {
				t.Errorf("%s is connected while it is private: %v", name, err)
			}
		}
		must(t, r.private(c, nil, false))
	}
	if now := r.Camera.Taken("a") + r.Camera.Taken("b"); now != taken {
		t.Errorf("cameras that are private were read %d times", now-taken)
	}
	// Under its old name it is the old camera, on one strip with what was before.
	if again := r.Add("Door", "b"); again != door {
		t.Errorf("the camera came back as %s, not as %s", again, door)
	}
	all := r.Packs(door, len(old)+1)
	r.opens(door, old)
	if all[0].Object != old[0].Object || all[len(all)-1].Epoch == old[len(old)-1].Epoch {
		t.Error("old and new are not one timeline with new keys")
	}
	// The others go on with what they have; nobody of them is asked.
	for _, who := range []*folk{vera, guardian} {
		s := who.session()
		now := r.now().UnixMilli()
		_, err := s.Steady(t.Context(), func(v *session.View) error {
			tl, err := v.Timeline(t.Context(), door, now-3_600_000, now+3_600_000)
			if err == nil && len(tl.Segments) == 0 {
				t.Errorf("somebody else sees nothing: %+v, %d pages closed", tl, v.Unreadable)
			}
			if len(v.Alarms) > 0 {
				t.Errorf("somebody else is alarmed: %v", v.Alarms)
			}
			return err
		})
		must(t, err)
	}
	// A film over the seam proves both sides.
	film := filepath.Join(t.TempDir(), "film.mp4")
	must(t, r.export(door, film, began.Add(-time.Hour), r.now()))
	proved, err := export.Check(film)
	must(t, err)
	if proved.Segments < 3 {
		t.Errorf("%d segments are proved", proved.Segments)
	}
	r.Stop()
	report, err := check.Run(t.Context(), r.Dir, "")
	must(t, err)
	if !report.Sound() {
		t.Errorf("%v", report.Faults)
	}
	// The old hub comes back and is a stranger to the cloud; the new one goes on afterwards.
	head := r.Member.Roster.Head
	fresh := r.Dir
	r.Dir = gone
	r.Start()
	r.Serving()
	r.Until("the old hub being refused", func() bool { return r.logged("the cloud does not know this hub") })
	r.Stop()
	r.Dir = fresh
	r.Start()
	r.Serving()
	r.Until("the new hub answering", func() bool { return r.owner().answered(3 * time.Second) })
	if r.View(); r.Member.Roster.Head != head {
		t.Error("the roster has moved")
	}
}

// export writes a film.
func (r *Rig) export(camera id.Camera, file string, from, until time.Time) error {
	_, err := r.Member.Steady(r.t.Context(), func(v *session.View) error {
		tl, err := v.Timeline(r.t.Context(), camera, from.UnixMilli(), until.UnixMilli())
		if err == nil {
			_, err = export.Write(r.t.Context(), r.Member, v, tl, file, func(int64, int64) {})
		}
		return err
	})
	return err
}

func TestNewHubAfterANewHub(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	packs := r.Packs(door, 1)
	for n := range 2 {
		r.replaced(r.anew())
		packs = r.Packs(door, len(packs))
		r.Add("Door", "a")
		packs = r.Packs(door, len(packs)+1)
		if place := r.Member.Roster.Now().Place; place != n+1 {
			t.Fatalf("hub %d is in force", place)
		}
	}
	yard := r.Add("Yard", "b")
	r.Packs(yard, 1)
	r.opens(door, packs)
}

func TestSheetPutsInANewHubAndComesBack(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	old := r.Packs(door, 1)
	r.Bring("Ben", roster.Owner)
	// It is private in hours that are days away: that comes along also by the sheet.
	far := []roster.Hours{{Days: []int{1 + (int(r.now().UTC().Weekday())+2)%7}, From: 600, Until: 660}}
	must(t, r.private(door, far, false))
	r.Until("the names saying so", func() bool {
		c, ok := r.View().Camera("Door")
		return ok && c.Private != nil
	})
	code := r.anew()
	// One of two owners is not enough.
	p := &replace.Replacer{Session: r.Member, Step: func(string) {}}
	if err := p.Replace(t.Context(), code); !errors.Is(err, replace.ErrTwo) {
		t.Errorf("one of two owners: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "device")
	back := &comeback.Returner{Client: r.client(), Now: r.now, Rand: rand.Reader, HubCode: code, Step: func(string) {}}
	got, err := back.Return(t.Context(), strings.Join(r.words, " "), "Laptop", dir)
	must(t, err)
	r.Serving()
	if got.Epochs == 0 {
		t.Error("the device was given no keys")
	}
	s, err := session.Open(got.Folder, r.client())
	must(t, err)
	s.Now = r.now
	r.Member = s
	if off, err := s.Privates(t.Context()); err != nil || len(off) != 1 || off[0].Camera != door || !reflect.DeepEqual(off[0].Hours, far) {
		t.Errorf("the new hub was told %+v: %v", off, err)
	}
	r.opens(door, old)
	old = r.Packs(door, len(old))
	if r.Add("Door", "a") != door {
		t.Error("the camera has another id")
	}
	// The sheet has not seen what was covered lately: nobody knows, and nothing is recorded before somebody says it.
	if got := r.state(door); got != request.CameraUnsaid {
		t.Errorf("the camera is %s before somebody says what is covered", got)
	}
	r.Stop()
	r.Start()
	r.Serving()
	r.Until("it being so over a restart", func() bool { return r.state(door) == request.CameraUnsaid })
	// Meanwhile one is recorded that no hub before had.
	r.Packs(r.Add("Yard", "b"), 1)
	r.mask(s, door)
	r.Packs(door, len(old)+1)
	said := r.masked(door)
	if len(said) != 1 {
		t.Fatalf("it was said %d times what is covered", len(said))
	}
	for _, x := range r.Timeline(door).Segments {
		early := x.Start < said[0].At
		if early && !slices.ContainsFunc(old, func(p *manifest.Pack) bool { return p.Object == x.Pack.Object }) {
			t.Error("the new hub has recorded before it was said what is covered")
		}
	}
	by := s.Roster.SignersAt(s.Roster.Head.Seq - 1)
	if !slices.Equal(by, []id.Device{id.Sheet}) {
		t.Errorf("the hub was put in by %v", by)
	}
}

// A roster that went on is no reason to give up: the device looks again.
func TestNewHubWhileTheOldOneIsNotGone(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	old := r.stop
	ended := r.ended
	r.stop = nil
	r.Dir = filepath.Join(t.TempDir(), "hub")
	code := (<-r.Start()).String()
	r.replaced(code)
	r.Until("the old hub noticing", func() bool { return r.logged("the cloud does not know this hub") })
	old()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the old hub ended with %v", err)
		}
	case <-ctx.Done():
	case <-time.After(patience):
		t.Fatal("the old hub does not stop")
	}
	r.Add("Door", "b")
	r.Packs(door, 2)
}
