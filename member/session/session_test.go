// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"bytes"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/sealing/open"
	"keyhold/sealing/to"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// look syncs, reads the camera's hour and checks each segment's ciphertext.
func (w *world) look(s *session.Session) (*session.View, *session.Timeline, error) {
	v, err := s.Sync(w.t.Context())
	if err != nil {
		return nil, nil, err
	}
	t, err := v.Timeline(w.t.Context(), w.camera, w.now-60*minute, w.now)
	if err != nil {
		return v, nil, err
	}
	f, err := footage.Start(w.t.Context(), s, v, w.camera, t.Segments, request.PurposeHistory)
	if err != nil {
		return v, t, err
	}
	for i := range f.Len() {
		if _, err := f.Sealed(w.t.Context(), i); err != nil {
			return v, t, err
		}
	}
	return v, t, nil
}

func TestAnHonestCloudIsBelieved(t *testing.T) {
	w := begin(t)
	s := w.device()
	v, timeline, err := w.look(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(timeline.Segments) != 3 || len(v.Alarms) != 0 || v.Late() {
		t.Errorf("%d segments, alarms %v", len(timeline.Segments), v.Alarms)
	}
	if c, ok := v.Camera("Door"); !ok || c.ID != w.camera {
		t.Error("the camera's name is not known")
	}
	// Later, with more in the tree, the same device still believes it.
	w.pack(w.now - 3*minute)
	w.sign1()
	if _, timeline, err = w.look(s); err != nil || len(timeline.Segments) != 4 {
		t.Errorf("after a further pack: %v", err)
	}
	// Without any network the cache says the same.
	cached, err := s.Cached(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	packs, err := cached.Objects(t.Context())
	if err != nil || len(packs) != 4 {
		t.Errorf("the cache names %d packs: %v", len(packs), err)
	}
}

// Without names a device would list no camera at all, and say that there is none.
func TestNamesAreNotKeptFromADeviceThatIsNew(t *testing.T) {
	w := begin(t)
	w.answer = func(a *api.Sync) { a.Names = nil }
	if _, _, err := w.look(w.device()); rule.Of(err) != rule.RolledBack {
		t.Errorf("refused as %q: %v", rule.Of(err), err)
	}
}

func TestTheSheetReadsEverything(t *testing.T) {
	w := begin(t)
	home := device.Household{Household: w.state.Household, Roster: w.state.Chain, To: make([]byte, 32)}
	s, err := session.New(nil, w.sheet, home, w.client)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	timeline, err := v.Timeline(t.Context(), w.camera, w.now-60*minute, w.now)
	if err != nil || len(timeline.Segments) != 3 {
		t.Errorf("the sheet reads %v: %v", timeline, err)
	}
}

// attack is what a dishonest cloud does after an honest sync, and the rule that has to speak.
type attack struct {
	name   string
	rule   rule.Name
	attack func(*world)
}

func attacks(t *testing.T) []attack {
	t.Helper()
	other := begin(t)
	return []attack{
		{"a checkpoint is changed", rule.Checkpoint, func(w *world) {
			w.answer = func(a *api.Sync) { a.Runs[0].Checkpoint = strings.Replace(a.Runs[0].Checkpoint, "\nat 1", "\nat 2", 1) }
		}},
		{"a checkpoint of another household", rule.WrongHousehold, func(w *world) {
			w.answer = func(a *api.Sync) { a.Runs = other.sync().Runs }
		}},
		{"an older checkpoint", rule.RolledBack, func(w *world) {
			w.answer = func(a *api.Sync) { a.Runs[0].Checkpoint = w.checkpoint(w.last(), w.last().size-1) }
		}},
		{"the whole run is gone", rule.RolledBack, func(w *world) { w.answer = func(a *api.Sync) { a.Runs = nil } }},
		{"an older status", rule.RolledBack, func(w *world) { w.status = func(s *manifest.Status) { s.At -= 5 * minute } }},
		{"no status", rule.RolledBack, func(w *world) { w.answer = func(a *api.Sync) { a.Status = nil } }},
		{"older names", rule.RolledBack, func(w *world) { w.names.Seq = 1 }},
		{"a second document of names with one number", rule.Forked, func(w *world) { w.names.Cameras[0].Name = "Cellar" }},
		{"a second document with one number and another room", rule.Forked, func(w *world) { w.names.Cameras[0].Room = "Cellar" }},
		{"no names", rule.RolledBack, func(w *world) { w.answer = func(a *api.Sync) { a.Names = nil } }},
		{"another tree of the same size", rule.Forked, func(w *world) { w.fork(0) }},
		{"another tree that grew", rule.Forked, func(w *world) { w.fork(2) }},
		{"a leaf that the hub never wrote", rule.NotIncluded, func(w *world) {
			w.page = func(n manifest.PageName, p []byte) []byte {
				return bytes.Replace(p, []byte(`"kind":"segment","media":6`), []byte(`"kind":"segment","media":5`), 1)
			}
		}},
		{"a page of another camera", rule.WrongCamera, func(w *world) {
			w.page = func(n manifest.PageName, p []byte) []byte {
				if n.Camera == w.camera {
					return w.pages[manifest.PageName{Run: n.Run, Camera: id.HouseholdCamera, Epoch: w.epochs[id.HouseholdCamera].ID, Hour: n.Hour}]
				}
				return p
			}
		}},
		{"a leaf is left out", rule.SeqGap, func(w *world) { w.page = w.without(`"kind":"pack"`, false) }},
		{"the newest leaves are left out", rule.SeqGap, func(w *world) { w.page = w.without(`"kind":"camera"`, true) }},
		{"all of a camera is left out", rule.SeqGap, func(w *world) {
			w.answer = func(a *api.Sync) {
				a.Pages = slices.DeleteFunc(a.Pages, func(p api.PageRef) bool { return p.Camera == w.camera })
			}
		}},
		{"all of the household is left out", rule.SeqGap, func(w *world) {
			w.answer = func(a *api.Sync) {
				a.Pages = slices.DeleteFunc(a.Pages, func(p api.PageRef) bool { return p.Camera == id.HouseholdCamera })
			}
		}},
		{"a listed page is not served", rule.SeqGap, func(w *world) {
			w.page = func(n manifest.PageName, p []byte) []byte {
				if n.Camera == w.camera {
					return nil
				}
				return p
			}
		}},
		{"an object is not served", rule.SeqGap, func(w *world) { w.footage = func(f *api.Footage) { f.Objects = f.Objects[1:] } }},
		{"an object is longer", rule.FileSize, func(w *world) { w.footage = func(f *api.Footage) { f.Objects[0].Size++ } }},
		{"an object is cut off", rule.FileSize, func(w *world) { w.object = func(b []byte) []byte { return b[:len(b)-1] } }},
		{"a bit is changed", rule.FileHash, func(w *world) {
			w.object = func(b []byte) []byte { c := bytes.Clone(b); c[2000] ^= 1; return c }
		}},
		{"a key is kept back", rule.Envelope, func(w *world) {
			w.answer = func(a *api.Sync) {
				a.Envelopes = slices.DeleteFunc(slices.Clone(a.Envelopes), func(r request.Row) bool { return r.Camera == w.camera })
			}
		}},
		{"a key of somebody else", rule.Envelope, func(w *world) { w.answer = w.foreignEpoch }},
		{"a roster of another household", rule.Household, func(w *world) {
			w.answer = func(a *api.Sync) { a.Roster = other.state.Chain }
		}},
		{"an empty roster", rule.RosterSeq, func(w *world) { w.answer = func(a *api.Sync) { a.Roster = nil } }},
	}
}

func TestADishonestCloudIsRefused(t *testing.T) {
	for _, a := range attacks(t) {
		t.Run(a.name, func(t *testing.T) {
			if err := a.make(t); rule.Of(err) != a.rule {
				t.Errorf("refused as %q (%v), want %q", rule.Of(err), err, a.rule)
			}
		})
	}
}

// make plays the attack against a device that has seen the honest cloud.
func (a attack) make(t *testing.T) error {
	t.Helper()
	w := begin(t)
	s := w.device()
	if _, _, err := w.look(s); err != nil {
		t.Fatalf("before the attack: %v", err)
	}
	w.now += 2 * minute
	w.changed++ // so that nothing comes from the cache
	a.attack(w)
	_, _, err := w.look(s)
	return err
}

func TestAHubThatIsNotHeardOfIsSaidBesideWhatHolds(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world)
		alarm  rule.Name
		late   bool
	}{
		{"the hub has sent more", func(w *world) {
			w.status = func(s *manifest.Status) { s.Signed++; s.Uploaded++ }
		}, rule.Frozen, false},
		{"signed but not sent yet is no alarm", func(w *world) { w.status = func(s *manifest.Status) { s.Signed++ } }, "", false},
		{"silent for 31 minutes", func(w *world) { w.status = at(w.now - 31*minute); w.last().at -= 31 * minute }, rule.Frozen, false},
		{"silent for 12 minutes", func(w *world) { w.status = at(w.now - 12*minute); w.last().at -= 12 * minute }, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			c.change(w)
			v, timeline, err := w.look(w.device())
			if err != nil || len(timeline.Segments) != 3 {
				t.Fatalf("what holds is not shown: %v", err)
			}
			got := rule.Name("")
			if len(v.Alarms) > 0 {
				got = rule.Of(v.Alarms[0])
			}
			if got != c.alarm || v.Late() != c.late {
				t.Errorf("alarm %q, late %v", got, v.Late())
			}
		})
	}
}

