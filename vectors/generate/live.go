// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

const sampleSDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

func viewNamed(name string) id.View { return id.View(fixedID("vie_", name)) }

// liveVectors are signals, what the hub tells of who is watching, and the leaves of live looks.
func liveVectors() file {
	c := &collector{}
	h := family()
	c.offers(h)
	c.answers(h)
	c.watching(h)
	c.f.Vectors = append(c.f.Vectors, liveLeaves()...)
	return c.f
}

// asked are signals of one device for one reader.
func (h *house) signal(kind, from, to string) signal.Signal {
	named := func(name string) id.Device {
		if name == "hub" {
			return id.Hub
		}
		return deviceNamed(name)
	}
	s := signal.Signal{
		At: h.at, Cameras: []id.Camera{}, From: named(from), Head: h.s.Head.Hash, Household: h.s.Household, Kind: kind, Nonce: fixed("signal nonce", 16), To: named(to), View: viewNamed("view"),
	}
	switch kind {
	case signal.Offer, signal.Answer:
		s.Body = sampleSDP
	case signal.Refused:
		s.Body = signal.Denied
	case signal.End:
		if from == "hub" {
			s.Body = signal.EndRight
		}
	}
	if kind == signal.Offer || kind == signal.Answer || kind == signal.Refused {
		s.Cameras = []id.Camera{cameraNamed("garden"), cameraNamed("door")}
	}
	return s
}

func (h *house) by(name string) signer {
	if name == "hub" {
		return signer{id.Hub, pair("house hub").Signing}
	}
	return signer{deviceNamed(name), pair("house " + name).Signing}
}

// heard adds a vector of a signal as its reader hears it.
func (c *collector) heard(h *house, v vector, input []byte, to, sealedBy id.Device, at int64, before ...[]byte) {
	v.Thing = signal.Thing
	v = c.on(h, v)
	v.Input, v.Device, v.Text, v.At, v.Leaves = input, string(to), string(sealedBy), at, before
	c.f.Vectors = append(c.f.Vectors, v)
}

