// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"slices"

	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

var plenty = store.Quota{Messages: 1000, Bytes: 1 << 20}

func (w *world) send(h id.Household, reader id.Device, body string, at int64) int64 {
	w.Helper()
	n, err := w.s.PutMail(w.Context(), w.nonce(h), store.Mail{
		Household: h, Reader: reader, Sender: id.Hub, Kind: "mail", Body: []byte(body), At: at,
	}, plenty)
	w.ok(err)
	return n
}

// waits fails unless exactly these messages wait.
func (w *world) waits(h id.Household, reader id.Device, after, since int64, want ...string) {
	w.Helper()
	got, err := w.s.MailAfter(w.Context(), h, reader, after, since, 100)
	w.ok(err)
	var bodies []string
	for _, m := range got {
		bodies = append(bodies, string(m.Body))
	}
	if !slices.Equal(bodies, want) {
		w.Errorf("%q wait, want %q", bodies, want)
	}
}

func mail(w *world) {
	h, other, reader := w.household(), w.household(), device()
	for i, body := range []string{"a", "b", "c"} {
		if n := w.send(h, reader, body, noon); n != int64(i)+1 {
			w.Errorf("message %d has number %d", i+1, n)
		}
	}
	if n := w.send(h, id.Hub, "x", noon); n != 1 {
		w.Errorf("another reader's first message has number %d", n)
	}
	if n := w.send(other, reader, "y", noon); n != 1 {
		w.Errorf("another household's first message has number %d", n)
	}
	w.waits(h, reader, 0, noon+1, "a", "b", "c")
	w.waits(h, reader, 2, noon+1, "c")
	w.waits(other, reader, 0, noon+1, "y")
	few, err := w.s.MailAfter(w.Context(), h, reader, 0, noon+1, 2)
	has(w, few, err, 2)
	if m := few[0]; m.ID != 1 || m.Sender != id.Hub || m.Reader != reader || m.Kind != "mail" || m.At != noon || m.Household != h {
		w.Errorf("a message came back as %+v", m)
	}
	w.ok(w.s.Ack(w.Context(), h, reader, 2, noon+2))
	w.waits(h, reader, 0, noon+1, "c")
	w.waits(h, id.Hub, 0, noon+1, "x")
	w.ok(w.s.Sweep(w.Context(), store.Cutoffs{Now: noon, Mail: noon - hour, Acked: noon + 3}))
	if n := w.send(h, reader, "d", noon); n != 4 {
		w.Errorf("after a sweep the numbers go on with %d", n)
	}
}

func acknowledged(w *world) {
	h, reader := w.household(), device()
	w.send(h, reader, "before", noon)
	w.send(h, reader, "after", noon+10)
	w.ok(w.s.Ack(w.Context(), h, reader, 2, noon+11))
	w.waits(h, reader, 0, noon+5, "after") // for a socket that opened between the two
	w.waits(h, reader, 2, noon+5)
	w.waits(h, reader, 0, noon+11)
}

