// SPDX-License-Identifier: Apache-2.0

// Package box seals small things to one reader: HPKE with MLKEM768-X25519 (docs/protocol.md, 1.3).
//
// Every sealing names what it is for: info and aad are canonical JSON that both sides build for themselves, so that a
// message cannot be moved to another household, purpose or reader. The package authenticates no sender; what is sealed
// carries a signed statement where that matters.
package box

import (
	"crypto/hpke"
	"fmt"

	"keyhold/statement/canon"
)

// EncSize is the length of the encapsulated key that stands before the ciphertext.
const EncSize = 1088 + 32

// Context is what info and aad say, as canonical JSON of strings.
type Context map[string]string

func (c Context) bytes() ([]byte, error) {
	if c == nil {
		c = Context{}
	}
	return canon.Marshal(c)
}

// Seal seals plain to a public key of 1,216 bytes.
func Seal(pub []byte, info, aad Context, plain []byte) ([]byte, error) {
	pk, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("box: seal: unusable public key: %w", err)
	}
	i, err := info.bytes()
	if err != nil {
		return nil, fmt.Errorf("box: seal: %w", err)
	}
	a, err := aad.bytes()
	if err != nil {
		return nil, fmt.Errorf("box: seal: %w", err)
	}
	enc, s, err := hpke.NewSender(pk, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), i)
	if err != nil {
		return nil, fmt.Errorf("box: seal: %w", err)
	}
	ct, err := s.Seal(a, plain)
	if err != nil {
		return nil, fmt.Errorf("box: seal: %w", err)
	}
	return append(enc, ct...), nil
}

// Key is a secret key that opens what was sealed to its public key.
type Key struct{ k hpke.PrivateKey }

// SeedSize is the size of a key's seed.
const SeedSize = 32

// NewKey returns the key of a seed of 32 bytes.
func NewKey(seed []byte) (*Key, error) {
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, fmt.Errorf("box: unusable seed: %w", err)
	}
	return &Key{k}, nil
}

// Public returns the public key, 1,216 bytes.
func (k *Key) Public() []byte { return k.k.PublicKey().Bytes() }

// Open opens what Seal made under the same info and aad.
func (k *Key) Open(info, aad Context, sealed []byte) ([]byte, error) {
	if len(sealed) < EncSize {
		return nil, fmt.Errorf("box: open: too short")
	}
	i, err := info.bytes()
	if err != nil {
		return nil, fmt.Errorf("box: open: %w", err)
	}
	a, err := aad.bytes()
	if err != nil {
		return nil, fmt.Errorf("box: open: %w", err)
	}
	r, err := hpke.NewRecipient(sealed[:EncSize], k.k, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), i)
	if err != nil {
		return nil, fmt.Errorf("box: open: %w", err)
	}
	plain, err := r.Open(a, sealed[EncSize:])
	if err != nil {
		return nil, fmt.Errorf("box: open: not sealed to this key for this purpose: %w", err)
	}
	return plain, nil
}
