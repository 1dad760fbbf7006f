// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/sealing/open"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/vectors/golden"
)

type vector struct {
	Name, Expect, Text, Thing, Household, Old string
	On, Device, Action, Camera                string
	Rule                                      rule.Name
	Input, Key                                []byte
	Signers                                   []struct {
		ID  id.Device
		Key []byte
	}
	Chain, Leaves [][]byte
	Page          *struct {
		Run    id.Run
		Camera id.Camera
		Epoch  id.Epoch
		Hour   int64
	}
	Tail, Index, At int64
	Base            int // how many of Chain are shared
	Result          json.RawMessage
}

// folder is where vectors lie: here, or as an earlier version froze them.
type folder string

func (dir folder) load(t *testing.T, name string) []vector {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(string(dir), name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Chains  map[string][][]byte
		Vectors []vector
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	for i, v := range f.Vectors {
		if v.On != "" {
			f.Vectors[i].Base = len(f.Chains[v.On])
			f.Vectors[i].Chain = append(slices.Clone(f.Chains[v.On]), v.Chain...)
		}
	}
	return f.Vectors
}

// run checks every vector of a file. check returns what Go makes of it, to be compared with the vector's result.
func (dir folder) run(t *testing.T, file string, check func(vector) (result any, err error)) {
	t.Run(file, func(t *testing.T) {
		for _, v := range dir.load(t, file) {
			t.Run(v.Name, func(t *testing.T) {
				got, err := check(v)
				switch {
				case v.Expect == "refuse" && err == nil:
					t.Fatalf("let through; want refusal by %s", v.Rule)
				case v.Expect == "refuse" && rule.Of(err) != v.Rule:
					t.Fatalf("refused by %q; want %q (%v)", rule.Of(err), v.Rule, err)
				case v.Expect == "accept" && err != nil:
					t.Fatalf("refused: %v", err)
				case v.Expect != "accept" && v.Expect != "refuse":
					t.Fatalf("unknown expectation %q", v.Expect)
				case got != nil && len(v.Result) > 0:
					sameJSON(t, got, v.Result)
				}
			})
		}
	})
}

func sameJSON(t *testing.T, got any, want json.RawMessage) {
	t.Helper()
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := errors.Join(json.Unmarshal(b, &g), json.Unmarshal(want, &w)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		t.Fatalf("result %s; want %s", b, want)
	}
}

type tileMap map[string][]byte

func (m tileMap) Tile(_ context.Context, _ id.Run, level int, n int64, width int) ([]byte, error) {
	b, ok := m[fmt.Sprint(level, "/", n)]
	if !ok || len(b) < width*32 {
		return nil, rule.Errorf(rule.NotIncluded, "no such tile")
	}
	return b[:width*32], nil
}

func tree(v vector) (any, error) {
	cp, err := manifest.ParseCheckpoint(v.Text, id.Household(v.Household), v.Key)
	if err != nil {
		return nil, err
	}
	var r struct {
		Tiles []struct {
			Level int
			N     int64
			Data  []byte
		}
	}
	if err := json.Unmarshal(v.Result, &r); err != nil {
		return nil, err
	}
	m := tileMap{}
	for _, t := range r.Tiles {
		if k := fmt.Sprint(t.Level, "/", t.N); len(m[k]) < len(t.Data) {
			m[k] = t.Data
		}
	}
	tr := manifest.NewTree(cp, m)
	if v.Old == "" {
		return nil, tr.Included(context.Background(), manifest.Entry{Index: v.Index, Raw: v.Input})
	}
	old, err := manifest.ParseCheckpoint(v.Old, id.Household(v.Household), v.Key)
	if err != nil {
		return nil, err
	}
	return nil, tr.Follows(context.Background(), old)
}

func numbers(v vector) (any, error) {
	var entries []manifest.Entry
	for i, b := range v.Leaves {
		l, err := manifest.ParseLeaf(b)
		if err != nil {
			return nil, err
		}
		entries = append(entries, manifest.Entry{Index: int64(i), Raw: b, Leaf: l})
	}
	return nil, manifest.CheckNumbers(entries, v.Tail)
}

func sheet(v vector) (any, error) {
	s, err := keys.ParseSheet(v.Text)
	var w *keys.WordError
	if errors.As(err, &w) {
		var want struct{ Position int }
		if err := json.Unmarshal(v.Result, &want); err != nil || want.Position != w.Position {
			return nil, fmt.Errorf("position %d, want %d", w.Position, want.Position)
		}
		return nil, rule.Errorf(rule.Field, "%v", w)
	}
	if err != nil {
		return nil, err
	}
	p, err := s.Secret().Pair()
	if err != nil {
		return nil, err
	}
	return map[string]any{"sign": p.SignPublic(), "reader": p.ReaderPublic()}, nil
}

func wish(v vector) (any, error) {
	var op request.Op
	if err := canon.Unmarshal(v.Input, &op); err != nil {
		return nil, err
	}
	h, err := op.Wish(id.Household(v.Household))
	return h[:], err
}

func passkey(v vector) (any, error) {
	s, err := keys.PasskeySecret(v.Input)
	if err != nil {
		return nil, err
	}
	p, err := s.Pair()
	if err != nil {
		return nil, err
	}
	return map[string]any{"sign": p.SignPublic(), "reader": p.ReaderPublic()}, nil
}

func pair(v vector) (any, error) {
	if v.Thing == "link" {
		origin, inv, err := pairing.ParseLink(v.Text)
		if err != nil {
			return nil, err
		}
		b, err := canon.Marshal(inv)
		return map[string]any{"origin": origin, "invitation": string(b)}, err
	}
	c, err := pairing.ParseCode(v.Text)
	if err != nil {
		return nil, err
	}
	var hub roster.HubKeys
	if err := canon.Unmarshal(v.Input, &hub); err != nil {
		return nil, err
	}
	if err := c.CheckHub(hub); err != nil {
		return nil, err
	}
	e, err := dsse.Parse(v.Chain[0])
	if err != nil {
		return nil, err
	}
	mac := pairing.MAC(c.Secret, pairing.PairMAC, e.PAE())
	token := pairing.Derive(c.Secret, pairing.PairToHub)
	return map[string]any{"secret": c.Secret, "to_hub": token, "box": pairing.Box(token), "mac": base64.StdEncoding.EncodeToString(mac)}, pairing.CheckMAC(mac, c.Secret, pairing.PairMAC, e.PAE())
}

func TestGoAgreesWithTheVectors(t *testing.T) { folder(".").all(t) }

// TestGoAgreesWithWhatWasFrozen reads the vectors of earlier versions with today's code.
func TestGoAgreesWithWhatWasFrozen(t *testing.T) {
	versions, err := golden.Versions("golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		t.Run(filepath.Base(v), func(t *testing.T) { folder(filepath.Join(v, "vectors")).all(t) })
	}
}

// all checks every file of vectors.
func (dir folder) all(t *testing.T) {
	dir.run(t, "canon", func(v vector) (any, error) {
		_, err := canon.Parse(v.Input, canon.MaxBytes)
		return nil, err
	})
	for _, f := range []string{"envelope", "fetch", "request"} {
		dir.run(t, f, statement)
	}
	dir.run(t, "roster", func(v vector) (any, error) {
		s, err := roster.Replay(v.Chain, id.Household(v.Household))
		if err != nil {
			return nil, err
		}
		return s.Head, nil
	})
	dir.run(t, "people", bases{}.people)
	dir.run(t, "removal", bases{}.removal)
	dir.run(t, "may", bases{}.may)
	dir.run(t, "erase", bases{}.erase)
	dir.run(t, "second", bases{}.second)
	dir.run(t, "era", bases{}.era)
	for f, check := range map[string]func(vector) (any, error){"act": bases{}.act, "child": bases{}.child, "lock": bases{}.lock, "live": bases{}.live, "find": bases{}.find, "masks": bases{}.masks, "star": bases{}.star, "private": bases{}.private, "relays": statement, "alert": bases{}.alert, "wish": wish} {
		if dir.has(f) { // newer than the first version
			dir.run(t, f, check)
		}
	}
	dir.run(t, "words", words)
	dir.run(t, "invite", inviting)
	dir.run(t, "takeover", takeover)
	dir.run(t, "leaf", func(v vector) (any, error) {
		if _, err := manifest.ParseLeaf(v.Input); err != nil {
			return nil, err
		}
		return manifest.LeafHash(v.Input), nil
	})
	dir.run(t, "page", func(v vector) (any, error) {
		entries, err := manifest.ParsePage(v.Input)
		if err != nil {
			return nil, err
		}
		return nil, manifest.CheckPage(manifest.PageName(*v.Page), entries)
	})
	dir.run(t, "numbers", numbers)
	dir.run(t, "checkpoint", func(v vector) (any, error) {
		c, err := manifest.ParseCheckpoint(v.Text, id.Household(v.Household), v.Key)
		if err != nil {
			return nil, err
		}
		return map[string]any{"run": c.Run, "size": c.Size, "root": c.Root, "at": c.At}, nil
	})
	dir.run(t, "tree", tree)
	dir.run(t, "row", func(v vector) (any, error) {
		var row request.Row
		if err := canon.Unmarshal(v.Input, &row); err != nil {
			return nil, err
		}
		key, err := box.NewKey(v.Key)
		if err != nil {
			return nil, err
		}
		i, err := open.Row(key, id.Household(v.Household), row)
		if err != nil {
			return nil, err
		}
		return map[string]string{"identity": i.String()}, nil
	})
	dir.run(t, "file", func(v vector) (any, error) {
		var r struct{ File manifest.File }
		if err := json.Unmarshal(v.Result, &r); err != nil {
			return nil, err
		}
		return nil, r.File.CheckBytes(v.Input)
	})
	dir.run(t, "time", func(v vector) (any, error) {
		if v.Thing == "heard" {
			return nil, manifest.CheckHeard(v.Index, v.Tail)
		}
		return nil, request.Fresh(v.Index, v.Tail)
	})
	dir.run(t, "sheet", sheet)
	dir.run(t, "passkey", passkey)
	dir.run(t, "pairing", pair)
}

// TestEveryRuleHasItsRefusal holds rules.json to the vectors: a rule without a vector says which test shows it instead.
func TestEveryRuleHasItsRefusal(t *testing.T) {
	here := folder(".")
	b, err := os.ReadFile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Rules []struct{ Name, Files, Shown string }
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, r := range f.Rules {
		listed[r.Name] = true
		if r.Shown != "" {
			continue
		}
		found := false
		for _, v := range here.load(t, r.Files) {
			found = found || string(v.Rule) == r.Name
		}
		if !found {
			t.Errorf("%s: no vector in %s refuses by it", r.Name, r.Files)
		}
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), ".json")
		if !ok || name == "rules" {
			continue
		}
		for _, v := range here.load(t, name) {
			if v.Expect == "refuse" && !listed[string(v.Rule)] {
				t.Errorf("%s: %s: rule %q is not in rules.json", name, v.Name, v.Rule)
			}
		}
	}
}
