// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"keyhold/home/cameras"
	"keyhold/home/household"
	"keyhold/home/privacy"
	"keyhold/home/stars"
	"keyhold/home/state"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/roster"
	"keyhold/statement/star"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// home is a household made by hand.
type home struct {
	t       *testing.T
	state   *roster.State
	hub     ed25519.PrivateKey
	owner   roster.DeviceKeys
	signing ed25519.PrivateKey
	names   map[string]string
	cameras []cameras.Camera
	private []*private.Setting
	// stars is how many moments of the first camera are kept.
	stars int
	// kind is the payload type of the newest document.
	kind string
	at   int64
}

func device(t *testing.T) (roster.DeviceKeys, ed25519.PrivateKey) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	d, err := id.NewDevice(rand.Reader)
	must(t, err)
	return roster.DeviceKeys{ID: d, Sign: pub, Reader: make([]byte, roster.XWingSize), Storage: roster.Software}, key
}

func found(t *testing.T) *home {
	t.Helper()
	pub, hub, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	h := &home{t: t, hub: hub, names: map[string]string{}}
	h.owner, h.signing = device(t)
	sheet, sheetKey := device(t)
	person, err := id.NewPerson(rand.Reader)
	must(t, err)
	e, err := dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: 1, Device: h.owner, Nonce: make([]byte, 32), Person: person,
		Hub:   roster.HubKeys{HPKE: make([]byte, roster.XWingSize), Sign: pub},
		Sheet: roster.SheetKeys{Reader: sheet.Reader, Sign: sheet.Sign},
	})
	must(t, err)
	e.Sign(h.owner.ID, h.signing)
	e.Sign(id.Sheet, sheetKey)
	e.Sign(id.Hub, hub)
	h.state, err = roster.Start(e.Encode(), "")
	must(t, err)
	return h
}

func (h *home) append(op roster.Op, by map[id.Device]ed25519.PrivateKey) {
	h.t.Helper()
	h.at++
	e, err := h.state.NewLink(h.at, op)
	must(h.t, err)
	for d, key := range by {
		e.Sign(d, key)
	}
	e.Sign(id.Hub, h.hub)
	must(h.t, h.state.Append(e.Encode()))
}

func (h *home) bring(name string) id.Person {
	h.t.Helper()
	d, key := device(h.t)
	person, err := id.NewPerson(rand.Reader)
	must(h.t, err)
	h.append(roster.AddPerson{Device: d, Person: person, Role: roster.Guardian}, map[id.Device]ed25519.PrivateKey{h.owner.ID: h.signing, d.ID: key})
	h.names[string(d.ID)], h.names[string(person)] = name, name
	return person
}

func (h *home) remove(p id.Person) {
	h.t.Helper()
	e, err := h.state.RemovePerson(h.at, p)
	must(h.t, err)
	e.Sign(h.owner.ID, h.signing)
	h.append(roster.Remove{Removal: e.Encode()}, nil)
}

// signed is a setting as the hub keeps it.
func (h *home) signed(s *private.Setting) *privacy.Setting {
	h.t.Helper()
	s.At, s.Device, s.Head, s.Household, s.Seq = 1, h.owner.ID, h.state.Head.Hash, h.state.Household, 1
	e, err := dsse.Signed(private.Thing, s, h.owner.ID, h.signing)
	must(h.t, err)
	kept, err := privacy.NewSetting(s, h.state.People[0].ID, e.Encode())
	must(h.t, err)
	return kept
}

// document writes the names and reads them as a member does.
func (h *home) document() *manifest.Names {
	h.t.Helper()
	db, err := state.Open(h.t.Context(), filepath.Join(h.t.TempDir(), "state.db"))
	must(h.t, err)
	defer func() { must(h.t, db.Close()) }()
	var raw []byte
	must(h.t, db.Write(h.t.Context(), func(tx *sql.Tx) error {
		for k, v := range h.names {
			if err := household.Label(h.t.Context(), tx, k, v); err != nil {
				return err
			}
		}
		for _, s := range h.private {
			if err := (&privacy.Plan{Set: h.signed(s)}).Write(h.t.Context(), tx); err != nil {
				return err
			}
		}
		for i := range h.stars {
			s := &star.Setting{At: 1_790_000_000_000, Camera: h.cameras[0].ID, Device: h.owner.ID, Head: h.state.Head.Hash, Household: h.state.Household, Moment: 1_789_999_000_000 + int64(i), On: true, Seq: int64(i + 1)}
			e, err := dsse.Signed(star.Thing, s, h.owner.ID, h.signing)
			if err != nil {
				return err
			}
			if err := stars.Write(h.t.Context(), tx, &stars.Star{Setting: *s, Statement: e.Encode()}, nil); err != nil {
				return err
			}
		}
		if _, err := household.WriteNames(h.t.Context(), tx, h.cameras, h.state, h.hub, 1); err != nil {
			return err
		}
		return tx.QueryRowContext(h.t.Context(), `SELECT envelope FROM names`).Scan(&raw)
	}))
	n, e, err := manifest.OpenNames(h.state, raw)
	must(h.t, err)
	h.kind = e.PayloadType
	return n
}

