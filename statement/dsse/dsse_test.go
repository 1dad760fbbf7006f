// SPDX-License-Identifier: Apache-2.0

package dsse_test

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

type note struct {
	Text string `json:"text"`
}

func TestPAEIsThatOfTheSpecification(t *testing.T) {
	// The example of secure-systems-lab/dsse, protocol.md.
	e := dsse.Envelope{PayloadType: "http://example.com/HelloWorld", Payload: []byte("hello world")}
	if got, want := string(e.PAE()), "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestASecondSignatureByOneSignerReplacesTheFirst(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	e, err := dsse.Signed("note", note{"a"}, id.Hub, key)
	if err != nil {
		t.Fatal(err)
	}
	e.Sign(id.Hub, key)
	if len(e.Signatures) != 1 {
		t.Fatalf("%d signatures", len(e.Signatures))
	}
	var n note
	if _, err := dsse.OpenBy(e.Encode(), "note", &n, id.Hub, key.Public().(ed25519.PublicKey)); err != nil || n.Text != "a" {
		t.Fatal(n, err)
	}
}

func TestTheHashIsOverTheStatementNotItsSignatures(t *testing.T) {
	a, _ := dsse.New("note", note{"a"})
	before := a.Hash()
	a.Sign(id.Hub, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if a.Hash() != before {
		t.Fatal("signing changed the hash")
	}
}

func FuzzParse(f *testing.F) {
	e, _ := dsse.Signed("note", note{"a"}, id.Hub, ed25519.NewKeyFromSeed(make([]byte, 32)))
	f.Add(e.Encode())
	f.Add([]byte(`{"payload":"","payloadType":"","signatures":[]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := dsse.Parse(in)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Encode(), in) {
			t.Fatalf("taken but written as %q", e.Encode())
		}
	})
}

func TestNothingIsSignedThatNobodyReads(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	for length, ok := range map[int]bool{canon.MaxBytes - len(`{"text":""}`): true, canon.MaxBytes - len(`{"text":""}`) + 1: false} {
		e, err := dsse.Signed("note", note{strings.Repeat("a", length)}, id.Hub, key)
		if (err == nil) != ok || !ok && rule.Of(err) != rule.Length {
			t.Errorf("%d bytes of text: %v", length, err)
		}
		var back note
		if ok && e.Open("note", &back, map[id.Device]ed25519.PublicKey{id.Hub: key.Public().(ed25519.PublicKey)}) != nil {
			t.Error("the longest that is signed is not read")
		}
	}
}
