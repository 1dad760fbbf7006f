// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// wrongType is a value of a JSON type other than v's.
func wrongType(v any) any {
	if _, ok := v.(string); ok {
		return int64(7)
	}
	return "seven"
}

// spoil returns a vector for every top-level field missing and of a wrong type, and one with a field too many.
func spoil(name string, payload object, seal func(object) vector) []vector {
	var out []vector
	add := func(what string, r rule.Name, o object) {
		v := seal(o)
		v.Name, v.Expect, v.Rule = name+": "+what, "refuse", r
		out = append(out, v)
	}
	for _, k := range slices.Sorted(maps.Keys(payload)) {
		add(k+" missing", rule.Shape, with(payload, nil, k))
		add(k+" of another type", rule.Shape, with(payload, wrongType(payload[k]), k))
	}
	add("a field too many", rule.Shape, with(payload, int64(1), "zz"))
	return out
}

// bad is a value that the form of a field refuses.
type bad struct {
	what  string
	value any
	path  []any
}

func spoilFields(name string, payload object, seal func(object) vector, cases ...bad) []vector {
	var out []vector
	for _, c := range cases {
		v := seal(with(payload, c.value, c.path...))
		v.Name, v.Expect, v.Rule = name+": "+c.what, "refuse", rule.Field
		out = append(out, v)
	}
	return out
}

// statement makes vectors of a payload signed by one signer.
func statement(thing string, s signer) func(object) vector {
	return func(o object) vector {
		return vector{Thing: thing, Input: signed(thing, o, s).Encode(), Signers: []vectorSigner{{string(s.id), s.key.Public().(ed25519.PublicKey)}}}
	}
}

