// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"slices"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

func TestAHouseholdsWholeRoad(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	hub := h.socket(h.byHub())

	// The hub writes a pack and what belongs to it.
	pack := noise(100_000)
	object := h.putObject(pack)
	row := request.Row{Bytes: noise(1300), Camera: h.camera, Device: h.owner.keys.ID, Epoch: h.epoch, Head: h.chain.Head.Hash}
	forSheet := row
	forSheet.Device, forSheet.Bytes = id.Sheet, noise(1300)
	rows := must(canon.Marshal(api.Rows{Envelopes: []request.Row{row, forSheet}}))
	page, names := noise(3000), noise(2000)
	hashes := noise(3 * 32)
	checkpoint := must(manifest.Checkpoint{Household: h.id, Run: h.run, Size: 3, Root: id.HashOf(hashes), At: h.now()}.Sign(h.hub))
	status := must(dsse.Signed(manifest.ThingStatus, &manifest.Status{
		At: h.now(), Head: h.chain.Head.Hash, Household: h.id, Run: h.run, Signed: 3, Uploaded: 3,
	}, id.Hub, h.hub)).Encode()
	for _, w := range []struct {
		kind, name string
		body       []byte
	}{
		{request.WriteEnvelopes, api.EnvelopesName(h.camera, h.epoch), rows},
		{request.WritePages, api.PageName(h.run, h.camera, h.epoch, h.hour()), page},
		{request.WriteTiles, api.TileName(h.run, 0, 0), hashes},
		{request.WriteCheckpoints, api.CheckpointName(h.run), []byte(checkpoint)},
		{request.WriteNames, api.Current, names},
		{request.WriteStatus, api.Current, status},
	} {
		for range 2 { // a repeat is no error
			if err := h.put(w.kind, w.name, w.body); err != nil {
				t.Fatalf("%s: %v", w.kind, err)
			}
		}
	}

	// The owner's device reads everything back.
	s := h.sync(h.byOwner())
	if len(s.Roster) != 1 || !bytes.Equal(s.Names, names) || !bytes.Equal(s.Status, status) {
		t.Error("sync: roster, names or status are not what was written")
	}
	if len(s.Envelopes) != 2 || len(s.Runs) != 1 || s.Runs[0].Checkpoint != checkpoint || len(s.Pages) != 1 || len(s.Reseals) != 0 {
		t.Errorf("sync lists %d envelopes, %d runs, %d pages, %d reseals", len(s.Envelopes), len(s.Runs), len(s.Pages), len(s.Reseals))
	}
	if s.Pages[0].Size != int64(len(page)) || s.Expires-s.Now != 600_000 {
		t.Error("sync: wrong page size or lifetime")
	}
	got, err := h.api.Page(t.Context(), s.Address, h.run, h.camera, h.epoch, h.hour())
	if err != nil || !bytes.Equal(got, page) {
		t.Errorf("page: %v", err)
	}
	got, err = h.api.Tile(t.Context(), s.Address, h.run, 0, 0, 2)
	if err != nil || !bytes.Equal(got, hashes[:64]) {
		t.Errorf("tile: %v", err)
	}

	// Footage is in the hub's queue by the time the answer is there.
	f := h.footage(h.byOwner(), request.PurposeHistory)
	d, err := hub.Receive(t.Context())
	if err != nil || d.Kind != api.KindFetch || d.From != h.owner.keys.ID {
		t.Fatalf("hub received %+v, %v", d, err)
	}
	var look request.Fetch
	if _, err := dsse.OpenBy(d.Body, request.ThingFetch, &look, h.owner.keys.ID, h.owner.keys.Sign); err != nil || look.Purpose != request.PurposeHistory {
		t.Errorf("the look that the hub got: %v", err)
	}
	if len(f.Objects) != 1 || f.Objects[0].Object != object || f.Objects[0].Size != int64(len(pack)) {
		t.Fatalf("footage lists %+v", f.Objects)
	}
	for _, part := range []struct{ offset, length int64 }{{0, -1}, {0, 10}, {500, 1000}, {99_999, 1}, {99_000, -1}} {
		want := pack[part.offset:]
		if part.length >= 0 {
			want = want[:part.length]
		}
		r, err := h.api.Object(t.Context(), f.Address, object, part.offset, part.length)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("object %+v: %d bytes, %v", part, len(got), err)
		}
	}
}