func at(ms int64) func(*manifest.Status) { return func(s *manifest.Status) { s.At = ms } }

func TestAHubThatWasPutBackLeavesOutNumbers(t *testing.T) {
	for _, c := range []struct {
		name   string
		reason string
		leap   int64
		rule   rule.Name
	}{
		{"the run says so", manifest.RunBehind, 1000, ""},
		{"the run says something else", manifest.RunClock, 1000, rule.SeqGap},
		{"a number comes twice", manifest.RunBehind, -2, rule.SeqGap},
		{"the numbers go on", manifest.RunClock, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			old := w.last()
			root, err := tlog.TreeHash(old.size, old)
			if err != nil {
				t.Fatal(err)
			}
			w.newRun()
			for camera := range w.seq {
				w.seq[camera] += c.leap
			}
			w.add(id.HouseholdCamera, w.now-minute, &manifest.Run{
				Head: w.state.Head, PrevRoot: id.Hash(root).String(), PrevRun: old.id, PrevSize: old.size, Reason: c.reason,
			})
			w.pack(w.now - 2*minute)
			w.sign1()
			_, timeline, err := w.look(w.device())
			if rule.Of(err) != c.rule || (err == nil) != (c.rule == "") {
				t.Fatalf("refused as %q: %v", rule.Of(err), err)
			}
			if err == nil && len(timeline.Segments) != 4 {
				t.Errorf("%d segments", len(timeline.Segments))
			}
		})
	}
}

