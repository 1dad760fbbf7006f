// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

func foundNamed(name string) id.Found { return id.Found(fixedID("fnd_", name)) }

// findVectors are questions about cameras that may be found, and the hub's answers.
func findVectors() file {
	c := &collector{}
	h := family()
	c.questions(h)
	c.found(h)
	return c.f
}

func (h *house) find(kind string) finding.Find {
	f := finding.Find{At: h.at, Device: deviceNamed("anna1"), Household: h.s.Household, Kind: kind, Nonce: fixed("find nonce", 16)}
	switch kind {
	case finding.Try:
		f.Found, f.User, f.Password = foundNamed("garden"), "admin", "a password"
	case finding.Add:
		f.Found, f.Name = foundNamed("garden"), "Garden"
	}
	return f
}

// asked adds a vector of a question or an answer as its reader reads it. before are questions that came before, or wait.
func (c *collector) asked(h *house, v vector, thing string, input []byte, to, sealedBy id.Device, before ...[]byte) {
	v.Thing = thing
	v = c.on(h, v)
	v.Input, v.Device, v.Text, v.At, v.Leaves = input, string(to), string(sealedBy), h.at, before
	c.f.Vectors = append(c.f.Vectors, v)
}

func (c *collector) questions(h *house) {
	anna := h.by("anna1")
	try := func(name string, r rule.Name, kind string, edit func(*finding.Find), by ...signer) {
		f := h.find(kind)
		edit(&f)
		v := refuse(kind+": "+name, r)
		if r == "" {
			v = accept(kind + ": " + name)
			v.Result = f.Kind
		}
		c.asked(h, v, finding.Thing, signed(finding.Thing, f, by...).Encode(), id.Hub, anna.id)
	}
	same := func(*finding.Find) {}
	for _, kind := range []string{finding.Look, finding.Try, finding.Add, finding.Check} {
		try("as it ought to be", "", kind, same, anna)
	}
	try("of one address", "", finding.Look, func(f *finding.Find) { f.Address = "192.168.1.20" }, anna)
	try("without a password", "", finding.Try, func(f *finding.Find) { f.User, f.Password = "", "" }, anna)
	try("with a user alone", "", finding.Try, func(f *finding.Find) { f.Password = "" }, anna)
	try("with a form of recording", "", finding.Add, func(f *finding.Find) { f.Recorded = request.RecordMade }, anna)
	try("two minutes old", "", finding.Look, func(f *finding.Find) { f.At -= 120_000 }, anna)
	try("older", rule.Time, finding.Look, func(f *finding.Find) { f.At -= 120_001 }, anna)
	try("from the future", rule.Time, finding.Look, func(f *finding.Find) { f.At += 120_001 }, anna)
	try("of another household", rule.Household, finding.Look, func(f *finding.Find) { f.Household = id.Household(id.HashOf([]byte("x")).String()) }, anna)
	try("in the name of another device", rule.Audience, finding.Look, func(f *finding.Find) { f.Device = deviceNamed("ben1") }, anna)
	try("signed by another of the household", rule.Signer, finding.Look, same, h.by("ben1"))
	try("signed by two", rule.Signer, finding.Look, same, anna, h.by("ben1"))
	try("signed with another's key", rule.Signature, finding.Look, same, signer{anna.id, pair("house ben1").Signing})
	e := signed(finding.Thing, h.find(finding.Try), anna).Encode()
	c.asked(h, refuse("a nonce that came before", rule.Replay), finding.Thing, signed(finding.Thing, h.find(finding.Look), anna).Encode(), id.Hub, anna.id, e)
	c.asked(h, refuse("brought by somebody else", rule.Audience), finding.Thing, e, id.Hub, deviceNamed("ben1"))
	gone := h.clone()
	gone.remove("sam", "anna1")
	f := h.find(finding.Look)
	f.Device = deviceNamed("sam1")
	c.asked(gone, refuse("by a device that was removed", rule.Signer), finding.Thing, signed(finding.Thing, f, h.by("sam1")).Encode(), id.Hub, f.Device)
	c.asked(h, refuse("an answer in its place", rule.PayloadType), finding.Thing, signed(finding.ThingFound, h.answer(), anna).Encode(), id.Hub, anna.id)

	seal := func(o object) vector { return vector{Input: signed(finding.Thing, o, anna).Encode()} }
	long := strings.Repeat("a", 201)
	var spoiled []vector
	spoiled = append(spoiled, spoil("look", tree(h.find(finding.Look)), seal)...)
	spoiled = append(spoiled, spoilFields("look", tree(h.find(finding.Look)), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"a name as address", "camera.local", []any{"address"}}, bad{"an address with a port", "192.168.1.20:80", []any{"address"}}, bad{"an address spelled otherwise", "192.168.1.020", []any{"address"}},
		bad{"an address of the sixth version", "fd00::1", []any{"address"}}, bad{"a number too large", "192.168.1.256", []any{"address"}}, bad{"three numbers", "192.168.1", []any{"address"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"by the hub", "hub", []any{"device"}},
		bad{"a kind that nobody knows", "guess", []any{"kind"}}, bad{"with a camera", string(foundNamed("garden")), []any{"found"}}, bad{"with a name", "Garden", []any{"name"}}, bad{"with a password", "secret", []any{"password"}}, bad{"with a user", "admin", []any{"user"}}, bad{"with a form of recording", "made", []any{"recorded"}},
		bad{"a nonce of 15 bytes", b64(make([]byte, 15)), []any{"nonce"}}, bad{"a household that is no hash", "home", []any{"household"}})...)
	spoiled = append(spoiled, spoilFields("try", tree(h.find(finding.Try)), seal,
		bad{"nothing", "", []any{"found"}}, bad{"a camera of the household", string(cameraNamed("garden")), []any{"found"}}, bad{"a password without a user", "", []any{"user"}}, bad{"a user that is too long", long, []any{"user"}},
		bad{"a password that is too long", long, []any{"password"}}, bad{"with an address", "192.168.1.20", []any{"address"}}, bad{"with a name", "Garden", []any{"name"}})...)
	spoiled = append(spoiled, spoilFields("add", tree(h.find(finding.Add)), seal,
		bad{"a form of recording that nobody knows", "h265", []any{"recorded"}}, bad{"an empty form of recording", "", []any{"recorded"}}, bad{"no name", "", []any{"name"}}, bad{"a name that is too long", long, []any{"name"}}, bad{"nothing", "", []any{"found"}}, bad{"with a password", "secret", []any{"password"}}, bad{"with an address", "192.168.1.20", []any{"address"}})...)
	spoiled = append(spoiled, spoilFields("check", tree(h.find(finding.Check)), seal,
		bad{"with a camera", string(foundNamed("garden")), []any{"found"}}, bad{"with an address", "192.168.1.20", []any{"address"}})...)
	for _, v := range spoiled {
		c.asked(h, v, finding.Thing, v.Input, id.Hub, anna.id)
	}
}