// signBare signs the payload without its type: what a signer that forgot the PAE would do.
func signBare(w *world, env object) []byte {
	payload := must(base64.StdEncoding.DecodeString(env["payload"].(string)))
	return ed25519.Sign(w.phone.Signing, payload)
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func envelopeVectors(w *world) []vector {
	phone := w.asPhone()
	keys := []vectorSigner{{string(w.phoneID), w.phone.SignPublic()}}
	payload := tree(sampleFetch(w))
	good := signed(request.ThingFetch, payload, phone).Encode()
	one := func(v vector, input []byte) vector {
		v.Thing, v.Input, v.Signers = request.ThingFetch, input, keys
		return v
	}
	out := []vector{one(accept("a statement with one signature"), good)}
	two := signed(request.ThingFetch, payload, phone, w.asHub())
	v := one(accept("two signers, both asked for"), two.Encode())
	v.Signers = append(slices.Clone(keys), vectorSigner{"hub", w.hub.SignPublic()})
	out = append(out, v)
	v.Expect, v.Rule, v.Name, v.Input = "refuse", rule.Signer, "a signature that is asked for is missing", good
	out = append(out, v)
	out = append(out, one(refuse("a signature nobody asked for", rule.Signer), two.Encode()))

	raw := func(name string, r rule.Name, s string) { out = append(out, one(refuse(name, r), []byte(s))) }
	text := string(good)
	raw("empty", rule.Syntax, "")
	raw("white space before", rule.NotCanonical, " "+text)
	raw("line feed after", rule.NotCanonical, text+"\n")
	raw("text after", rule.Syntax, text+"x")
	raw("a second envelope after", rule.Syntax, text+text)
	raw("a byte order mark", rule.Syntax, "\ufeff"+text)
	raw("no UTF-8", rule.UTF8, text[:5]+"\xff"+text[5:])
	raw("keys in another order", rule.NotCanonical, reorder(text))
	raw("a key twice", rule.DuplicateKey, `{"payload":"",`+text[1:])
	raw("a key in another case", rule.Shape, strings.Replace(text, `"payload":`, `"Payload":`, 1))
	raw("a field too many", rule.Shape, strings.TrimSuffix(text, "}")+`,"x":1}`)
	raw("payload missing", rule.Shape, `{`+text[strings.Index(text, `"payloadType"`):])
	raw("payload null", rule.Null, `{"payload":null,`+text[strings.Index(text, `"payloadType"`):])
	raw("longer than allowed", rule.Length, `{"payload":"`+strings.Repeat("A", dsse.MaxBytes)+`"}`)
	raw("cut short", rule.Syntax, text[:len(text)-1])

	env := tree(must(dsse.Parse(good)))
	enc := func(o object) []byte { return must(canon.Marshal(o)) }
	sig := env["signatures"].([]any)[0].(object)
	for _, c := range []struct {
		name string
		r    rule.Name
		o    object
	}{
		{"no signature at all", rule.Field, with(env, []any{}, "signatures")},
		{"nine signatures", rule.Field, with(env, []any{sig, sig, sig, sig, sig, sig, sig, sig, sig}, "signatures")},
		{"one signer twice", rule.Field, with(env, []any{sig, sig}, "signatures")},
		{"a signature of 63 bytes", rule.Field, with(env, b64(make([]byte, 63)), "signatures", 0, "sig")},
		{"a signature in base64 without padding", rule.Field, with(env, strings.TrimRight(sig["sig"].(string), "="), "signatures", 0, "sig")},
		{"a payload in URL base64", rule.Field, with(env, "_-==", "payload")},
		{"a payload with a line feed in its base64", rule.Field, with(env, env["payload"].(string)[:8]+"\n"+env["payload"].(string)[8:], "payload")},
		{"a payload with unused bits", rule.Field, with(env, "AB==", "payload")},
		{"a key id that is none", rule.Field, with(env, "dev_x", "signatures", 0, "keyid")},
		{"a signature without key id", rule.Shape, with(env, nil, "signatures", 0, "keyid")},
		{"a signature with a field too many", rule.Shape, with(env, int64(1), "signatures", 0, "alg")},
		{"signatures as an object", rule.Shape, with(env, object{}, "signatures")},
		{"another payload type", rule.PayloadType, with(env, dsse.TypeOf("write"), "payloadType")},
		{"the type of another version", rule.PayloadType, with(env, "application/vnd.keyhold.fetch.v2+json", "payloadType")},
		{"signed by another key", rule.Signature, tree(signed(request.ThingFetch, payload, signer{w.phoneID, w.laptop.Signing}))},
		{"an all-zero signature", rule.Signature, with(env, b64(make([]byte, 64)), "signatures", 0, "sig")},
		{"a payload that was signed under another type", rule.Signature, with(tree(signed("command", payload, phone)), dsse.TypeOf("fetch"), "payloadType")},
		{"a signature over the bare payload", rule.Signature, with(env, b64(signBare(w, env)), "signatures", 0, "sig")},
	} {
		out = append(out, one(refuse(c.name, c.r), enc(c.o)))
	}
	// A payload is signed as it is, so the payload's own faults must be found although its signature holds.
	inner := func(name string, r rule.Name, s string) {
		e := &dsse.Envelope{PayloadType: dsse.TypeOf(request.ThingFetch), Payload: []byte(s)}
		e.Sign(w.phoneID, w.phone.Signing)
		out = append(out, one(refuse("payload: "+name, r), e.Encode()))
	}
	p := string(must(canon.Marshal(payload)))
	inner("white space", rule.NotCanonical, strings.Replace(p, ":", ": ", 1))
	inner("a key twice, the same value", rule.DuplicateKey, `{"at":1790000000000,`+p[1:])
	inner("a float", rule.Number, strings.Replace(p, `"from":`, `"from":0.`, 1))
	inner("an exponent", rule.Number, strings.Replace(p, `"at":1790000000000`, `"at":179e10`, 1))
	inner("minus zero", rule.Number, `{"at":-0`+p[strings.Index(p, ","):])
	inner("2^53", rule.Number, strings.Replace(p, "1790000000000", "9007199254740992", 1))
	inner("a number as text", rule.Shape, strings.Replace(p, `1790000000000`, `"1790000000000"`, 1))
	inner("null", rule.Null, strings.Replace(p, `"kind":"footage"`, `"kind":null`, 1))
	inner("an escape that is not needed", rule.NotCanonical, strings.Replace(p, `"footage"`, `"foota\u0067e"`, 1))
	inner("an escaped slash", rule.NotCanonical, strings.Replace(p, `"footage"`, `"foo\/tage"`, 1))
	inner("not NFC", rule.NFC, strings.Replace(p, `"footage"`, "\"u\u0308\"", 1))
	inner("an array", rule.Shape, `[]`)
	inner("a number alone", rule.Shape, `7`)
	inner("empty", rule.Syntax, ``)
	inner("too deep", rule.Depth, strings.Repeat("[", 17)+strings.Repeat("]", 17))
	inner("too long", rule.Length, `"`+strings.Repeat("a", canon.MaxBytes)+`"`)
	for i := range 3 {
		b := bytes.Clone(good)
		pos := bytes.Index(b, []byte(`"sig":"`)) + 7 + i*3
		if b[pos] = b[pos] ^ 1; !isBase64(b[pos]) {
			b[pos] = 'A'
		}
		out = append(out, one(refuse(fmt.Sprintf("a changed character in the signature, %d", i+1), rule.Signature), b))
	}
	// Twenty that pass: every kind of statement, so that no reader is stricter than the rules.
	for i := range 18 {
		f := sampleFetch(w)
		f.At += int64(i)
		f.Nonce = fixed(fmt.Sprint("nonce", i), 16)
		out = append(out, one(accept(fmt.Sprintf("a fetch, %d", i+1)), signed(request.ThingFetch, f, phone).Encode()))
	}
	return out
}

func isBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'
}

