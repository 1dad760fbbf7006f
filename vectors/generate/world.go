// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"keyhold/sealing/keys"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// start is a fixed time, so that vectors read the same on every day.
const start = 1_790_000_000_000

// fixed returns n bytes that depend on the label alone.
func fixed(label string, n int) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		h := id.HashOf([]byte(fmt.Sprintf("keyhold vectors %s %d", label, i)))
		out = append(out, h[:]...)
	}
	return out[:n]
}

func fixedID(prefix, label string) string { return prefix + id.Base32(fixed(label, 16)) }

func pair(label string) keys.Pair {
	return must(keys.Secret{Sign: fixed(label+" sign", 32), Reader: fixed(label+" reader", 32)}.Pair())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// object is a payload as a tree that can be spoiled field by field.
type object = map[string]any

// tree turns a payload into such a tree.
func tree(v any) object {
	var out object
	b := must(canon.Marshal(v))
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return numbers(out).(object)
}

// numbers undoes encoding/json's floats.
func numbers(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case object:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	}
	return v
}

// with returns a deep copy in which path is set to value; a nil value deletes the field.
func with(o object, value any, path ...any) object {
	var c object
	b, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		panic(err)
	}
	numbers(c)
	var at any = c
	for _, p := range path[:len(path)-1] {
		if key, ok := p.(string); ok {
			at = at.(object)[key]
		} else {
			at = at.([]any)[p.(int)]
		}
	}
	last := path[len(path)-1]
	switch key := last.(type) {
	case string:
		if value == nil {
			delete(at.(object), key)
		} else {
			at.(object)[key] = value
		}
	case int:
		at.([]any)[key] = value
	}
	return c
}

type signer struct {
	id  id.Device
	key ed25519.PrivateKey
}

func signed(thing string, payload any, by ...signer) *dsse.Envelope {
	e := must(dsse.New(thing, payload))
	for _, s := range by {
		e.Sign(s.id, s.key)
	}
	return e
}

// world is one household that the vectors speak of.
type world struct {
	phone, laptop, sheet, hub keys.Pair
	phoneID, laptopID         id.Device
	passkeyID                 id.Device
	person                    id.Person
	genesis                   roster.Genesis
	household                 id.Household
	state                     *roster.State
	genesisEnvelope           []byte
}

func newWorld(label string) *world {
	w := &world{
		phone: pair(label + "phone"), laptop: pair(label + "laptop"), sheet: pair(label + "sheet"), hub: pair(label + "hub"),
		phoneID:   id.Device(fixedID("dev_", label+"phone")),
		laptopID:  id.Device(fixedID("dev_", label+"laptop")),
		passkeyID: id.Device(fixedID("pas_", label+"passkey")),
		person:    id.Person(fixedID("per_", label+"anna")),
	}
	w.genesis = roster.Genesis{
		At: start, Device: w.deviceKeys(w.phoneID, w.phone, roster.Software),
		Hub:   roster.HubKeys{Sign: w.hub.SignPublic(), HPKE: w.hub.ReaderPublic()},
		Nonce: fixed(label+"nonce", 32), Person: w.person,
		Sheet: roster.SheetKeys{Sign: w.sheet.SignPublic(), Reader: w.sheet.ReaderPublic()},
	}
	w.genesisEnvelope = signed(roster.ThingGenesis, w.genesis, w.asPhone(), w.asSheet(), w.asHub()).Encode()
	w.state = must(roster.Start(w.genesisEnvelope, ""))
	w.household = w.state.Household
	return w
}

func (w *world) deviceKeys(d id.Device, p keys.Pair, storage string) roster.DeviceKeys {
	return roster.DeviceKeys{ID: d, Sign: p.SignPublic(), Reader: p.ReaderPublic(), Storage: storage}
}

func (w *world) asPhone() signer  { return signer{w.phoneID, w.phone.Signing} }
func (w *world) asLaptop() signer { return signer{w.laptopID, w.laptop.Signing} }
func (w *world) asSheet() signer  { return signer{id.Sheet, w.sheet.Signing} }
func (w *world) asHub() signer    { return signer{id.Hub, w.hub.Signing} }