// Devices of earlier versions read the first edition, so that one is written as long as there are no rooms.
func TestNamesSayRoomsOnlyWhereThereAreSome(t *testing.T) {
	t.Parallel()
	h := found(t)
	door, yard := id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"), id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaae")
	h.cameras = []cameras.Camera{{ID: door, Name: "Door"}, {ID: yard, Name: "Yard"}}
	if n := h.document(); h.kind != dsse.TypeOf(manifest.ThingNames) || len(n.Cameras) != 2 {
		t.Errorf("%s names %v", h.kind, n.Cameras)
	}
	h.cameras[1].Room = "Garten"
	if n := h.document(); h.kind != dsse.TypeOf(manifest.ThingNames2) || n.Cameras[0].Room != "" || n.Cameras[1].Room != "Garten" {
		t.Errorf("%s names %v", h.kind, n.Cameras)
	}
}

// A hub that takes this one's place is told what is private: of cameras in use, and of all.
func TestNamesSayWhatIsPrivate(t *testing.T) {
	t.Parallel()
	h := found(t)
	door, yard, gone := id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"), id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaae"), id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaai")
	night := []roster.Hours{{Days: []int{1, 7}, From: 0, Until: 360}}
	h.cameras = []cameras.Camera{{ID: door, Name: "Door"}, {ID: yard, Name: "Yard"}, {ID: gone, Name: "Gone", Removed: 1}}
	h.private = []*private.Setting{{Camera: door, Hours: []roster.Hours{}}, {Camera: gone, Hours: []roster.Hours{}, On: true}}
	if n := h.document(); h.kind != dsse.TypeOf(manifest.ThingNames) || n.Private != nil {
		t.Errorf("where nothing is private in use, %s says %+v", h.kind, n)
	}
	h.private = append(h.private, &private.Setting{Camera: yard, Hours: night, Zone: "Europe/Berlin"})
	n := h.document()
	want := &private.Held{Hours: night, Zone: "Europe/Berlin"}
	if h.kind != dsse.TypeOf(manifest.ThingNames2) || n.Cameras[0].Private != nil || !reflect.DeepEqual(n.Cameras[1].Private, want) || n.Cameras[2].Private != nil {
		t.Errorf("%s says %+v", h.kind, n.Cameras)
	}
	h.private = []*private.Setting{{Camera: id.HouseholdCamera, Hours: []roster.Hours{}, On: true}}
	if n = h.document(); h.kind != dsse.TypeOf(manifest.ThingNames2) || n.Private == nil || !n.Private.On || n.Unsaid {
		t.Errorf("%s says of all %+v", h.kind, n.Private)
	}
}

func TestWhatIsPrivateIsCalledUnsaidWhereItDoesNotFit(t *testing.T) {
	t.Parallel()
	h := found(t)
	var hours []roster.Hours
	for i := range 16 {
		hours = append(hours, roster.Hours{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 1000 + i, Until: 1440})
	}
	for i := range 360 {
		c := id.Camera("cam_" + id.Base32(append(make([]byte, 14), byte(i>>8), byte(i))))
		h.cameras = append(h.cameras, cameras.Camera{ID: c, Name: strings.Repeat("y", 12)})
	}
	for i := range 60 {
		h.private = append(h.private, &private.Setting{Camera: h.cameras[i].ID, Hours: hours, Zone: "Europe/Berlin"})
	}
	h.private = append(h.private, &private.Setting{Camera: id.HouseholdCamera, Hours: hours, Zone: "Europe/Berlin"})
	n := h.document()
	if first, other := n.Cameras[0], n.Cameras[60]; first.Private != nil || !first.Unsaid || other.Unsaid || first.Name != strings.Repeat("y", 12) {
		t.Errorf("the first is %+v, the last %+v", first, other)
	}
	if n.Private == nil || n.Unsaid {
		t.Errorf("of all it says %+v", n.Private)
	}
	// With so many people even what holds for all does not fit.
	for range 127 {
		h.bring(strings.Repeat("x", 12))
	}
	for i := range 15 {
		c := id.Camera("cam_" + id.Base32(append(make([]byte, 14), 2, byte(i))))
		h.cameras = append(h.cameras, cameras.Camera{ID: c, Name: strings.Repeat("y", 12)})
	}
	if n = h.document(); n.Private != nil || !n.Unsaid || !n.Cameras[0].Unsaid {
		t.Errorf("of all it says %+v", n.Private)
	}
}

