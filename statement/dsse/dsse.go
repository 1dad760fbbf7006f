// SPDX-License-Identifier: Apache-2.0

// Package dsse signs and checks statements: DSSE envelopes with Ed25519 over canonical JSON.
//
// The signed bytes are the sent bytes (secure-systems-lab/dsse, v1.0.2), so nothing has to be rebuilt before a check.
// An envelope itself proves nothing: Open does, and only for the signers that the caller names with keys of its own
// finding. Keys never come out of an envelope.
package dsse

import (
	"crypto/ed25519"
	"fmt"
	"strconv"
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

const (
	// MaxBytes is the longest envelope.
	MaxBytes = 98304
	// maxSignatures bounds the work of a check.
	maxSignatures = 8
	typePrefix    = "application/vnd.keyhold."
	typeSuffix    = ".v1+json"
	// secondEdition ends the name of a thing that a second payload type was made of (docs/evolution.md).
	secondEdition = ".v2"
)

// Signature is one signer's Ed25519 signature over the envelope's PAE.
type Signature struct {
	KeyID id.Device `json:"keyid"`
	Sig   []byte    `json:"sig"`
}

// Envelope is a statement with its signatures.
type Envelope struct {
	Payload     []byte      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []Signature `json:"signatures"`
}

// Check refuses values that the types allow.
func (e *Envelope) Check() error {
	if len(e.Signatures) < 1 || len(e.Signatures) > maxSignatures {
		return fmt.Errorf("an envelope has 1 to %d signatures", maxSignatures)
	}
	seen := map[id.Device]bool{}
	for _, s := range e.Signatures {
		if !s.KeyID.ValidSigner() || len(s.Sig) != ed25519.SignatureSize || seen[s.KeyID] {
			return fmt.Errorf("a signature with an unknown form of key id, a wrong length, or given twice")
		}
		seen[s.KeyID] = true
	}
	return nil
}

// TypeOf returns the payload type of a thing, such as "roster", or "names.v2" for the second edition of one.
func TypeOf(thing string) string {
	if strings.HasSuffix(thing, secondEdition) {
		return typePrefix + thing + "+json"
	}
	return typePrefix + thing + typeSuffix
}

// New makes an envelope without signatures around a payload.
func New(thing string, payload any) (*Envelope, error) {
	b, err := canon.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("dsse: %s: %w", thing, err)
	}
	if len(b) > canon.MaxBytes {
		return nil, rule.Errorf(rule.Length, "dsse: %s: it would be longer than the %d bytes that are read", thing, canon.MaxBytes)
	}
	return &Envelope{PayloadType: TypeOf(thing), Payload: b, Signatures: []Signature{}}, nil
}

// Signed makes an envelope and signs it once.
func Signed(thing string, payload any, keyid id.Device, key ed25519.PrivateKey) (*Envelope, error) {
	e, err := New(thing, payload)
	if err != nil {
		return nil, err
	}
	e.Sign(keyid, key)
	return e, nil
}

// Sign adds a signature, or replaces the one this signer gave before.
func (e *Envelope) Sign(keyid id.Device, key ed25519.PrivateKey) {
	sig := ed25519.Sign(key, e.PAE())
	for i := range e.Signatures {
		if e.Signatures[i].KeyID == keyid {
			e.Signatures[i].Sig = sig
			return
		}
	}
	e.Signatures = append(e.Signatures, Signature{KeyID: keyid, Sig: sig})
}

// SignedBy says whether a signature under this key id is present; it does not check it.
func (e *Envelope) SignedBy(keyid id.Device) bool {
	for _, s := range e.Signatures {
		if s.KeyID == keyid {
			return true
		}
	}
	return false
}

// Encode returns the envelope's canonical JSON.
func (e *Envelope) Encode() []byte {
	b, err := canon.Marshal(e)
	if err != nil {
		// Byte slices and valid UTF-8 strings always have a canonical form.
		panic("dsse: encode: " + err.Error())
	}
	return b
}

// Parse reads an envelope; it checks no signature.
func Parse(b []byte) (*Envelope, error) {
	var e Envelope
	if err := canon.UnmarshalMax(b, &e, MaxBytes); err != nil {
		return nil, fmt.Errorf("dsse: envelope: %w", err)
	}
	return &e, nil
}

// PAE returns the bytes that are signed.
func (e *Envelope) PAE() []byte {
	head := "DSSEv1 " + strconv.Itoa(len(e.PayloadType)) + " " + e.PayloadType + " " + strconv.Itoa(len(e.Payload)) + " "
	return append(append(make([]byte, 0, len(head)+len(e.Payload)), head...), e.Payload...)
}

// Hash is the statement's hash: over the PAE, never over signatures.
func (e *Envelope) Hash() id.Hash { return id.HashOf(e.PAE()) }

// Read decodes the payload without looking at signatures. It is for finding out who has to have signed; what it
// returns must not be used before Verify has passed.
func (e *Envelope) Read(thing string, payload any) error {
	if e.PayloadType != TypeOf(thing) {
		return rule.Errorf(rule.PayloadType, "dsse: the statement is not a %s", thing)
	}
	if err := canon.Unmarshal(e.Payload, payload); err != nil {
		return fmt.Errorf("dsse: %s: %w", thing, err)
	}
	return nil
}

// Verify passes if exactly the signers in need have signed, each with its key.
func (e *Envelope) Verify(need map[id.Device]ed25519.PublicKey) error {
	return e.VerifyWith(need, ed25519.Verify)
}

// Prover says whether a signature is right; the key has the length of one.
type Prover func(key ed25519.PublicKey, message, sig []byte) bool

// VerifyWith is Verify for a caller that looks at the signatures itself, such as one that has many of them looked at
// side by side.
func (e *Envelope) VerifyWith(need map[id.Device]ed25519.PublicKey, proves Prover) error {
	for _, s := range e.Signatures {
		if _, ok := need[s.KeyID]; !ok {
			return rule.Errorf(rule.Signer, "dsse: signed by somebody who has no part in it")
		}
	}
	for keyid := range need {
		if !e.SignedBy(keyid) && !rule.Off(rule.Signer) {
			return rule.Errorf(rule.Signer, "dsse: a signature is missing")
		}
	}
	pae := e.PAE()
	for _, s := range e.Signatures {
		key := need[s.KeyID]
		if (len(key) != ed25519.PublicKeySize || !proves(key, pae, s.Sig)) && !rule.Off(rule.Signature) {
			return rule.Errorf(rule.Signature, "dsse: a signature does not verify")
		}
	}
	return nil
}

// Open reads the payload and verifies that exactly the signers in need have signed.
func (e *Envelope) Open(thing string, payload any, need map[id.Device]ed25519.PublicKey) error {
	if err := e.Read(thing, payload); err != nil {
		return err
	}
	return e.Verify(need)
}

// OpenBy is Open for a single signer, from encoded bytes.
func OpenBy(b []byte, thing string, payload any, keyid id.Device, key ed25519.PublicKey) (*Envelope, error) {
	e, err := Parse(b)
	if err != nil {
		return nil, err
	}
	return e, e.Open(thing, payload, map[id.Device]ed25519.PublicKey{keyid: key})
}
