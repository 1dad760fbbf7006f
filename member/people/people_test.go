// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/member/people"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/dsse"
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

// house is a roster whose hub's key the test holds.
type house struct {
	t     *testing.T
	now   int64
	hub   ed25519.PrivateKey
	sheet *device.Secret
	state *roster.State
	names book
}

func (h *house) device(name string) *device.Secret {
	s := must[*device.Secret](h.t)(device.NewSecret(rand.Reader))
	h.names[string(s.ID())] = name
	return s
}

func (h *house) person(name string) id.Person {
	p := must[id.Person](h.t)(id.NewPerson(rand.Reader))
	h.names[string(p)] = name
	return p
}

// add appends a link with the signatures given.
func (h *house) add(op roster.Op, signers ...*device.Secret) {
	h.t.Helper()
	h.now += 60_000
	e := must[*dsse.Envelope](h.t)(h.state.NewLink(h.now, op))
	for _, s := range signers {
		e.Sign(s.ID(), s.Sign())
	}
	e.Sign(id.Hub, h.hub)
	if err := h.state.Append(e.Encode()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) remove(e *dsse.Envelope, err error, signers ...*device.Secret) {
	h.t.Helper()
	must[*dsse.Envelope](h.t)(e, err)
	for _, s := range signers {
		e.Sign(s.ID(), s.Sign())
	}
	h.add(roster.Remove{Removal: e.Encode()})
}

func TestTheTrailTellsEveryChange(t *testing.T) {
	zone := berlin(t)
	_, hub, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, hub: hub, names: book{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, zone).UnixMilli()}
	desk, anna := h.device("Desk"), h.person("Anna")
	h.sheet = must[*device.Secret](t)(device.SheetSecret(must[keys.Sheet](t)(keys.NewSheet(rand.Reader))))
	mail := must[*box.Key](t)(box.NewKey(make([]byte, 32)))
	g := must[*dsse.Envelope](t)(dsse.New(roster.ThingGenesis, roster.Genesis{
		At: h.now, Device: desk.Public(), Nonce: make([]byte, 32), Person: anna,
		Hub:   roster.HubKeys{HPKE: mail.Public(), Sign: hub.Public().(ed25519.PublicKey)},
		Sheet: roster.SheetKeys{Reader: h.sheet.Public().Reader, Sign: h.sheet.Public().Sign},
	}))
	g.Sign(desk.ID(), desk.Sign())
	g.Sign(id.Sheet, h.sheet.Sign())
	g.Sign(id.Hub, hub)
	h.state = must[*roster.State](t)(roster.Start(g.Encode(), ""))

	garden := must[id.Camera](t)(id.NewCamera(rand.Reader))
	h.names[string(garden)] = "Garden"
	until := time.Date(2026, 11, 28, 0, 0, 0, 0, zone).UnixMilli()
	right := roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{garden}, Until: until}
	telephone, tablet, jans, evas := h.device("Telephone"), h.device("Tablet"), h.device("Jan's laptop"), h.device("Eva's phone")
	jan, eva := h.person("Jan"), h.person("Eva")
	h.add(roster.AddDevice{Device: telephone.Public(), Person: anna}, desk, telephone)
	h.add(roster.AddDevice{Device: tablet.Public(), Person: anna}, h.sheet, tablet)
	h.add(roster.AddPerson{Device: jans.Public(), Person: jan, Role: roster.Guardian}, telephone, jans)
	h.add(roster.AddPerson{Device: evas.Public(), Person: eva, Role: roster.Guest, Rights: []roster.Right{right}}, jans, evas)
	right.Hours, right.Zone = []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 840, Until: 1080}}, "Europe/Berlin"
	h.add(roster.SetRights{Person: eva, Role: roster.Guest, Rights: []roster.Right{right}}, jans)
	h.add(roster.SetRights{Person: jan, Role: roster.Owner}, desk)
	e, err := h.state.RemoveDevice(h.now, tablet.ID())
	h.remove(e, err, desk)
	e, err = h.state.RemovePerson(h.now, eva)
	h.remove(e, err, jans)
	e, err = h.state.RemovePerson(h.now, jan)
	h.remove(e, err, jans)
	sheet := must[*device.Secret](t)(device.SheetSecret(must[keys.Sheet](t)(keys.NewSheet(rand.Reader))))
	h.add(roster.NewSheet{Sheet: roster.SheetKeys{Reader: sheet.Public().Reader, Sign: sheet.Public().Sign}}, desk, sheet)

	events, err := people.Trail(h.state, h.names, zone)
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
		"Jan removed Eva, with all devices.",
		"Jan left the household.",
		"Anna made a new recovery sheet; the one before is worth nothing any more.",
	}
	came := []int{1, 2, 3, 4, 10}
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
	unnamed := must[[]people.Event](t)(people.Trail(h.state, book{}, zone))
	for _, e := range unnamed {
		if strings.Contains(e.Text, "  ") || strings.Contains(e.Text, " ,") || strings.Contains(e.Text, "dev_") {
			t.Errorf("without names: %s", e.Text)
		}
	}
}
