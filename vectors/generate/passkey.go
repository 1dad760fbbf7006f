// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// passkeyVectors are what an authenticator answers, and the public keys that come of it.
func passkeyVectors() []vector {
	var out []vector
	for _, name := range []string{"one answer", "another"} {
		v := accept(name)
		v.Input = fixed("passkey "+name, 32)
		p := must(must(keys.PasskeySecret(v.Input)).Pair())
		v.Result = map[string]any{"sign": b64(p.SignPublic()), "reader": b64(p.ReaderPublic())}
		out = append(out, v)
	}
	for _, n := range []int{0, 31, 33, 64} {
		v := refuse("an answer of another length", rule.Field)
		v.Input = fixed("passkey", n)
		out = append(out, v)
	}
	return out
}

// newPasskey brings in the passkey of this name (anna+) for a person.
func newPasskey(name, person string) roster.Op {
	p := pair("house " + name)
	return roster.AddPasskey{Person: personNamed(person), Passkey: roster.PasskeyKeys{
		Credential: fixed("credential "+name, 16), ID: deviceNamed(name), Origin: "https://keyhold.example", Public: fixed("public "+name, 77),
		Reader: p.ReaderPublic(), Sign: p.SignPublic(), Synced: true,
	}}
}

// passkeys are of anna, an owner whose sheet it is, and of vera, a viewer.
func passkeys(h *house) *house {
	return h.clone().do(newPasskey("anna+", "anna"), "anna1 anna+").do(newPasskey("vera+", "vera"), "vera1 vera+")
}

func (c *collector) passkeys(h, one *house) {
	p := passkeys(h)
	for _, x := range []struct {
		name string
		op   roster.Op
		by   string
		r    rule.Name
	}{
		{"a passkey for a device's own person", newPasskey("new+", "ben"), "ben2 new+", ""},
		{"a second passkey", newPasskey("new+", "anna"), "anna2 new+", ""},
		{"a guest's passkey", newPasskey("new+", "sam"), "sam1 new+", ""},
		{"a passkey for somebody else: a ghost", newPasskey("new+", "vera"), "anna1 new+", rule.Signer},
		{"a passkey that the sheet brings in", newPasskey("new+", "anna"), "sheet new+", rule.Signer},
		{"a passkey that another brings in", newPasskey("new+", "anna"), "anna+ new+", rule.Signer},
		{"a passkey that two bring in", newPasskey("new+", "anna"), "anna1 anna2 new+", rule.Signer},
		{"a passkey that has not signed", newPasskey("new+", "anna"), "anna1", rule.Signer},
		{"a passkey that nobody brings in", newPasskey("new+", "anna"), "new+", rule.Signer},
		{"a passkey whose key is swapped", newPasskey("new+", "anna"), "anna1 new+=eve1", rule.Signature},
		{"a passkey without the hub", newPasskey("new+", "anna"), "anna1 new+ -", rule.Signer},
		{"a passkey that is there already", newPasskey("anna+", "anna"), "anna1 anna+", rule.RosterOp},
		{"a passkey of nobody", newPasskey("new+", "eve"), "anna1 new+", rule.RosterOp},

		{"a passkey brings in a device of its person", newDevice("anna"), "anna+ new1", ""},
		{"a viewer's passkey brings in a device", newDevice("vera"), "vera+ new1", ""},
		{"a passkey brings in a device of somebody else", newDevice("ben"), "anna+ new1", rule.Signer},
		{"a passkey and a device bring in a device", newDevice("anna"), "anna+ anna1 new1", rule.Signer},
		{"a passkey brings in a person", newPerson(roster.Owner, nil), "anna+ new1", rule.Signer},
		{"a passkey changes rights", set("vera", roster.Guardian, nil), "anna+", rule.Signer},
		{"a passkey changes the rights of its own person", set("vera", roster.Guardian, nil), "vera+", rule.RosterOp},
		{"a passkey makes a new sheet", newSheet("sheet2"), "anna+ sheet=sheet2", rule.Signer},
		{"a passkey announces the removal of an owner", announce("ben"), "anna+", rule.Signer},
		{"a passkey puts in a new hub with another owner", newHub("hub2"), "anna+ ben1 hub=hub2", rule.Signer},
	} {
		c.try(x.name, p, x.op, x.by, x.r)
	}
	announced := p.clone().do(announce("ben"), "sheet")
	c.try("a passkey objects", announced, objection("ben"), "anna+", rule.Signer)
	only := one.clone().do(newPasskey("anna+", "anna"), "anna1 anna+")
	c.try("the only owner's passkey puts in a new hub", only, newHub("hub2"), "anna+ hub=hub2", rule.Signer)
	gone := p.clone().remove("anna+", "anna2")
	c.try("a passkey that was removed brings in a device", gone, newDevice("anna"), "anna+ new1", rule.Signer)
	c.try("a passkey that was removed comes back", gone, newPasskey("anna+", "anna"), "anna1 anna+", rule.RosterOp)
	c.try("a device with the id of a passkey that was removed", gone, newDevice("anna"), "anna1 new1", "")
	left := p.clone().remove("vera", "vera1")
	c.try("a passkey whose person is gone brings in a device", left, newDevice("vera"), "vera+ new1", rule.RosterOp)
	c.try("a removal of a device by a passkey", p, roster.Remove{Removal: p.removal("anna1", "anna+")}, "", "")
	c.try("a removal of a passkey by its owner's device", p, roster.Remove{Removal: p.removal("anna+", "anna1")}, "", "")
	c.passkeyForms(h)
}

