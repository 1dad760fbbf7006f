// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// viewer brings in somebody who may see the world's camera, lets the hub record on, and makes the cloud answer them as it
// answers viewers: what is theirs, and labels in place of names.
func (w *world) viewer() *session.Session {
	w.t.Helper()
	secret, person := must[*device.Secret](w.t)(device.NewSecret(rand.Reader)), must[id.Person](w.t)(id.NewPerson(rand.Reader))
	right := roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{w.camera}}
	link := must[*dsse.Envelope](w.t)(w.state.NewLink(w.now-8*minute, roster.AddPerson{Device: secret.Public(), Person: person, Rights: []roster.Right{right}, Role: roster.Viewer}))
	link.Sign(w.secret.ID(), w.secret.Sign())
	link.Sign(secret.ID(), secret.Sign())
	link.Sign(id.Hub, w.sign)
	if err := w.state.Append(link.Encode()); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range []id.Camera{id.HouseholdCamera, w.camera} {
		w.epochs[c] = w.epoch(c)
		w.announce(c)
	}
	w.pack(w.now - 7*minute)
	w.pack(w.now - 6*minute)
	w.add(w.camera, w.now-2*minute, &manifest.Heartbeat{})
	w.add(id.HouseholdCamera, w.now-2*minute, &manifest.Heartbeat{})
	w.sign1()
	w.label = &manifest.Label{At: w.now - 7*minute, Camera: w.camera, Head: w.state.Head.Hash, Household: w.state.Household, Name: "Door", Seq: 4, Zone: "Europe/Berlin"}
	w.answer = func(a *api.Sync) { w.narrow(a, secret.ID()) }

	folder, err := device.Create(w.t.TempDir(), secret, device.Household{
		Household: w.state.Household, Person: person, Device: secret.ID(), Cloud: w.client.Base, To: make([]byte, 32), Roster: w.state.Chain, Since: w.now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	s := must[*session.Session](w.t)(session.Open(folder, w.client))
	s.Now = func() time.Time { return time.UnixMilli(w.now) }
	return s
}

func (w *world) narrow(a *api.Sync, d id.Device) {
	a.Names = nil
	a.Pages = slices.DeleteFunc(a.Pages, func(p api.PageRef) bool { return p.Camera != w.camera })
	a.Envelopes = slices.DeleteFunc(slices.Clone(a.Envelopes), func(r request.Row) bool { return r.Device != d })
	thing, payload := w.label.Edition()
	sealed := w.seal(w.camera, must[*dsse.Envelope](w.t)(dsse.Signed(thing, payload, id.Hub, w.sign)).Encode())
	a.Labels = []api.LabelRef{{Camera: w.camera, Label: sealed}}
}

func TestAViewerReadsWhatWasGiven(t *testing.T) {
	w := begin(t)
	s := w.viewer()
	v, err := s.Sync(t.Context())
	if err != nil || len(v.Alarms) > 0 {
		t.Fatal(err, v)
	}
	if v.Names != nil || len(v.Cameras) != 1 || v.Cameras[0].Name != "Door" || v.Zone() != "Europe/Berlin" {
		t.Errorf("cameras %v, names %v, zone %q", v.Cameras, v.Names, v.Zone())
	}
	if s.SeesPeople() || s.May(roster.Export, w.camera) != rule.Action || s.May(roster.History, w.camera) != "" {
		t.Error("a viewer may do something else than was given")
	}
	timeline, err := v.Timeline(t.Context(), w.camera, w.now-60*minute, w.now)
	if err != nil || len(timeline.Segments) != 2 {
		t.Errorf("%v: %v", timeline, err)
	}
	w.label.Room, w.label.Seq = "Hall", 5
	if v, err = s.Sync(t.Context()); err != nil || v.Cameras[0].Room != "Hall" || v.Cameras[0].Name != "Door" {
		t.Errorf("once it has a room: %v, %v", v.Cameras, err)
	}
	if again, err := s.Cached(t.Context()); err != nil || len(again.Cameras) != 1 {
		t.Errorf("from the cache: %v", err)
	}
}

func TestADishonestLabelIsRefused(t *testing.T) {
	for _, a := range []struct {
		name   string
		rule   rule.Name
		change func(w *world)
	}{
		{"of another household", rule.WrongHousehold, func(w *world) { w.label.Household = begin(w.t).state.Household }},
		{"of another camera", rule.WrongCamera, func(w *world) { w.label.Camera = must[id.Camera](w.t)(id.NewCamera(rand.Reader)) }},
		{"an older one", rule.RolledBack, func(w *world) { w.label.Seq = 3; w.label.Name = "Cellar" }},
		{"an older one with a room", rule.RolledBack, func(w *world) { w.label.Seq = 3; w.label.Room = "Cellar" }},
		{"signed by somebody else", rule.Signature, func(w *world) { w.sign = begin(w.t).sign }},
	} {
		t.Run(a.name, func(t *testing.T) {
			w := begin(t)
			s := w.viewer()
			if _, err := s.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			narrow, sign := w.answer, w.sign
			w.answer = func(got *api.Sync) {
				a.change(w)
				narrow(got)
				w.sign = sign
			}
			if _, err := s.Sync(t.Context()); rule.Of(err) != a.rule {
				t.Errorf("refused as %q: %v", rule.Of(err), err)
			}
		})
	}
}

func TestAViewersCameraIsNotKeptBack(t *testing.T) {
	w := begin(t)
	s := w.viewer()
	narrow := w.answer
	w.answer = func(a *api.Sync) { narrow(a); a.Envelopes = nil }
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Hours later nobody can say any more that the key is on its way.
	w.now += 180 * minute
	w.add(w.camera, w.now-2*minute, &manifest.Heartbeat{})
	w.sign1()
	v, err := s.Sync(t.Context())
	if err != nil {
		if rule.Of(err) != rule.Envelope {
			t.Fatal(err)
		}
		return
	}
	if _, err := v.Timeline(t.Context(), w.camera, w.now-30*minute, w.now); rule.Of(err) != rule.Envelope {
		t.Errorf("refused as %q: %v", rule.Of(err), err)
	}
}

// What is older than a viewer's right is not listed, and that is no alarm.
func TestAViewersRecordBeginsWithTheirRight(t *testing.T) {
	w := begin(t)
	s := w.viewer()
	narrow := w.answer
	w.answer = func(a *api.Sync) {
		narrow(a)
		a.Pages = slices.DeleteFunc(a.Pages, func(p api.PageRef) bool { return p.Epoch != w.epochs[w.camera].ID })
	}
	v, err := s.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	timeline, err := v.Timeline(t.Context(), w.camera, w.now-60*minute, w.now)
	if err != nil || len(timeline.Segments) != 2 {
		t.Errorf("%v: %v", timeline, err)
	}
}

func TestWhoHidesAHouseholdMustBeItsOwner(t *testing.T) {
	w := begin(t)
	s := w.device()
	statement := erasure.Statement{
		Act: erasure.Erase, At: w.now - 60*minute, Device: w.secret.ID(), Household: w.state.Household, Nonce: random(t, 16), Person: w.person, To: make([]byte, 32),
	}
	signed := must[*dsse.Envelope](t)(dsse.Signed(erasure.Thing, &statement, w.secret.ID(), w.secret.Sign()))
	forged := must[*dsse.Envelope](t)(dsse.Signed(erasure.Thing, &statement, w.secret.ID(), begin(t).secret.Sign()))
	hide := func(e *dsse.Envelope) error {
		w.answer = func(a *api.Sync) {
			a.Erase, a.EraseDue = e.Encode(), w.now+1000*minute
			a.Pages, a.Names, a.Envelopes = nil, nil, nil
		}
		_, err := s.Sync(t.Context())
		return err
	}
	var hidden *session.HiddenError
	if err := hide(signed); !errors.As(err, &hidden) || hidden.At != statement.At || hidden.Due != w.now+1000*minute {
		t.Errorf("%v", err)
	}
	if err := hide(forged); rule.Of(err) != rule.Signature {
		t.Errorf("refused as %q: %v", rule.Of(err), err)
	}
}
