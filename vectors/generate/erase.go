// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"strings"

	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// eraseVectors are statements by which a household has everything erased at a cloud (key), at the cloud's time (at),
// and what that cloud shows for it: text, signed by key, for the statement old, over the list input.
func eraseVectors() file {
	c := &collector{}
	h := family()
	cloud := ed25519.NewKeyFromSeed(fixed("cloud key", 32))
	to := cloud.Public().(ed25519.PublicKey)
	good := erasure.Statement{Act: erasure.Erase, At: h.at, Device: deviceNamed("ben1"), Household: h.s.Household, Nonce: fixed("n", 16), Person: personNamed("ben"), To: to}
	ben := signer{deviceNamed("ben1"), pair("house ben1").Signing}
	add := func(v vector, input []byte, at int64) {
		v.Thing, v.Key = "erase", to
		v = c.on(h, v)
		v.Input, v.At = input, at
		c.f.Vectors = append(c.f.Vectors, v)
	}
	change := func(name string, r rule.Name, edit func(*erasure.Statement), by ...signer) {
		s := good
		edit(&s)
		v := verdict(name, r)
		add(v, signed(erasure.Thing, s, by...).Encode(), h.at)
	}
	change("an owner has everything erased", "", func(*erasure.Statement) {}, ben)
	change("an owner keeps it", "", func(s *erasure.Statement) { s.Act = erasure.Keep }, ben)
	change("fifteen minutes old", "", func(s *erasure.Statement) { s.At -= erasure.Window }, ben)
	change("older", rule.Time, func(s *erasure.Statement) { s.At -= erasure.Window + 1 }, ben)
	change("from the future", rule.Time, func(s *erasure.Statement) { s.At += 120_001 }, ben)
	change("for another cloud", rule.Audience, func(s *erasure.Statement) { s.To = fixed("another", 32) }, ben)
	change("of another household", rule.Household, func(s *erasure.Statement) { s.Household = id.Household(id.HashOf([]byte("x")).String()) }, ben)
	change("a guardian's", rule.Signer, func(s *erasure.Statement) { s.Device, s.Person = deviceNamed("gus1"), personNamed("gus") }, signer{deviceNamed("gus1"), pair("house gus1").Signing})
	change("in the name of another owner", rule.Signer, func(s *erasure.Statement) { s.Person = personNamed("anna") }, ben)
	change("by a device that is not there", rule.Signer, func(s *erasure.Statement) { s.Device = deviceNamed("eve1") }, signer{deviceNamed("eve1"), pair("house eve1").Signing})
	change("signed by another of the owner's devices", rule.Signer, func(*erasure.Statement) {}, signer{deviceNamed("ben2"), pair("house ben2").Signing})
	change("signed by two", rule.Signer, func(*erasure.Statement) {}, ben, signer{deviceNamed("anna1"), pair("house anna1").Signing})
	change("signed by another's key", rule.Signature, func(*erasure.Statement) {}, signer{deviceNamed("ben1"), pair("house eve1").Signing})
	seal := func(o object) vector { return vector{Input: signed(erasure.Thing, o, ben).Encode()} }
	for _, v := range append(spoil("erase", tree(good), seal), spoilFields("erase", tree(good), seal,
		bad{"an act that nobody knows", "burn", []any{"act"}}, bad{"a nonce of 15 bytes", b64(make([]byte, 15)), []any{"nonce"}}, bad{"a cloud's key of 31 bytes", b64(make([]byte, 31)), []any{"to"}},
		bad{"the sheet as device", "sheet", []any{"device"}}, bad{"time 0", int64(0), []any{"at"}})...) {
		add(v, v.Input, h.at)
	}
	add(refuse("a link in its place", rule.PayloadType), h.link(newDevice("ben"), "ben1 new1"), h.at)
	c.f.Vectors = append(c.f.Vectors, receiptVectors(signed(erasure.Thing, good, ben).Hash(), good.Nonce, cloud)...)
	return c.f
}

func receiptVectors(statement id.Hash, nonce []byte, cloud ed25519.PrivateKey) []vector {
	list := erasure.List([]id.Hash{erasure.Blind(nonce, id.HashOf([]byte("a"))), erasure.Blind(nonce, id.HashOf([]byte("b"))), erasure.Blind(nonce, id.HashOf([]byte("c")))})
	r := erasure.Receipt{Statement: statement, At: start, List: id.HashOf(list), Counts: map[string]int64{"links": 1, "objects": 2}, Bytes: 9}
	text := must(r.Sign(cloud))
	var out []vector
	add := func(v vector, text string, list []byte) {
		v.Thing, v.Text, v.Input, v.Old, v.Key = "receipt", text, list, statement.String(), cloud.Public().(ed25519.PublicKey)
		out = append(out, v)
	}
	v := accept("a receipt")
	v.Result = map[string]any{"at": r.At, "bytes": r.Bytes, "objects": 2, "links": 1}
	add(v, text, list)
	again := func(change func(*erasure.Receipt)) string {
		c := r
		change(&c)
		return must(c.Sign(cloud))
	}
	add(refuse("over another list", rule.Field), text, list[32:])
	add(refuse("for another statement", rule.Field), again(func(r *erasure.Receipt) { r.Statement = id.HashOf([]byte("x")) }), list)
	add(refuse("that counts more than it lists", rule.Field), again(func(r *erasure.Receipt) { r.Counts = map[string]int64{"objects": 4} }), list)
	add(refuse("that counts fewer", rule.Field), again(func(r *erasure.Receipt) { r.Counts = map[string]int64{"objects": 2} }), list)
	add(refuse("with a negative count", rule.Field), again(func(r *erasure.Receipt) { r.Counts = map[string]int64{"objects": 4, "links": -1} }), list)
	add(refuse("with one figure changed", rule.Signature), strings.Replace(text, "bytes 9", "bytes 8", 1), list)
	add(refuse("by another cloud", rule.Signature), must(r.Sign(ed25519.NewKeyFromSeed(fixed("another cloud", 32)))), list)
	add(refuse("without a signature", rule.Signature), text[:strings.Index(text, "—")], list)
	add(refuse("empty", rule.Signature), "", list)
	return out
}