func (c *collector) offers(h *house) {
	good := h.signal(signal.Offer, "sam1", "hub")
	sam := h.by("sam1")
	change := func(name string, r rule.Name, edit func(*signal.Signal), by ...signer) {
		s := good
		s.Cameras = append([]id.Camera{}, good.Cameras...)
		edit(&s)
		v := refuse(name, r)
		e := signed(signal.Thing, s, by...)
		if r == "" {
			v = accept(name)
			v.Result = e.Hash().String()
		}
		c.heard(h, v, e.Encode(), id.Hub, sam.id, h.at)
	}
	change("an offer", "", func(*signal.Signal) {}, sam)
	change("an offer of sixteen cameras", "", func(s *signal.Signal) {
		s.Cameras = nil
		for n := range signal.MaxCameras {
			s.Cameras = append(s.Cameras, cameraNamed(fmt.Sprint(n)))
		}
	}, sam)
	change("half a minute old", "", func(s *signal.Signal) { s.At -= signal.Window }, sam)
	change("older", rule.Time, func(s *signal.Signal) { s.At -= signal.Window + 1 }, sam)
	change("half a minute ahead", "", func(s *signal.Signal) { s.At += signal.Window }, sam)
	change("further ahead", rule.Time, func(s *signal.Signal) { s.At += signal.Window + 1 }, sam)
	change("under an earlier head", rule.Head, func(s *signal.Signal) { s.Head = must(hashAt(h, h.s.Head.Seq-1)) }, sam)
	change("under a head that nobody knows", rule.Head, func(s *signal.Signal) { s.Head = id.HashOf([]byte("x")) }, sam)
	change("old, under an earlier head", rule.Time, func(s *signal.Signal) {
		s.At, s.Head = s.At-signal.Window-1, must(hashAt(h, h.s.Head.Seq-1))
	}, sam)
	change("of another household", rule.Household, func(s *signal.Signal) { s.Household = id.Household(id.HashOf([]byte("x")).String()) }, sam)
	change("in the name of another device", rule.Audience, func(s *signal.Signal) { s.From = deviceNamed("anna1") }, sam)
	change("signed by another of the household", rule.Signer, func(*signal.Signal) {}, h.by("anna1"))
	change("signed by two", rule.Signer, func(*signal.Signal) {}, sam, h.by("anna1"))
	change("signed with another's key", rule.Signature, func(*signal.Signal) {}, signer{sam.id, pair("house anna1").Signing})
	e := signed(signal.Thing, good, sam)
	again := good
	again.View, again.Body = viewNamed("another view"), sampleSDP+"a=x\r\n"
	c.heard(h, refuse("a nonce that came before", rule.Replay), signed(signal.Thing, again, sam).Encode(), id.Hub, sam.id, h.at, e.Encode())
	c.heard(h, refuse("the same twice, long after", rule.Time), e.Encode(), id.Hub, sam.id, h.at+signal.Window+1, e.Encode())
	c.heard(h, refuse("brought by somebody else", rule.Audience), e.Encode(), id.Hub, deviceNamed("anna1"), h.at)
	c.heard(h, refuse("brought to a device", rule.Audience), e.Encode(), deviceNamed("anna1"), sam.id, h.at)
	eve := h.signal(signal.Offer, "eve1", "hub")
	c.heard(h, refuse("by a device that is not there", rule.Signer), signed(signal.Thing, eve, h.by("eve1")).Encode(), id.Hub, eve.From, h.at)
	gone := h.clone()
	gone.remove("sam", "anna1")
	c.heard(gone, refuse("by a device that was removed", rule.Signer), e.Encode(), id.Hub, sam.id, h.at)
	c.heard(h, refuse("a link in its place", rule.PayloadType), h.link(newDevice("ben"), "ben1 new1"), id.Hub, sam.id, h.at)

	seal := func(o object) vector { return vector{Input: signed(signal.Thing, o, sam).Encode()} }
	for _, v := range append(spoil("offer", tree(good), seal), spoilFields("offer", tree(good), seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"no SDP", "", []any{"body"}}, bad{"an SDP that is too long", strings.Repeat("a", signal.MaxBody+1), []any{"body"}}, bad{"an SDP with an umlaut", "ü", []any{"body"}},
		bad{"no camera", []any{}, []any{"cameras"}}, bad{"seventeen cameras", many(17), []any{"cameras"}}, bad{"a camera twice", []any{string(cameraNamed("a")), string(cameraNamed("a"))}, []any{"cameras"}}, bad{"the household as camera", "household", []any{"cameras", 0}},
		bad{"by a passkey", fixedID("pas_", "x"), []any{"from"}}, bad{"by the sheet", "sheet", []any{"from"}}, bad{"by the hub, to itself", "hub", []any{"from"}}, bad{"to a device", string(deviceNamed("anna1")), []any{"to"}}, bad{"to the sheet", "sheet", []any{"to"}},
		bad{"a kind that nobody knows", "candidate", []any{"kind"}}, bad{"an answer by a device", signal.Answer, []any{"kind"}}, bad{"a refusal by a device", signal.Refused, []any{"kind"}}, bad{"an end with an SDP", signal.End, []any{"kind"}}, bad{"a question with an SDP", signal.Ask, []any{"kind"}},
		bad{"a nonce of 15 bytes", b64(make([]byte, 15)), []any{"nonce"}}, bad{"a view that is none", fixedID("cam_", "view"), []any{"view"}}, bad{"a household that is no hash", "home", []any{"household"}})...) {
		c.heard(h, v, v.Input, id.Hub, sam.id, h.at)
	}
	for _, kind := range []string{signal.End, signal.Ask} {
		s := h.signal(kind, "sam1", "hub")
		s.Head = must(hashAt(h, 1)) // it does not matter here
		e := signed(signal.Thing, s, sam)
		v := accept(kind + " by a device")
		v.Result = e.Hash().String()
		c.heard(h, v, e.Encode(), id.Hub, sam.id, h.at)
		s.Cameras = good.Cameras
		c.heard(h, refuse(kind+" with cameras", rule.Field), signed(signal.Thing, s, sam).Encode(), id.Hub, sam.id, h.at)
	}
}

