// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"keyhold/api"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// passkey brings in one of a person, who is signed for by a device of theirs.
func (h *household) passkey(of person) person {
	h.t.Helper()
	pub, key := must2(ed25519.GenerateKey(rand.Reader))
	p := person{sign: key, person: of.person, keys: roster.DeviceKeys{ID: must(id.NewPasskey(rand.Reader)), Reader: noise(roster.XWingSize), Sign: pub}}
	h.append(roster.AddPasskey{Person: of.person, Passkey: roster.PasskeyKeys{
		Credential: noise(16), ID: p.keys.ID, Origin: "https://keyhold.example", Public: noise(77), Reader: p.keys.Reader, Sign: pub,
	}}, of.signer(), p.signer())
	return p
}

func TestAPasskeyIsShownWhatComingBackTakes(t *testing.T) {
	c := start(t)
	h := newHome(t, c)
	viewer := h.welcome(roster.Viewer, h.right(h.camera))
	owners, viewers := h.passkey(h.owner), h.passkey(viewer)
	for _, p := range []person{owners, viewers} {
		h.giveKeys(p.keys.ID)
	}
	s := h.sync(owners.signer())
	if got := shown(s); len(got["own"]) != 3 || len(got["sheet"]) != 0 || len(got["pages"]) != 3 || len(s.Names) == 0 || len(s.Roster) == 0 {
		t.Errorf("an owner's passkey is shown %v, %d bytes of names", got, len(s.Names))
	}
	s = h.sync(viewers.signer())
	if got := shown(s); len(got["own"]) != 1 || len(got["sheet"]) != 0 || len(got["pages"]) != 1 || len(s.Names) != 0 {
		t.Errorf("a viewer's passkey is shown %v, %d bytes of names", got, len(s.Names))
	}
	for _, purpose := range []string{request.PurposeTiles, request.PurposeHistory, request.PurposeExport} {
		_, err := h.api.Footage(t.Context(), h.fetch(owners.signer(), request.FetchFootage, purpose))
		wantKind(t, err, api.Invalid)
	}
	h.socket(owners.signer())
	h.ok(h.api.Mail(t.Context(), owners.signer(), h.id, id.Hub, noise(1)))
	h.ok(h.put(request.WriteMail, string(owners.keys.ID), noise(1)))
	wantKind(t, h.api.Write(t.Context(), owners.signer(), h.id, request.WritePages, api.PageName(h.run, h.camera, h.epoch, 1), api.Bytes(noise(9))), api.Denied)
	wantKind(t, h.api.Write(t.Context(), owners.signer(), h.id, request.WriteErase, api.Current, api.Bytes(noise(9))), api.Denied)

	h.remove(owners.keys.ID)
	_, err := h.api.Sync(t.Context(), h.fetch(owners.signer(), request.FetchSync, request.PurposeSync))
	wantKind(t, err, api.Unauthenticated)
}

func TestAPasskeyGivesKeysToItsOwnPersonsDevicesAlone(t *testing.T) {
	c := start(t)
	h := newHome(t, c)
	viewer := h.welcome(roster.Viewer, h.right(h.camera))
	key := h.passkey(h.owner)
	give := func(to id.Device) error {
		row := request.Row{Bytes: noise(1300), Camera: h.camera, Device: to, Epoch: h.epoch, Head: h.chain.Head.Hash}
		statement := must(dsse.Signed(request.ThingReseal, &request.Reseal{
			At: h.now(), Device: to, Head: row.Head, Household: h.id,
			Epochs: []request.ResealedEpoch{{Camera: row.Camera, Envelope: id.HashOf(row.Bytes), Epoch: row.Epoch}},
		}, key.keys.ID, key.sign))
		body := must(canon.Marshal(api.Resealed{Envelopes: []request.Row{row}, Statement: statement.Encode()}))
		return h.api.Write(t.Context(), key.signer(), h.id, request.WriteReseals, string(to), api.Bytes(body))
	}
	h.ok(give(h.owner.keys.ID))
	wantKind(t, give(viewer.keys.ID), api.Denied)
}