// reorder moves the first field of an object's text behind the others.
func reorder(s string) string {
	i := strings.Index(s, `,"payloadType"`)
	return "{" + s[i+1:len(s)-1] + "," + s[1:i] + "}"
}

func rosterVectors(w *world) []vector {
	chain := func(v vector, links ...[]byte) vector {
		v.Chain, v.Household = append([][]byte{w.genesisEnvelope}, links...), string(w.household)
		return v
	}
	s := w.state
	link := func(signers ...signer) []byte {
		e := must(s.NewLink(start+1000, roster.AddDevice{Device: w.deviceKeys(w.laptopID, w.laptop, roster.Native), Person: w.person}))
		for _, x := range signers {
			e.Sign(x.id, x.key)
		}
		return e.Encode()
	}
	first := link(w.asPhone(), w.asLaptop(), w.asHub())
	var out []vector
	ok := chain(accept("genesis alone"))
	ok.Result = s.Head
	out = append(out, ok)
	s2 := must(roster.Replay([][]byte{w.genesisEnvelope, first}, w.household))
	ok = chain(accept("a device added by a device of the same person"), first)
	ok.Result = s2.Head
	out = append(out, ok)
	bySheet := link(w.asSheet(), w.asLaptop(), w.asHub())
	ok = chain(accept("a device added by the sheet"), bySheet)
	ok.Result = must(roster.Replay([][]byte{w.genesisEnvelope, bySheet}, w.household)).Head
	out = append(out, ok)
	// A chain of eighteen devices, each prefix a vector of its own.
	long := must(roster.Replay([][]byte{w.genesisEnvelope}, w.household))
	for i := range 18 {
		p := pair(fmt.Sprint("device", i))
		d := id.Device(fixedID("dev_", fmt.Sprint("device", i)))
		e := must(long.NewLink(start+int64(i), roster.AddDevice{Device: w.deviceKeys(d, p, roster.Native), Person: w.person}))
		e.Sign(w.phoneID, w.phone.Signing)
		e.Sign(d, p.Signing)
		e.Sign(id.Hub, w.hub.Signing)
		if err := long.Append(e.Encode()); err != nil {
			panic(err)
		}
		if i%3 != 0 && i > 4 {
			continue
		}
		v := vector{Name: fmt.Sprintf("a chain of %d devices", i+2), Expect: "accept", Chain: slices.Clone(long.Chain), Household: string(w.household), Result: long.Head}
		out = append(out, v)
	}

	other := newWorld("other ")
	add := func(name string, r rule.Name, links ...[]byte) { out = append(out, chain(refuse(name, r), links...)) }
	payload := func() object {
		return tree(roster.Link{
			At: start + 1000, Household: w.household, Prev: s.Head.Hash, Seq: 1,
			Op: roster.AddDevice{Device: w.deviceKeys(w.laptopID, w.laptop, roster.Native), Person: w.person},
		})
	}
	sign := func(o object) []byte {
		return signed(roster.ThingLink, o, w.asPhone(), w.asLaptop(), w.asHub()).Encode()
	}
	seal := func(o object) vector { return chain(vector{}, sign(o)) }
	out = append(out, spoil("link", payload(), seal)...)
	out = append(out, spoilFields("link", payload(), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"a number below 1", int64(0), []any{"seq"}},
		bad{"a device id in capitals", strings.ToUpper(string(w.laptopID)), []any{"op", "device", "id"}},
		bad{"a storage that is not known", "cloud", []any{"op", "device", "storage"}},
		bad{"a reader key of 1,215 bytes", b64(w.laptop.ReaderPublic()[1:]), []any{"op", "device", "reader"}},
		bad{"a signing key of 31 bytes", b64(w.laptop.SignPublic()[1:]), []any{"op", "device", "sign"}},
		bad{"a person of another form", "anna", []any{"op", "person"}},
		bad{"a hash one character short", s.Head.Hash.String()[:51], []any{"prev"}},
		bad{"a hash with unused bits", s.Head.Hash.String()[:51] + "b", []any{"prev"}})...)
	for _, c := range []struct {
		name  string
		r     rule.Name
		value any
		path  []any
	}{
		{"link of another household", rule.Household, string(other.household), []any{"household"}},
		{"number left out", rule.RosterSeq, int64(2), []any{"seq"}},
		{"another predecessor", rule.RosterPrev, id.HashOf([]byte("x")).String(), []any{"prev"}},
		{"older than its predecessor", rule.RosterTime, int64(start - 1), []any{"at"}},
		{"an operation that is not known", rule.RosterOp, "make-owner", []any{"op", "kind"}},
		{"a person who is not there", rule.RosterOp, fixedID("per_", "eve"), []any{"op", "person"}},
		{"a device that is there already", rule.RosterOp, string(w.phoneID), []any{"op", "device", "id"}},
	} {
		add(c.name, c.r, sign(with(payload(), c.value, c.path...)))
	}
	eve := signer{id.Device(fixedID("dev_", "eve")), pair("eve").Signing}
	add("without the hub", rule.Signer, link(w.asPhone(), w.asLaptop()))
	add("without the new device: no proof that it holds its keys", rule.Signer, link(w.asPhone(), w.asHub()))
	add("without anybody who may add it: the hub alone brings a ghost", rule.Signer, link(w.asLaptop(), w.asHub()))
	add("by a device that is not in the roster", rule.Signer, link(eve, w.asLaptop(), w.asHub()))
	add("by two signers", rule.Signer, link(w.asPhone(), w.asSheet(), w.asLaptop(), w.asHub()))
	add("the signer's signature by another key", rule.Signature, link(signer{w.phoneID, eve.key}, w.asLaptop(), w.asHub()))
	add("the hub's signature by another key", rule.Signature, link(w.asPhone(), w.asLaptop(), signer{id.Hub, other.hub.Signing}))
	add("the new device's signature by another key", rule.Signature, link(w.asPhone(), signer{w.laptopID, eve.key}, w.asHub()))
	add("the sheet's signature by another key", rule.Signature, link(signer{id.Sheet, eve.key}, w.asLaptop(), w.asHub()))
	add("the same link twice", rule.RosterSeq, first, first)
	add("two links with one number, both by the hub", rule.RosterFork, first, sign(with(payload(), int64(start+2000), "at")))
	add("a write in place of a link", rule.PayloadType, signed(request.ThingWrite, sampleWrite(w), w.asPhone()).Encode())
	add("genesis in place of a link", rule.PayloadType, w.genesisEnvelope)

	gen := func(name string, r rule.Name, b []byte, want id.Household) {
		v := refuse("genesis: "+name, r)
		v.Chain, v.Household = [][]byte{b}, string(want)
		out = append(out, v)
	}
	gen("of another household than expected", rule.Household, other.genesisEnvelope, w.household)
	g := tree(w.genesis)
	resign := func(o object, by ...signer) []byte { return signed(roster.ThingGenesis, o, by...).Encode() }
	all := []signer{w.asPhone(), w.asSheet(), w.asHub()}
	gen("without the sheet", rule.Signer, resign(g, w.asPhone(), w.asHub()), w.household)
	gen("without the hub", rule.Signer, resign(g, w.asPhone(), w.asSheet()), w.household)
	gen("without the device", rule.Signer, resign(g, w.asSheet(), w.asHub()), w.household)
	gen("signed by a fourth", rule.Signer, resign(g, append(slices.Clone(all), eve)...), w.household)
	gen("the hub's signature by another key", rule.Signature, resign(g, w.asPhone(), w.asSheet(), signer{id.Hub, eve.key}), w.household)
	gen("another nonce", rule.Household, resign(with(g, b64(fixed("n2", 32)), "nonce"), all...), w.household)
	for _, v := range append(spoil("genesis", g, func(o object) vector {
		return vector{Chain: [][]byte{resign(o, all...)}, Household: string(w.household)}
	}), spoilFields("genesis", g, func(o object) vector {
		return vector{Chain: [][]byte{resign(o, all...)}, Household: string(w.household)}
	}, bad{"a nonce of 31 bytes", b64(make([]byte, 31)), []any{"nonce"}}, bad{"a sheet's key cut", b64(make([]byte, 31)), []any{"sheet", "sign"}},
		bad{"a hub's key cut", b64(make([]byte, 1215)), []any{"hub", "hpke"}})...) {
		out = append(out, v)
	}
	return out
}
