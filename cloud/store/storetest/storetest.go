// SPDX-License-Identifier: Apache-2.0

// Package storetest is the contract of a store: every engine passes the same suite.
//
// It trusts nothing about the engine but the interface; every query that the cloud makes is made here, so that a
// second engine is held to the same answers. Scenarios share nothing and leave nothing that the engine's own clean-up
// does not remove.
package storetest

import (
	"crypto/rand"
	"errors"
	"testing"

	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Run holds an engine to the contract. open makes an empty store that ends with the test.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	t.Helper()
	for name, scenario := range map[string]func(*world){
		"a household is registered once":                       registered,
		"a chain grows link by link":                           links,
		"a nonce is used once, and with its act":               nonces,
		"an object's row is stored once":                       objects,
		"objects are listed by camera and hour":                objectRange,
		"a page replaces its older version":                    pages,
		"pages of the household are always listed":             householdPages,
		"a tile only grows":                                    tiles,
		"a checkpoint never goes back":                         runs,
		"what a household stores is counted":                   used,
		"envelopes are kept for each reader":                   envelopes,
		"a document never gets older":                          documents,
		"a label replaces its older version":                   labels,
		"mail is numbered per reader and waits":                mail,
		"acknowledged mail stays for sockets that were open":   acknowledged,
		"a sender's quota holds":                               quota,
		"a fetch leaves an address, and a look when it counts": fetches,
		"an address ends":                                      addresses,
		"a box takes so many drops":                            drops,
		"an erasure waits, and can be taken back":              erasures,
		"what is erased is gone, and nothing else is":          erased,
		"erasing goes on where it was broken off":              erasedAgain,
		"old objects go":                                       sweptObjects,
		"old pages go, and epochs with them":                   sweptEpochs,
		"what is to stay stays, until it is not":               keptOnes,
		"no more stays than may":                               keptBound,
		"what is past its time goes and nothing else":          sweptRest,
	} {
		t.Run(name, func(t *testing.T) { scenario(&world{T: t, s: open(t), seq: 1}) })
	}
}

// world is what a scenario works with.
type world struct {
	*testing.T
	s   store.Store
	seq int64
}

const (
	hour = int64(3_600_000)
	// noon is the time at which scenarios begin.
	noon = 500_000 * hour
)

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func made[T any](v T, err error) T {
	if err != nil {
		panic(err) // no randomness
	}
	return v
}

func camera() id.Camera { return made(id.NewCamera(rand.Reader)) }
func epoch() id.Epoch   { return made(id.NewEpoch(rand.Reader)) }
func run() id.Run       { return made(id.NewRun(rand.Reader)) }
func object() id.Object { return made(id.NewObject(rand.Reader)) }
func device() id.Device { return made(id.NewDevice(rand.Reader)) }
func hash() id.Hash     { return id.HashOf(noise(16)) }

// newHousehold makes a registration of a genesis alone.
func newHousehold(sheet id.Hash) store.Household {
	h := hash()
	name := id.Household(h.String())
	return store.Household{Household: name, Sheet: sheet, Stored: noon, Chain: []store.Link{
		{Household: name, Hash: h, Sheet: sheet, Envelope: []byte("genesis"), Stored: noon},
	}}
}

// household registers a new one.
func (w *world) household() id.Household {
	w.Helper()
	h := newHousehold(hash())
	created, err := w.s.Register(w.Context(), h)
	if err != nil || !created {
		w.Fatalf("register: %v, %v", created, err)
	}
	return h.Household
}

// nonce makes a fresh one.
func (w *world) nonce(h id.Household) store.Nonce {
	return store.Nonce{Household: h, Signer: id.Hub, Value: noise(16), Expires: noon + hour}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) want(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Errorf("%v, want %v", err, want)
	}
}

// has fails unless a list has so many entries.
func has[T any](w *world, list []T, err error, n int) []T {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	if len(list) != n {
		w.Fatalf("%d listed, want %d: %v", len(list), n, list)
	}
	return list
}

