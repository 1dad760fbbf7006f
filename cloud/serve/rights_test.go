// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// home is a household with two cameras and everything a hub writes about each and about the household.
type home struct {
	*household
	other id.Camera
	page  map[id.Camera]string
}

func newHome(t *testing.T, c *cloud) *home {
	t.Helper()
	h := &home{household: newHousehold(t, c), other: must(id.NewCamera(rand.Reader)), page: map[id.Camera]string{}}
	for _, camera := range []id.Camera{h.camera, h.other, id.HouseholdCamera} {
		h.writePage(camera)
		if camera.Valid() {
			h.ok(h.put(request.WriteLabels, api.LabelName(camera), []byte("label of "+camera)))
			h.ok(h.put(request.WriteObjects, api.ObjectName(camera, h.hour(), must(id.NewObject(rand.Reader))), noise(100)))
		}
	}
	h.ok(h.put(request.WriteNames, api.Current, noise(10)))
	h.ok(h.put(request.WriteTiles, api.TileName(h.run, 0, 0), noise(32)))
	return h
}

func (h *household) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// writePage writes this hour's page of a camera.
func (h *home) writePage(camera id.Camera) {
	h.t.Helper()
	h.page[camera] = api.PageName(h.run, camera, h.epoch, h.hour())
	h.ok(h.put(request.WritePages, h.page[camera], noise(50)))
}

// giveKeys writes rows of each camera for a device and the sheet.
func (h *home) giveKeys(d id.Device) {
	h.t.Helper()
	for _, camera := range []id.Camera{h.camera, h.other, id.HouseholdCamera} {
		row := request.Row{Bytes: noise(1300), Camera: camera, Device: d, Epoch: h.epoch, Head: h.chain.Head.Hash}
		sheet := row
		sheet.Device, sheet.Bytes = id.Sheet, noise(1300)
		h.ok(h.put(request.WriteEnvelopes, api.EnvelopesName(camera, h.epoch), must(canon.Marshal(api.Rows{Envelopes: []request.Row{row, sheet}}))))
	}
}

// cameras are those that a sync shows something of, by kind.
func shown(s *api.Sync) map[string]map[id.Camera]int {
	out := map[string]map[id.Camera]int{"pages": {}, "labels": {}, "own": {}, "sheet": {}}
	for _, p := range s.Pages {
		out["pages"][p.Camera]++
	}
	for _, l := range s.Labels {
		out["labels"][l.Camera]++
	}
	for _, e := range s.Envelopes {
		if e.Device == id.Sheet {
			out["sheet"][e.Camera]++
		} else {
			out["own"][e.Camera]++
		}
	}
	return out
}

