// SPDX-License-Identifier: Apache-2.0

// Package housetest is a household for tests: a roster whose hub's key the test holds, so that it can bring in, change
// and remove whomever it likes, at times of its own.
//
// What does not hold by the rules of docs/protocol.md, section 3, fails the test.
package housetest

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"keyhold/member/device"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// House is a household.
type House struct {
	// Now is the time of the newest statement; the next one is a minute later unless the test moves it.
	Now   int64
	Hub   ed25519.PrivateKey
	Sheet *device.Secret
	// First and Owner are the device and the person that began it.
	First *device.Secret
	Owner id.Person
	State *roster.State

	t testing.TB
}

// New begins a household at a time.
func New(t testing.TB, now int64) *House {
	t.Helper()
	h := &House{t: t, Now: now}
	var err error
	_, h.Hub, err = ed25519.GenerateKey(rand.Reader)
	h.check(err)
	h.First, h.Owner = h.Device(), h.Person()
	h.Sheet = h.NewSheet()
	mail, err := box.NewKey(make([]byte, box.SeedSize))
	h.check(err)
	g, err := dsse.New(roster.ThingGenesis, roster.Genesis{
		At: now, Device: h.First.Public(), Nonce: make([]byte, 32), Person: h.Owner,
		Hub: roster.HubKeys{HPKE: mail.Public(), Sign: h.Hub.Public().(ed25519.PublicKey)}, Sheet: SheetKeys(h.Sheet),
	})
	h.check(err)
	g.Sign(h.First.ID(), h.First.Sign())
	g.Sign(id.Sheet, h.Sheet.Sign())
	g.Sign(id.Hub, h.Hub)
	h.State, err = roster.Start(g.Encode(), "")
	h.check(err)
	return h
}

func (h *House) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Device makes the keys of a device.
func (h *House) Device() *device.Secret {
	h.t.Helper()
	s, err := device.NewSecret(rand.Reader)
	h.check(err)
	return s
}

// Person makes an id.
func (h *House) Person() id.Person {
	h.t.Helper()
	p, err := id.NewPerson(rand.Reader)
	h.check(err)
	return p
}

// Camera makes an id.
func (h *House) Camera() id.Camera {
	h.t.Helper()
	c, err := id.NewCamera(rand.Reader)
	h.check(err)
	return c
}

// NewSheet makes a sheet that is not in force.
func (h *House) NewSheet() *device.Secret {
	h.t.Helper()
	words, err := keys.NewSheet(rand.Reader)
	h.check(err)
	s, err := device.SheetSecret(words)
	h.check(err)
	return s
}

// SheetKeys are a sheet's public keys.
func SheetKeys(s *device.Secret) roster.SheetKeys {
	return roster.SheetKeys{Reader: s.Public().Reader, Sign: s.Public().Sign}
}

// Do appends a link with the signatures of those given and the hub's.
func (h *House) Do(op roster.Op, signers ...*device.Secret) {
	h.t.Helper()
	h.Now += 60_000
	e, err := h.State.NewLink(h.Now, op)
	h.check(err)
	for _, s := range signers {
		e.Sign(s.ID(), s.Sign())
	}
	e.Sign(id.Hub, h.Hub)
	h.check(h.State.Append(e.Encode()))
}

// Bring takes in a new person with a first device.
func (h *House) Bring(by *device.Secret, role roster.Role, rights ...roster.Right) (id.Person, *device.Secret) {
	h.t.Helper()
	p, d := h.Person(), h.Device()
	h.Do(roster.AddPerson{Device: d.Public(), Person: p, Role: role, Rights: rights}, by, d)
	return p, d
}

// Add takes in a further device of a person.
func (h *House) Add(by *device.Secret, p id.Person) *device.Secret {
	h.t.Helper()
	d := h.Device()
	h.Do(roster.AddDevice{Device: d.Public(), Person: p}, by, d)
	return d
}

// RemoveDevice and RemovePerson take out what one device may take out.
func (h *House) RemoveDevice(by *device.Secret, d id.Device) {
	h.t.Helper()
	h.remove(by)(h.State.RemoveDevice(h.Now, d))
}

// RemovePerson takes out a person.
func (h *House) RemovePerson(by *device.Secret, p id.Person) {
	h.t.Helper()
	h.remove(by)(h.State.RemovePerson(h.Now, p))
}

func (h *House) remove(by *device.Secret) func(*dsse.Envelope, error) {
	return func(e *dsse.Envelope, err error) {
		h.t.Helper()
		h.check(err)
		e.Sign(by.ID(), by.Sign())
		h.Do(roster.Remove{Removal: e.Encode()})
	}
}
