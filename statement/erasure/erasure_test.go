// SPDX-License-Identifier: Apache-2.0

package erasure_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"maps"
	"strings"
	"testing"

	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const now = 1_800_000_000_000

func key() (ed25519.PublicKey, ed25519.PrivateKey) {
	k := ed25519.NewKeyFromSeed(noise(ed25519.SeedSize))
	return k.Public().(ed25519.PublicKey), k
}

// house is a household with an owner and a guardian.
func house() (s *roster.State, owner, guardian id.Device, signs map[id.Device]ed25519.PrivateKey) {
	signs = map[id.Device]ed25519.PrivateKey{}
	device := func(d id.Device) roster.DeviceKeys {
		pub, k := key()
		signs[d] = k
		return roster.DeviceKeys{ID: d, Reader: noise(roster.XWingSize), Sign: pub, Storage: roster.Software}
	}
	hubPub, hub := key()
	sheetPub, sheet := key()
	owner, guardian = must(id.NewDevice(rand.Reader)), must(id.NewDevice(rand.Reader))
	e := must(dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: now, Device: device(owner), Person: must(id.NewPerson(rand.Reader)), Nonce: noise(32),
		Hub: roster.HubKeys{HPKE: noise(roster.XWingSize), Sign: hubPub}, Sheet: roster.SheetKeys{Reader: noise(roster.XWingSize), Sign: sheetPub},
	}))
	e.Sign(owner, signs[owner])
	e.Sign(id.Sheet, sheet)
	e.Sign(id.Hub, hub)
	s = must(roster.Start(e.Encode(), ""))
	l := must(s.NewLink(now, roster.AddPerson{Device: device(guardian), Person: must(id.NewPerson(rand.Reader)), Rights: []roster.Right{}, Role: roster.Guardian}))
	l.Sign(owner, signs[owner])
	l.Sign(guardian, signs[guardian])
	l.Sign(id.Hub, hub)
	if err := s.Append(l.Encode()); err != nil {
		panic(err)
	}
	return s, owner, guardian, signs
}

func TestAStatementIsAnOwnersForOneCloudAndNotForLong(t *testing.T) {
	s, owner, guardian, signs := house()
	cloud, _ := key()
	person := func(d id.Device) id.Person {
		p, _ := s.PersonOf(d)
		return p.ID
	}
	make := func(by id.Device, change func(*erasure.Statement)) []byte {
		w := &erasure.Statement{
			Act: erasure.Erase, At: now, Device: by, Household: s.Household, Nonce: noise(16), Person: person(by), To: cloud,
		}
		if change != nil {
			change(w)
		}
		return must(dsse.Signed(erasure.Thing, w, by, signs[by])).Encode()
	}
	good := make(owner, nil)
	for _, at := range []int64{now, now + erasure.Window, now - 120_000} {
		w, e, err := erasure.Open(good, s, cloud, at)
		if err != nil || w.Device != owner || e.Hash() == (id.Hash{}) {
			t.Errorf("at %d: %v", at-now, err)
		}
	}
	elsewhere, _ := key()
	for name, step := range map[string]struct {
		envelope []byte
		to       ed25519.PublicKey
		at       int64
		want     rule.Name
	}{
		"another cloud":   {good, elsewhere, now, rule.Audience},
		"too late":        {good, cloud, now + erasure.Window + 1, rule.Time},
		"too early":       {good, cloud, now - 120_001, rule.Time},
		"a guardian":      {make(guardian, nil), cloud, now, rule.Signer},
		"another person":  {make(owner, func(w *erasure.Statement) { w.Person = person(guardian) }), cloud, now, rule.Signer},
		"another's house": {make(owner, func(w *erasure.Statement) { w.Household = id.Household(id.HashOf([]byte("x")).String()) }), cloud, now, rule.Household},
		"an unknown act":  {make(owner, func(w *erasure.Statement) { w.Act = "burn" }), cloud, now, rule.Field},
		"a short nonce":   {make(owner, func(w *erasure.Statement) { w.Nonce = noise(15) }), cloud, now, rule.Field},
		"another key":     {must(dsse.Signed(erasure.Thing, must(erasure.Read(good)), owner, signs[guardian])).Encode(), cloud, now, rule.Signature},
		"another thing":   {must(dsse.Signed("keep", must(erasure.Read(good)), owner, signs[owner])).Encode(), cloud, now, rule.PayloadType},
	} {
		if _, _, err := erasure.Open(step.envelope, s, step.to, step.at); rule.Of(err) != step.want {
			t.Errorf("%s: %v, want %s", name, err, step.want)
		}
	}
}

func TestAReceiptHoldsForItsStatementItsListAndItsCloud(t *testing.T) {
	cloud, k := key()
	wish := &erasure.Statement{Nonce: noise(16)}
	var things, blind []id.Hash
	counts := map[string]int64{}
	for i := range 500 {
		things = append(things, id.HashOf(noise(8)))
		blind = append(blind, erasure.Blind(wish.Nonce, things[i]))
		counts[erasure.Kinds[i%len(erasure.Kinds)]]++
	}
	list := erasure.List(blind)
	for _, thing := range things {
		if !erasure.Listed(list, wish, thing) {
			t.Fatal("a thing is not on the list")
		}
	}
	if erasure.Listed(list, wish, id.HashOf(noise(8))) || erasure.Listed(nil, wish, things[0]) || erasure.Listed(list, &erasure.Statement{Nonce: noise(16)}, things[0]) {
		t.Error("the list holds what is not on it, or under another nonce")
	}
	statement := id.HashOf([]byte("statement"))
	want := erasure.Receipt{Statement: statement, At: now, List: id.HashOf(list), Counts: counts, Bytes: 12345}
	text := must(want.Sign(k))
	got, err := erasure.ParseReceipt(text, statement, list, cloud)
	if err != nil || got.At != now || got.Bytes != 12345 || !maps.Equal(got.Counts, counts) {
		t.Errorf("%+v, %v", got, err)
	}
	sign := func(change func(*erasure.Receipt)) string {
		r := want
		r.Counts = maps.Clone(counts)
		change(&r)
		return must(r.Sign(k))
	}
	_, otherKey := key()
	for name, step := range map[string]struct {
		text      string
		statement id.Hash
		list      []byte
		want      rule.Name
	}{
		"another statement": {text, id.HashOf([]byte("x")), list, rule.Field},
		"another list":      {text, statement, list[32:], rule.Field},
		"a count too many":  {sign(func(r *erasure.Receipt) { r.Counts["mail"]++ }), statement, list, rule.Field},
		"a negative count":  {sign(func(r *erasure.Receipt) { r.Counts["mail"] = -1 }), statement, list, rule.Field},
		"another's key":     {must(want.Sign(otherKey)), statement, list, rule.Signature},
		"signed twice":      {text + text[strings.LastIndex(text[:len(text)-1], "\n")+1:], statement, list, rule.Signature},
		"a changed time":    {strings.Replace(text, "at 18", "at 19", 1), statement, list, rule.Signature},
		"nothing":           {"", statement, list, rule.Signature},
		"much":              {strings.Repeat("x", 5000), statement, list, rule.Field},
	} {
		if _, err := erasure.ParseReceipt(step.text, step.statement, step.list, cloud); rule.Of(err) != step.want {
			t.Errorf("%s: %v, want %s", name, err, step.want)
		}
	}
	if !bytes.Equal(erasure.List(nil), []byte{}) {
		t.Error("an empty list is not empty")
	}
}
