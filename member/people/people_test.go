// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/member/housetest"
	"keyhold/member/people"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// book gives names by id.
type book map[string]string

func (b book) PersonName(p id.Person) string { return b[string(p)] }
func (b book) DeviceName(d id.Device) string { return b[string(d)] }
func (b book) CameraName(c id.Camera) string { return b[string(c)] }

func berlin(t *testing.T) *time.Location {
	t.Helper()
	return must[*time.Location](t)(time.LoadLocation("Europe/Berlin"))
}

func TestRightsReadAsSentences(t *testing.T) {
	zone := berlin(t)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, zone)
	garden, door := must[id.Camera](t)(id.NewCamera(rand.Reader)), must[id.Camera](t)(id.NewCamera(rand.Reader))
	names := book{string(garden): "Garden", string(door): "Doorbell"}
	friday := time.Date(2026, 11, 28, 0, 0, 0, 0, zone).UnixMilli()
	weekdays := []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 14 * 60, Until: 18 * 60}}
	history, both := []roster.Action{roster.History}, []roster.Action{roster.Export, roster.History}
	for want, r := range map[string]roster.Right{
		"all cameras: see recordings": {Actions: history},
		"the Garden and Doorbell cameras: see recordings, Monday to Friday 14:00–18:00, until the end of Friday 27 November 2026": {
			Actions: history, Cameras: []id.Camera{garden, door}, Hours: weekdays, Zone: "Europe/Berlin", Until: friday,
		},
		"the Garden camera: see recordings and save recordings, from Monday 23 November 2026, 12:00": {
			Actions: both, Cameras: []id.Camera{garden}, Since: now.AddDate(0, 0, 1).UnixMilli(),
		},
		"all cameras: watch live without sound, see recordings and turn cameras off": {
			Actions: []roster.Action{roster.History, roster.Live, roster.Private},
		},
		"all cameras: watch live and see recordings":                          {Actions: []roster.Action{roster.History, roster.Listen, roster.Live}},
		"all cameras: see recordings, ended Saturday 21 November 2026, 12:00": {Actions: history, Until: now.AddDate(0, 0, -1).UnixMilli()},
		"all cameras: see recordings, Saturday and Sunday 09:00–24:00 (America/New_York)": {
			Actions: history, Hours: []roster.Hours{{Days: []int{6, 7}, From: 9 * 60, Until: 24 * 60}}, Zone: "America/New_York",
		},
	} {
		if got := people.Right(r, names, now); got != want {
			t.Errorf("%q\nwant %q", got, want)
		}
	}
	if got := people.Cameras([]id.Camera{garden, door}, book{}); got != "two cameras" {
		t.Errorf("cameras without names are %q", got)
	}
}