func fetches(w *world) {
	h, d, a, b := w.household(), device(), camera(), camera()
	from, until := int64(3), int64(9)
	fetch := func(look *store.Look) bool {
		w.Helper()
		n := w.nonce(h)
		n.Signer = d
		passed, err := w.s.Fetch(w.Context(), n, store.Address{
			Address: id.Base32(noise(16)), Kind: store.AddressFootage, Range: store.Range{Household: h, From: from, Until: until}, At: noon, Expires: noon + 1,
		}, look, plenty)
		w.ok(err)
		return passed
	}
	look := func(hours int64, once ...id.Camera) *store.Look {
		return &store.Look{Once: once, Hour: hours, Mail: store.Mail{
			Household: h, Reader: id.Hub, Sender: d, Kind: "fetch", Body: []byte("statement"), At: noon,
		}}
	}
	for i, step := range []struct {
		look   *store.Look
		passed bool
	}{
		{nil, false},
		{look(1), true},
		{look(1), true},
		{look(1, a), true},
		{look(1, a), false},
		{look(1, a, b), true},
		{look(1, b, a), false},
		{look(2, a), true},
	} {
		if got := fetch(step.look); got != step.passed {
			w.Errorf("step %d: passed %v", i, got)
		}
	}
	queue, err := w.s.MailAfter(w.Context(), h, id.Hub, 0, noon+1, 100)
	has(w, queue, err, 5)
	from = 2
	if !fetch(look(2, a)) {
		w.Error("a look at an earlier stretch does not count")
	}
	from, until = 3, 10
	if !fetch(look(2, a)) || fetch(look(2, a)) {
		w.Error("a look at a longer stretch does not count, or counts twice")
	}
	d = device()
	if !fetch(look(2, a)) {
		w.Error("another device's look does not count")
	}
	// With a full queue nothing is handed out: neither address nor look is stored.
	n, address := w.nonce(h), id.Base32(noise(16))
	_, err = w.s.Fetch(w.Context(), n, store.Address{Address: address, Kind: store.AddressFootage, Range: store.Range{Household: h}, At: noon, Expires: noon + hour},
		look(3), store.Quota{Messages: 1, Bytes: 1 << 20})
	w.want(err, store.ErrFull)
	_, err = w.s.Address(w.Context(), address, noon)
	w.want(err, store.ErrMissing)
}

func addresses(w *world) {
	want := store.Address{
		Address: id.Base32(noise(16)), Device: device(), Kind: store.AddressSync, Purpose: "sync", At: noon, Expires: noon + 10,
		Range: store.Range{Household: w.household(), Cameras: []id.Camera{camera(), id.HouseholdCamera}, From: 3, Until: 9},
	}
	_, err := w.s.Fetch(w.Context(), w.nonce(want.Household), want, nil, plenty)
	w.ok(err)
	got, err := w.s.Address(w.Context(), want.Address, noon+9)
	w.ok(err)
	if got.Kind != want.Kind || got.Device != want.Device || got.Purpose != want.Purpose || got.At != noon || got.Expires != noon+10 || got.Household != want.Household ||
		got.From != 3 || got.Until != 9 || !slices.Equal(got.Cameras, want.Cameras) {
		w.Errorf("%+v, want %+v", got, want)
	}
	_, err = w.s.Address(w.Context(), want.Address, noon+10)
	w.want(err, store.ErrMissing)
	_, err = w.s.Address(w.Context(), id.Base32(noise(16)), noon)
	w.want(err, store.ErrMissing)
}

func drops(w *world) {
	box, other := hash(), hash()
	put := func(b id.Hash, most, total int64) error {
		_, err := w.s.PutDrop(w.Context(), b, []byte("drop"), noon+hour, most, total)
		return err
	}
	for want := int64(1); want <= 3; want++ {
		n, err := w.s.PutDrop(w.Context(), box, []byte("drop"), noon+want, 3, 100)
		if err != nil || n != want {
			w.Errorf("drop %d: %d, %v", want, n, err)
		}
	}
	w.want(put(box, 3, 100), store.ErrFull)
	w.ok(put(other, 3, 100))
	w.want(put(other, 3, 4), store.ErrFull)
	got, err := w.s.DropsAfter(w.Context(), box, 1, noon)
	has(w, got, err, 2)
	if got[0].N != 2 || string(got[0].Body) != "drop" {
		w.Errorf("%+v", got[0])
	}
	got, err = w.s.DropsAfter(w.Context(), box, 0, noon+2) // two have expired
	has(w, got, err, 1)
	got, err = w.s.DropsAfter(w.Context(), hash(), 0, noon)
	has(w, got, err, 0)
}