func TestTheSheetFindsItsHousehold(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	d := h.join()
	a, err := h.api.Sheet(t.Context(), h.chain.Sheet.Lookup())
	if err != nil || a.Household != h.id {
		t.Fatalf("sheet: %v", err)
	}
	s, err := roster.Replay(a.Roster, h.id)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Device(d.keys.ID); !ok || s.Head != h.chain.Head {
		t.Error("the mirrored roster lacks the new device")
	}
	if got := h.sync(h.bySheet()); len(got.Roster) != 2 {
		t.Error("the sheet's sync lacks a link")
	}
	_, err = h.api.Sheet(t.Context(), id.HashOf(noise(8)))
	wantKind(t, err, api.NotFound)
}

func TestASecondDeviceGetsItsResealedEpochs(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	d := h.join()
	row := request.Row{Bytes: noise(1300), Camera: h.camera, Device: d.keys.ID, Epoch: h.epoch, Head: h.chain.Head.Hash}
	body := func(rows ...request.Row) []byte {
		e := must(dsse.Signed(request.ThingReseal, &request.Reseal{
			At: h.now(), Device: d.keys.ID, Head: h.chain.Head.Hash, Household: h.id,
			Epochs: []request.ResealedEpoch{{Camera: h.camera, Epoch: h.epoch, Envelope: id.HashOf(row.Bytes)}},
		}, h.owner.keys.ID, h.owner.sign))
		return must(canon.Marshal(api.Resealed{Envelopes: append([]request.Row{}, rows...), Statement: e.Encode()}))
	}
	write := func(s api.Signer, b []byte) error {
		return h.api.Write(t.Context(), s, h.id, request.WriteReseals, string(d.keys.ID), api.Bytes(b))
	}
	other := row
	other.Bytes = noise(1300)
	wantKind(t, write(h.byOwner(), body(other)), api.Invalid)
	wantKind(t, write(h.byOwner(), body()), api.Invalid)
	wantKind(t, write(h.byHub(), body(row)), api.Denied)
	if err := write(h.byOwner(), body(row)); err != nil {
		t.Fatal(err)
	}
	s := h.sync(d.signer())
	if len(s.Envelopes) != 1 || !bytes.Equal(s.Envelopes[0].Bytes, row.Bytes) || len(s.Reseals) != 1 {
		t.Errorf("the new device finds %d envelopes and %d reseals", len(s.Envelopes), len(s.Reseals))
	}
	if s := h.sync(h.byOwner()); len(s.Envelopes) != 0 || len(s.Reseals) != 0 {
		t.Error("the owner's device is given another's envelopes")
	}
}

