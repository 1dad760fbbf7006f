// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// numbersOf is how many numbers of leaves stand for one statement of the roster.
const numbersOf = int64(1) << 32

func leftRun(name string, size int64) roster.ClosedRun {
	return roster.ClosedRun{Root: id.HashOf([]byte(name)), Run: id.Run(fixedID("run_", "house "+name)), Size: size}
}

// eraVectors go on from households whose hub was replaced. thing says what is read: a checkpoint (text), or a status,
// names, a label (input), or a leaf in a run (text).
func eraVectors() file {
	c := &collector{}
	h := alone()
	before := h.s.Head
	h.do(roster.ReplaceHub{Hub: hubNamed("hub2"), Runs: []roster.ClosedRun{leftRun("one", 70), leftRun("two", 300)}}, "anna1 hub=hub2")
	h.hub = "hub2"
	first := h.s.Head
	h.do(roster.AddDevice{Device: deviceKeysNamed("anna2"), Person: personNamed("anna")}, "anna1 anna2")
	second := h.s.Head
	h.do(roster.ReplaceHub{Hub: hubNamed("hub3"), Runs: []roster.ClosedRun{leftRun("three", 9)}}, "sheet hub=hub3")
	h.base("twice")
	add := func(thing string, v vector, input []byte, text string) {
		v = c.on(h, v)
		v.Thing, v.Input, v.Text = thing, input, text
		c.f.Vectors = append(c.f.Vectors, v)
	}
	result := func(v vector, r any) vector {
		v.Result = r
		return v
	}
	note := func(hub string, r roster.ClosedRun) string {
		cp := manifest.Checkpoint{Household: h.s.Household, Run: r.Run, Size: r.Size, Root: r.Root, At: start}
		return must(cp.Sign(pair("house " + hub).Signing))
	}
	size := func(n int64) any { return map[string]any{"size": n} }
	add("checkpoint", result(accept("a run that the first hub left behind"), size(70)), nil, note("hub", leftRun("one", 70)))
	add("checkpoint", result(accept("its second run"), size(300)), nil, note("hub", leftRun("two", 300)))
	add("checkpoint", result(accept("a run that the second hub left behind"), size(9)), nil, note("hub2", leftRun("three", 9)))
	add("checkpoint", result(accept("a run of the hub in force"), size(5)), nil, note("hub3", leftRun("four", 5)))
	longer := leftRun("two", 301)
	longer.Root = id.HashOf([]byte("longer"))
	add("checkpoint", result(accept("a replaced hub went on with its run: that counts for nothing"), size(300)), nil, note("hub", longer))
	add("checkpoint", refuse("a replaced hub begins a run", rule.Checkpoint), nil, note("hub", leftRun("four", 5)))
	add("checkpoint", refuse("the second hub begins a run after the third took over", rule.Checkpoint), nil, note("hub2", leftRun("four", 5)))
	add("checkpoint", refuse("the hub in force signs a run of the first", rule.Checkpoint), nil, note("hub3", leftRun("two", 300)))
	add("checkpoint", refuse("the second hub signs a run of the first", rule.Checkpoint), nil, note("hub2", leftRun("one", 70)))
	add("checkpoint", refuse("a run that was left behind ends too early", rule.RolledBack), nil, note("hub", leftRun("two", 299)))
	other := leftRun("two", 300)
	other.Root = id.HashOf([]byte("other"))
	add("checkpoint", refuse("a run that was left behind is another", rule.Forked), nil, note("hub", other))

	signedBy := func(hub, thing string, payload any) []byte {
		return signed(thing, payload, signer{id.Hub, pair("house " + hub).Signing}).Encode()
	}
	status := func(head roster.Head) any {
		return manifest.Status{At: start, Head: head.Hash, Household: h.s.Household, Run: leftRun("four", 0).Run, Signed: 9, Uploaded: 9}
	}
	names := func(head roster.Head, seq int64) any {
		return manifest.Names{At: start, Cameras: []manifest.NamedCam{}, Devices: []manifest.NamedDev{}, Head: head.Hash, Household: h.s.Household, Persons: []manifest.NamedPer{}, Seq: seq, Zone: "UTC"}
	}
	label := func(head roster.Head, seq int64) any {
		return manifest.Label{At: start, Camera: cameraNamed("garden"), Head: head.Hash, Household: h.s.Household, Name: "Garden", Seq: seq, Zone: "UTC"}
	}
	names2 := func(head roster.Head, seq int64) any {
		placed := []manifest.PlacedCam{{ID: cameraNamed("garden"), Name: "Garden", Room: "Outside", State: manifest.NameOn}}
		return manifest.Names2{At: start, Cameras: placed, Devices: []manifest.NamedDev{}, Head: head.Hash, Household: h.s.Household, Persons: []manifest.NamedPer{}, Seq: seq, Zone: "UTC"}
	}
	label2 := func(head roster.Head, seq int64) any {
		return manifest.Label2{At: start, Camera: cameraNamed("garden"), Head: head.Hash, Household: h.s.Household, Name: "Garden", Room: "Outside", Seq: seq, Zone: "UTC"}
	}
	now := h.s.Head
	current := func(yes bool) any { return map[string]any{"current": yes} }
	add("status", result(accept("a status of the hub in force"), current(true)), signedBy("hub3", manifest.ThingStatus, status(now)), "")
	add("status", result(accept("the last status of the first hub"), current(false)), signedBy("hub", manifest.ThingStatus, status(before)), "")
	add("status", result(accept("a status of the second hub, at the link that put it in"), current(false)), signedBy("hub2", manifest.ThingStatus, status(first)), "")
	add("status", refuse("the second hub speaks at the newest head", rule.Signature), signedBy("hub2", manifest.ThingStatus, status(now)), "")
	add("status", refuse("the first hub speaks at the link that replaced it", rule.Signature), signedBy("hub", manifest.ThingStatus, status(first)), "")
	add("status", refuse("the hub in force speaks of a time before it", rule.Signature), signedBy("hub3", manifest.ThingStatus, status(second)), "")
	base2, base3 := first.Seq*numbersOf, now.Seq*numbersOf
	for _, x := range []struct {
		thing string
		of    func(roster.Head, int64) any
	}{{manifest.ThingNames, names}, {manifest.ThingLabel, label}, {manifest.ThingNames2, names2}, {manifest.ThingLabel2, label2}} {
		seq := func(n int64) any { return map[string]any{"seq": n} }
		add(x.thing, result(accept(x.thing+" of the first hub"), seq(7)), signedBy("hub", x.thing, x.of(before, 7)), "")
		add(x.thing, result(accept(x.thing+" of the second hub"), seq(base2+1)), signedBy("hub2", x.thing, x.of(second, base2+1)), "")
		add(x.thing, result(accept(x.thing+" of the hub in force"), seq(base3+5)), signedBy("hub3", x.thing, x.of(now, base3+5)), "")
		add(x.thing, refuse(x.thing+" of the first hub with a number of the second", rule.RolledBack), signedBy("hub", x.thing, x.of(before, base2)), "")
		add(x.thing, refuse(x.thing+" of the second hub with a number of the third", rule.RolledBack), signedBy("hub2", x.thing, x.of(second, base3+1)), "")
		add(x.thing, refuse(x.thing+" of the hub in force with a number of the first", rule.RolledBack), signedBy("hub3", x.thing, x.of(now, 8)), "")
		add(x.thing, refuse(x.thing+" by the first hub at the newest head", rule.Signature), signedBy("hub", x.thing, x.of(now, base3+1)), "")
		add(x.thing, refuse(x.thing+" at a head that nobody knows, by a replaced hub", rule.Signature), signedBy("hub2", x.thing, x.of(roster.Head{Hash: id.HashOf([]byte("nowhere"))}, base2+2)), "")
	}
	leaf := func(seq int64) []byte {
		return must(manifest.EncodeLeaf(&manifest.Heartbeat{Header: manifest.Header{At: start, Camera: cameraNamed("garden"), Kind: manifest.KindHeartbeat, Salt: fixed("salt", 16), Seq: seq}}))
	}
	runs := map[string]string{"first": string(leftRun("one", 0).Run), "second": string(leftRun("three", 0).Run), "hub in force": string(leftRun("four", 0).Run)}
	for _, x := range []struct {
		of  string
		seq int64
	}{{"first", 0}, {"first", base2 - 1}, {"second", base2}, {"second", base3 - 1}, {"hub in force", base3}} {
		add("leaf", accept("a leaf of the "+x.of+" within its numbers"), leaf(x.seq), runs[x.of])
		c.f.Vectors[len(c.f.Vectors)-1].Index = x.seq
	}
	add("leaf", refuse("a leaf of the first hub beyond its numbers", rule.SeqGap), leaf(base2), runs["first"])
	add("leaf", refuse("a leaf of the second hub before its numbers", rule.SeqGap), leaf(base2-1), runs["second"])
	add("leaf", refuse("a leaf of the hub in force before its numbers", rule.SeqGap), leaf(base3-1), runs["hub in force"])
	return c.f
}