// All that a household may keep is named, also of a camera that is gone; where it does not fit, that there is more.
func TestWhatIsStarredIsNamed(t *testing.T) {
	t.Parallel()
	h := found(t)
	for i := range 100 {
		c := id.Camera("cam_" + id.Base32(append(make([]byte, 14), 0, byte(i))))
		h.cameras = append(h.cameras, cameras.Camera{ID: c, Name: "Door", Removed: int64(i % 2)})
	}
	h.stars = stars.Most
	n := h.document()
	if list := n.Cameras[0].Stars; len(list) != stars.Most || n.Unstarred || list[7] != (star.Mark{At: 1_790_000_000_000, Moment: 1_789_999_000_007}) {
		t.Errorf("%d stars are named, more: %v", len(list), n.Unstarred)
	}
	for i := range 300 {
		c := id.Camera("cam_" + id.Base32(append(make([]byte, 14), 1, byte(i))))
		h.cameras = append(h.cameras, cameras.Camera{ID: c, Name: strings.Repeat("y", 12)})
	}
	if n = h.document(); len(n.Cameras[0].Stars) > 0 || !n.Unstarred || n.Unsaid || n.Cameras[0].Unsaid {
		t.Errorf("what does not fit is said as %+v", n.Cameras[0])
	}
}

func TestRoomsAreLeftOutBeforeNamesAre(t *testing.T) {
	t.Parallel()
	h := found(t)
	for range 127 {
		h.bring(strings.Repeat("x", 12))
	}
	// As many as fit by their names alone.
	for i := range 360 {
		c := id.Camera("cam_" + id.Base32(append(make([]byte, 14), byte(i>>8), byte(i))))
		h.cameras = append(h.cameras, cameras.Camera{ID: c, Name: strings.Repeat("y", 12), Room: strings.Repeat("ÄÖ", manifest.MaxName/4)})
	}
	n := h.document()
	if len(n.Cameras) != 360 || n.Cameras[7].Room != "" || n.Cameras[7].Name != strings.Repeat("y", 12) {
		t.Errorf("%d cameras, the eighth is %+v", len(n.Cameras), n.Cameras[7])
	}
	h.cameras = h.cameras[:40]
	if n = h.document(); n.Cameras[7].Room == "" || !utf8.ValidString(n.Cameras[7].Room) {
		t.Errorf("the eighth of few is %+v", n.Cameras[7])
	}
}

func TestNamesFitHoweverLongTheyAre(t *testing.T) {
	t.Parallel()
	h := found(t)
	long := strings.Repeat("ÄÖ", manifest.MaxName/4)
	for range 127 {
		h.bring(long)
	}
	n := h.document()
	if len(n.Persons) != 128 || len(n.Devices) != 128 {
		t.Fatalf("%d persons and %d devices are named", len(n.Persons), len(n.Devices))
	}
	for _, p := range n.Persons[1:] {
		if p.Name == "" || !utf8.ValidString(p.Name) || !strings.HasPrefix(long, p.Name) {
			t.Fatalf("a name became %q", p.Name)
		}
	}
}

func TestThoseWhoWentAreNamedAfterThoseWhoAreThere(t *testing.T) {
	t.Parallel()
	h := found(t)
	for range 100 {
		h.remove(h.bring(strings.Repeat("x", 80)))
	}
	last := h.bring("the last to go")
	stays := h.bring("who stays")
	h.remove(last)
	n := h.document()
	if len(n.Persons) < 20 || len(n.Persons) > 90 || n.Persons[1].ID != stays || n.Persons[1].Name != "who stays" {
		t.Fatalf("%d persons are named, the second is %+v", len(n.Persons), n.Persons[1])
	}
	if n.Persons[2].ID != last || n.Persons[2].Name != "the last to go" {
		t.Errorf("the first of those who went is %+v", n.Persons[2])
	}
}