func TestMailReachesItsReaderInOrderUntilAcknowledged(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	send := func(b byte) {
		t.Helper()
		if err := h.api.Mail(t.Context(), h.byHub(), h.id, h.owner.keys.ID, []byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	receive := func(s *api.Socket) *api.Delivery {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d, err := s.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	send(1)
	send(2)
	first, second := h.socket(h.byOwner()), h.socket(h.byOwner())
	send(3)
	for _, s := range []*api.Socket{first, second} {
		for want := byte(1); want <= 3; want++ {
			if d := receive(s); d.Body[0] != want || d.From != id.Hub || d.Kind != api.KindMail || d.ID != int64(want) {
				t.Fatalf("got %+v, want message %d", d, want)
			}
		}
	}
	if err := first.Ack(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	// What a socket does next is in order behind its acknowledgement only for that socket: poll from a new one.
	deadline := time.Now().Add(10 * time.Second)
	for {
		c.Advance(time.Second) // a new socket is later than what came before it
		late := h.socket(h.byOwner())
		d := receive(late)
		_ = late.Close()
		if d.Body[0] == 3 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still delivers message %d", d.Body[0])
		}
	}
	send(4)
	if d := receive(second); d.Body[0] != 4 {
		t.Errorf("the older socket got %d after 3", d.Body[0])
	}
}

func TestTilesAreOneLookPerDeviceCameraHourAndStretch(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	hub := h.socket(h.byHub())
	h.putObject(noise(100))
	tiles := func() { h.footage(h.byOwner(), request.PurposeTiles, h.camera) }
	tiles()
	tiles()
	h.footage(h.byOwner(), request.PurposeExport)
	// Footage of another time is another look, under whatever purpose it is asked for.
	if _, err := h.api.Footage(t.Context(), h.fetchFrom(h.byOwner(), request.FetchFootage, request.PurposeTiles, 0, h.camera)); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Hour)
	tiles()
	var purposes []string
	for range 4 {
		d, err := hub.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var f request.Fetch
		if _, err := dsse.OpenBy(d.Body, request.ThingFetch, &f, h.owner.keys.ID, h.owner.keys.Sign); err != nil {
			t.Fatal(err)
		}
		purposes = append(purposes, f.Purpose)
	}
	if want := []string{request.PurposeTiles, request.PurposeExport, request.PurposeTiles, request.PurposeTiles}; !slices.Equal(purposes, want) {
		t.Errorf("the hub got %v, want %v", purposes, want)
	}
}

func TestAnAddressOpensOnlyWhatItsAnswerListed(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	object := h.putObject(noise(100))
	page := api.PageName(h.run, h.camera, h.epoch, h.hour())
	if err := h.put(request.WritePages, page, noise(10)); err != nil {
		t.Fatal(err)
	}
	s := h.sync(h.byOwner())
	f := h.footage(h.byOwner(), request.PurposeHistory)
	open := func(address string, o id.Object) error {
		r, err := h.api.Object(t.Context(), address, o, 0, -1)
		if err == nil {
			_ = r.Close()
		}
		return err
	}
	if err := open(f.Address, object); err != nil {
		t.Fatal(err)
	}
	wantKind(t, open(s.Address, object), api.NotFound) // a sync is no look and opens no footage
	_, err := h.api.Page(t.Context(), f.Address, h.run, h.camera, h.epoch, h.hour())
	wantKind(t, err, api.NotFound)
	c.Advance(time.Second)
	wantKind(t, open(f.Address, h.putObject(noise(100))), api.NotFound) // came after the answer
	none := h.footage(h.byOwner(), request.PurposeHistory, must(id.NewCamera(rand.Reader)))
	wantKind(t, open(none.Address, object), api.NotFound)
	other := newHousehold(t, c)
	wantKind(t, open(other.footage(other.byOwner(), request.PurposeHistory).Address, object), api.NotFound)
	_, err = h.api.Tile(t.Context(), s.Address, h.run, 0, 0, 1)
	wantKind(t, err, api.NotFound)
	c.Advance(10 * time.Minute)
	wantKind(t, open(f.Address, object), api.NotFound)
	wantKind(t, open("/v1/fetched/aaaaaaaaaaaaaaaaaaaaaaaaaa", object), api.NotFound)
}

func TestARosterForkIsRefused(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	add := func() []byte {
		d := newDevice(h.owner.person)
		return h.link(roster.AddDevice{Device: d.keys, Person: d.person}, h.byOwner(), d.signer())
	}
	one, two := add(), add()
	name := api.RosterName(1)
	for range 2 {
		if err := h.put(request.WriteRoster, name, one); err != nil {
			t.Fatal(err)
		}
	}
	err := h.put(request.WriteRoster, name, two)
	wantKind(t, err, api.Conflict)
	if p, ok := asProblem(err); !ok || p.Rule != rule.RosterFork {
		t.Errorf("rule: %v", err)
	}
	wantKind(t, h.put(request.WriteRoster, api.RosterName(3), two), api.Conflict)
}

func TestTheHubIsToldTheNewestCheckpointAndNobodyElse(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	if s := h.socket(h.byHub()); s.Checkpoint != "" {
		t.Errorf("before there is one: %q", s.Checkpoint)
	}
	put := func(run id.Run, size int64) string {
		t.Helper()
		text := must(manifest.Checkpoint{Household: h.id, Run: run, Size: size, At: h.now()}.Sign(h.hub))
		if err := h.put(request.WriteCheckpoints, api.CheckpointName(run), []byte(text)); err != nil {
			t.Fatal(err)
		}
		return text
	}
	put(h.run, 7)
	newer := put(must(id.NewRun(rand.Reader)), 2)
	if s := h.socket(h.byHub()); s.Checkpoint != newer {
		t.Errorf("the hub is told %q, want the one of the newest run", s.Checkpoint)
	}
	if s := h.socket(h.byOwner()); s.Checkpoint != "" {
		t.Error("a device is told the checkpoint outside of a sync")
	}
}
