// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

const (
	hour = int64(3_600_000)
	day  = 24 * hour
)

// house is a household of several people. A device's name is its person's, then a number: anna1.
type house struct {
	s          *roster.State
	at         int64
	hub, sheet string
	from       int // links before this one are the base of a vector
	on         string
}

// deviceNamed is a device's id, or that of a passkey (anna+).
func deviceNamed(name string) id.Device {
	if strings.HasSuffix(name, "+") {
		return id.Device(fixedID("pas_", "house "+name))
	}
	return id.Device(fixedID("dev_", "house "+name))
}

func personNamed(name string) id.Person { return id.Person(fixedID("per_", "house "+name)) }
func cameraNamed(name string) id.Camera { return id.Camera(fixedID("cam_", "house "+name)) }

func deviceKeysNamed(name string) roster.DeviceKeys {
	p := pair("house " + name)
	return roster.DeviceKeys{ID: deviceNamed(name), Sign: p.SignPublic(), Reader: p.ReaderPublic(), Storage: roster.Native}
}

func sheetNamed(name string) roster.SheetKeys {
	p := pair("house " + name)
	return roster.SheetKeys{Sign: p.SignPublic(), Reader: p.ReaderPublic()}
}

func hubNamed(name string) roster.HubKeys {
	p := pair("house " + name)
	return roster.HubKeys{Sign: p.SignPublic(), HPKE: p.ReaderPublic()}
}

// alone is a household with anna on anna1, and gus, a guardian.
func alone() *house {
	e := signed(roster.ThingGenesis, roster.Genesis{
		At: start, Device: deviceKeysNamed("anna1"), Hub: hubNamed("hub"), Nonce: fixed("house nonce", 32), Person: personNamed("anna"), Sheet: sheetNamed("sheet"),
	}, signer{deviceNamed("anna1"), pair("house anna1").Signing}, signer{id.Sheet, pair("house sheet").Signing}, signer{id.Hub, pair("house hub").Signing})
	h := &house{s: must(roster.Start(e.Encode(), "")), at: start, hub: "hub", sheet: "sheet"}
	h.at += day
	h.add("gus", roster.Guardian, nil)
	return h.base("alone")
}

// family goes on from there, ten days old: anna (anna2), ben (ben1, ben2) and cleo are owners since the second day,
// dora since yesterday; vera is a viewer, sam a guest. The sheet is anna's.
func family() *house {
	h := alone()
	h.do(roster.AddDevice{Device: deviceKeysNamed("anna2"), Person: personNamed("anna")}, "anna1 anna2")
	h.add("ben", roster.Owner, nil)
	h.do(roster.AddDevice{Device: deviceKeysNamed("ben2"), Person: personNamed("ben")}, "ben1 ben2")
	h.add("cleo", roster.Owner, nil)
	h.add("vera", roster.Viewer, always(roster.History))
	h.add("sam", roster.Guest, until(start+30*day))
	h.at = start + 9*day
	h.add("dora", roster.Owner, nil)
	h.at = start + 10*day
	return h.base("family")
}

// base makes what the chain holds now the base of vectors.
func (h *house) base(name string) *house {
	h.on, h.from = name, len(h.s.Chain)
	return h
}

func (h *house) clone() *house {
	c := *h
	c.s = h.s.Clone()
	return &c
}

func always(actions ...roster.Action) []roster.Right { return []roster.Right{{Actions: actions}} }

func until(t int64) []roster.Right {
	return []roster.Right{{Actions: []roster.Action{roster.History, roster.Live}, Until: t}}
}

// sign signs as each of the names: of devices, "sheet", "hub", or "anna1=eve1" for a signature by another's key.
func (h *house) sign(e *dsse.Envelope, names string) {
	for name := range strings.FieldsSeq(names) {
		who, key, other := strings.Cut(name, "=")
		d, own := deviceNamed(who), who
		switch who {
		case "sheet":
			d, own = id.Sheet, h.sheet
		case "hub":
			d, own = id.Hub, h.hub
		}
		if !other {
			key = own
		}
		e.Sign(d, pair("house "+key).Signing)
	}
}

// link is signed by these, and by the hub unless they name it or "-".
func (h *house) link(op roster.Op, names string) []byte {
	e := must(h.s.NewLink(h.at, op))
	h.sign(e, strings.ReplaceAll(names, "-", ""))
	if !e.SignedBy(id.Hub) && !strings.Contains(names, "-") {
		h.sign(e, "hub")
	}
	return e.Encode()
}

func (h *house) do(op roster.Op, names string) *house {
	if err := h.s.Append(h.link(op, names)); err != nil {
		panic(err)
	}
	return h
}

func (h *house) add(name string, role roster.Role, rights []roster.Right) {
	h.do(roster.AddPerson{Device: deviceKeysNamed(name + "1"), Person: personNamed(name), Rights: rights, Role: role}, "anna1 "+name+"1")
}

// removal is of a device (anna1) or a person (anna).
func (h *house) removal(target, names string) []byte {
	e, err := h.s.RemovePerson(h.at, personNamed(target))
	if strings.ContainsAny(target, "+0123456789") {
		e, err = h.s.RemoveDevice(h.at, deviceNamed(target))
	}
	h.sign(must(e, err), names)
	return e.Encode()
}

func (h *house) remove(target, names string) *house {
	return h.do(roster.Remove{Removal: h.removal(target, names)}, "")
}

// result is what two implementations must agree on about a roster.
func (h *house) result() any {
	type person struct {
		ID         id.Person   `json:"id"`
		Role       roster.Role `json:"role"`
		Since      int64       `json:"since"`
		OwnerSince int64       `json:"owner_since"`
		Devices    []id.Device `json:"devices"`
	}
	type announced struct {
		Person id.Person `json:"person"`
		At     int64     `json:"at"`
	}
	out := struct {
		Head      roster.Head `json:"head"`
		People    []person    `json:"people"`
		Sheet     string      `json:"sheet"`
		Announced []announced `json:"announced"`
		Readers   []id.Device `json:"readers"`
	}{Head: h.s.Head, Announced: []announced{}, Readers: h.s.Readers(cameraNamed("garden"), h.at)}
	for _, p := range h.s.People {
		x := person{ID: p.ID, Role: p.Role, Since: p.Since, OwnerSince: p.OwnerSince, Devices: []id.Device{}}
		for _, m := range h.s.Devices(p.ID) {
			x.Devices = append(x.Devices, m.ID)
		}
		out.People = append(out.People, x)
		if at, ok := h.s.Announced[p.ID]; ok {
			out.Announced = append(out.Announced, announced{p.ID, at})
		}
	}
	if _, ok := h.s.Key(id.Sheet); ok {
		out.Sheet = string(h.s.SheetPerson)
	}
	return out
}
