// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// keptOnes holds the sweep to lists of what stays: of one camera and hub each, the newest alone.
func keptOnes(w *world) {
	h, other, c := w.household(), w.household(), camera()
	one, two := newObject(h, c, 10), newObject(h, c, 10)
	w.putObject(one)
	w.putObject(two)
	e := epoch()
	page := func(hours int64) store.PageKey {
		return store.PageKey{Household: h, Run: run(), Camera: c, Epoch: e, Hour: hours}
	}
	first, second := page(10), page(11)
	w.putPage(first, []byte("1"), 10*hour)
	w.putPage(second, []byte("2"), 11*hour)
	for at, x := range map[int64]id.Epoch{10 * hour: e, 300 * hour: epoch()} {
		row := request.Row{Bytes: noise(1200), Camera: c, Device: id.Sheet, Epoch: x, Head: hash()}
		w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, []request.Row{row}, nil, at))
	}
	w.ok(w.s.PutLabel(w.Context(), w.nonce(h), store.Label{Household: h, Camera: c, Body: []byte("l"), Updated: 10 * hour}))
	keep := func(h id.Household, hub int, objects []id.Object, pages ...store.PageKey) {
		w.Helper()
		w.ok(w.s.PutKept(w.Context(), w.nonce(h), store.Kept{Household: h, Camera: c, Hub: hub, Objects: objects, Pages: pages}, 100))
	}
	left := func(objects, pages, rows int) {
		w.Helper()
		cut := store.Cutoffs{Now: 400 * hour, Hour: 200, Stored: 200 * hour}
		_, err := w.s.SweepObjects(w.Context(), cut, 100)
		w.ok(err)
		w.ok(w.s.Sweep(w.Context(), cut))
		all := store.Range{Household: h, From: 0, Until: 1000}
		list, err := w.s.Objects(w.Context(), all, 100)
		has(w, list, err, objects)
		listed, err := w.s.Pages(w.Context(), all)
		has(w, listed, err, pages)
		envelopes, err := w.s.Envelopes(w.Context(), h, []id.Device{id.Sheet})
		has(w, envelopes, err, rows)
	}
	keep(h, 0, []id.Object{one.Object, two.Object, object()}, first, second)
	keep(h, 0, []id.Object{one.Object, one.Object}, first)
	keep(h, 1, []id.Object{one.Object}) // another hub of the same household
	keep(other, 0, []id.Object{two.Object}, second)
	left(1, 1, 2)
	if got, err := w.s.Object(w.Context(), h, one.Object); err != nil || got != one {
		w.Errorf("what is left is %+v, %v", got, err)
	}
	keep(h, 0, nil, first)
	left(1, 1, 2) // by the other hub's word
	// One that has all that the one before had says so; what another household keeps is its own.
	w.ok(w.s.PutKept(w.Context(), w.nonce(h), store.Kept{Household: h, Camera: camera(), Hub: 2, Whole: true}, 100))
	w.ok(w.s.PutKept(w.Context(), w.nonce(other), store.Kept{Household: other, Camera: c, Hub: 2, Whole: true}, 100))
	w.ok(w.s.PutKept(w.Context(), w.nonce(h), store.Kept{Household: h, Camera: c, Objects: []id.Object{one.Object}, Pages: []store.PageKey{first}, Whole: true}, 100))
	keep(h, 1, nil)
	left(1, 1, 2) // a list of a hub before takes the place of no later one's, and still stands
	w.ok(w.s.PutKept(w.Context(), w.nonce(h), store.Kept{Household: h, Camera: c, Hub: 1, Objects: []id.Object{one.Object}, Whole: true}, 100))
	left(1, 0, 1) // the page was the earlier hub's
	keep(h, 1, nil)
	left(0, 0, 1)
}

func keptBound(w *world) {
	h, other, c := w.household(), w.household(), camera()
	keep := func(h id.Household, c id.Camera, objects, pages int) error {
		k := store.Kept{Household: h, Camera: c}
		for range objects {
			k.Objects = append(k.Objects, object())
		}
		for range pages {
			k.Pages = append(k.Pages, store.PageKey{Household: h, Run: run(), Camera: c, Epoch: epoch(), Hour: 1})
		}
		return w.s.PutKept(w.Context(), w.nonce(h), k, 3)
	}
	w.ok(keep(h, c, 2, 1))
	w.want(keep(h, camera(), 2, 0), store.ErrFull)
	w.want(keep(h, camera(), 0, 3), store.ErrFull)
	w.want(keep(h, c, 4, 0), store.ErrFull)
	w.ok(keep(h, camera(), 1, 2))
	w.ok(keep(other, c, 3, 3))
	w.ok(keep(h, c, 2, 0)) // in place of the one before, which a list that was too long left alone
	w.want(keep(h, camera(), 1, 0), store.ErrFull)
	n := w.nonce(h)
	w.ok(w.s.PutKept(w.Context(), n, store.Kept{Household: h, Camera: c}, 3))
	w.want(w.s.PutKept(w.Context(), n, store.Kept{Household: h, Camera: c}, 3), store.ErrReplay)
}