// leftBehind are what a link may say of the runs that a hub has left behind.
func (c *collector) leftBehind(one *house) {
	r := one.clone()
	op := roster.ReplaceHub{Hub: hubNamed("hub2"), Runs: []roster.ClosedRun{leftRun("one", 70), leftRun("two", 0)}}
	c.try("a new hub, and what the old one left behind", r, op, "anna1 hub=hub2", "")
	o := tree(linkOf(r, op))
	bytesOf := func(value any, path ...any) []byte {
		return signed(roster.ThingLink, with(o, value, append([]any{"op", "runs"}, path...)...),
			signer{deviceNamed("anna1"), pair("house anna1").Signing}, signer{id.Hub, pair("house hub2").Signing}).Encode()
	}
	c.raw("a run that is none", r, bytesOf("run_x", 0, "run"), rule.Field)
	c.raw("a run of less than nothing", r, bytesOf(int64(-1), 1, "size"), rule.Field)
	c.raw("a run with a malformed root", r, bytesOf("x", 0, "root"), rule.Field)
	c.raw("a run twice", r, bytesOf(string(leftRun("one", 0).Run), 1, "run"), rule.Field)
	c.raw("a run without a size", r, bytesOf(object{"root": leftRun("one", 0).Root.String(), "run": string(leftRun("one", 0).Run)}, 0), rule.Shape)
	many := []any{}
	for i := range 257 {
		x := leftRun("many"+fmt.Sprint(i), 1)
		many = append(many, object{"root": x.Root.String(), "run": string(x.Run), "size": int64(1)})
	}
	c.raw("256 runs", r, bytesOf(many[:256]), "")
	c.raw("257 runs", r, bytesOf(many), rule.Field)
}
