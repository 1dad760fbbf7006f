// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

var (
	front = id.Camera(fixedID("cam_", "front"))
	epoch = id.Epoch(fixedID("epo_", "front"))
	run   = id.Run(fixedID("run_", "run"))
)

func header(camera id.Camera, kind string, seq int64) manifest.Header {
	return manifest.Header{At: start + seq*1000, Camera: camera, Kind: kind, Salt: fixed(fmt.Sprint("salt", camera, seq), 16), Seq: seq}
}

func samplePack(seq int64) *manifest.Pack {
	file := func(i int64, kind string, media int64) manifest.File {
		return manifest.File{
			Content: manifest.Content{SHA256: id.HashOf([]byte{byte(i)}), Size: 90}, End: start + (i+1)*4000, Kind: kind, Media: media,
			Offset: i * 100, SHA256: id.HashOf([]byte{byte(i), 1}), Size: 100, Start: start + i*4000,
		}
	}
	return &manifest.Pack{
		Header: header(front, manifest.KindPack, seq), Epoch: epoch, Object: id.Object(fixedID("obj_", fmt.Sprint("pack", seq))), Session: start, Size: 300,
		Files: []manifest.File{file(0, manifest.FileSegment, 4_000_000), file(1, manifest.FileSegment, 4_000_000), file(2, manifest.FileThumbs, 0)},
	}
}

func heartbeat(camera id.Camera, seq int64) *manifest.Heartbeat {
	return &manifest.Heartbeat{Header: header(camera, manifest.KindHeartbeat, seq)}
}

// samples is one leaf of every kind.
func samples(w *world) []manifest.Leaf {
	house := id.HouseholdCamera
	return []manifest.Leaf{
		&manifest.Run{Header: header(house, manifest.KindRun, 0), Head: w.state.Head, Reason: manifest.RunGenesis},
		&manifest.Run{Header: header(house, manifest.KindRun, 9), Head: w.state.Head, PrevRoot: id.HashOf([]byte("r")).String(), PrevRun: run, PrevSize: 70, Reason: manifest.RunBehind},
		&manifest.RosterHead{Header: header(house, manifest.KindHead, 1), Head: w.state.Head},
		&manifest.NamesChanged{Header: header(house, manifest.KindNames, 2), Names: id.HashOf([]byte("names")), Number: 1},
		&manifest.Epoch{
			Header: header(front, manifest.KindEpoch, 0), Epoch: epoch, Head: w.state.Head.Hash, Recipient: id.HashOf([]byte("recipient")),
			Readers: []manifest.EpochReader{{Device: w.phoneID, Envelope: id.HashOf([]byte("1"))}, {Device: w.passkeyID, Envelope: id.HashOf([]byte("3"))}, {Device: id.Sheet, Envelope: id.HashOf([]byte("2"))}},
		},
		&manifest.CameraState{Header: header(front, manifest.KindCamera, 1), State: manifest.CameraAdded},
		samplePack(2),
		&manifest.Gap{Header: header(front, manifest.KindGap, 3), From: start, Reason: manifest.GapHub, Until: start + 5000},
		heartbeat(front, 4),
		&manifest.Look{Header: header(front, manifest.KindLook, 5), Device: w.phoneID, Fetch: id.HashOf([]byte("fetch")), From: start, Person: w.person, Purpose: request.PurposeHistory, Until: start + 60_000},
		&manifest.Run{Header: header(house, manifest.KindRun, 10), Head: w.state.Head, PrevRoot: id.HashOf([]byte("r")).String(), PrevRun: run, PrevSize: 70, Reason: manifest.RunHub},
		&manifest.Run{Header: header(house, manifest.KindRun, 11), Head: w.state.Head, Reason: manifest.RunHub},
	}
}

