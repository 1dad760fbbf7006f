// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"keyhold/statement/alert"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

// alertVectors are what the hub tells a device at once.
func alertVectors() file {
	c := &collector{}
	h := family()
	c.alerts(h)
	c.f.Vectors = append(c.f.Vectors, pressLeaves()...)
	return c.f
}

// pressLeaves are those of a press and of its moment.
func pressLeaves() []vector {
	press := &manifest.Press{Header: header(front, manifest.KindPress, 6), Number: 7, Pressed: start - 1000, Source: manifest.PressONVIF}
	of := samplePack(7)
	moment := &manifest.Moment{Header: header(front, manifest.KindMoment, 7), Epoch: of.Epoch, Number: 7, Object: of.Object, Session: of.Session}
	thumbs := of.Files[len(of.Files)-1]
	for _, f := range []manifest.File{of.Files[0], thumbs} {
		f.Offset = moment.Size
		moment.Size += f.Size
		moment.Files = append(moment.Files, f)
	}
	bare := *moment
	bare.Files, bare.Size = moment.Files[:1], moment.Files[0].Size
	var out []vector
	for _, l := range []struct {
		name string
		leaf manifest.Leaf
	}{{"a press", press}, {"a moment", moment}, {"a moment without a single picture", &bare}} {
		v := accept(l.name)
		v.Input = must(manifest.EncodeLeaf(l.leaf))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
	}
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	out = append(out, spoil("press", tree(press), seal)...)
	out = append(out, spoilFields("press", tree(press), seal,
		bad{"number 0", int64(0), []any{"number"}}, bad{"time 0", int64(0), []any{"pressed"}}, bad{"of the household", "household", []any{"camera"}}, bad{"by motion", "motion", []any{"source"}}, bad{"by nobody", "", []any{"source"}})...)
	out = append(out, spoil("moment", tree(moment), seal)...)
	twice := append(tree(moment)["files"].([]any), tree(moment)["files"].([]any)[1])
	out = append(out, spoilFields("moment", tree(moment), seal,
		bad{"number 0", int64(0), []any{"number"}}, bad{"of the household", "household", []any{"camera"}}, bad{"no file", []any{}, []any{"files"}}, bad{"three files", twice, []any{"files"}}, bad{"two segments", manifest.FileSegment, []any{"files", 1, "kind"}}, bad{"a picture first", manifest.FileThumbs, []any{"files", 0, "kind"}},
		bad{"a hole between files", int64(1), []any{"files", 0, "offset"}}, bad{"longer than its files", moment.Size + 1, []any{"size"}}, bad{"an object that is none", "obj_", []any{"object"}}, bad{"an epoch that is none", "epo_", []any{"epoch"}})...)
	for i := range out {
		out[i].Thing = "leaf"
	}
	return out
}

// filled is a payload with as many zeros as fill it, and more.
func filled(p alert.Payload, more int) alert.Payload {
	p.Pad = ""
	p.Pad = strings.Repeat("0", max(0, alert.Size-len(must(canon.Marshal(p)))+more))
	return p
}

func (c *collector) alerts(h *house) {
	anna, hub := deviceNamed("anna1"), h.by("hub")
	good := alert.Payload{At: h.at, Camera: cameraNamed("door"), Household: h.s.Household, Kind: alert.Press, Seq: 7, To: anna}
	add := func(v vector, input []byte, last int64) {
		v.Thing = alert.Thing
		v = c.on(h, v)
		v.Input, v.Device, v.At, v.Index = input, string(anna), h.at, last
		c.f.Vectors = append(c.f.Vectors, v)
	}
	try := func(name string, r rule.Name, last int64, edit func(*alert.Payload), by ...signer) {
		p := good
		edit(&p)
		p = filled(p, 0)
		v := refuse(name, r)
		if r == "" {
			v = accept(name)
			v.Result = map[string]any{"at": p.At, "camera": p.Camera, "kind": p.Kind, "seq": p.Seq}
		}
		if by == nil {
			by = []signer{hub}
		}
		add(v, signed(alert.Thing, p, by...).Encode(), last)
	}
	try("a press", "", 0, func(*alert.Payload) {})
	try("the next one", "", 6, func(*alert.Payload) {})
	try("the highest number", "", 1<<53-2, func(p *alert.Payload) { p.Seq = 1<<53 - 1 })
	try("a test, of no camera", "", 0, func(p *alert.Payload) { p.Kind, p.Camera = alert.Test, id.HouseholdCamera })
	try("a test, of a camera", "", 0, func(p *alert.Payload) { p.Kind = alert.Test })
	try("two minutes old", "", 0, func(p *alert.Payload) { p.At -= request.Window })
	try("older", rule.Time, 0, func(p *alert.Payload) { p.At -= request.Window + 1 })
	try("two minutes ahead", "", 0, func(p *alert.Payload) { p.At += request.Window })
	try("further ahead", rule.Time, 0, func(p *alert.Payload) { p.At += request.Window + 1 })
	try("with the number of the last", rule.Replay, 7, func(*alert.Payload) {})
	try("with a lower number than the last", rule.Replay, 8, func(*alert.Payload) {})
	try("with a lower number, and old", rule.Replay, 8, func(p *alert.Payload) { p.At -= request.Window + 1 })
	try("for another device", rule.Audience, 0, func(p *alert.Payload) { p.To = deviceNamed("ben1") })
	try("of another household", rule.Household, 0, func(p *alert.Payload) { p.Household = id.Household(id.HashOf([]byte("x")).String()) })
	try("signed by a member", rule.Signer, 0, func(*alert.Payload) {}, h.by("ben1"))
	try("signed by a member as well", rule.Signer, 0, func(*alert.Payload) {}, hub, h.by("ben1"))
	try("signed by another hub", rule.Signature, 0, func(*alert.Payload) {}, signer{id.Hub, pair("house hub2").Signing})
	add(refuse("shorter than the others", rule.Field), signed(alert.Thing, filled(good, -1), hub).Encode(), 0)
	add(refuse("longer than the others", rule.Field), signed(alert.Thing, filled(good, 1), hub).Encode(), 0)
	add(refuse("a signal in its place", rule.PayloadType), signed(signal.Thing, h.signal(signal.End, "hub", "anna1"), hub).Encode(), 0)
	whole := tree(filled(good, 0))
	seal := func(o object) vector { return vector{Input: signed(alert.Thing, o, hub).Encode()} }
	for _, v := range append(spoil("alert", whole, seal), spoilFields("alert", whole, seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"number 0", int64(0), []any{"seq"}}, bad{"a press at no camera", "household", []any{"camera"}}, bad{"a camera that is none", "door", []any{"camera"}}, bad{"motion", "motion", []any{"kind"}},
		bad{"filled with something else", strings.Repeat("x", 200), []any{"pad"}}, bad{"for the hub", "hub", []any{"to"}}, bad{"for the sheet", "sheet", []any{"to"}}, bad{"for a passkey", fixedID("pas_", "x"), []any{"to"}}, bad{"a household that is no hash", "home", []any{"household"}})...) {
		add(v, v.Input, 0)
	}
}