func registered(w *world) {
	sheet := hash()
	h := newHousehold(sheet)
	for i := range 2 {
		created, err := w.s.Register(w.Context(), h)
		if err != nil || created != (i == 0) {
			w.Errorf("attempt %d: created %v, %v", i, created, err)
		}
	}
	found := func(sheet id.Hash, want id.Household) {
		w.Helper()
		got, err := w.s.HouseholdOf(w.Context(), sheet)
		if want == "" {
			w.want(err, store.ErrMissing)
		} else if err != nil || got != want {
			w.Errorf("household of sheet: %v, %v, want %v", got, err, want)
		}
	}
	found(sheet, h.Household)
	found(hash(), "")
	// Somebody else may register with a sheet's public key; the first one keeps being found.
	later := newHousehold(sheet)
	later.Stored = noon + 1
	_, err := w.s.Register(w.Context(), later)
	w.ok(err)
	found(sheet, h.Household)
	// A longer chain continues the stored one, and the newest sheet is the one that finds.
	one, two := hash(), hash()
	h.Sheet = two
	h.Chain = append(h.Chain,
		store.Link{Household: h.Household, Seq: 1, Hash: hash(), Sheet: one, Envelope: []byte("one"), Stored: noon},
		store.Link{Household: h.Household, Seq: 2, Hash: hash(), Sheet: two, Envelope: []byte("two"), Stored: noon})
	for range 2 {
		created, err := w.s.Register(w.Context(), h)
		if err != nil || created {
			w.Errorf("a longer chain: created %v, %v", created, err)
		}
	}
	all, err := w.s.Links(w.Context(), h.Household, 0)
	has(w, all, err, 3)
	found(two, h.Household)
	found(one, "")
	found(sheet, later.Household)
	// A shorter one changes nothing, another one is refused whole.
	short := h
	short.Chain = h.Chain[:1]
	_, err = w.s.Register(w.Context(), short)
	w.ok(err)
	found(two, h.Household)
	fork := h
	fork.Chain = append([]store.Link{}, h.Chain[:2]...)
	fork.Chain = append(fork.Chain,
		store.Link{Household: h.Household, Seq: 2, Hash: hash(), Sheet: hash(), Envelope: []byte("other"), Stored: noon},
		store.Link{Household: h.Household, Seq: 3, Hash: hash(), Sheet: hash(), Envelope: []byte("more"), Stored: noon})
	_, err = w.s.Register(w.Context(), fork)
	w.want(err, store.ErrConflict)
	all, err = w.s.Links(w.Context(), h.Household, 0)
	has(w, all, err, 3)
}

func links(w *world) {
	h := w.household()
	sheet := hash()
	link := func(seq int64, sum id.Hash) error {
		return w.s.AppendLink(w.Context(), w.nonce(h), store.Link{Household: h, Seq: seq, Hash: sum, Sheet: sheet, Envelope: sum[:], Stored: noon})
	}
	first, second := hash(), hash()
	w.ok(link(1, first))
	w.ok(link(1, first))
	w.want(link(1, second), store.ErrConflict)
	w.want(link(3, second), store.ErrConflict)
	w.want(link(0, second), store.ErrConflict)
	if got, err := w.s.HouseholdOf(w.Context(), sheet); err != nil || got != h {
		w.Errorf("household of the new sheet: %v, %v", got, err)
	}
	sheet = hash()
	w.ok(link(1, first)) // a repeat brings no sheet back
	_, err := w.s.HouseholdOf(w.Context(), sheet)
	w.want(err, store.ErrMissing)
	w.ok(link(2, second))
	all, err := w.s.Links(w.Context(), h, 0)
	has(w, all, err, 3)
	if string(all[0]) != "genesis" || string(all[2]) != string(second[:]) {
		w.Error("the chain is not in order")
	}
	tail, err := w.s.Links(w.Context(), h, 2)
	has(w, tail, err, 1)
	none, err := w.s.Links(w.Context(), h, 3)
	has(w, none, err, 0)
	_, err = w.s.Links(w.Context(), id.Household(hash().String()), 0)
	w.want(err, store.ErrMissing)
}

