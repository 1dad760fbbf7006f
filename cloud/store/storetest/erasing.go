// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"maps"

	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

func (w *world) wish(h id.Household, due int64) store.Erasure {
	return store.Erasure{Household: h, Hash: hash(), Statement: []byte("statement"), Due: due}
}

func erasures(w *world) {
	h := w.household()
	e := w.wish(h, noon+hour)
	own := w.nonce(h)
	_, err := w.s.Erasure(w.Context(), h)
	w.want(err, store.ErrMissing)
	w.want(w.s.KeepHousehold(w.Context(), w.nonce(h), w.nonce(h), h), store.ErrMissing)
	for range 2 { // the same statement in a new write is no error
		w.ok(w.s.PutErasure(w.Context(), w.nonce(h), own, e))
	}
	w.want(w.s.PutErasure(w.Context(), w.nonce(h), w.nonce(h), w.wish(h, noon)), store.ErrConflict)
	got, err := w.s.Erasure(w.Context(), h)
	if err != nil || got.Hash != e.Hash || got.Due != e.Due || string(got.Statement) != "statement" || got.Household != h {
		w.Errorf("%+v, %v", got, err)
	}
	due, err := w.s.DueErasures(w.Context(), noon+hour-1)
	has(w, due, err, 0)
	due, err = w.s.DueErasures(w.Context(), noon+hour)
	has(w, due, err, 1)
	// Taken back, it is gone, and the statement cannot be used again.
	w.ok(w.s.KeepHousehold(w.Context(), w.nonce(h), w.nonce(h), h))
	_, err = w.s.Erasure(w.Context(), h)
	w.want(err, store.ErrMissing)
	w.want(w.s.PutErasure(w.Context(), w.nonce(h), own, e), store.ErrReplay)
	_, err = w.s.Erasure(w.Context(), h)
	w.want(err, store.ErrMissing)
}

// fill stores something of every kind and says how much there is to find.
func (w *world) fill(h id.Household) map[string]int {
	w.Helper()
	c, mine := camera(), device()
	w.ok(w.s.AppendLink(w.Context(), w.nonce(h), store.Link{Household: h, Seq: 1, Hash: hash(), Sheet: hash(), Envelope: []byte("link"), Stored: noon}))
	for range 3 {
		w.putObject(newObject(h, c, 7))
	}
	w.putPage(store.PageKey{Household: h, Run: run(), Camera: c, Epoch: epoch(), Hour: 7}, []byte("page"), noon)
	w.ok(w.s.PutTile(w.Context(), w.nonce(h), store.TileKey{Household: h, Run: run()}, noise(32)))
	w.ok(w.s.PutRun(w.Context(), w.nonce(h), store.Run{Household: h, Run: run(), Size: 1, Checkpoint: "note", Updated: noon}))
	row := request.Row{Bytes: noise(1200), Camera: c, Device: mine, Epoch: epoch(), Head: hash()}
	w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, []request.Row{row}, &store.Reseal{Hash: hash(), Device: mine, Statement: []byte("s")}, noon))
	for _, kind := range []string{store.Names, store.Status} {
		w.ok(w.s.PutDocument(w.Context(), w.nonce(h), store.Document{Household: h, Kind: kind, Body: []byte(kind), Updated: noon}))
	}
	w.ok(w.s.PutLabel(w.Context(), w.nonce(h), store.Label{Household: h, Camera: c, Body: []byte("label"), Updated: noon}))
	w.send(h, mine, "mail", noon)
	a := store.Address{Address: id.Base32(noise(16)), Device: mine, Kind: store.AddressFootage, Purpose: "tiles", Range: store.Range{Household: h}, At: noon, Expires: noon + hour}
	_, err := w.s.Fetch(w.Context(), w.nonce(h), a, &store.Look{Once: []id.Camera{c}, Hour: 7, Mail: store.Mail{
		Household: h, Reader: id.Hub, Sender: mine, Kind: "fetch", Body: []byte("fetch"), At: noon,
	}}, plenty)
	w.ok(err)
	return map[string]int{
		"links": 2, "objects": 3, "pages": 1, "tiles": 1, "checkpoints": 1, "envelopes": 1, "reseals": 1, "documents": 2, "labels": 1, "mail": 2,
	}
}

// contents counts what there is.
func (w *world) contents(h id.Household) map[string]int {
	w.Helper()
	out := map[string]int{}
	w.ok(w.s.Contents(w.Context(), h, func(c store.Content) error {
		if c.Hash == (id.Hash{}) || c.Size <= 0 {
			w.Errorf("%s: %+v", c.Kind, c)
		}
		out[c.Kind]++
		return nil
	}))
	return out
}

