// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"

	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

func (w *world) putObject(o store.Object) {
	w.Helper()
	w.ok(w.s.PutObject(w.Context(), w.nonce(o.Household), o))
}

func newObject(h id.Household, c id.Camera, hours int64) store.Object {
	o := object()
	return store.Object{Object: o, Household: h, Place: o, Camera: c, Hour: hours, Size: 10, SHA256: hash(), Stored: hours * hour}
}

func objects(w *world) {
	h := w.household()
	o := newObject(h, camera(), 7)
	w.putObject(o)
	again := o
	again.Stored++
	w.putObject(again)
	got, err := w.s.Object(w.Context(), h, o.Object)
	if err != nil || got != o {
		w.Errorf("%+v, %v, want %+v", got, err, o)
	}
	for _, change := range []func(*store.Object){
		func(x *store.Object) { x.Household = w.household() }, // whose place is taken
		func(x *store.Object) { x.Place = object() },
		func(x *store.Object) { x.SHA256 = hash() },
		func(x *store.Object) { x.Hour++ },
		func(x *store.Object) { x.Camera = camera() },
	} {
		x := o
		change(&x)
		w.want(w.s.PutObject(w.Context(), w.nonce(x.Household), x), store.ErrConflict)
	}
	_, err = w.s.Object(w.Context(), h, object())
	w.want(err, store.ErrMissing)
	placed := func(place id.Object, want bool) {
		w.Helper()
		if got, err := w.s.Placed(w.Context(), place); err != nil || got != want {
			w.Errorf("placed: %v, %v, want %v", got, err, want)
		}
	}
	placed(o.Object, true)
	placed(object(), false)
	// Another household's object of the same name lies elsewhere, and is another object.
	other := o
	other.Household, other.Place, other.SHA256 = w.household(), object(), hash()
	w.putObject(other)
	got, err = w.s.Object(w.Context(), other.Household, o.Object)
	if err != nil || got != other {
		w.Errorf("%+v, %v, want %+v", got, err, other)
	}
	placed(other.Place, true)
}

func objectRange(w *world) {
	h, a, b := w.household(), camera(), camera()
	for _, c := range []id.Camera{a, b} {
		for hours := int64(10); hours < 15; hours++ {
			w.putObject(newObject(h, c, hours))
		}
	}
	w.putObject(newObject(w.household(), a, 12))
	list := func(cameras []id.Camera, from, until int64, n int) {
		w.Helper()
		got, err := w.s.Objects(w.Context(), store.Range{Household: h, Cameras: cameras, From: from, Until: until}, 100)
		has(w, got, err, n)
		for i := 1; i < n; i++ {
			if got[i-1].Camera == got[i].Camera && got[i-1].Hour > got[i].Hour {
				w.Error("not in order")
			}
		}
	}
	list(nil, 0, 100, 10)
	list([]id.Camera{a}, 0, 100, 5)
	list([]id.Camera{a, b}, 11, 12, 4)
	list([]id.Camera{b}, 14, 14, 1)
	list([]id.Camera{camera()}, 0, 100, 0)
	list(nil, 15, 100, 0)
	few, err := w.s.Objects(w.Context(), store.Range{Household: h, From: 0, Until: 100}, 3)
	has(w, few, err, 3)
}

func (w *world) putPage(k store.PageKey, body []byte, updated int64) {
	w.Helper()
	w.ok(w.s.PutPage(w.Context(), w.nonce(k.Household), store.Page{PageKey: k, Size: int64(len(body)), Body: body, Updated: updated}))
}