func TestASyncShowsWhatItsReaderMaySee(t *testing.T) {
	c := start(t)
	h := newHome(t, c)
	guest := h.welcome(roster.Guest, h.right(h.camera))
	viewer := h.welcome(roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	guardian := h.welcome(roster.Guardian)
	blind := h.welcome(roster.Viewer, roster.Right{Actions: []roster.Action{roster.Live}})
	for _, p := range []person{guest, viewer, guardian, blind, h.owner} {
		h.giveKeys(p.keys.ID)
	}
	c.Advance(time.Second)
	h.writePage(h.camera)
	all := map[id.Camera]int{h.camera: 1, h.other: 1, id.HouseholdCamera: 1}
	both := map[id.Camera]int{h.camera: 1, h.other: 1}
	one := map[id.Camera]int{h.camera: 1}
	five := map[id.Camera]int{h.camera: 5, h.other: 5, id.HouseholdCamera: 5} // a sheet's row for every device above
	for name, want := range map[string]struct {
		who                       api.Signer
		pages, labels, own, sheet map[id.Camera]int
		names                     bool
	}{
		"guest":    {guest.signer(), one, one, one, nil, false},
		"viewer":   {viewer.signer(), both, both, both, nil, false},
		"blind":    {blind.signer(), nil, nil, nil, nil, false},
		"guardian": {guardian.signer(), all, both, all, five, true},
		"owner":    {h.byOwner(), all, both, all, five, true},
		"sheet":    {h.bySheet(), all, both, nil, five, true},
	} {
		s := h.sync(want.who)
		got := shown(s)
		for kind, cameras := range map[string]map[id.Camera]int{"pages": want.pages, "labels": want.labels, "own": want.own, "sheet": want.sheet} {
			if len(cameras) != len(got[kind]) {
				t.Errorf("%s is shown %s of %v, want %v", name, kind, got[kind], cameras)
			}
			for camera, n := range cameras {
				if got[kind][camera] != n {
					t.Errorf("%s is shown %d %s of a camera, want %d", name, got[kind][camera], kind, n)
				}
			}
		}
		if (len(s.Names) > 0) != want.names {
			t.Errorf("%s: names of %d bytes", name, len(s.Names))
		}
		if len(s.Roster) != 5 || len(s.Erase) != 0 || s.EraseDue != 0 {
			t.Errorf("%s: %d links, %d bytes to erase", name, len(s.Roster), len(s.Erase))
		}
		// And what is listed can be read, and only that.
		for camera, page := range h.page {
			_, err := h.api.Page(t.Context(), s.Address, h.run, camera, h.epoch, h.hour())
			if listed := want.pages[camera] > 0; listed != (err == nil) || (!listed && api.KindOf(err) != api.Denied) {
				t.Errorf("%s reads page %s: %v", name, page, err)
			}
		}
		if _, err := h.api.Tile(t.Context(), s.Address, h.run, 0, 0, 1); err != nil {
			t.Errorf("%s reads a tile: %v", name, err)
		}
	}
}

func TestFootageIsGivenToWhomTheRosterSays(t *testing.T) {
	c := start(t)
	h := newHome(t, c)
	guest := h.welcome(roster.Guest, h.right(h.camera))
	exporter := h.welcome(roster.Viewer, roster.Right{Actions: []roster.Action{roster.Export}, Cameras: []id.Camera{h.other}})
	ask := func(who api.Signer, purpose string, cameras ...id.Camera) (int, api.Kind) {
		t.Helper()
		f, err := h.api.Footage(t.Context(), h.fetch(who, request.FetchFootage, purpose, cameras...))
		if err != nil {
			if p, ok := asProblem(err); !ok || p.Rule != "" {
				t.Errorf("refused with %v", err)
			}
			return 0, api.KindOf(err)
		}
		return len(f.Objects), ""
	}
	unknown := must(id.NewCamera(rand.Reader))
	for _, step := range []struct {
		who     api.Signer
		purpose string
		cameras []id.Camera
		n       int
		kind    api.Kind
	}{
		{h.byOwner(), request.PurposeHistory, nil, 2, ""},
		{h.byOwner(), request.PurposeExport, []id.Camera{h.other, unknown}, 1, ""},
		{guest.signer(), request.PurposeHistory, nil, 1, ""},
		{guest.signer(), request.PurposeTiles, []id.Camera{h.camera}, 1, ""},
		{guest.signer(), request.PurposeExport, []id.Camera{h.camera}, 0, api.Denied},
		{guest.signer(), request.PurposeExport, nil, 0, api.Denied},
		{guest.signer(), request.PurposeHistory, []id.Camera{h.other}, 0, api.Denied},
		{guest.signer(), request.PurposeHistory, []id.Camera{unknown}, 0, api.Denied},
		{guest.signer(), request.PurposeHistory, []id.Camera{h.camera, h.other}, 0, api.Denied},
		{exporter.signer(), request.PurposeExport, nil, 1, ""},
		{exporter.signer(), request.PurposeHistory, nil, 0, api.Denied},
	} {
		if n, kind := ask(step.who, step.purpose, step.cameras...); n != step.n || kind != step.kind {
			t.Errorf("%s of %d cameras: %d objects, %q; want %d, %q", step.purpose, len(step.cameras), n, kind, step.n, step.kind)
		}
	}
	// A refused fetch is no look: the hub hears of five.
	hub := h.socket(h.byHub())
	for range 5 {
		if d, err := hub.Receive(t.Context()); err != nil || d.Kind != api.KindFetch {
			t.Fatal(d, err)
		}
	}
	h.ok(h.api.Mail(t.Context(), h.byOwner(), h.id, id.Hub, []byte("last")))
	if d, err := hub.Receive(t.Context()); err != nil || d.Kind != api.KindMail {
		t.Errorf("after the looks comes %+v, %v", d, err)
	}
}

func TestHoursBeginAndEndByTheCloudsClock(t *testing.T) {
	// A Wednesday, 13:00 in Berlin.
	c := startIn(t, t.TempDir(), &clock{now: time.Date(2026, 7, 1, 11, 0, 0, 0, time.UTC)}, serve.Limits{})
	h := newHome(t, c)
	r := h.right(h.camera)
	r.Hours, r.Zone, r.Until = []roster.Hours{{Days: []int{1, 2, 3, 4, 5}, From: 14 * 60, Until: 18 * 60}}, "Europe/Berlin", h.now()+10*24*3_600_000
	sitter := h.welcome(roster.Guest, r)
	may := func() api.Kind {
		t.Helper()
		_, err := h.api.Footage(t.Context(), h.fetch(sitter.signer(), request.FetchFootage, request.PurposeHistory))
		s, err2 := h.api.Sync(t.Context(), h.fetchFrom(sitter.signer(), request.FetchSync, request.PurposeSync, 0))
		h.ok(err2)
		pages := len(s.Pages)
		if (err == nil) != (pages > 0) {
			t.Errorf("footage: %v, but %d pages", err, pages)
		}
		return api.KindOf(err)
	}
	for _, step := range []struct {
		wait time.Duration
		want api.Kind
	}{
		{0, api.Denied},
		{59*time.Minute + 59*time.Second, api.Denied},
		{time.Second, ""},
		{4*time.Hour - time.Second, ""},
		{time.Second, api.Denied},
		{20 * time.Hour, ""},             // Thursday, 14:00
		{48 * time.Hour, api.Denied},     // Saturday
		{48 * time.Hour, ""},             // Monday
		{6 * 24 * time.Hour, api.Denied}, // Sunday, after the end
		{24 * time.Hour, api.Denied},     // Monday again
	} {
		c.Advance(step.wait)
		if got := may(); got != step.want {
			t.Errorf("at %s: %q, want %q", c.Now().UTC().Format(time.RFC1123), got, step.want)
		}
	}
}

func TestWhatIsOlderThanARightIsNotSeen(t *testing.T) {
	c := startIn(t, t.TempDir(), &clock{now: time.Now().Truncate(time.Hour).Add(20 * time.Minute)}, serve.Limits{})
	h := newHome(t, c)
	c.Advance(time.Minute) // the same hour
	r := h.right(h.camera)
	r.Since = h.now()
	guest := h.welcome(roster.Guest, r)
	if f := h.footage(guest.signer(), request.PurposeHistory); len(f.Objects) != 0 {
		t.Errorf("listed %v", f.Objects)
	}
	if s := h.sync(guest.signer()); len(s.Pages) != 0 {
		t.Errorf("listed %v", s.Pages)
	}
	old := h.footage(h.byOwner(), request.PurposeHistory, h.camera).Objects[0].Object
	c.Advance(time.Minute)
	newer := h.putObject(noise(70))
	h.writePage(h.camera)
	f := h.footage(guest.signer(), request.PurposeHistory)
	if len(f.Objects) != 1 || f.Objects[0].Object != newer || len(h.sync(guest.signer()).Pages) != 1 {
		t.Errorf("listed %v", f.Objects)
	}
	if _, err := h.open(f.Address, newer); err != nil {
		t.Error(err)
	}
	_, err := h.open(f.Address, old)
	wantKind(t, err, api.NotFound)
	// From afar: a right that begins tomorrow is none today.
	r.Since, r.Until = h.now()+24*3_600_000, h.now()+72*3_600_000
	slow := h.welcome(roster.Guest, r)
	_, err = h.api.Footage(t.Context(), h.fetch(slow.signer(), request.FetchFootage, request.PurposeHistory))
	wantKind(t, err, api.Denied)
	c.Advance(25 * time.Hour)
	h.putObject(noise(70))
	if f := h.footage(slow.signer(), request.PurposeHistory); len(f.Objects) != 1 {
		t.Errorf("a day later: %v", f.Objects)
	}
}

func TestKeysAreGivenByThoseWhoMay(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	guardian := h.welcome(roster.Guardian)
	guest := h.welcome(roster.Guest, h.right(h.camera))
	viewer := h.welcome(roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	give := func(giver, writer api.Signer, to id.Device) error {
		row := request.Row{Bytes: noise(1300), Camera: h.camera, Device: to, Epoch: h.epoch, Head: h.chain.Head.Hash}
		e := must(dsse.Signed(request.ThingReseal, &request.Reseal{
			At: h.now(), Device: to, Head: h.chain.Head.Hash, Household: h.id,
			Epochs: []request.ResealedEpoch{{Camera: h.camera, Epoch: h.epoch, Envelope: id.HashOf(row.Bytes)}},
		}, giver.From, giver.Key))
		body := must(canon.Marshal(api.Resealed{Envelopes: []request.Row{row}, Statement: e.Encode()}))
		return h.api.Write(t.Context(), writer, h.id, request.WriteReseals, string(to), api.Bytes(body))
	}
	for name, step := range map[string]struct {
		giver, writer api.Signer
		to            id.Device
		want          api.Kind
	}{
		"an owner to a guest":              {h.byOwner(), h.byOwner(), guest.keys.ID, ""},
		"a guardian to an owner":           {guardian.signer(), guardian.signer(), h.owner.keys.ID, ""},
		"carried by the device itself":     {h.byOwner(), guest.signer(), guest.keys.ID, ""},
		"carried by a third":               {h.byOwner(), viewer.signer(), guest.keys.ID, api.Denied},
		"a viewer to a guest":              {viewer.signer(), viewer.signer(), guest.keys.ID, api.Denied},
		"the sheet to its person's":        {h.bySheet(), h.bySheet(), h.owner.keys.ID, ""},
		"the sheet to another's":           {h.bySheet(), h.bySheet(), guest.keys.ID, api.Denied},
		"to a device that is not there":    {h.byOwner(), h.byOwner(), newDevice(h.owner.person).keys.ID, api.NotFound},
		"in another's name, by the device": {api.Signer{From: h.owner.keys.ID, Key: guest.sign}, guest.signer(), guest.keys.ID, api.Invalid},
	} {
		if err := give(step.giver, step.writer, step.to); api.KindOf(err) != step.want {
			t.Errorf("%s: %v, want %q", name, err, step.want)
		}
	}
	if s := h.sync(guest.signer()); len(s.Reseals) != 2 || len(s.Envelopes) != 2 {
		t.Errorf("the guest has %d reseals and %d envelopes", len(s.Reseals), len(s.Envelopes))
	}
	c.Advance(25 * time.Hour) // its time is over
	if s := h.sync(guest.signer()); len(s.Reseals) != 0 || len(s.Envelopes) != 0 {
		t.Errorf("after its end the guest has %d reseals and %d envelopes", len(s.Reseals), len(s.Envelopes))
	}
	if !bytes.Equal(h.sync(guest.signer()).Roster[0], h.chain.Chain[0]) {
		t.Error("after its end a guest does not read the roster")
	}
}
