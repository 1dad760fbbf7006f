// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour
	// start is Monday, 21 September 2026, 13:33:20 UTC.
	start = 1_790_000_000_000
)

// bytesOf depends on the label alone.
func bytesOf(label string, n int) []byte {
	var out []byte
	for len(out) < n {
		h := id.HashOf([]byte(label), out)
		out = append(out, h[:]...)
	}
	return out[:n]
}

func keyOf(label string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytesOf(label, 32)) }

func public(label string) []byte { return keyOf(label).Public().(ed25519.PublicKey) }

// A device's name is its person's, then a number: anna1.
func deviceID(name string) id.Device { return id.Device("dev_" + id.Base32(bytesOf(name, 16))) }

func personID(name string) id.Person { return id.Person("per_" + id.Base32(bytesOf(name, 16))) }

func cameraID(name string) id.Camera { return id.Camera("cam_" + id.Base32(bytesOf(name, 16))) }

func deviceKeys(name string) roster.DeviceKeys {
	return roster.DeviceKeys{ID: deviceID(name), Reader: bytesOf(name, roster.XWingSize), Sign: public(name), Storage: roster.Software}
}

func sheetKeys(name string) roster.SheetKeys {
	return roster.SheetKeys{Reader: bytesOf(name, roster.XWingSize), Sign: public(name)}
}

func hubKeys(name string) roster.HubKeys {
	return roster.HubKeys{HPKE: bytesOf(name, roster.XWingSize), Sign: public(name)}
}

// always is a viewer's right without bounds, until is a guest's.
func always(actions ...roster.Action) []roster.Right { return []roster.Right{{Actions: actions}} }

func until(t int64) []roster.Right {
	return []roster.Right{{Actions: []roster.Action{roster.History, roster.Live}, Until: t}}
}

// house is a household that tests change. hub and sheet name the keys in force.
type house struct {
	t          testing.TB
	s          *roster.State
	at         int64
	hub, sheet string
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// begin makes a household with anna as its owner, on the device anna1.
func begin(t testing.TB) *house {
	t.Helper()
	e := must[*dsse.Envelope](t)(dsse.New(roster.ThingGenesis, roster.Genesis{
		At: start, Device: deviceKeys("anna1"), Hub: hubKeys("hub"), Nonce: bytesOf("nonce", 32), Person: personID("anna"), Sheet: sheetKeys("sheet"),
	}))
	e.Sign(deviceID("anna1"), keyOf("anna1"))
	e.Sign(id.Sheet, keyOf("sheet"))
	e.Sign(id.Hub, keyOf("hub"))
	return &house{t, must[*roster.State](t)(roster.Start(e.Encode(), "")), start, "hub", "sheet"}
}

// family is a household ten days old: anna, ben and cleo are owners since its second day, dora since yesterday; gus is
// a guardian, vera a viewer, sam a guest. anna and ben have two devices. The sheet is anna's.
func family(t testing.TB) *house {
	h := begin(t)
	h.at += day
	h.do(roster.AddDevice{Device: deviceKeys("anna2"), Person: personID("anna")}, "anna1 anna2")
	h.add("ben", roster.Owner, nil)
	h.do(roster.AddDevice{Device: deviceKeys("ben2"), Person: personID("ben")}, "ben1 ben2")
	h.add("cleo", roster.Owner, nil)
	h.add("gus", roster.Guardian, nil)
	h.add("vera", roster.Viewer, always(roster.History))
	h.add("sam", roster.Guest, until(start+30*day))
	h.at = start + 9*day
	h.add("dora", roster.Owner, nil)
	h.at = start + 10*day
	return h
}

// clone lets a case go on from here without touching the household of the others.
func (h *house) clone(t testing.TB) *house {
	return &house{t, h.s.Clone(), h.at, h.hub, h.sheet}
}

// add lets anna bring in a person.
func (h *house) add(name string, role roster.Role, rights []roster.Right) {
	h.t.Helper()
	h.do(roster.AddPerson{Device: deviceKeys(name + "1"), Person: personID(name), Rights: rights, Role: role}, "anna1 "+name+"1")
}

// sign signs as each of the names: of devices, "sheet", "hub", or "sheet=KEY", "hub=KEY" and "anna1=KEY" by a key of
// another name.
func (h *house) sign(e *dsse.Envelope, names string) {
	for name := range strings.FieldsSeq(names) {
		who, key, other := strings.Cut(name, "=")
		switch who {
		case "sheet":
			e.Sign(id.Sheet, keyOf(pick(other, key, h.sheet)))
		case "hub":
			e.Sign(id.Hub, keyOf(pick(other, key, h.hub)))
		default:
			e.Sign(deviceID(who), keyOf(pick(other, key, who)))
		}
	}
}

func pick(other bool, a, b string) string {
	if other {
		return a
	}
	return b
}

// try appends a link signed by these and, unless they name it, by the hub.
func (h *house) try(op roster.Op, names string) error {
	h.t.Helper()
	e := must[*dsse.Envelope](h.t)(h.s.NewLink(h.at, op))
	h.sign(e, names)
	if !e.SignedBy(id.Hub) {
		h.sign(e, "hub")
	}
	return h.s.Append(e.Encode())
}

func (h *house) do(op roster.Op, names string) {
	h.t.Helper()
	if err := h.try(op, names); err != nil {
		h.t.Fatalf("%s by %s: %v", op.Kind(), names, err)
	}
}

// removal makes one of a device (anna1) or of a person (anna), signed by these.
func (h *house) removal(target, names string) []byte {
	h.t.Helper()
	make := func() (*dsse.Envelope, error) { return h.s.RemovePerson(h.at, personID(target)) }
	if strings.ContainsAny(target, "0123456789") {
		make = func() (*dsse.Envelope, error) { return h.s.RemoveDevice(h.at, deviceID(target)) }
	}
	e := must[*dsse.Envelope](h.t)(make())
	h.sign(e, names)
	return e.Encode()
}

// remove lets the hub carry out a removal.
func (h *house) remove(target, names string) error {
	h.t.Helper()
	return h.try(roster.Remove{Removal: h.removal(target, names)}, "")
}

// refused checks the rule, and that a refused link left the roster as it was.
func refused(t *testing.T, err error, want rule.Name) {
	t.Helper()
	if rule.Of(err) != want || (err == nil) != (want == "") {
		t.Errorf("refused by %q (%v); want %q", rule.Of(err), err, want)
	}
}

func ids(members []roster.Member) []id.Device {
	var out []id.Device
	for _, m := range members {
		out = append(out, m.ID)
	}
	return out
}

func devices(names ...string) []id.Device {
	var out []id.Device
	for _, n := range names {
		if n == "sheet" {
			out = append(out, id.Sheet)
		} else {
			out = append(out, deviceID(n))
		}
	}
	return out
}

func same(a, b []id.Device) bool { return slices.Equal(a, b) }
