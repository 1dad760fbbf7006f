// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"testing"

	"keyhold/api"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

func TestARemovedDeviceIsAStranger(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	second := h.join()
	h.remove(second.keys.ID)
	never := newDevice(h.owner.person)
	got := map[string]string{}
	for name, d := range map[string]person{"removed": second, "never there": never} {
		got[name] = answer(t, post(t, c, "/v1/fetch", h.fetch(d.signer(), request.FetchSync, request.PurposeSync))) //nolint:bodyclose // answer closes it
	}
	if got["removed"] != got["never there"] {
		t.Errorf("a removed device is answered with\n%s\nand a stranger with\n%s", got["removed"], got["never there"])
	}
	// With its last power it cannot undo its removal: its id stays gone.
	l := h.link(roster.AddDevice{Device: second.keys, Person: second.person}, h.byOwner(), second.signer())
	if err := h.put(request.WriteRoster, api.RosterName(h.chain.Head.Seq+1), l); api.KindOf(err) != api.Invalid {
		t.Errorf("it came back: %v", err)
	}
}

func TestOnlyTheNewestSheetFinds(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	old := h.chain.Sheet.Lookup()
	pub, key := must2(ed25519.GenerateKey(rand.Reader))
	op := roster.NewSheet{Sheet: roster.SheetKeys{Reader: noise(roster.XWingSize), Sign: pub}}
	formerly := h.bySheet()
	socket := h.socket(formerly)
	h.append(op, h.byOwner(), api.Signer{From: id.Sheet, Key: key})
	h.sheet = key
	if a, err := h.api.Sheet(t.Context(), h.chain.Sheet.Lookup()); err != nil || a.Household != h.id || len(a.Roster) != 2 {
		t.Errorf("the new sheet: %v", err)
	}
	got := map[string]string{}
	for name, hash := range map[string]id.Hash{"old": old, "unknown": id.HashOf(noise(8))} {
		res, err := c.web.Do(must(http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/v1/sheets/"+hash.String(), nil))) //nolint:bodyclose // answer closes it
		if err != nil {
			t.Fatal(err)
		}
		got[name] = answer(t, res)
	}
	if got["old"] != got["unknown"] {
		t.Errorf("the old sheet is answered with\n%s\nand an unknown one with\n%s", got["old"], got["unknown"])
	}
	_, err := h.api.Sync(t.Context(), h.fetch(formerly, request.FetchSync, request.PurposeSync))
	wantKind(t, err, api.Unauthenticated)
	if _, err := socket.Receive(t.Context()); api.KindOf(err) != api.Unauthenticated {
		t.Errorf("the old sheet's socket: %v", err)
	}
	h.sync(h.bySheet())
}

func TestAReplacedHubIsAStranger(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	kept := h.putObject(noise(50))
	old := h.byHub()
	socket := h.socket(old)
	pub, key := must2(ed25519.GenerateKey(rand.Reader))
	e := must(h.chain.NewLink(h.now(), roster.ReplaceHub{Hub: roster.HubKeys{HPKE: noise(roster.XWingSize), Sign: pub}}))
	e.Sign(h.owner.keys.ID, h.owner.sign)
	e.Sign(id.Hub, key)
	link := e.Encode()
	// Nobody but the hub in force writes links; the new one brings the whole chain.
	h.hub = key
	wantKind(t, h.put(request.WriteRoster, api.RosterName(1), link), api.Unauthenticated)
	h.ok(h.chain.Append(link))
	for range 2 {
		if got, err := h.api.RegisterChain(t.Context(), h.chain.Chain); err != nil || got != h.id {
			t.Fatalf("register the chain: %v", err)
		}
	}
	if _, err := socket.Receive(t.Context()); api.KindOf(err) != api.Unauthenticated {
		t.Errorf("the old hub's socket: %v", err)
	}
	for kind, name := range map[string]string{request.WriteNames: api.Current, request.WriteMail: string(h.owner.keys.ID)} {
		err := h.api.Write(t.Context(), old, h.id, kind, name, api.Bytes([]byte("x")))
		if p, ok := asProblem(err); !ok || p.Kind() != api.Unauthenticated || p.Rule != rule.Signature {
			t.Errorf("the old hub writes %s: %v", kind, err)
		}
	}
	if s := h.socket(h.byHub()); s == nil {
		t.Error("the new hub has no socket")
	}
	h.putObject(noise(50))
	if f := h.footage(h.byOwner(), request.PurposeHistory); len(f.Objects) != 2 {
		t.Errorf("%d objects after the change, want the old hub's and the new one's", len(f.Objects))
	}
	if got := h.read(h.byOwner(), kept); len(got) != 50 {
		t.Error("what the old hub wrote is gone")
	}
	// A chain of the old hub's making, that knows of no other, goes nowhere.
	d := newDevice(h.owner.person)
	past := must(roster.Replay(h.chain.Chain[:1], h.id))
	f := must(past.NewLink(h.now(), roster.AddDevice{Device: d.keys, Person: d.person}))
	f.Sign(h.owner.keys.ID, h.owner.sign)
	f.Sign(d.keys.ID, d.sign)
	f.Sign(id.Hub, old.Key)
	_, err := h.api.RegisterChain(t.Context(), [][]byte{h.chain.Chain[0], f.Encode()})
	if p, ok := asProblem(err); !ok || p.Kind() != api.Conflict || p.Rule != rule.RosterFork {
		t.Errorf("a fork: %v", err)
	}
}