func leafVectors(w *world) []vector {
	var out []vector
	for i, l := range samples(w) {
		v := accept(fmt.Sprintf("%s, %d", l.Common().Kind, i))
		v.Input = must(manifest.EncodeLeaf(l))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
		if i == 1 {
			continue
		}
		out = append(out, spoil(l.Common().Kind, tree(l), func(o object) vector { return vector{Input: must(canon.Marshal(o))} })...)
	}
	for i := range 10 {
		l := samplePack(int64(20 + i))
		l.Files = l.Files[:1+i%3]
		l.Size = int64(len(l.Files)) * 100
		v := accept(fmt.Sprintf("a pack of %d files, number %d", len(l.Files), l.Seq))
		v.Input = must(manifest.EncodeLeaf(l))
		v.Result = manifest.LeafHash(v.Input).String()
		out = append(out, v)
	}
	seal := func(o object) vector { return vector{Input: must(canon.Marshal(o))} }
	pack := tree(samplePack(2))
	out = append(out, spoilFields("pack", pack, seal,
		bad{"a kind that is not known", "unicorn", []any{"kind"}}, bad{"a salt of 15 bytes", b64(make([]byte, 15)), []any{"salt"}}, bad{"a negative number", int64(-1), []any{"seq"}},
		bad{"time 0", int64(0), []any{"at"}}, bad{"an epoch that is none", "epo_1", []any{"epoch"}}, bad{"an object that is none", "obj_1", []any{"object"}},
		bad{"the household as camera", "household", []any{"camera"}}, bad{"no files", []any{}, []any{"files"}}, bad{"a hole between files", int64(101), []any{"files", 1, "offset"}},
		bad{"a size that the files do not fill", int64(301), []any{"size"}}, bad{"a file of no bytes", int64(0), []any{"files", 0, "size"}}, bad{"a file that ends before it starts", int64(start - 1), []any{"files", 0, "end"}},
		bad{"a file of an unknown kind", "song", []any{"files", 0, "kind"}}, bad{"thumbnails in front", "thumbs", []any{"files", 0, "kind"}}, bad{"a segment of three minutes", int64(180_000_000), []any{"files", 0, "media"}},
		bad{"a negative duration", int64(-1), []any{"files", 0, "media"}}, bad{"a hash in capitals", strings.ToUpper(id.HashOf().String()), []any{"files", 0, "sha256"}}, bad{"a negative content", int64(-1), []any{"files", 0, "content", "size"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[7]), seal, bad{"a reason for a gap that is not known", "aliens", []any{"reason"}}, bad{"a gap that ends before it begins", int64(1), []any{"until"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[9]), seal, bad{"a purpose of a look that is not known", "fun", []any{"purpose"}}, bad{"a look at the household", "household", []any{"camera"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[0]), seal, bad{"a first run with a predecessor", string(run), []any{"prev_run"}}, bad{"a reason for a run that is not known", "mood", []any{"reason"}}, bad{"a run of a camera", string(front), []any{"camera"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[10]), seal, bad{"the first run of a new hub with half a predecessor", "", []any{"prev_root"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[1]), seal, bad{"a later run without a predecessor", "", []any{"prev_run"}}, bad{"a predecessor's root that is none", "x", []any{"prev_root"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[4]), seal, bad{"an epoch without readers", []any{}, []any{"readers"}}, bad{"the hub as reader", "hub", []any{"readers", 0, "device"}})...)
	out = append(out, spoilFields("others", tree(samples(w)[5]), seal, bad{"a camera in an unknown state", "hidden", []any{"state"}})...)
	return out
}

func line(index int64, l manifest.Leaf) []byte {
	return manifest.AppendEntry(nil, index, must(manifest.EncodeLeaf(l)))
}

func pageVectors(w *world) []vector {
	name := vectorPage{Run: string(run), Camera: string(front), Epoch: string(epoch), Hour: id.Hour(start)}
	a, b := line(3, heartbeat(front, 0)), line(8, samplePack(1))
	page := func(v vector, parts ...[]byte) vector {
		v.Page = &name
		for _, p := range parts {
			v.Input = append(v.Input, p...)
		}
		return v
	}
	otherEpoch := samplePack(2)
	otherEpoch.Epoch = id.Epoch(fixedID("epo_", "other"))
	later := heartbeat(front, 2)
	later.At += 3_600_000
	return []vector{
		page(accept("two leaves"), a, b), page(accept("one leaf"), a), page(accept("none")),
		page(refuse("a leaf of another camera", rule.WrongCamera), a, line(9, heartbeat(id.Camera(fixedID("cam_", "garden")), 0))),
		page(refuse("a leaf of another epoch", rule.WrongCamera), a, line(9, otherEpoch)),
		page(refuse("a leaf of another hour", rule.WrongCamera), a, line(9, later)),
		page(refuse("indexes that fall", rule.Syntax), b, a), page(refuse("an index twice", rule.Syntax), a, a),
		page(refuse("no line feed at the end", rule.Syntax), a[:len(a)-1]), page(refuse("no index", rule.Syntax), a[2:]),
		page(refuse("an index with a zero in front", rule.Syntax), []byte("0"), a), page(refuse("a negative index", rule.Syntax), []byte("-"), a),
		page(refuse("an empty line", rule.Syntax), a, []byte("\n")), page(refuse("two spaces", rule.NotCanonical), []byte("3 "), a[1:]),
	}
}

func numberVectors(w *world) []vector {
	leaves := func(v vector, ls ...manifest.Leaf) vector {
		for _, l := range ls {
			v.Leaves = append(v.Leaves, must(manifest.EncodeLeaf(l)))
		}
		return v
	}
	tail := func(v vector, at int64) vector { v.Tail = at; return v }
	removed := &manifest.CameraState{Header: header(front, manifest.KindCamera, 3), State: manifest.CameraRemoved}
	h := func(n int64) manifest.Leaf { return heartbeat(front, n) }
	return []vector{
		leaves(accept("three in a row"), h(1), h(2), h(3)), leaves(accept("one alone, later ones known"), h(7)), leaves(accept("none, later ones known")),
		tail(leaves(accept("up to eleven minutes ago"), h(1), h(2)), start+2000+11*60_000),
		tail(leaves(accept("a removed camera may be silent"), h(2), removed), start+86_400_000),
		leaves(refuse("one left out", rule.SeqGap), h(1), h(3)), leaves(refuse("one twice", rule.SeqGap), h(1), h(1)), leaves(refuse("in another order", rule.SeqGap), h(2), h(1)),
		tail(leaves(refuse("the newest held back", rule.SeqGap), h(1), h(2)), start+2001+11*60_000), tail(leaves(refuse("all held back", rule.SeqGap)), start),
	}
}

func checkpointVectors(w *world) []vector {
	c := manifest.Checkpoint{Household: w.household, Run: run, Size: 70, Root: id.HashOf([]byte("root")), At: start}
	text := must(c.Sign(w.hub.Signing))
	one := func(v vector, text string) vector {
		v.Text, v.Household, v.Key = text, string(w.household), w.hub.SignPublic()
		return v
	}
	var out []vector
	for i := range 20 {
		c := c
		c.Size, c.At = int64(i*i*i), start+int64(i)
		v := one(accept(fmt.Sprintf("a checkpoint of %d leaves", c.Size)), must(c.Sign(w.hub.Signing)))
		v.Result = map[string]any{"run": c.Run, "size": c.Size, "root": c.Root.String(), "at": c.At}
		out = append(out, v)
	}
	other := newWorld("other ")
	stranger := c
	stranger.Household = other.household
	add := func(name string, r rule.Name, s string) { out = append(out, one(refuse(name, r), s)) }
	add("of another household", rule.WrongHousehold, must(stranger.Sign(other.hub.Signing)))
	add("of another household, by this hub", rule.WrongHousehold, must(stranger.Sign(w.hub.Signing)))
	add("signed by another key", rule.Checkpoint, must(c.Sign(other.hub.Signing)))
	swap := func(old, new string) string { return strings.Replace(text, old, new, 1) }
	root := base64.StdEncoding.EncodeToString(c.Root[:])
	spoiled := map[string]string{
		"another size": swap("\n70\n", "\n71\n"), "a size with a zero in front": swap("\n70\n", "\n070\n"), "a negative size": swap("\n70\n", "\n-70\n"), "a size that is no number": swap("\n70\n", "\nmany\n"),
		"another root": swap(root, b64(fixed("x", 32))), "a root of 31 bytes": swap(root, b64(fixed("x", 31))), "a root that is no base64": swap(root, strings.Repeat("*", 44)),
		"another time": swap(fmt.Sprint("at ", start), fmt.Sprint("at ", start+1)), "no time": swap(fmt.Sprint("at ", start, "\n"), ""), "time 0": swap(fmt.Sprint("at ", start), "at 0"), "a line too many": swap("\n\n", "\nmore\n\n"),
		"another origin": swap("keyhold/", "keyhole/"), "a run that is none": swap(string(run)+"\n", "run_x\n"), "no signature": text[:strings.Index(text, "—")], "no line feed at the end": strings.TrimSuffix(text, "\n"),
		"white space at the end": text + " ", "carriage returns": strings.ReplaceAll(text, "\n", "\r\n"), "empty": "", "a second signature": text + text[strings.Index(text, "—"):],
		"a signature cut short": text[:len(text)-6] + "\n", "a key id of another key": swap(text[strings.LastIndex(text, " ")+1:strings.LastIndex(text, " ")+5], "AAAA"),
	}
	for _, name := range slices.Sorted(maps.Keys(spoiled)) {
		add(name, rule.Checkpoint, spoiled[name])
	}
	return out
}

// hashes is a tlog.HashReader over stored hashes.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = h[x]
	}
	return out, nil
}

// treeVectors holds whole trees: leaves from which a test builds tiles, a checkpoint, and what is claimed of it.
func treeVectors(w *world) []vector {
	var stored hashes
	var leaves [][]byte
	roots := map[int64]id.Hash{0: id.Hash(must(tlog.TreeHash(0, stored)))}
	for n := range int64(600) {
		leaf := must(manifest.EncodeLeaf(heartbeat(front, n)))
		leaves = append(leaves, leaf)
		stored = append(stored, must(tlog.StoredHashes(n, leaf, stored))...)
		roots[n+1] = id.Hash(must(tlog.TreeHash(n+1, stored)))
	}
	cp := func(size int64, root id.Hash) string {
		return must(manifest.Checkpoint{Household: w.household, Run: run, Size: size, Root: root, At: start}.Sign(w.hub.Signing))
	}
	// The leaves are heartbeats by number: a test makes them from the same recipe instead of storing 600 of them.
	var out []vector
	included := func(v vector, size, index int64, leaf []byte, root id.Hash) {
		v.Text, v.Household, v.Key, v.Index, v.Input = cp(size, root), string(w.household), w.hub.SignPublic(), index, leaf
		v.Result = map[string]any{"tiles": tiles(size, stored)}
		out = append(out, v)
	}
	for _, c := range [][2]int64{{1, 0}, {2, 1}, {5, 4}, {255, 254}, {256, 0}, {257, 256}, {600, 300}} {
		included(accept(fmt.Sprintf("leaf %d of %d", c[1], c[0])), c[0], c[1], leaves[c[1]], roots[c[0]])
	}
	included(refuse("another leaf", rule.NotIncluded), 257, 12, leaves[13], roots[257])
	included(refuse("beyond the checkpoint", rule.NotIncluded), 5, 5, leaves[5], roots[5])
	included(refuse("tiles that do not fit the root", rule.NotIncluded), 257, 12, leaves[12], roots[256])
	consistent := func(v vector, oldSize int64, oldRoot id.Hash, size int64, root id.Hash) {
		v.Text, v.Old, v.Household, v.Key = cp(size, root), cp(oldSize, oldRoot), string(w.household), w.hub.SignPublic()
		v.Result = map[string]any{"tiles": tiles(size, stored)}
		out = append(out, v)
	}
	for _, c := range [][2]int64{{0, 5}, {1, 2}, {5, 5}, {5, 257}, {255, 256}, {256, 600}} {
		consistent(accept(fmt.Sprintf("%d leaves are the beginning of %d", c[0], c[1])), c[0], roots[c[0]], c[1], roots[c[1]])
	}
	consistent(refuse("older than one seen before", rule.RolledBack), 257, roots[257], 256, roots[256])
	consistent(refuse("one size, two roots", rule.Forked), 257, roots[256], 257, roots[257])
	consistent(refuse("another beginning", rule.Forked), 5, roots[4], 257, roots[257])
	consistent(refuse("tiles that do not fit the root", rule.Forked), 5, roots[5], 257, roots[256])
	return out
}

// tiles returns every tile of a tree of this size: level, number, hashes.
func tiles(size int64, stored hashes) []any {
	var out []any
	for _, t := range tlog.NewTiles(manifest.TileHeight, 0, size) {
		out = append(out, map[string]any{"level": t.L, "n": t.N, "data": b64(must(tlog.ReadTileData(t, stored)))})
	}
	return out
}

// fileVectors: input is what came, result.file the leaf's entry.
func fileVectors() []vector {
	sealed := fixed("sealed", 300)
	f := samplePack(0).Files[0]
	f.Size, f.SHA256 = 300, id.HashOf(sealed)
	one := func(v vector, b []byte) vector {
		v.Input, v.Result = b, map[string]any{"file": f}
		return v
	}
	bit := append([]byte{}, sealed...)
	bit[150] ^= 1
	return []vector{
		one(accept("what the hub sealed"), sealed), one(refuse("a changed bit", rule.FileHash), bit), one(refuse("another file of that size", rule.FileHash), fixed("forged", 300)),
		one(refuse("cut short", rule.FileSize), sealed[:299]), one(refuse("a byte too many", rule.FileSize), append(append([]byte{}, sealed...), 0)), one(refuse("nothing", rule.FileSize), nil),
	}
}

// timeVectors: index is a time, tail the receiver's clock; thing says who judges.
func timeVectors() []vector {
	one := func(v vector, thing string, at, now int64) vector {
		v.Thing, v.Index, v.Tail = thing, at, now
		return v
	}
	return []vector{
		one(accept("a request of now"), "request", start, start), one(accept("two minutes old"), "request", start, start+120_000), one(accept("two minutes ahead"), "request", start+120_000, start),
		one(refuse("older than two minutes", rule.Time), "request", start, start+120_001), one(refuse("further ahead than two minutes", rule.Time), "request", start+120_001, start),
		one(accept("the hub half an hour ago"), "heard", start, start+1_800_000), one(refuse("the hub silent for longer", rule.Frozen), "heard", start, start+1_800_001),
	}
}