func TestHoursAreReadAsTheyAreTyped(t *testing.T) {
	for text, want := range map[string]roster.Hours{
		"mon-fri 14:00-18:00":   {Days: []int{1, 2, 3, 4, 5}, From: 840, Until: 1080},
		"Sat,Sun 9-12":          {Days: []int{6, 7}, From: 540, Until: 720},
		"daily 0:00-24:00":      {Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 1440},
		"8:30-9:15":             {Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 510, Until: 555},
		"sat-mon 20:00–21:00":   {Days: []int{1, 6, 7}, From: 1200, Until: 1260},
		"monday,wed 7:00-08:00": {Days: []int{1, 3}, From: 420, Until: 480},
	} {
		got, err := people.ParseHours(text)
		if err != nil || !slices.Equal(got.Days, want.Days) || got.From != want.From || got.Until != want.Until {
			t.Errorf("%q reads as %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "mon", "mon-fri", "mon 14:00", "noday 14:00-15:00", "mon 25:00-26:00", "mon 9:61-10:00", "mon 24:30-25:00", "mon 9:00-8:00", "a b c"} {
		if got, err := people.ParseHours(text); err == nil {
			t.Errorf("%q reads as %v", text, got)
		}
	}
}

func TestTheTrailTellsEveryChange(t *testing.T) {
	zone := berlin(t)
	h := housetest.New(t, time.Date(2026, 11, 22, 12, 0, 0, 0, zone).UnixMilli())
	names := book{string(h.Owner): "Anna", string(h.First.ID()): "Desk"}
	garden := h.Camera()
	names[string(garden)] = "Garden"
	right := roster.Right{
		Actions: []roster.Action{roster.History}, Cameras: []id.Camera{garden}, Until: time.Date(2026, 11, 28, 0, 0, 0, 0, zone).UnixMilli(),
	}
	telephone := h.Add(h.First, h.Owner)
	tablet := h.Add(h.Sheet, h.Owner)
	jan, laptop := h.Bring(telephone, roster.Guardian)
	eva, phone := h.Bring(laptop, roster.Guest, right)
	for name, d := range map[string]*device.Secret{"Telephone": telephone, "Tablet": tablet, "Jan's laptop": laptop, "Eva's phone": phone} {
		names[string(d.ID())] = name
	}
	names[string(jan)], names[string(eva)] = "Jan", "Eva"
	right.Hours, right.Zone = []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 840, Until: 1080}}, "Europe/Berlin"
	h.Do(roster.SetRights{Person: eva, Role: roster.Guest, Rights: []roster.Right{right}}, laptop)
	h.Do(roster.SetRights{Person: jan, Role: roster.Owner}, h.First)
	h.RemoveDevice(h.First, tablet.ID())
	seeds := must[keys.Secret](t)(keys.PasskeySecret(make([]byte, 32)))
	fob := must[*device.Secret](t)(device.PasskeySecret(must[id.Device](t)(id.NewPasskey(rand.Reader)), seeds))
	names[string(fob.ID())] = "Key fob"
	h.Do(roster.AddPasskey{Person: h.Owner, Passkey: roster.PasskeyKeys{
		Credential: []byte{1}, ID: fob.ID(), Origin: "https://cloud.example", Public: []byte{1}, Reader: fob.Public().Reader, Sign: fob.Public().Sign,
	}}, h.First, fob)
	h.RemoveDevice(h.First, fob.ID())
	h.RemovePerson(laptop, eva)
	h.RemovePerson(laptop, jan)
	sheet := h.NewSheet()
	h.Do(roster.NewSheet{Sheet: housetest.SheetKeys(sheet)}, h.First, sheet)

	events, err := people.Trail(h.State, names, zone)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Anna began the household, with Desk.",
		"Anna added Telephone, a device of their own.",
		"Tablet came in by the recovery sheet, as a device of Anna.",
		"Anna brought in Jan, with Jan's laptop, as a guardian who sees everything, adds cameras, and invites guests.",
		"Jan brought in Eva, with Eva's phone, as a guest: the Garden camera until the end of Friday 27 November 2026 (see recordings).",
		"Jan gave Eva, a guest, the Garden camera, Monday to Friday 14:00–18:00 until the end of Friday 27 November 2026 (see recordings).",
		"Anna made Jan an owner who sees everything and decides about everybody.",
		"Anna removed Tablet, a device of their own.",
		"Anna made Key fob, a passkey, by which they can come back.",
		"Anna removed Key fob, a passkey of their own.",
		"Jan removed Eva, with all devices.",
		"Jan left the household.",
		"Anna made a new recovery sheet; the one before is worth nothing any more.",
	}
	came := []int{1, 2, 3, 4, 8, 12}
	for i, e := range events {
		if i >= len(want) || e.Text != want[i] {
			t.Errorf("number %d: %s", i, e.Text)
		}
		if e.Came() != slices.Contains(came, i) {
			t.Errorf("number %d: somebody came in is %v", i, e.Came())
		}
	}
	if len(events) != len(want) {
		t.Errorf("%d sentences, want %d", len(events), len(want))
	}
	unnamed := must[[]people.Event](t)(people.Trail(h.State, book{}, zone))
	for _, e := range unnamed {
		if strings.Contains(e.Text, "a passkey, a passkey") || strings.Contains(e.Text, "  ") || strings.Contains(e.Text, " ,") || strings.Contains(e.Text, "dev_") {
			t.Errorf("without names: %s", e.Text)
		}
	}
}
