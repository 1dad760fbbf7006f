// SPDX-License-Identifier: Apache-2.0

// Command generate writes the vectors that Go and TypeScript must agree on, verdict and rule.
//
// Each refusal is spoiled in one named way, and its rule is stated here by how it was made, not by asking the code
// under test. Keys and times are fixed; only what HPKE seals differs from run to run, so vectors are generated when a
// format changes and committed. Run from the module's root: go run ./vectors/generate [FILE…]
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"keyhold/statement/rule"
)

// vector is one case; which of the other fields are there depends on the file (vectors/README.md).
type vector struct {
	Name      string         `json:"name"`
	Expect    string         `json:"expect"`
	Rule      rule.Name      `json:"rule,omitempty"`
	Input     []byte         `json:"input,omitempty"`
	Text      string         `json:"text,omitempty"`
	Thing     string         `json:"thing,omitempty"`
	Signers   []vectorSigner `json:"signers,omitempty"`
	On        string         `json:"on,omitempty"`
	Chain     [][]byte       `json:"chain,omitempty"`
	Household string         `json:"household,omitempty"`
	Key       []byte         `json:"key,omitempty"`
	Page      *vectorPage    `json:"page,omitempty"`
	Tail      int64          `json:"tail,omitempty"`
	Old       string         `json:"old,omitempty"`
	Leaves    [][]byte       `json:"leaves,omitempty"`
	Index     int64          `json:"index,omitempty"`
	At        int64          `json:"at,omitempty"`
	Device    string         `json:"device,omitempty"`
	Action    string         `json:"action,omitempty"`
	Camera    string         `json:"camera,omitempty"`
	Result    any            `json:"result,omitempty"`
}

type vectorSigner struct {
	ID  string `json:"id"`
	Key []byte `json:"key"`
}

type vectorPage struct {
	Run, Camera, Epoch string
	Hour               int64
}

// MarshalJSON writes lower-case names.
func (p vectorPage) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"run": p.Run, "camera": p.Camera, "epoch": p.Epoch, "hour": p.Hour})
}

func accept(name string) vector              { return vector{Name: name, Expect: "accept"} }
func refuse(name string, r rule.Name) vector { return vector{Name: name, Expect: "refuse", Rule: r} }

// verdict is a refusal by a rule, or without one the opposite.
func verdict(name string, r rule.Name) vector {
	if r == "" {
		return accept(name)
	}
	return refuse(name, r)
}

// file is what stands in one of the files. Chains are rosters that its vectors go on from.
type file struct {
	Chains  map[string][][]byte `json:"chains,omitempty"`
	Vectors []vector            `json:"vectors"`
}

func plain(vs []vector) file { return file{Vectors: vs} }

func main() {
	w := newWorld("home ")
	makers := map[string]func() file{
		"envelope":   func() file { return plain(envelopeVectors(w)) },
		"roster":     func() file { return plain(rosterVectors(w)) },
		"people":     peopleVectors,
		"removal":    removalVectors,
		"era":        eraVectors,
		"erase":      eraseVectors,
		"second":     secondVectors,
		"may":        mayVectors,
		"words":      func() file { return plain(wordsVectors()) },
		"invite":     func() file { return plain(inviteVectors()) },
		"takeover":   func() file { return plain(takeoverVectors()) },
		"live":       liveVectors,
		"find":       findVectors,
		"private":    privateVectors,
		"masks":      maskVectors,
		"act":        actVectors,
		"star":       starVectors,
		"alert":      alertVectors,
		"child":      childVectors,
		"lock":       lockVectors,
		"leaf":       func() file { return plain(leafVectors(w)) },
		"page":       func() file { return plain(pageVectors(w)) },
		"numbers":    func() file { return plain(numberVectors(w)) },
		"checkpoint": func() file { return plain(checkpointVectors(w)) },
		"tree":       func() file { return plain(treeVectors(w)) },
		"fetch":      func() file { return plain(fetchVectors(w)) },
		"relays":     func() file { return plain(relaysVectors(w)) },
		"request":    func() file { return plain(requestVectors(w)) },
		"row":        func() file { return plain(rowVectors(w)) },
		"passkey":    func() file { return plain(passkeyVectors()) },
		"sheet":      func() file { return plain(sheetVectors()) },
		"pairing":    func() file { return plain(pairingVectors(w)) },
		"file":       func() file { return plain(fileVectors()) },
		"time":       func() file { return plain(timeVectors()) },
		"wish":       func() file { return plain(wishVectors(w)) },
	}
	names := os.Args[1:]
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(makers))
	}
	for _, name := range names {
		maker, ok := makers[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "generate: there is no file %q\n", name)
			os.Exit(2)
		}
		if err := write("vectors", name, maker()); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}

func write(dir, name string, f file) error {
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Printf("%-12s %d\n", name, len(f.Vectors))
	return nil
}
