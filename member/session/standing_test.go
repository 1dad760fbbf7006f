// SPDX-License-Identifier: Apache-2.0

package session

import (
	"errors"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/member/housetest"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// viewOf is what a reader knows of a roster.
func viewOf(h *housetest.House, reader *device.Secret) *View {
	s := &Session{Keys: reader, Roster: h.State, Home: device.Household{Household: h.State.Household}, Now: func() time.Time { return time.UnixMilli(h.Now) }}
	return &View{s: s, Roster: h.State, now: h.Now}
}

// monday is 12 o'clock in Berlin.
var monday = time.Date(2026, 11, 16, 11, 0, 0, 0, time.UTC).UnixMilli()

func TestWhoeverWasThereLacksNoKeyHonestly(t *testing.T) {
	h := housetest.New(t, monday)
	h.Now += day
	second := h.Add(h.First, h.Owner)
	joined := h.Now
	h.Now += day
	camera := h.Camera()
	for _, c := range []struct {
		name   string
		reader *device.Secret
		camera id.Camera
		at     int64
		want   bool
	}{
		{"the first device, at once", h.First, camera, monday, false},
		{"the first device, later", h.First, camera, joined, false},
		{"the sheet", h.Sheet, camera, monday, false},
		{"a second device, before it came", second, camera, joined - 3*hour, true},
		{"a second device, in the hour in which it came", second, camera, joined, true},
		{"a second device, an hour later", second, camera, joined + hour, false},
		{"a second device, the household's own pages", second, id.HouseholdCamera, joined + hour, false},
		{"a stranger", h.Device(), camera, joined + hour, true},
	} {
		if got := viewOf(h, c.reader).mayLack(c.camera, c.at, c.at+minute); got != c.want {
			t.Errorf("%s: may lack keys is %v", c.name, got)
		}
	}
}

func TestWhatAGuestMayLack(t *testing.T) {
	h := housetest.New(t, monday)
	garden, door := h.Camera(), h.Camera()
	right := roster.Right{
		Actions: []roster.Action{roster.History}, Cameras: []id.Camera{garden}, Since: monday, Until: monday + 20*day,
		Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 14 * 60, Until: 18 * 60}}, Zone: "Europe/Berlin",
	}
	_, guest := h.Bring(h.First, roster.Guest, right)
	_, viewer := h.Bring(h.First, roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	person, promoted := h.Bring(h.First, roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	h.Now = monday + 10*day
	h.Do(roster.SetRights{Person: person, Role: roster.Guardian}, h.First)
	tuesday := monday + day // 12 o'clock
	for _, c := range []struct {
		name   string
		reader *device.Secret
		camera id.Camera
		at     int64
		want   bool
	}{
		{"in the guest's hours", guest, garden, tuesday + 4*hour, false},
		{"before the guest's hours", guest, garden, tuesday, true},
		{"as the guest's hours begin", guest, garden, tuesday + 2*hour, true},
		{"on a Sunday", guest, garden, monday + 6*day + 4*hour, true},
		{"another camera", guest, door, tuesday + 4*hour, true},
		{"the household's pages, for a guest", guest, id.HouseholdCamera, tuesday + 4*hour, true},
		{"any camera, for a viewer of all", viewer, door, tuesday, false},
		{"the household's pages, before the promotion", promoted, id.HouseholdCamera, tuesday, true},
		{"the household's pages, after it", promoted, id.HouseholdCamera, monday + 11*day, false},
		{"a camera, before and after", promoted, door, tuesday, false},
	} {
		if got := viewOf(h, c.reader).mayLack(c.camera, c.at, c.at+minute); got != c.want {
			t.Errorf("%s: may lack keys is %v", c.name, got)
		}
	}
}

func TestANewSheetLacksOnlyWhatWasBefore(t *testing.T) {
	h := housetest.New(t, monday)
	h.Now += day
	sheet := h.NewSheet()
	h.Do(roster.NewSheet{Sheet: housetest.SheetKeys(sheet)}, h.First, sheet)
	v := viewOf(h, sheet)
	if !v.mayLack(h.Camera(), monday+hour, monday+2*hour) {
		t.Error("a new sheet must have keys of what was recorded before it")
	}
	if v.mayLack(h.Camera(), h.Now+hour, h.Now+2*hour) {
		t.Error("a new sheet may lack what was recorded since")
	}
}

func TestWhoMayGiveKeys(t *testing.T) {
	h := housetest.New(t, monday)
	second := h.Add(h.First, h.Owner)
	_, guardian := h.Bring(h.First, roster.Guardian)
	_, viewer := h.Bring(h.First, roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	_, other := h.Bring(h.First, roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	early := h.State.Head
	h.RemoveDevice(second, second.ID())
	for _, c := range []struct {
		name   string
		by, to *device.Secret
		head   roster.Head
		want   bool
	}{
		{"a device of one's own", h.First, h.First, h.State.Head, true},
		{"an owner", h.First, viewer, h.State.Head, true},
		{"a guardian", guardian, viewer, h.State.Head, true},
		{"the sheet", h.Sheet, viewer, h.State.Head, true},
		{"another viewer", other, viewer, h.State.Head, false},
		{"whoever was removed since, then", second, viewer, early, true},
		{"whoever was removed since, now", second, viewer, h.State.Head, false},
		{"a device that was never there", h.Device(), viewer, h.State.Head, false},
		{"a head that was never there", h.First, viewer, roster.Head{}, false},
		{"an owner, to the sheet", h.First, h.Sheet, h.State.Head, true},
		{"a viewer, to the sheet", viewer, h.Sheet, h.State.Head, false},
	} {
		v := viewOf(h, c.to)
		key, ok := v.giver(c.by.ID(), &request.Reseal{Device: c.to.ID(), Head: c.head.Hash})
		if ok != c.want || (ok && string(key) != string(c.by.Public().Sign)) {
			t.Errorf("%s gives keys: %v", c.name, ok)
		}
	}
}

func TestADeviceThatIsOutIsToldSo(t *testing.T) {
	h := housetest.New(t, monday)
	jan, laptop := h.Bring(h.First, roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	s := viewOf(h, laptop).s
	s.Home.Person = jan
	if err := s.belongs(); err != nil {
		t.Error(err)
	}
	h.RemovePerson(h.First, jan)
	s.Roster = h.State
	var gone *RemovedError
	if !errors.As(s.belongs(), &gone) || gone.At != h.Now || gone.By != h.First.ID() {
		t.Errorf("%+v", gone)
	}
	if !(Target{Person: jan}).Gone(h.State) || (Target{Device: h.First.ID()}).Gone(h.State) || !(Target{Device: laptop.ID()}).Gone(h.State) {
		t.Error("who is gone is not told right")
	}
}