func erased(w *world) {
	h, other := w.household(), w.household()
	want := w.fill(h)
	w.fill(other)
	if got := w.contents(h); !maps.Equal(got, want) {
		w.Errorf("found %v, want %v", got, want)
	}
	e := w.wish(h, noon)
	w.want(w.s.Erase(w.Context(), h, e.Hash, "note"), store.ErrMissing) // not while it is open
	w.ok(w.s.PutErasure(w.Context(), w.nonce(h), w.nonce(h), e))
	w.ok(w.s.CloseHousehold(w.Context(), h))
	// Closed, it is a stranger, and takes nothing more.
	_, err := w.s.Links(w.Context(), h, 0)
	w.want(err, store.ErrMissing)
	w.want(w.s.UseNonce(w.Context(), w.nonce(h)), store.ErrMissing)
	w.want(w.s.KeepHousehold(w.Context(), w.nonce(h), w.nonce(h), h), store.ErrMissing)
	_, err = w.s.Register(w.Context(), store.Household{Household: h, Stored: noon})
	w.want(err, store.ErrConflict)
	w.carryOut(e)
	if got := w.contents(h); len(got) != 0 {
		w.Errorf("%v are left", got)
	}
	_, err = w.s.Erasure(w.Context(), h)
	w.want(err, store.ErrMissing)
	if got := w.contents(other); !maps.Equal(got, want) {
		w.Errorf("of another household %v are left, want %v", got, want)
	}
	r, err := w.s.Receipt(w.Context(), e.Hash, noon)
	if err != nil || r.Note != "note" || r.Counts != "counts" || string(r.List) != "list" {
		w.Errorf("%+v, %v", r, err)
	}
	_, err = w.s.Receipt(w.Context(), hash(), noon)
	w.want(err, store.ErrMissing)
	_, err = w.s.Receipt(w.Context(), e.Hash, noon+hour)
	w.want(err, store.ErrMissing)
	w.ok(w.s.Sweep(w.Context(), store.Cutoffs{Now: noon + hour}))
	_, err = w.s.PendingReceipt(w.Context(), e.Hash)
	w.want(err, store.ErrMissing)
}

// carryOut does what follows on closing.
func (w *world) carryOut(e store.Erasure) {
	w.Helper()
	w.ok(w.s.PutReceipt(w.Context(), store.Receipt{Hash: e.Hash, Counts: "counts", List: []byte("list"), Expires: noon + hour}))
	_, err := w.s.Receipt(w.Context(), e.Hash, noon)
	w.want(err, store.ErrMissing) // not before everything is gone
	for {
		places, err := w.s.Places(w.Context(), e.Household, 2)
		w.ok(err)
		if len(places) == 0 {
			break
		}
		w.ok(w.s.DropObjects(w.Context(), e.Household, places))
	}
	w.ok(w.s.Erase(w.Context(), e.Household, e.Hash, "note"))
}

func erasedAgain(w *world) {
	h := w.household()
	w.fill(h)
	e := w.wish(h, noon)
	w.ok(w.s.PutErasure(w.Context(), w.nonce(h), w.nonce(h), e))
	w.ok(w.s.CloseHousehold(w.Context(), h))
	w.ok(w.s.PutReceipt(w.Context(), store.Receipt{Hash: e.Hash, Counts: "counts", List: []byte("list"), Expires: noon + hour}))
	places, err := w.s.Places(w.Context(), h, 1)
	has(w, places, err, 1)
	w.ok(w.s.DropObjects(w.Context(), h, places))
	// Here it was broken off. The next sweep finds the wish, closes again, and keeps the first count.
	due, err := w.s.DueErasures(w.Context(), noon)
	has(w, due, err, 1)
	w.ok(w.s.CloseHousehold(w.Context(), h))
	w.ok(w.s.PutReceipt(w.Context(), store.Receipt{Hash: e.Hash, Counts: "other", List: []byte("other"), Expires: noon}))
	pending, err := w.s.PendingReceipt(w.Context(), e.Hash)
	if err != nil || pending.Counts != "counts" || string(pending.List) != "list" {
		w.Errorf("%+v, %v", pending, err)
	}
	w.carryOut(e)
	if got := w.contents(h); len(got) != 0 {
		w.Errorf("%v are left", got)
	}
}