func (c *collector) passkeyForms(h *house) {
	op := newPasskey("new+", "anna")
	c.spoiled(h, op, "anna1 new+")
	o := tree(linkOf(h, op))
	bytesOf := func(o object) []byte {
		return signed(roster.ThingLink, o, signer{deviceNamed("anna1"), pair("house anna1").Signing}, signer{deviceNamed("new+"), pair("house new+").Signing},
			signer{id.Hub, pair("house hub").Signing}).Encode()
	}
	for _, v := range spoil("passkey", o["op"].(object)["passkey"].(object), func(p object) vector {
		return vector{Chain: [][]byte{bytesOf(with(o, p, "op", "passkey"))}}
	}) {
		c.raw(v.Name, h, v.Chain[0], rule.Shape)
	}
	for _, x := range []struct {
		name  string
		r     rule.Name
		field string
		value any
	}{
		{"the id of a device", rule.Field, "id", string(deviceNamed("new1"))},
		{"the sheet for an id", rule.Field, "id", "sheet"},
		{"no credential", rule.Field, "credential", ""},
		{"a credential of 1023 bytes", "", "credential", b64(make([]byte, 1023))},
		{"a credential of 1024 bytes", rule.Field, "credential", b64(make([]byte, 1024))},
		{"no public key", rule.Field, "public", ""},
		{"a public key of 1025 bytes", rule.Field, "public", b64(make([]byte, 1025))},
		{"a signing key of 31 bytes", rule.Field, "sign", b64(make([]byte, 31))},
		{"a reader key of 32 bytes", rule.Field, "reader", b64(make([]byte, 32))},
		{"an origin with a path", rule.Field, "origin", "https://keyhold.example/"},
		{"an origin in capitals", rule.Field, "origin", "https://Keyhold.example"},
		{"an origin without scheme", rule.Field, "origin", "keyhold.example"},
		{"an origin of another scheme", rule.Field, "origin", "ftp://keyhold.example"},
		{"an origin with a name in it", rule.Field, "origin", "https://anna@keyhold.example"},
		{"an origin of 256 bytes", rule.Field, "origin", "https://" + strings.Repeat("a", 248)},
		{"no origin", rule.Field, "origin", ""},
		{"one's own machine", "", "origin", "http://localhost:7442"},
		{"an origin with a port that is none", rule.Field, "origin", "http://localhost:0"},
	} {
		c.raw("passkey: "+x.name, h, bytesOf(with(o, x.value, "op", "passkey", x.field)), x.r)
	}
}