func TestTheRunBeforeMustBeWhole(t *testing.T) {
	w := begin(t)
	w.newRun()
	w.add(id.HouseholdCamera, w.now-minute, &manifest.Run{
		Head: w.state.Head, PrevRoot: id.Hash{}.String(), PrevRun: w.runs[0].id, PrevSize: w.runs[0].size + 1, Reason: manifest.RunClock,
	})
	w.sign1()
	if _, _, err := w.look(w.device()); rule.Of(err) != rule.RolledBack {
		t.Errorf("a run whose end is missing: %v", err)
	}
}

// join puts a second device of the same person into the roster and gives it the keys of all epochs.
func (w *world) join(by *device.Secret) *device.Secret {
	w.t.Helper()
	second, err := device.NewSecret(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	link, err := w.state.NewLink(w.now, roster.AddDevice{Device: second.Public(), Person: w.person})
	if err != nil {
		w.t.Fatal(err)
	}
	link.Sign(w.secret.ID(), w.secret.Sign())
	link.Sign(second.ID(), second.Sign())
	link.Sign(id.Hub, w.sign)
	if err := w.state.Append(link.Encode()); err != nil {
		w.t.Fatal(err)
	}
	statement := request.Reseal{At: w.now, Device: second.ID(), Epochs: []request.ResealedEpoch{}, Head: w.state.Head.Hash, Household: w.state.Household}
	for camera, e := range w.epochs {
		identity, err := open.Row(w.secret.Reader(), w.state.Household, e.Rows[0])
		if err != nil {
			w.t.Fatal(err)
		}
		row, err := to.SealRow(w.state.Household, camera, e.ID, w.state.Head.Hash, to.Reader{Device: second.ID(), Key: second.Public().Reader}, []byte(identity.String()))
		if err != nil {
			w.t.Fatal(err)
		}
		w.rows = append(w.rows, row)
		statement.Epochs = append(statement.Epochs, request.ResealedEpoch{Camera: camera, Envelope: id.HashOf(row.Bytes), Epoch: e.ID})
	}
	e, err := dsse.Signed(request.ThingReseal, statement, by.ID(), by.Sign())
	if err != nil {
		w.t.Fatal(err)
	}
	w.reseals = append(w.reseals, e.Encode())
	return second
}

func TestASecondDeviceTakesKeysOnlyFromItsOwn(t *testing.T) {
	stranger, err := device.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		signer func(*world) *device.Secret
		change func(*world)
		rule   rule.Name
	}{
		{"from its person's first device", func(w *world) *device.Secret { return w.secret }, func(*world) {}, ""},
		{"from the sheet", func(w *world) *device.Secret { return w.sheet }, func(*world) {}, ""},
		{"from a stranger", func(*world) *device.Secret { return stranger }, func(*world) {}, rule.Signer},
		{"from nobody", func(w *world) *device.Secret { return w.secret }, func(w *world) { w.reseals = nil }, rule.Envelope},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := begin(t)
			w.secret = w.join(c.signer(w))
			c.change(w)
			_, timeline, err := w.look(w.device())
			if rule.Of(err) != c.rule || (err == nil) != (c.rule == "") {
				t.Fatalf("refused as %q: %v", rule.Of(err), err)
			}
			if err == nil && len(timeline.Segments) != 3 {
				t.Errorf("it sees %d segments", len(timeline.Segments))
			}
		})
	}
}
