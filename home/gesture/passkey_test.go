// SPDX-License-Identifier: Apache-2.0

package gesture_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"keyhold/home/gesture"
	"keyhold/home/gesture/gesturetest"
	"keyhold/sealing/keys"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const origin = "https://keyhold.example:7440"

// house is a household with a few keys that the tests hold.
type house struct {
	*testing.T
	s      *roster.State
	anna   id.Person
	device id.Device
	own    keys.Pair
	hub    ed25519.PrivateKey
}

func pair(t *testing.T) keys.Pair {
	t.Helper()
	s, err := keys.NewSecret(rand.Reader)
	must(t, err)
	p, err := s.Pair()
	must(t, err)
	return p
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, own: pair(t)}
	hub, sheet := pair(t), pair(t)
	h.hub = hub.Signing
	var err error
	h.anna, err = id.NewPerson(rand.Reader)
	must(t, err)
	h.device, err = id.NewDevice(rand.Reader)
	must(t, err)
	e, err := dsse.New(roster.ThingGenesis, roster.Genesis{
		At: start, Nonce: make([]byte, 32), Person: h.anna,
		Device: roster.DeviceKeys{ID: h.device, Reader: h.own.ReaderPublic(), Sign: h.own.SignPublic(), Storage: roster.Software},
		Hub:    roster.HubKeys{HPKE: hub.ReaderPublic(), Sign: hub.SignPublic()},
		Sheet:  roster.SheetKeys{Reader: sheet.ReaderPublic(), Sign: sheet.SignPublic()},
	})
	must(t, err)
	e.Sign(h.device, h.own.Signing)
	e.Sign(id.Sheet, sheet.Signing)
	e.Sign(id.Hub, h.hub)
	h.s, err = roster.Start(e.Encode(), "")
	must(t, err)
	return h
}

// passkey brings in one for an address.
func (h *house) passkey(origin string) *gesturetest.Passkey {
	h.Helper()
	p, err := gesturetest.New(origin)
	must(h.T, err)
	e, err := h.s.NewLink(start, roster.AddPasskey{Passkey: p.Keys(), Person: h.anna})
	must(h.T, err)
	e.Sign(h.device, h.own.Signing)
	e.Sign(p.ID, p.Pair.Signing)
	e.Sign(id.Hub, h.hub)
	must(h.T, h.s.Append(e.Encode()))
	return p
}

func TestPasskeyMakesItsPersonsGestures(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p, second := h.passkey(origin), h.passkey("http://localhost:7442")
	stranger, err := gesturetest.New(origin)
	must(t, err)
	ben := id.Person("per_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	for _, x := range []struct {
		name   string
		by     id.Person
		who    *gesturetest.Passkey
		answer gesturetest.Answer
		rule   rule.Name
	}{
		{name: "as it should be", who: p},
		{name: "by another passkey, at its own address", who: second},
		{name: "for another link", who: p, answer: gesturetest.Answer{Challenge: other[:]}, rule: rule.Gesture},
		{name: "for no link", who: p, answer: gesturetest.Answer{Challenge: []byte{0}}, rule: rule.Gesture},
		{name: "of the kind that makes a passkey", who: p, answer: gesturetest.Answer{Type: "webauthn.create"}, rule: rule.Gesture},
		{name: "by another person's passkey", by: ben, who: p, rule: rule.Gesture},
		{name: "by a passkey that is not in the roster", who: stranger, rule: rule.Gesture},
		{name: "at another address", who: p, answer: gesturetest.Answer{Origin: "https://evil.example"}, rule: rule.Origin},
		{name: "at another port", who: p, answer: gesturetest.Answer{Origin: "https://keyhold.example"}, rule: rule.Origin},
		{name: "for another domain", who: p, answer: gesturetest.Answer{Domain: "evil.example"}, rule: rule.Origin},
		{name: "at the address of the person's other passkey", who: p, answer: gesturetest.Answer{Origin: "http://localhost:7442", Domain: "localhost"}, rule: rule.Origin},
		{name: "without finger, face or PIN", who: p, answer: gesturetest.Answer{Flags: gesturetest.Present}, rule: rule.Verified},
		{name: "without anybody there", who: p, answer: gesturetest.Answer{Flags: gesturetest.Verified}, rule: rule.Signature},
		{name: "signed by another passkey's key", who: p, answer: gesturetest.Answer{Key: second}, rule: rule.Signature},
	} {
		t.Run(x.name, func(t *testing.T) {
			if x.answer.Challenge == nil {
				x.answer.Challenge = link[:]
			}
			if x.by == "" {
				x.by = h.anna
			}
			g, err := x.who.Sign(x.answer)
			must(t, err)
			if err := gesture.ByPasskey(h.s, x.by, link, g.Passkey); rule.Of(err) != x.rule || (err != nil) != (x.rule != "") {
				t.Errorf("%v; want rule %q", err, x.rule)
			}
		})
	}
}

func TestPasskeysWordIsOnWhatWasSigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.passkey(origin)
	for part := range 3 {
		g, err := p.Sign(gesturetest.Answer{Challenge: link[:]})
		must(t, err)
		bytes := [][]byte{g.Passkey.Authenticator, g.Passkey.Client, g.Passkey.Signature}[part]
		bytes[len(bytes)-1] ^= 1
		if err := gesture.ByPasskey(h.s, h.anna, link, g.Passkey); err == nil {
			t.Errorf("part %d was changed and nobody noticed", part)
		}
		g.Passkey.Authenticator = g.Passkey.Authenticator[:20]
		if err := gesture.ByPasskey(h.s, h.anna, link, g.Passkey); rule.Of(err) != rule.Gesture {
			t.Errorf("authenticator data that end early: %v", err)
		}
	}
}

func TestPasskeyThatWasRemovedMakesNoGestures(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.passkey(origin)
	e, err := h.s.RemoveDevice(start, p.ID)
	must(t, err)
	e.Sign(h.device, h.own.Signing)
	l, err := h.s.NewLink(start, roster.Remove{Removal: e.Encode()})
	must(t, err)
	l.Sign(id.Hub, h.hub)
	must(t, h.s.Append(l.Encode()))
	g, err := p.Sign(gesturetest.Answer{Challenge: link[:]})
	must(t, err)
	if err := gesture.ByPasskey(h.s, h.anna, link, g.Passkey); rule.Of(err) != rule.Gesture {
		t.Errorf("the gesture of a passkey that is gone: %v", err)
	}
}

func TestKeyOfAnUnknownKindIsRefused(t *testing.T) {
	t.Parallel()
	p, err := gesturetest.New(origin)
	must(t, err)
	must(t, gesture.KnownKey(p.Keys().Public))
	for _, bad := range [][]byte{nil, {0xa0}, []byte("key"), p.Keys().Public[:40]} {
		if err := gesture.KnownKey(bad); rule.Of(err) != rule.Field {
			t.Errorf("%x: %v", bad, err)
		}
	}
}
