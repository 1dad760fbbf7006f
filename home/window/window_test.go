// SPDX-License-Identifier: Apache-2.0

package window_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keyhold/home/state"
	"keyhold/home/window"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// machine is a hub's database and a clock in the test's hand.
type machine struct {
	t    *testing.T
	path string
	now  time.Time
	db   *state.DB
	*window.Clock
}

func boot(t *testing.T, path string, now time.Time) *machine {
	t.Helper()
	m := &machine{t: t, path: path, now: now}
	var err error
	m.db, err = state.Open(t.Context(), path)
	must(t, err)
	m.Clock = &window.Clock{DB: m.db, Now: func() time.Time { return m.now }}
	must(t, m.Load(t.Context()))
	return m
}

// restart ends the process and starts another when the clock shows now.
func (m *machine) restart(now time.Time) *machine {
	m.t.Helper()
	must(m.t, m.db.Close())
	return boot(m.t, m.path, now)
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	m := boot(t, filepath.Join(t.TempDir(), "state.db"), noon)
	for _, step := range []struct {
		clock, shown time.Duration
		behind       bool
	}{
		{0, 0, false},
		{time.Hour, time.Hour, false},
		{time.Hour - window.Tolerance, time.Hour, false},
		{time.Hour - window.Tolerance - time.Millisecond, time.Hour, true},
		{-48 * time.Hour, time.Hour, true},
		{2 * time.Hour, 2 * time.Hour, false},
	} {
		m.now = noon.Add(step.clock)
		if got, want := m.Moment(), (window.Moment{At: noon.Add(step.shown).UnixMilli(), Behind: step.behind}); got != want {
			t.Errorf("with the clock at %s: %+v, not %+v", step.clock, got, want)
		}
	}
	must(t, m.db.Close())
}

func TestTimeIsKeptOverARestart(t *testing.T) {
	t.Parallel()
	m := boot(t, filepath.Join(t.TempDir(), "state.db"), noon)
	must(t, m.Keep(t.Context()))
	m.now = noon.Add(30 * time.Second)
	must(t, m.Keep(t.Context())) // too soon to be written
	m = m.restart(noon.Add(-24 * time.Hour))
	if got := m.Moment(); got.At != noon.UnixMilli() || !got.Behind {
		t.Errorf("a hub whose clock was set back a day shows %+v", got)
	}
	m.now = noon.Add(2 * time.Minute)
	at := m.Moment().At
	must(t, m.db.Write(t.Context(), func(tx *sql.Tx) error { return m.KeepIn(t.Context(), tx, at) }))
	m = m.restart(noon)
	if got := m.Moment(); got.At != at || got.Behind {
		t.Errorf("what was kept with a change of readers is %+v after a restart", got)
	}
	must(t, m.db.Close())
}

func TestRightsWithATimeAreClosedWhileTheClockIsBehind(t *testing.T) {
	t.Parallel()
	at := noon.UnixMilli()
	owner, ownerKey := device(t)
	s := household(t, owner, ownerKey, at)
	always := roster.Right{Actions: []roster.Action{roster.History}}
	days := roster.Right{
		Actions: []roster.Action{roster.History}, Zone: "UTC",
		Hours: []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 1440}},
	}
	ends := roster.Right{Actions: []roster.Action{roster.History}, Until: at + 86_400_000}
	who := map[id.Device]bool{owner.ID: true}
	for _, p := range []struct {
		role   roster.Role
		rights []roster.Right
		still  bool
	}{
		{roster.Guardian, nil, true},
		{roster.Viewer, []roster.Right{always}, true},
		{roster.Viewer, []roster.Right{days}, false},
		{roster.Viewer, []roster.Right{ends}, false},
		{roster.Viewer, []roster.Right{always, days}, true},
		{roster.Guest, []roster.Right{ends}, false},
	} {
		d, key := device(t)
		person, err := id.NewPerson(rand.Reader)
		must(t, err)
		e, err := s.NewLink(at, roster.AddPerson{Device: d, Person: person, Rights: p.rights, Role: p.role})
		must(t, err)
		e.Sign(owner.ID, ownerKey)
		e.Sign(d.ID, key)
		e.Sign(id.Hub, hubKey)
		must(t, s.Append(e.Encode()))
		who[d.ID] = p.still
	}
	camera, err := id.NewCamera(rand.Reader)
	must(t, err)
	right := window.Moment{At: at}
	if got := right.Of(s).Readers(camera, at); len(got) != len(who)+1 {
		t.Errorf("by a clock that is right there are %d readers, not %d", len(got), len(who)+1)
	}
	behind := window.Moment{At: at, Behind: true}
	got := behind.Of(s).Readers(camera, at)
	for d, still := range who {
		if slices.Contains(got, d) != still {
			t.Errorf("%s of role %s: reads is %v", d, role(s, d), !still)
		}
	}
	if len(s.Readers(camera, at)) != len(who)+1 {
		t.Error("the roster itself was changed")
	}
}

func role(s *roster.State, d id.Device) roster.Role {
	p, _ := s.PersonOf(d)
	return p.Role
}

var hubKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func device(t *testing.T) (roster.DeviceKeys, ed25519.PrivateKey) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	d, err := id.NewDevice(rand.Reader)
	must(t, err)
	return roster.DeviceKeys{ID: d, Sign: pub, Reader: make([]byte, roster.XWingSize), Storage: roster.Software}, key
}

func household(t *testing.T, owner roster.DeviceKeys, key ed25519.PrivateKey, at int64) *roster.State {
	t.Helper()
	sheet, sheetKey := device(t)
	person, err := id.NewPerson(rand.Reader)
	must(t, err)
	e, err := dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: at, Device: owner, Nonce: make([]byte, 32), Person: person,
		Hub:   roster.HubKeys{HPKE: make([]byte, roster.XWingSize), Sign: hubKey.Public().(ed25519.PublicKey)},
		Sheet: roster.SheetKeys{Reader: sheet.Reader, Sign: sheet.Sign},
	})
	must(t, err)
	e.Sign(owner.ID, key)
	e.Sign(id.Sheet, sheetKey)
	e.Sign(id.Hub, hubKey)
	s, err := roster.Start(e.Encode(), "")
	must(t, err)
	return s
}