func hashAt(h *house, seq int64) (id.Hash, error) {
	hash, ok := h.s.HashAt(seq)
	if !ok {
		return id.Hash{}, fmt.Errorf("no link %d", seq)
	}
	return hash, nil
}

func (c *collector) answers(h *house) {
	sam, hub := h.by("sam1"), h.by("hub")
	offer := signed(signal.Thing, h.signal(signal.Offer, "sam1", "hub"), sam).Encode()
	for _, kind := range []string{signal.Answer, signal.Refused, signal.End} {
		good := h.signal(kind, "hub", "sam1")
		try := func(name string, r rule.Name, edit func(*signal.Signal), by signer, waiting ...[]byte) {
			s := good
			edit(&s)
			v := refuse(kind+": "+name, r)
			e := signed(signal.Thing, s, by)
			if r == "" {
				v = accept(kind + ": " + name)
				v.Result = e.Hash().String()
			}
			c.heard(h, v, e.Encode(), sam.id, id.Hub, h.at, waiting...)
		}
		try("by the hub", "", func(*signal.Signal) {}, hub, offer)
		try("for another device", rule.Audience, func(s *signal.Signal) { s.To = deviceNamed("anna1") }, hub, offer)
		try("too old", rule.Time, func(s *signal.Signal) { s.At -= signal.Window + 1 }, hub, offer)
		try("by another hub", rule.Signature, func(*signal.Signal) {}, signer{id.Hub, pair("house hub2").Signing}, offer)
		if kind == signal.End {
			try("a word that nobody knows", rule.Field, func(s *signal.Signal) { s.Body = "bored" }, hub, offer)
			try("no word", rule.Field, func(s *signal.Signal) { s.Body = "" }, hub, offer)
			continue
		}
		try("to an offer that nobody made", rule.Replay, func(*signal.Signal) {}, hub)
		try("of another view", rule.Replay, func(s *signal.Signal) { s.View = viewNamed("another view") }, hub, offer)
		try("to another nonce", rule.Replay, func(s *signal.Signal) { s.Nonce = fixed("another nonce", 16) }, hub, offer)
		try("for other cameras", rule.Replay, func(s *signal.Signal) { s.Cameras = []id.Camera{cameraNamed("garden"), cameraNamed("bedroom")} }, hub, offer)
		try("for fewer cameras", rule.Replay, func(s *signal.Signal) { s.Cameras = s.Cameras[:1] }, hub, offer)
		if kind == signal.Answer {
			try("at another head", rule.Head, func(s *signal.Signal) { s.Head = id.HashOf([]byte("x")) }, hub, offer)
			continue
		}
		try("at another head", "", func(s *signal.Signal) { s.Head = id.HashOf([]byte("x")) }, hub, offer)
		try("with a word that nobody knows", rule.Field, func(s *signal.Signal) { s.Body = "no" }, hub, offer)
		late := func(s *signal.Signal) { s.At, s.Body = s.At+3_600_000, signal.Late }
		try("by a hub whose clock is another, because of it", "", late, hub, offer)
		try("because of clocks, to an offer that nobody made", rule.Replay, late, hub)
	}
}