func sweptObjects(w *world) {
	h, c := w.household(), camera()
	now := int64(1000)
	old, kept, future, fresh := newObject(h, c, 99), newObject(h, c, 100), newObject(h, c, 5000), newObject(h, c, 5000)
	old.Stored, kept.Stored, future.Stored, fresh.Stored = now*hour, 100*hour, 99*hour, now*hour
	for _, o := range []store.Object{old, kept, future, fresh} {
		w.putObject(o)
	}
	cut := store.Cutoffs{Now: now * hour, Hour: 100, Stored: 100 * hour}
	one, err := w.s.SweepObjects(w.Context(), cut, 1)
	has(w, one, err, 1)
	rest, err := w.s.SweepObjects(w.Context(), cut, 100)
	has(w, rest, err, 1)
	for _, o := range []id.Object{one[0], rest[0]} {
		if o != old.Object && o != future.Object {
			w.Errorf("%s was swept", o)
		}
		_, err := w.s.Object(w.Context(), h, o)
		w.want(err, store.ErrMissing)
	}
	left, err := w.s.Objects(w.Context(), store.Range{Household: h, Until: 1 << 40}, 100)
	has(w, left, err, 2)
}

func sweptEpochs(w *world) {
	h, c, mine := w.household(), camera(), device()
	put := func(e id.Epoch, stored int64, by *store.Reseal) {
		w.Helper()
		row := request.Row{Bytes: noise(1200), Camera: c, Device: mine, Epoch: e, Head: hash()}
		w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, []request.Row{row}, by, stored))
	}
	page := func(e id.Epoch, hours int64) {
		w.Helper()
		w.putPage(store.PageKey{Household: h, Run: run(), Camera: c, Epoch: e, Hour: hours}, []byte("p"), hours*hour)
	}
	gone, inUse, newest := epoch(), epoch(), epoch()
	put(gone, 1*hour, nil)
	put(gone, 2*hour, &store.Reseal{Hash: hash(), Device: mine, Statement: []byte("old")})
	put(inUse, 3*hour, nil)
	put(newest, 4*hour, nil)
	put(newest, 5*hour, &store.Reseal{Hash: hash(), Device: mine, Statement: []byte("new")})
	page(gone, 1)
	page(inUse, 150)
	w.ok(w.s.Sweep(w.Context(), store.Cutoffs{Now: 1000 * hour, Hour: 100, Stored: 100 * hour}))
	left, err := w.s.Pages(w.Context(), store.Range{Household: h, Until: 1 << 40})
	has(w, left, err, 1)
	rows, err := w.s.Envelopes(w.Context(), h, []id.Device{mine})
	has(w, rows, err, 3)
	for _, r := range rows {
		if r.Epoch == gone {
			w.Error("an epoch without pages is still there")
		}
	}
	reseals, err := w.s.Reseals(w.Context(), h, mine)
	has(w, reseals, err, 1)
	if string(reseals[0]) != "new" {
		w.Error("the wrong reseal went")
	}
}

func sweptRest(w *world) {
	h, reader, box := w.household(), device(), hash()
	w.send(h, reader, "old", noon-10*hour)
	w.send(h, reader, "read", noon)
	w.ok(w.s.Ack(w.Context(), h, reader, 2, noon))
	w.send(h, reader, "waits", noon)
	_, err := w.s.PutDrop(w.Context(), box, []byte("d"), noon, 16, 100)
	w.ok(err)
	n := w.nonce(h)
	n.Expires = noon
	w.ok(w.s.UseNonce(w.Context(), n))
	lasting := w.nonce(h)
	w.ok(w.s.UseNonce(w.Context(), lasting))
	w.ok(w.s.Sweep(w.Context(), store.Cutoffs{Now: noon + 1, Mail: noon - hour, Acked: noon + 1}))
	w.waits(h, reader, 0, 0, "waits")
	if n, err := w.s.PutDrop(w.Context(), box, []byte("d"), noon+hour, 16, 100); err != nil || n != 1 {
		w.Errorf("the box begins anew with %d, %v", n, err)
	}
	w.ok(w.s.UseNonce(w.Context(), n))
	w.want(w.s.UseNonce(w.Context(), lasting), store.ErrReplay)
}