func pages(w *world) {
	k := store.PageKey{Household: w.household(), Run: run(), Camera: camera(), Epoch: epoch(), Hour: 9}
	w.putPage(k, []byte("one"), 1)
	w.putPage(k, []byte("other"), 2)
	p, err := w.s.Page(w.Context(), k)
	if err != nil || string(p.Body) != "other" || p.Size != 5 || p.Updated != 2 {
		w.Errorf("%+v, %v", p, err)
	}
	for _, change := range []func(*store.PageKey){
		func(k *store.PageKey) { k.Household = w.household() },
		func(k *store.PageKey) { k.Run = run() },
		func(k *store.PageKey) { k.Camera = camera() },
		func(k *store.PageKey) { k.Epoch = epoch() },
		func(k *store.PageKey) { k.Hour++ },
	} {
		x := k
		change(&x)
		_, err := w.s.Page(w.Context(), x)
		w.want(err, store.ErrMissing)
	}
	all, err := w.s.Pages(w.Context(), store.Range{Household: k.Household, From: 9, Until: 9})
	has(w, all, err, 1)
	if all[0].PageKey != k || all[0].Size != 5 || all[0].Updated != 2 || all[0].Body != nil {
		w.Errorf("listed as %+v", all[0])
	}
}

func householdPages(w *world) {
	h, c := w.household(), camera()
	for hours := int64(1); hours <= 3; hours++ {
		w.putPage(store.PageKey{Household: h, Run: run(), Camera: id.HouseholdCamera, Epoch: epoch(), Hour: hours}, []byte("h"), hours)
		w.putPage(store.PageKey{Household: h, Run: run(), Camera: c, Epoch: epoch(), Hour: hours}, []byte("c"), hours)
	}
	list := func(cameras []id.Camera, n int) {
		w.Helper()
		got, err := w.s.Pages(w.Context(), store.Range{Household: h, Cameras: cameras, From: 3, Until: 3})
		has(w, got, err, n)
	}
	list(nil, 4)
	list([]id.Camera{id.HouseholdCamera}, 3)
	list([]id.Camera{c}, 1)
	list([]id.Camera{c, id.HouseholdCamera}, 4)
}

func tiles(w *world) {
	k := store.TileKey{Household: w.household(), Run: run(), Level: 1, N: 2}
	put := func(b []byte) error { return w.s.PutTile(w.Context(), w.nonce(k.Household), k, b) }
	whole := noise(8 * 32)
	w.ok(put(whole[:64]))
	w.ok(put(whole[:64]))
	w.ok(put(whole))
	w.ok(put(whole[:32])) // a late repeat, which changes nothing
	changed := bytes.Clone(whole)
	changed[0] ^= 1
	w.want(put(changed), store.ErrConflict)
	w.want(put(changed[:64]), store.ErrConflict)
	w.want(put(append(bytes.Clone(changed), noise(32)...)), store.ErrConflict)
	got, err := w.s.Tile(w.Context(), k)
	if err != nil || !bytes.Equal(got, whole) {
		w.Errorf("%d bytes, %v", len(got), err)
	}
	k.Level = 0
	_, err = w.s.Tile(w.Context(), k)
	w.want(err, store.ErrMissing)
}

func runs(w *world) {
	h := w.household()
	put := func(r id.Run, size int64, text string) error {
		return w.s.PutRun(w.Context(), w.nonce(h), store.Run{Household: h, Run: r, Size: size, Checkpoint: text, Updated: noon})
	}
	first, second := run(), run()
	w.ok(put(first, 3, "a3"))
	w.ok(put(second, 1, "b1"))
	w.ok(put(first, 5, "a5"))
	w.ok(put(first, 5, "a5 later"))
	w.want(put(first, 4, "a4"), store.ErrConflict)
	got, err := w.s.Runs(w.Context(), h)
	has(w, got, err, 2)
	if got[0].Run != first || got[0].Checkpoint != "a5 later" || got[0].Size != 5 || got[1].Run != second {
		w.Errorf("%+v", got)
	}
}

