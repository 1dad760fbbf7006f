// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/statement/canon"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// A household moves: its chain comes whole to a second cloud, its hub writes again what it has, its devices bring what
// they were given, and the first cloud is told to erase, which the second one does not take for its own.
func TestAHouseholdMovesToAnotherCloud(t *testing.T) {
	first, second := start(t), start(t)
	s := newSide(t, first)
	d := s.join()
	i := s.ids.with(ids{"device": string(d.keys.ID)}, "device")
	given := s.body(request.WriteReseals, i)
	s.ok(s.api.Write(t.Context(), s.byOwner(), s.id, request.WriteReseals, i["device"], api.Bytes(given)))
	row := must(canon.Marshal(api.Rows{Envelopes: []request.Row{{Bytes: noise(1300), Camera: s.camera, Device: s.owner.keys.ID, Epoch: s.epoch, Head: s.chain.Head.Hash}}}))

	moved := *s.household
	moved.c, moved.api = second, second.client()
	if got, err := moved.api.RegisterChain(t.Context(), s.chain.Chain); err != nil || got != s.id {
		t.Fatalf("the chain at the second cloud: %v", err)
	}
	at := &side{home: &home{household: &moved, other: s.other, page: s.page}, ids: s.ids, token: s.token, secrets: s.secrets}
	for _, w := range []struct {
		kind, name string
		body       []byte
	}{
		{request.WriteObjects, api.ObjectName(s.camera, s.hour(), id.Object(s.ids["object"])), s.secrets["object"]},
		{request.WritePages, api.PageName(s.run, s.camera, s.epoch, s.hour()), s.secrets["page"]},
		{request.WriteTiles, api.TileName(s.run, 1, 0), s.secrets["tile"]},
		{request.WriteCheckpoints, api.CheckpointName(s.run), s.checkpoint(s.ids)},
		{request.WriteEnvelopes, api.EnvelopesName(s.camera, s.epoch), row},
		{request.WriteNames, api.Current, s.secrets["names"]},
		{request.WriteLabels, api.LabelName(s.camera), s.secrets["label"]},
	} {
		s.ok(at.put(w.kind, w.name, w.body))
	}
	// The device takes along what it was given there.
	old := s.sync(d.signer())
	for _, statement := range old.Reseals {
		body := must(canon.Marshal(api.Resealed{Envelopes: slices.DeleteFunc(slices.Clone(old.Envelopes), func(r request.Row) bool { return r.Device != d.keys.ID }), Statement: statement}))
		s.ok(at.api.Write(t.Context(), d.signer(), s.id, request.WriteReseals, string(d.keys.ID), api.Bytes(body)))
	}
	a := at.sync(d.signer())
	if len(a.Roster) != 2 || len(a.Pages) != 1 || len(a.Labels) != 1 || len(a.Reseals) != 1 || !bytes.Equal(a.Names, s.secrets["names"]) {
		t.Errorf("at the second cloud: %d links, %d pages, %d labels, %d reseals", len(a.Roster), len(a.Pages), len(a.Labels), len(a.Reseals))
	}
	if got := at.read(d.signer(), id.Object(s.ids["object"])); !bytes.Equal(got, s.secrets["object"]) {
		t.Error("the object is another at the second cloud")
	}
	if got, err := at.api.Sheet(t.Context(), s.chain.Sheet.Lookup()); err != nil || got.Household != s.id {
		t.Errorf("the sheet does not find it there: %v", err)
	}
	// A statement for the one cloud is none for the other.
	wish := s.wish(erasure.Erase)
	err := at.put(request.WriteErase, api.Current, wish.Encode())
	if p, ok := asProblem(err); !ok || p.Rule != rule.Audience {
		t.Errorf("the second cloud, told to erase the first: %v", err)
	}
	s.ok(s.put(request.WriteErase, api.Current, wish.Encode()))
	first.Advance(7 * 24 * time.Hour)
	s.ok(first.Sweep(t.Context()))
	_, err = s.api.Sync(t.Context(), s.fetch(s.byOwner(), request.FetchSync, request.PurposeSync))
	wantKind(t, err, api.Unauthenticated)
	if len(at.sync(at.byOwner()).Pages) != 1 {
		t.Error("the second cloud has lost it, too")
	}
}
