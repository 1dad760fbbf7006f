// SPDX-License-Identifier: Apache-2.0

// Package keys holds the secret keys of those who read: devices and the recovery sheet.
//
// It makes and rebuilds them; it stores nothing. A command-line device keeps its Secret in one file of mode 0600, the
// sheet exists on paper only. The hub has keys of the same kinds for its mail, but no reader key.
package keys

import (
	"crypto/ed25519"
	"fmt"
	"io"

	"keyhold/sealing/box"
)

// Secret is a signing seed and a reader seed, 32 bytes each.
type Secret struct {
	Sign   []byte `json:"sign"`
	Reader []byte `json:"reader"`
}

// NewSecret makes fresh seeds.
func NewSecret(rand io.Reader) (Secret, error) {
	b := make([]byte, ed25519.SeedSize+box.SeedSize)
	if _, err := io.ReadFull(rand, b); err != nil {
		return Secret{}, fmt.Errorf("keys: read randomness: %w", err)
	}
	return Secret{Sign: b[:ed25519.SeedSize], Reader: b[ed25519.SeedSize:]}, nil
}

// Pair is a Secret ready for use.
type Pair struct {
	Signing ed25519.PrivateKey
	Reading *box.Key
}

// Pair expands the seeds.
func (s Secret) Pair() (Pair, error) {
	if len(s.Sign) != ed25519.SeedSize {
		return Pair{}, fmt.Errorf("keys: the signing seed has a wrong length")
	}
	reading, err := box.NewKey(s.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("keys: %w", err)
	}
	return Pair{Signing: ed25519.NewKeyFromSeed(s.Sign), Reading: reading}, nil
}

// SignPublic and ReaderPublic are the public halves.
func (p Pair) SignPublic() []byte   { return p.Signing.Public().(ed25519.PublicKey) }
func (p Pair) ReaderPublic() []byte { return p.Reading.Public() }
