// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"testing"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

type seed struct {
	Input, Key      []byte
	Text, Household string
}

// seeds are the inputs of a vector file.
func seeds(f *testing.F, name string) []seed {
	f.Helper()
	b, err := os.ReadFile("../../vectors/" + name + ".json")
	if err != nil {
		f.Fatal(err)
	}
	var file struct{ Vectors []seed }
	if err := json.Unmarshal(b, &file); err != nil {
		f.Fatal(err)
	}
	return file.Vectors
}

func FuzzParseLeaf(f *testing.F) {
	for _, s := range seeds(f, "leaf") {
		f.Add(s.Input)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		l, err := manifest.ParseLeaf(in)
		if err != nil {
			return
		}
		if again, err := manifest.EncodeLeaf(l); err != nil || !bytes.Equal(again, in) {
			t.Fatalf("taken but written as %q (%v)", again, err)
		}
	})
}

func FuzzParsePage(f *testing.F) {
	for _, s := range seeds(f, "page") {
		f.Add(s.Input)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		entries, err := manifest.ParsePage(in)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			again = manifest.AppendEntry(again, e.Index, e.Raw)
		}
		if !bytes.Equal(again, in) {
			t.Fatalf("taken but written as %q", again)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	vectors := seeds(f, "checkpoint")
	for _, s := range vectors {
		f.Add(s.Text)
	}
	household, key := id.Household(vectors[0].Household), ed25519.PublicKey(vectors[0].Key)
	known := map[string]bool{}
	for _, s := range vectors {
		known[s.Text] = true
	}
	f.Fuzz(func(t *testing.T, text string) {
		// Without the hub's key nothing but the vectors themselves can pass.
		if _, err := manifest.ParseCheckpoint(text, household, key); err == nil && !known[text] {
			t.Fatalf("a forged checkpoint was taken: %q", text)
		}
	})
}
