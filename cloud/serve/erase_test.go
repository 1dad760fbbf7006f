// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/internal/intime"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// traces are what would betray that a household was here: its ids, its keys, and what it stored.
func (s *side) traces() map[string][]byte {
	out := map[string][]byte{}
	for name, b := range s.secrets {
		out["bytes of its "+name] = b
	}
	for _, name := range []string{"household", "camera", "object", "run", "epoch", "device", "hash", "sync", "footage"} {
		out["id: "+name] = []byte(s.ids[name])
	}
	for i, link := range s.chain.Chain {
		e := must(dsse.Parse(link))
		out["hash of a link "+string(rune('0'+i))] = []byte(e.Hash().String())
	}
	out["hash of an object"] = []byte(id.HashOf(s.secrets["object"]).String())
	out["key of the hub"] = []byte(base64.StdEncoding.EncodeToString(s.chain.Hub.Sign))
	out["reader key of the owner"] = []byte(base64.StdEncoding.EncodeToString(s.owner.keys.Reader)[:60])
	out["the person"] = []byte(s.owner.person)
	return out
}

// scan looks for traces in every file of a folder, names included, as they are, in base64, and as raw hashes.
func scan(t *testing.T, dir string, traces map[string][]byte) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, trace := range traces {
			forms := [][]byte{trace, []byte(base64.StdEncoding.EncodeToString(trace))}
			// What is canonical JSON inside an envelope stands there in base64, at one of three places of a group.
			for i := range 3 {
				text := base64.StdEncoding.EncodeToString(append(make([]byte, i), trace...))
				if len(text) > 16 {
					forms = append(forms, []byte(text[4:len(text)-4]))
				}
			}
			if h, err := id.ParseHash(string(trace)); err == nil {
				forms = append(forms, h[:])
			}
			if slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Contains(body, f) || strings.Contains(path, string(f)) }) {
				found = append(found, name+" in "+filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// rows counts what every table that knows households has of one.
func rows(t *testing.T, dir string, h id.Household) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "cloud.db")+"?_pragma=query_only(ON)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tables, err := db.QueryContext(t.Context(), `SELECT m.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c
		WHERE m.type = 'table' AND c.name = 'household' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tables.Close() }()
	out := map[string]int{}
	for tables.Next() {
		var name string
		if err := tables.Scan(&name); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM "`+name+`" WHERE household = $1`, string(h)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out[name] = n
	}
	if err := tables.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// fullSide has something in every table.
func fullSide(t *testing.T, c *cloud) *side {
	t.Helper()
	s := newSide(t, c)
	second := s.join()
	s.ok(s.put(request.WriteStatus, api.Current, s.body(request.WriteStatus, s.ids)))
	s.ok(s.put(request.WriteKept, api.KeptName(s.camera), s.body(request.WriteKept, s.ids)))
	i := s.ids.with(ids{"device": string(second.keys.ID)}, "device")
	s.ok(s.api.Write(t.Context(), s.byOwner(), s.id, request.WriteReseals, i["device"], api.Bytes(s.body(request.WriteReseals, i))))
	s.footage(s.byOwner(), request.PurposeTiles)
	return s
}

func TestDeleteAllLeavesNothing(t *testing.T) {
	c := start(t)
	s, other := fullSide(t, c), fullSide(t, c)
	before := other.everything()
	statement := s.wish(erasure.Erase)
	hash := statement.Hash()
	// The control: before, the scanner finds every trace, and every table has something.
	traces := s.traces()
	if got := scan(t, c.dir, traces); len(got) < len(traces) {
		t.Fatalf("before there are only %d of %d traces: the scanner is blind: %v", len(got), len(traces), got)
	}
	s.ok(s.put(request.WriteErase, api.Current, statement.Encode()))
	for table, n := range rows(t, c.dir, s.id) {
		if n == 0 {
			t.Errorf("there is nothing in %s that could be erased", table)
		}
	}
	_, err := s.api.Receipt(t.Context(), hash)
	wantKind(t, err, api.NotFound)
	objects := len(must(filepath.Glob(filepath.Join(c.dir, "objects", "*", "obj_*"))))

	c.Advance(7*24*time.Hour - time.Minute)
	s.ok(c.Sweep(t.Context()))
	if got := s.sync(s.byOwner()); len(got.Erase) == 0 {
		t.Error("it is gone too early")
	}
	hub := s.socket(s.byHub())
	c.Advance(time.Minute)
	s.ok(c.Sweep(t.Context()))

	if got := scan(t, c.dir, traces); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
	for table, n := range rows(t, c.dir, s.id) {
		if n > 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	if left := len(must(filepath.Glob(filepath.Join(c.dir, "objects", "*", "obj_*")))); left >= objects {
		t.Errorf("%d objects before, %d after", objects, left)
	}
	if _, err := hub.Receive(t.Context()); api.KindOf(err) != api.Unauthenticated && api.KindOf(err) != "" {
		t.Errorf("the hub's socket: %v", err)
	}
	// Everybody of it is a stranger now.
	_, err = s.api.Sync(t.Context(), s.fetch(s.byOwner(), request.FetchSync, request.PurposeSync))
	if p, ok := asProblem(err); !ok || p.Kind() != api.Unauthenticated || p.Rule != rule.Signature {
		t.Errorf("the owner: %v", err)
	}
	_, err = s.api.Sheet(t.Context(), s.chain.Sheet.Lookup())
	wantKind(t, err, api.NotFound)

	// The receipt holds what the household can count for itself.
	r, err := s.api.Receipt(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := erasure.ParseReceipt(r.Note, hash, r.List, c.to)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Counts["links"] != 2 || receipt.Counts["objects"] != 3 || receipt.Bytes != 700 || receipt.Counts["reseals"] != 1 {
		t.Errorf("%+v", receipt)
	}
	wish := must(erasure.Read(statement.Encode()))
	for name, thing := range map[string][]byte{"object": s.secrets["object"], "page": s.secrets["page"], "names": s.secrets["names"], "row": s.secrets["row"], "tile": s.secrets["tile"]} {
		if !erasure.Listed(r.List, wish, id.HashOf(thing)) {
			t.Errorf("its %s is not on the list", name)
		}
		if erasure.Listed(r.List, wish, id.HashOf(other.secrets[name])) {
			t.Errorf("another's %s is on the list", name)
		}
	}
	if after := other.everything(); len(after) > len(before) || !strings.Contains(after, other.ids["household"]) && len(other.sync(other.byOwner()).Roster) != 2 {
		t.Error("the other household is not as it was")
	}
	// And it may come again, as if it never had been here.
	if got, err := s.api.RegisterChain(t.Context(), s.chain.Chain); err != nil || got != s.id {
		t.Errorf("it comes again: %v", err)
	}
	if got := s.sync(s.byOwner()); len(got.Pages) != 0 || len(got.Roster) != 2 || len(got.Erase) != 0 {
		t.Error("it is not as new")
	}
	c.Advance(91 * 24 * time.Hour)
	s.ok(c.Sweep(t.Context()))
	_, err = s.api.Receipt(t.Context(), hash)
	wantKind(t, err, api.NotFound)
}

func TestAnErasureHidesAtOnceAndCanBeTakenBack(t *testing.T) {
	c := start(t)
	s := newSide(t, c)
	second := s.welcome(roster.Owner)
	guest := s.welcome(roster.Guest, s.right(s.camera))
	address := s.footage(s.byOwner(), request.PurposeHistory).Address
	big := s.putObject(noise(bigObject))
	under := slow(t, s.household, s.footage(s.byOwner(), request.PurposeHistory).Address, big)

	s.erase(erasure.Erase)
	if n, took, err := ends(under, 20*time.Millisecond); err == nil || n > bigObject/2 || took > intime.By(2*time.Second) {
		t.Errorf("%d bytes came in %v after it was hidden: %v", n, took, err)
	}
	for name, who := range map[string]api.Signer{"owner": s.byOwner(), "second owner": second.signer(), "guest": guest.signer(), "sheet": s.bySheet()} {
		a := s.sync(who)
		if len(a.Pages)+len(a.Labels)+len(a.Names)+len(a.Envelopes)+len(a.Reseals) != 0 {
			t.Errorf("%s is still shown something", name)
		}
		if len(a.Roster) != 3 || len(a.Runs) != 1 || a.EraseDue != s.now()+erasure.Wait {
			t.Errorf("%s: %d links, %d runs, due %d", name, len(a.Roster), len(a.Runs), a.EraseDue)
		}
		if wish, err := erasure.Read(a.Erase); err != nil || wish.Device != s.owner.keys.ID || wish.Act != erasure.Erase {
			t.Errorf("%s is not told whose wish it is: %v", name, err)
		}
		if who.From != id.Sheet {
			_, err := s.api.Footage(t.Context(), s.fetch(who, request.FetchFootage, request.PurposeHistory))
			wantKind(t, err, api.Denied)
		}
	}
	_, err := s.open(address, id.Object(s.ids["object"]))
	wantKind(t, err, api.NotFound)
	s.ok(s.put(request.WriteLabels, api.LabelName(s.other), []byte("label of "+s.other))) // the hub goes on

	// Any owner takes it back, without the hub. Others do not.
	keep := func(by person) error {
		e := must(dsse.Signed(erasure.Thing, &erasure.Statement{
			Act: erasure.Keep, At: s.now(), Device: by.keys.ID, Household: s.id, Nonce: noise(16), Person: by.person, To: c.to,
		}, by.keys.ID, by.sign))
		return s.api.Write(t.Context(), by.signer(), s.id, request.WriteErase, api.Current, api.Bytes(e.Encode()))
	}
	wantKind(t, keep(guest), api.Denied)
	c.Advance(6 * 24 * time.Hour)
	s.ok(c.Sweep(t.Context()))
	s.ok(keep(second))
	wantKind(t, keep(second), api.NotFound)
	from := s.now() - 8*24*3_600_000
	a, err := s.api.Sync(t.Context(), s.fetchFrom(s.byOwner(), request.FetchSync, request.PurposeSync, from))
	s.ok(err)
	f, err := s.api.Footage(t.Context(), s.fetchFrom(s.byOwner(), request.FetchFootage, request.PurposeHistory, from))
	s.ok(err)
	if len(a.Erase) != 0 || a.EraseDue != 0 || len(a.Pages) != 3 || len(f.Objects) != 4 {
		t.Errorf("%d pages and %d objects are shown again", len(a.Pages), len(f.Objects))
	}
	if !bytes.Equal(a.Names, s.secrets["names"]) {
		t.Error("names are not shown again")
	}
	c.Advance(24 * time.Hour)
	s.ok(c.Sweep(t.Context()))
	s.sync(s.byOwner())
}

func TestOnlyAnOwnersOwnWordErases(t *testing.T) {
	c := start(t)
	s, other := newSide(t, c), newSide(t, c)
	guardian := s.welcome(roster.Guardian)
	guest := s.welcome(roster.Guest, s.right(s.camera))
	wish := func(change func(*erasure.Statement), by person) []byte {
		w := &erasure.Statement{
			Act: erasure.Erase, At: s.now(), Device: by.keys.ID, Household: s.id, Nonce: noise(16), Person: by.person, To: c.to,
		}
		if change != nil {
			change(w)
		}
		return must(dsse.Signed(erasure.Thing, w, by.keys.ID, by.sign)).Encode()
	}
	good := wish(nil, s.owner)
	for name, step := range map[string]struct {
		by   api.Signer
		body []byte
		want api.Kind
	}{
		"a guardian":            {s.byHub(), wish(nil, guardian), api.Denied},
		"a guest":               {s.byHub(), wish(nil, guest), api.Denied},
		"another's owner":       {s.byHub(), wish(nil, other.owner), api.Denied},
		"for another":           {s.byHub(), wish(func(w *erasure.Statement) { w.Person = guardian.person }, s.owner), api.Denied},
		"another household":     {s.byHub(), wish(func(w *erasure.Statement) { w.Household = other.id }, s.owner), api.Invalid},
		"another cloud":         {s.byHub(), wish(func(w *erasure.Statement) { w.To = noise(32) }, s.owner), api.Invalid},
		"an old one":            {s.byHub(), wish(func(w *erasure.Statement) { w.At -= erasure.Window + 1 }, s.owner), api.Invalid},
		"one from tomorrow":     {s.byHub(), wish(func(w *erasure.Statement) { w.At += 24 * 3_600_000 }, s.owner), api.Invalid},
		"an unknown act":        {s.byHub(), wish(func(w *erasure.Statement) { w.Act = "shred" }, s.owner), api.Invalid},
		"a forged signature":    {s.byHub(), wish(nil, person{keys: s.owner.keys, person: s.owner.person, sign: guest.sign}), api.Invalid},
		"noise":                 {s.byHub(), noise(50), api.Invalid},
		"without the hub":       {s.byOwner(), good, api.Denied},
		"by the sheet":          {s.bySheet(), good, api.Denied},
		"by a guardian's write": {guardian.signer(), good, api.Denied},
	} {
		err := s.api.Write(t.Context(), step.by, s.id, request.WriteErase, api.Current, api.Bytes(step.body))
		if api.KindOf(err) != step.want {
			t.Errorf("%s: %v, want %s", name, err, step.want)
		}
	}
	if a := s.sync(s.byOwner()); len(a.Erase) != 0 || len(a.Pages) == 0 {
		t.Fatal("a refused wish has hidden everything")
	}
	wantKind(t, s.put(request.WriteErase, "previous", good), api.Invalid)
	for range 2 { // the hub may send it twice
		s.ok(s.put(request.WriteErase, api.Current, good))
	}
	wantKind(t, s.put(request.WriteErase, api.Current, wish(nil, s.owner)), api.Conflict)
	s.ok(s.put(request.WriteErase, api.Current, wish(func(w *erasure.Statement) { w.Act = erasure.Keep }, s.owner)))
	// What was taken back does not come again by itself.
	err := s.put(request.WriteErase, api.Current, good)
	if p, ok := asProblem(err); !ok || p.Kind() != api.Conflict || p.Rule != rule.Replay {
		t.Errorf("the same statement again: %v", err)
	}
}

func TestErasingGoesOnAfterACrash(t *testing.T) {
	dir, now := t.TempDir(), &clock{now: time.Now()}
	c := startIn(t, dir, now, serve.Limits{})
	s := fullSide(t, c)
	hash := s.erase(erasure.Erase)
	traces := s.traces()
	delete(traces, "bytes of its drop") // a box is nobody's, and goes after a day
	c.Advance(8 * 24 * time.Hour)
	c.stop()
	// A crash in the middle: closed and counted, one object's bytes gone, some rows gone.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "cloud.db")+"?_pragma=secure_delete(ON)")
	s.ok(err)
	for _, step := range []string{`UPDATE households SET closed = 1`, `DELETE FROM pages`} {
		_, err := db.ExecContext(t.Context(), step)
		s.ok(err)
	}
	s.ok(db.Close())
	object := s.ids["object"]
	s.ok(os.Remove(filepath.Join(dir, "objects", object[4:6], object)))
	again := startIn(t, dir, now, serve.Limits{})
	s.ok(again.Sweep(t.Context()))
	if got := scan(t, dir, traces); len(got) > 0 {
		t.Errorf("left: %q", got)
	}
	s.api = again.client()
	if r, err := s.api.Receipt(t.Context(), hash); err != nil {
		t.Error(err)
	} else if _, err := erasure.ParseReceipt(r.Note, hash, r.List, again.to); err != nil {
		t.Error(err)
	}
}