func (h *house) answer() finding.Found {
	one := func(name string, camera id.Camera) finding.One {
		return finding.One{Address: "192.168.1.20", Camera: camera, Found: foundNamed(name), Maker: "Maker", Model: "Model", Password: camera == ""}
	}
	return finding.Found{
		At: h.at, Camera: cameraNamed("garden"), Cameras: []finding.One{one("garden", ""), one("door", cameraNamed("door"))}, Height: 1080, Household: h.s.Household,
		Nonce: fixed("find nonce", 16), Picture: []byte{0xff, 0xd8}, Swapped: []id.Camera{cameraNamed("door")}, To: deviceNamed("anna1"), Width: 1920,
	}
}

func (c *collector) found(h *house) {
	anna, hub := deviceNamed("anna1"), h.by("hub")
	waits := signed(finding.Thing, h.find(finding.Look), h.by("anna1")).Encode()
	try := func(name string, r rule.Name, edit func(*finding.Found), by signer, waiting ...[]byte) {
		f := h.answer()
		edit(&f)
		v := refuse("found: "+name, r)
		if r == "" {
			v = accept("found: " + name)
			v.Result = len(f.Cameras)
		}
		c.asked(h, v, finding.ThingFound, signed(finding.ThingFound, f, by).Encode(), anna, id.Hub, waiting...)
	}
	same := func(*finding.Found) {}
	try("as it ought to be", "", same, hub, waits)
	try("nothing", "", func(f *finding.Found) {
		*f = finding.Found{At: f.At, Cameras: []finding.One{}, Error: "denied", Household: f.Household, Nonce: f.Nonce, Picture: []byte{}, Swapped: []id.Camera{}, To: f.To}
	}, hub, waits)
	crowd := func(n int) func(*finding.Found) {
		return func(f *finding.Found) {
			f.Cameras = nil
			for i := range n {
				f.Cameras = append(f.Cameras, finding.One{Found: foundNamed(fmt.Sprint(i))})
			}
		}
	}
	try("as many as fit", "", crowd(finding.MaxFound), hub, waits)
	try("one more", rule.Field, crowd(finding.MaxFound+1), hub, waits)
	try("the largest picture", "", func(f *finding.Found) { f.Picture = make([]byte, finding.MaxPicture) }, hub, waits)
	try("a larger picture", rule.Field, func(f *finding.Found) { f.Picture = make([]byte, finding.MaxPicture+1) }, hub, waits)
	try("with a choice", "", func(f *finding.Found) { f.Choice = &finding.Choice{Cost: 41, Small: true} }, hub, waits)
	try("a cost below 0", rule.Field, func(f *finding.Found) { f.Choice = &finding.Choice{Cost: -1} }, hub, waits)
	try("two minutes old", "", func(f *finding.Found) { f.At -= 120_000 }, hub, waits)
	try("older", rule.Time, func(f *finding.Found) { f.At -= 120_001 }, hub, waits)
	try("to no question", rule.Replay, same, hub)
	try("to another question", rule.Replay, func(f *finding.Found) { f.Nonce = fixed("another nonce", 16) }, hub, waits)
	try("told to another device", rule.Audience, func(f *finding.Found) { f.To = deviceNamed("ben1") }, hub, waits)
	try("of another household", rule.Household, func(f *finding.Found) { f.Household = id.Household(id.HashOf([]byte("x")).String()) }, hub, waits)
	try("signed by a member", rule.Signer, same, h.by("ben1"), waits)
	try("signed by another hub", rule.Signature, same, signer{id.Hub, pair("house hub2").Signing}, waits)
	seal := func(o object) vector { return vector{Input: signed(finding.ThingFound, o, hub).Encode()} }
	for _, v := range append(spoil("found", tree(h.answer()), seal), spoilFields("found", tree(h.answer()), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"a camera that is none", string(foundNamed("x")), []any{"camera"}}, bad{"the household as camera", "household", []any{"camera"}}, bad{"a handle that is none", string(cameraNamed("x")), []any{"cameras", 0, "found"}},
		bad{"a maker of too many words", strings.Repeat("a", finding.MaxWords+1), []any{"cameras", 0, "maker"}}, bad{"an address that is too long", strings.Repeat("1", 65), []any{"cameras", 1, "address"}}, bad{"a word that is too long", strings.Repeat("a", 65), []any{"error"}},
		bad{"a width below 0", int64(-1), []any{"width"}}, bad{"a height that is none", int64(16_385), []any{"height"}}, bad{"swapped: the household", "household", []any{"swapped", 0}}, bad{"told to the hub", "hub", []any{"to"}}, bad{"told to a passkey", fixedID("pas_", "x"), []any{"to"}},
		bad{"a nonce of 15 bytes", b64(make([]byte, 15)), []any{"nonce"}})...) {
		c.asked(h, v, finding.ThingFound, v.Input, anna, id.Hub, waits)
	}
	c.asked(h, refuse("found: a question in its place", rule.PayloadType), finding.ThingFound, waits, anna, id.Hub, waits)
}