func (c *collector) watching(h *house) {
	look := func(camera, device, person string, since int64) signal.Look {
		return signal.Look{Camera: cameraNamed(camera), Device: deviceNamed(device), Person: personNamed(person), Since: h.at - since, View: viewNamed(device)}
	}
	anna := deviceNamed("anna1")
	good := signal.Watching{At: h.at, Household: h.s.Household, Looks: []signal.Look{look("garden", "ben1", "ben", 60_000), look("door", "sam1", "sam", 1000)}, To: anna}
	off := func(camera string, home, hours bool) signal.Off {
		return signal.Off{Camera: cameraNamed(camera), Device: deviceNamed("ben1"), Home: home, Hours: hours, Person: personNamed("ben"), Since: h.at - 5000}
	}
	good.Private = []signal.Off{off("garden", false, true), off("door", true, false)}
	slices.SortFunc(good.Private, func(a, b signal.Off) int { return strings.Compare(string(a.Camera), string(b.Camera)) })
	add := func(v vector, input []byte, last int64) {
		v.Thing = signal.ThingWatching
		v = c.on(h, v)
		v.Input, v.Device, v.At, v.Index = input, string(anna), h.at, last
		c.f.Vectors = append(c.f.Vectors, v)
	}
	try := func(name string, r rule.Name, edit func(*signal.Watching), by signer, last int64) {
		w := good
		w.Looks = append([]signal.Look{}, good.Looks...)
		edit(&w)
		v := refuse("watching: "+name, r)
		if r == "" {
			v = accept("watching: " + name)
			result := map[string]any{"looks": w.Looks, "private": w.Private}
			if w.Talks != nil {
				result["talks"] = w.Talks
			}
			v.Result = result
		}
		add(v, signed(signal.ThingWatching, w, by).Encode(), last)
	}
	hub := h.by("hub")
	try("two people", "", func(*signal.Watching) {}, hub, 0)
	crowd := func(n int) func(*signal.Watching) {
		return func(w *signal.Watching) {
			w.Looks, w.Private = nil, []signal.Off{}
			for i := range n {
				w.Looks = append(w.Looks, look(fmt.Sprint(i), "ben1", "ben", int64(n-i)))
			}
		}
	}
	try("as many as fit", "", crowd(signal.MaxLooks), hub, 0)
	try("one more", rule.Field, crowd(signal.MaxLooks+1), hub, 0)
	quiet := func(n int) func(*signal.Watching) {
		return func(w *signal.Watching) {
			w.Private = nil
			for i := range n {
				w.Private = append(w.Private, off(fmt.Sprint(i), false, false))
			}
			slices.SortFunc(w.Private, func(a, b signal.Off) int { return strings.Compare(string(a.Camera), string(b.Camera)) })
		}
	}
	try("as many private cameras as fit", "", quiet(signal.MaxPrivate), hub, 0)
	try("one more private", rule.Field, quiet(signal.MaxPrivate+1), hub, 0)
	try("as many as fit, and a private camera", rule.Field, func(w *signal.Watching) {
		crowd(signal.MaxLooks)(w)
		quiet(1)(w)
	}, hub, 0)
	try("one who talks", "", func(w *signal.Watching) { w.Talks = w.Looks[1:] }, hub, 0)
	try("as many as fit, and one who talks", rule.Field, func(w *signal.Watching) {
		crowd(signal.MaxLooks)(w)
		w.Talks = w.Looks[:1]
	}, hub, 0)
	try("more who talk than there may be", rule.Field, func(w *signal.Watching) {
		crowd(signal.MaxTalks + 1)(w)
		w.Talks = w.Looks
	}, hub, 0)
	try("nobody", "", func(w *signal.Watching) { w.Looks, w.Private = []signal.Look{}, []signal.Off{} }, hub, h.at-1)
	try("two minutes old", "", func(w *signal.Watching) { w.At -= 120_000 }, hub, 0)
	try("older", rule.Time, func(w *signal.Watching) { w.At -= 120_001 }, hub, 0)
	try("from the future", rule.Time, func(w *signal.Watching) { w.At += 120_001 }, hub, 0)
	try("no newer than the last", rule.Replay, func(*signal.Watching) {}, hub, h.at)
	try("older than the last", rule.Replay, func(*signal.Watching) {}, hub, h.at+1)
	try("told to another device", rule.Audience, func(w *signal.Watching) { w.To = deviceNamed("sam1") }, hub, 0)
	try("of another household", rule.Household, func(w *signal.Watching) { w.Household = id.Household(id.HashOf([]byte("x")).String()) }, hub, 0)
	try("signed by a member", rule.Signer, func(*signal.Watching) {}, h.by("ben1"), 0)
	try("signed by another hub", rule.Signature, func(*signal.Watching) {}, signer{id.Hub, pair("house hub2").Signing}, 0)
	seal := func(o object) vector { return vector{Input: signed(signal.ThingWatching, o, hub).Encode()} }
	twice := []any{tree(good.Private[0]), tree(good.Private[0])}
	turned := []any{tree(good.Private[1]), tree(good.Private[0])}
	reversed := []any{tree(good.Looks[1]), tree(good.Looks[0])}
	sheets := tree(good.Looks[0])
	sheets["device"] = "sheet"
	for _, v := range append(spoil("watching", tree(good), seal), spoilFields("watching", tree(good), seal,
		bad{"looks out of order", reversed, []any{"looks"}}, bad{"a look twice", []any{tree(good.Looks[0]), tree(good.Looks[0])}, []any{"looks"}}, bad{"the household as camera", "household", []any{"looks", 0, "camera"}}, bad{"the sheet as device", "sheet", []any{"looks", 0, "device"}},
		bad{"private cameras out of order", turned, []any{"private"}}, bad{"a private camera twice", twice, []any{"private"}}, bad{"private: the household", "household", []any{"private", 0, "camera"}}, bad{"private by the sheet", "sheet", []any{"private", 0, "device"}}, bad{"private since 0", int64(0), []any{"private", 0, "since"}},
		bad{"talk out of order", reversed, []any{"talks"}}, bad{"no talk, and said so", []any{}, []any{"talks"}}, bad{"talk by the sheet", []any{sheets}, []any{"talks"}},
		bad{"since 0", int64(0), []any{"looks", 0, "since"}}, bad{"told to the hub", "hub", []any{"to"}}, bad{"told to a passkey", fixedID("pas_", "x"), []any{"to"}}, bad{"time 0", int64(0), []any{"at"}})...) {
		add(v, v.Input, 0)
	}
	add(refuse("watching: a signal in its place", rule.PayloadType), signed(signal.Thing, h.signal(signal.End, "hub", "anna1"), hub).Encode(), 0)
}