func nonces(w *world) {
	h, k := w.household(), store.TileKey{Run: run()}
	k.Household = h
	n := w.nonce(h)
	w.ok(w.s.PutTile(w.Context(), n, k, noise(32)))
	k.N = 1
	w.want(w.s.PutTile(w.Context(), n, k, noise(32)), store.ErrReplay)
	_, err := w.s.Tile(w.Context(), k)
	w.want(err, store.ErrMissing) // the replayed act had no effect
	other := n
	other.Signer = device()
	w.ok(w.s.UseNonce(w.Context(), other)) // another signer's is another nonce
	w.want(w.s.UseNonce(w.Context(), other), store.ErrReplay)
	// An act that fails does not use its nonce up.
	n = w.nonce(h)
	k.N = 0
	w.want(w.s.PutTile(w.Context(), n, k, noise(32)), store.ErrConflict)
	w.ok(w.s.UseNonce(w.Context(), n))
}

func quota(w *world) {
	h, sender, reader := w.household(), device(), id.Hub
	send := func(size int, q store.Quota) error {
		n := w.nonce(h)
		_, err := w.s.PutMail(w.Context(), n, store.Mail{
			Household: h, Reader: reader, Sender: sender, Kind: "mail", Body: noise(size), At: noon,
		}, q)
		return err
	}
	two, bytes := store.Quota{Messages: 2, Bytes: 1000}, store.Quota{Messages: 9, Bytes: 100}
	w.ok(send(40, two))
	w.ok(send(40, two))
	w.want(send(40, two), store.ErrFull)
	w.want(send(21, bytes), store.ErrFull)
	w.ok(send(20, bytes))
	w.ok(w.s.Ack(w.Context(), h, id.Hub, 2, noon))
	w.ok(send(80, bytes)) // what was read no longer counts
	w.want(send(40, two), store.ErrFull)
	sender = device()
	w.ok(send(40, two)) // another sender has its own
	sender, reader = id.Hub, device()
	w.ok(send(40, two))
	w.ok(send(40, two))
	w.want(send(40, two), store.ErrFull)
	reader = device()
	w.ok(send(40, two)) // and so has every reader
}

func envelopes(w *world) {
	h, c, e, mine, other := w.household(), camera(), epoch(), device(), device()
	row := func(d id.Device) request.Row {
		return request.Row{Bytes: noise(1200), Camera: c, Device: d, Epoch: e, Head: hash()}
	}
	hubs := []request.Row{row(mine), row(other), row(id.Sheet)}
	for range 2 {
		w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, hubs, nil, noon))
	}
	got, err := w.s.Envelopes(w.Context(), h, []id.Device{mine, id.Sheet})
	has(w, got, err, 2)
	if d := got[0]; d.Epoch != e || d.Camera != c || d.Head.String() == "" || len(d.Bytes) != 1200 {
		w.Errorf("a row came back as %+v", d)
	}
	// A reseal adds rows beside the hub's and never in their place.
	by := &store.Reseal{Hash: hash(), Device: mine, Statement: []byte("statement")}
	for range 2 {
		w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, []request.Row{row(mine)}, by, noon+1))
	}
	w.ok(w.s.PutEnvelopes(w.Context(), w.nonce(h), h, hubs[:1], by, noon+1))
	got, err = w.s.Envelopes(w.Context(), h, []id.Device{mine})
	has(w, got, err, 3)
	if string(got[0].Bytes) != string(hubs[0].Bytes) {
		w.Error("the hub's row is not the first")
	}
	statements, err := w.s.Reseals(w.Context(), h, mine)
	has(w, statements, err, 1)
	statements, err = w.s.Reseals(w.Context(), h, other)
	has(w, statements, err, 0)
}