func documents(w *world) {
	h := w.household()
	put := func(kind string, at int64, body string) error {
		return w.s.PutDocument(w.Context(), w.nonce(h), store.Document{Household: h, Kind: kind, At: at, Body: []byte(body), Updated: noon})
	}
	_, err := w.s.Document(w.Context(), h, store.Status)
	w.want(err, store.ErrMissing)
	w.ok(put(store.Status, 5, "five"))
	w.ok(put(store.Status, 5, "five"))
	w.want(put(store.Status, 4, "four"), store.ErrConflict)
	w.ok(put(store.Names, 0, "first"))
	w.ok(put(store.Names, 0, "second"))
	for kind, body := range map[string]string{store.Status: "five", store.Names: "second"} {
		d, err := w.s.Document(w.Context(), h, kind)
		if err != nil || string(d.Body) != body {
			w.Errorf("%s: %+v, %v", kind, d, err)
		}
	}
}

func used(w *world) {
	h, other := w.household(), w.household()
	is := func(want int64) {
		w.Helper()
		if n, err := w.s.Used(w.Context(), h); err != nil || n != want {
			w.Errorf("%d bytes are used, %v; want %d", n, err, want)
		}
	}
	is(0)
	o := newObject(h, camera(), 7)
	w.putObject(o)
	w.putObject(o) // the same again
	is(10)
	w.putObject(newObject(other, camera(), 7))
	k := store.PageKey{Household: h, Run: run(), Camera: camera(), Epoch: epoch(), Hour: 7}
	w.putPage(k, noise(100), 7*hour)
	is(110)
	w.putPage(k, noise(30), 7*hour)
	is(40)
	tile, hashes := store.TileKey{Household: h, Run: run()}, noise(64)
	w.ok(w.s.PutTile(w.Context(), w.nonce(h), tile, hashes[:32]))
	w.ok(w.s.PutTile(w.Context(), w.nonce(h), tile, hashes))
	is(104)
	row := request.Row{Bytes: noise(1200), Camera: k.Camera, Device: id.Sheet, Epoch: k.Epoch, Head: hash()}
	for range 2 {
		w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, []request.Row{row}, nil, 7*hour))
	}
	is(1304)
	// A newer epoch of the camera, so that the older may go with its page.
	newer := request.Row{Bytes: noise(1300), Camera: k.Camera, Device: id.Sheet, Epoch: epoch(), Head: hash()}
	w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, []request.Row{newer}, nil, 200*hour))
	cut := store.Cutoffs{Now: 300 * hour, Hour: 100, Stored: 100 * hour}
	_, err := w.s.SweepObjects(w.Context(), cut, 100)
	w.ok(err)
	w.ok(w.s.Sweep(w.Context(), cut))
	is(64 + 1300)
	if n, err := w.s.Used(w.Context(), id.Household(hash().String())); err != nil || n != 0 {
		w.Errorf("a household that is not there uses %d, %v", n, err)
	}
}

func labels(w *world) {
	h, other, a, b := w.household(), w.household(), camera(), camera()
	put := func(h id.Household, c id.Camera, body string) {
		w.Helper()
		w.ok(w.s.PutLabel(w.Context(), w.nonce(h), store.Label{Household: h, Camera: c, Body: []byte(body), Updated: noon}))
	}
	put(h, a, "first")
	put(h, b, "b")
	put(other, a, "other")
	put(h, a, "second")
	got, err := w.s.Labels(w.Context(), h)
	has(w, got, err, 2)
	for _, l := range got {
		if want := map[id.Camera]string{a: "second", b: "b"}[l.Camera]; string(l.Body) != want || l.Household != h || l.Updated != noon {
			w.Errorf("%+v, want %s", l, want)
		}
	}
	// A camera of which there is nothing any more has no name.
	w.putPage(store.PageKey{Household: h, Run: run(), Camera: b, Epoch: epoch(), Hour: noon / hour}, []byte("p"), noon+2*hour)
	w.ok(w.s.Sweep(w.Context(), store.Cutoffs{Now: noon, Hour: noon / hour, Stored: noon + hour}))
	got, err = w.s.Labels(w.Context(), h)
	has(w, got, err, 1)
	if got[0].Camera != b {
		w.Error("the wrong label went")
	}
}
