// SPDX-License-Identifier: Apache-2.0

// Command generate writes the vectors that Go and TypeScript must agree on, verdict and rule.
//
// Each refusal is spoiled in one named way, and its rule is stated here by how it was made, not by asking the code
// under test. Keys and times are fixed; only what HPKE seals differs from run to run, so vectors are generated when a
// format changes and committed. Run from the module's root: go run ./vectors/generate
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

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
	Chain     [][]byte       `json:"chain,omitempty"`
	Household string         `json:"household,omitempty"`
	Key       []byte         `json:"key,omitempty"`
	Page      *vectorPage    `json:"page,omitempty"`
	Tail      int64          `json:"tail,omitempty"`
	Old       string         `json:"old,omitempty"`
	Leaves    [][]byte       `json:"leaves,omitempty"`
	Index     int64          `json:"index,omitempty"`
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

func main() {
	w := newWorld("home ")
	files := map[string][]vector{
		"envelope":   envelopeVectors(w),
		"roster":     rosterVectors(w),
		"leaf":       leafVectors(w),
		"page":       pageVectors(w),
		"numbers":    numberVectors(w),
		"checkpoint": checkpointVectors(w),
		"tree":       treeVectors(w),
		"fetch":      fetchVectors(w),
		"request":    requestVectors(w),
		"row":        rowVectors(w),
		"sheet":      sheetVectors(),
		"pairing":    pairingVectors(w),
		"file":       fileVectors(),
		"time":       timeVectors(),
	}
	if err := write("vectors", files); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(dir string, files map[string][]vector) error {
	for name, vs := range files {
		b, err := json.MarshalIndent(map[string]any{"vectors": vs}, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), append(b, '\n'), 0o644); err != nil {
			return err
		}
		fmt.Printf("%-12s %d\n", name, len(vs))
	}
	return nil
}