func liveLeaves() []vector {
	began := &manifest.Live{
		Header: header(front, manifest.KindLive, 6), Device: deviceNamed("sam1"), Person: personNamed("sam"), Signal: id.HashOf([]byte("offer")), Since: start, State: manifest.LiveBegan, View: viewNamed("view"),
	}
	ended := *began
	ended.Header, ended.State, ended.Until = header(front, manifest.KindLive, 7), manifest.LiveEnded, start+60_000
	var out []vector
	for _, l := range []*manifest.Live{began, &ended} {
		v := accept("live, " + l.State)
		v.Input = must(manifest.EncodeLeaf(l))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
	}
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	out = append(out, spoil("live", tree(&ended), seal)...)
	out = append(out, spoilFields("live", tree(&ended), seal,
		bad{"a state that nobody knows", "paused", []any{"state"}}, bad{"begun, with an end", manifest.LiveBegan, []any{"state"}}, bad{"over before it began", int64(start - 1), []any{"until"}}, bad{"since 0", int64(0), []any{"since"}},
		bad{"of the household", "household", []any{"camera"}}, bad{"by a passkey", fixedID("pas_", "x"), []any{"device"}}, bad{"by the sheet", "sheet", []any{"device"}}, bad{"a view that is none", "vie_", []any{"view"}}, bad{"a person that is none", "sam", []any{"person"}})...)
	out = append(out, spoilFields("live, begun", tree(began), seal, bad{"without an end, ended", manifest.LiveEnded, []any{"state"}})...)
	for i := range out {
		out[i].Thing = "leaf"
	}
	return out
}
