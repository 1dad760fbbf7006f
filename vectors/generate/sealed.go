// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"strings"

	"filippo.io/age"

	"keyhold/sealing/keys"
	"keyhold/sealing/to"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// rowVectors: input is the row's canonical JSON, key the reader's seed, result the identity.
func rowVectors(w *world) []vector {
	identity := must(age.GenerateHybridIdentity()).String()
	reader := to.Reader{Device: w.phoneID, Key: w.phone.ReaderPublic()}
	row := must(to.SealRow(w.household, front, epoch, w.state.Head.Hash, reader, []byte(identity)))
	one := func(v vector, r request.Row, household id.Household, key string) vector {
		v.Input, v.Household, v.Key = must(canon.Marshal(r)), string(household), fixed(key+" reader", 32)
		return v
	}
	ok := one(accept("an epoch for the phone"), row, w.household, "home phone")
	ok.Result = map[string]string{"identity": identity}
	sheet := must(to.SealRow(w.household, front, epoch, w.state.Head.Hash, to.Reader{Device: id.Sheet, Key: w.sheet.ReaderPublic()}, []byte(identity)))
	ok2 := one(accept("an epoch for the sheet"), sheet, w.household, "home sheet")
	ok2.Result = ok.Result
	spoiled := func(name string, change func(*request.Row)) vector {
		r := row
		change(&r)
		return one(refuse(name, rule.Envelope), r, w.household, "home phone")
	}
	flipped := append([]byte{}, row.Bytes...)
	flipped[len(flipped)-1] ^= 1
	flippedEnc := append([]byte{}, row.Bytes...)
	flippedEnc[0] ^= 1
	return []vector{
		ok, ok2,
		one(refuse("for another reader", rule.Envelope), row, w.household, "home laptop"),
		one(refuse("in another household", rule.Envelope), row, newWorld("other ").household, "home phone"),
		spoiled("under another camera", func(r *request.Row) { r.Camera = id.HouseholdCamera }),
		spoiled("under another epoch", func(r *request.Row) { r.Epoch = id.Epoch(fixedID("epo_", "other")) }),
		spoiled("under another device", func(r *request.Row) { r.Device = w.laptopID }),
		spoiled("under another head", func(r *request.Row) { r.Head = id.HashOf([]byte("head")) }),
		spoiled("a changed bit", func(r *request.Row) { r.Bytes = flipped }),
		spoiled("a changed bit in the encapsulated key", func(r *request.Row) { r.Bytes = flippedEnc }),
	}
}

// sheetVectors: text is what somebody types; result the public keys, or the position that is wrong.
func sheetVectors() []vector {
	sheet := must(keys.NewSheet(strings.NewReader(string(fixed("sheet", 32)))))
	p := must(sheet.Secret().Pair())
	words := strings.Join(sheet.Words(), " ")
	result := map[string]any{"sign": b64(p.SignPublic()), "reader": b64(p.ReaderPublic())}
	ok := func(name, text string) vector { v := accept(name); v.Text, v.Result = text, result; return v }
	no := func(name, text string, pos int) vector {
		v := refuse(name, rule.Field)
		v.Text, v.Result = text, map[string]any{"position": pos}
		return v
	}
	list := sheet.Words()
	wrong := append([]string{}, list...)
	wrong[6] = "castel"
	swapped := append([]string{}, list...)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	return []vector{
		ok("as printed", words), ok("in capitals, on lines", strings.ToUpper(strings.Join(list, "\n"))), ok("with numbers and commas", "1. "+strings.Join(list, ",  2) ")),
		no("a word that is on no sheet", strings.Join(wrong, " "), 7), no("two words that changed places", strings.Join(swapped, " "), 0),
		no("23 words", strings.Join(list[:23], " "), 0), no("nothing", "", 0),
	}
}

// pairingVectors: text is a code or a link.
func pairingVectors(w *world) []vector {
	code := pairing.Code{Fingerprint: w.genesis.Hub.Fingerprint(), Secret: fixed("secret", 16)}
	keysOf := must(canon.Marshal(w.genesis.Hub))
	codeResult := map[string]any{
		"secret": b64(code.Secret), "to_hub": b64(pairing.Derive(code.Secret, pairing.PairToHub)), "box": pairing.Box(pairing.Derive(code.Secret, pairing.PairToHub)),
		"mac": b64(pairing.MAC(code.Secret, pairing.PairMAC, must(dsse.Parse(w.genesisEnvelope)).PAE())),
	}
	one := func(v vector, text string) vector {
		v.Thing, v.Text, v.Input, v.Chain = "code", text, keysOf, [][]byte{w.genesisEnvelope}
		if v.Expect == "accept" {
			v.Result = codeResult
		}
		return v
	}
	s := code.String()
	stranger := pairing.Code{Fingerprint: newWorld("other ").genesis.Hub.Fingerprint(), Secret: code.Secret}
	out := []vector{
		one(accept("as printed"), s), one(accept("in capitals without dashes"), strings.ToUpper(strings.ReplaceAll(s, "-", ""))), one(accept("with spaces"), " "+strings.ReplaceAll(s, "-", " ")),
		one(refuse("a character short", rule.Field), s[:len(s)-1]), one(refuse("a character that is none", rule.Field), "1"+s[1:]), one(refuse("another hub's keys", rule.HubKeys), stranger.String()),
	}
	inv := pairing.Invitation{Head: w.state.Head, Household: w.household, Inviter: w.phoneID, Secret: fixed("secret", 16)}
	link := must(inv.Link("https://cloud.example"))
	payload := link[strings.Index(link, "#")+1:]
	joined := func(v vector, text string) vector { v.Thing, v.Text = "link", text; return v }
	ok := joined(accept("an invitation"), link)
	ok.Result = map[string]any{"origin": "https://cloud.example", "invitation": string(must(canon.Marshal(inv)))}
	spoiledLink := func(o object) string {
		return "https://cloud.example/join#" + base64.RawURLEncoding.EncodeToString(must(canon.Marshal(o)))
	}
	o := tree(inv)
	whole := must(canon.Marshal(inv))
	cut := "https://cloud.example/join#" + base64.RawURLEncoding.EncodeToString(whole[:len(whole)-2])
	return append(out, ok,
		joined(refuse("no fragment", rule.Field), "https://cloud.example/join"), joined(refuse("another path", rule.Field), "https://cloud.example/invite#"+payload),
		joined(refuse("damaged base64", rule.Field), link+"*"), joined(refuse("cut short", rule.Syntax), cut),
		joined(refuse("a field missing", rule.Shape), spoiledLink(with(o, nil, "secret"))), joined(refuse("a field too many", rule.Shape), spoiledLink(with(o, "x", "z"))),
		joined(refuse("a short secret", rule.Field), spoiledLink(with(o, "AA==", "secret"))), joined(refuse("the sheet as inviter", rule.Field), spoiledLink(with(o, "sheet", "inviter"))))
}
