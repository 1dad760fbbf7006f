// SPDX-License-Identifier: Apache-2.0

// Package gesturetest is a passkey in memory, for tests: an authenticator and the browser before it, in one.
//
// It does what it is told, also what no honest one would do. It trusts nobody and is trusted with nothing.
package gesturetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// Flags of WebAuthn's authenticator data.
const (
	Present  = 0x01
	Verified = 0x04
)

// Passkey is one with what it would show to a browser.
type Passkey struct {
	ID     id.Device
	Origin string
	// Secret and Pair are the keys that come of its answer.
	Secret keys.Secret
	Pair   keys.Pair

	key        *ecdsa.PrivateKey
	credential []byte
}

// New makes a passkey for an address.
func New(origin string) (*Passkey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 16+32)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	secret, err := keys.PasskeySecret(random[16:])
	if err != nil {
		return nil, err
	}
	pair, err := secret.Pair()
	if err != nil {
		return nil, err
	}
	name, err := id.NewPasskey(rand.Reader)
	return &Passkey{ID: name, Origin: origin, Secret: secret, Pair: pair, key: key, credential: random[:16]}, err
}

// Keys are what the roster holds of it.
func (p *Passkey) Keys() roster.PasskeyKeys {
	return roster.PasskeyKeys{
		Credential: p.credential, ID: p.ID, Origin: p.Origin, Public: p.cose(), Reader: p.Pair.ReaderPublic(), Sign: p.Pair.SignPublic(), Synced: true,
	}
}

// cose is the public key as RFC 9053 writes one for ES256.
func (p *Passkey) cose() []byte {
	point, err := p.key.PublicKey.Bytes()
	if err != nil {
		panic("gesturetest: " + err.Error()) // P-256 always has bytes
	}
	out := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	out = append(out, point[1:33]...)
	out = append(out, 0x22, 0x58, 0x20)
	return append(out, point[33:]...)
}

// Answer is what is signed: an honest browser and authenticator choose all but the challenge.
type Answer struct {
	Challenge []byte
	// Type is webauthn.get where it is empty, Origin and Domain those of the passkey, Flags Present and Verified.
	Type, Origin, Domain string
	Flags                byte
	// Key signs in place of the passkey's own.
	Key *Passkey
}

// Sign answers.
func (p *Passkey) Sign(a Answer) (*request.Gesture, error) {
	if a.Type == "" {
		a.Type = "webauthn.get"
	}
	if a.Origin == "" {
		a.Origin = p.Origin
	}
	if a.Domain == "" {
		a.Domain = p.Keys().Domain()
	}
	if a.Flags == 0 {
		a.Flags = Present | Verified
	}
	if a.Key == nil {
		a.Key = p
	}
	client, err := json.Marshal(map[string]any{
		"type": a.Type, "challenge": base64.RawURLEncoding.EncodeToString(a.Challenge), "origin": a.Origin, "crossOrigin": false,
	})
	if err != nil {
		return nil, fmt.Errorf("gesturetest: %w", err)
	}
	domain := sha256.Sum256([]byte(a.Domain))
	authenticator := append(append([]byte{}, domain[:]...), a.Flags, 0, 0, 0, 0)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, authenticator...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.Key.key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("gesturetest: %w", err)
	}
	return &request.Gesture{Passkey: &request.Assertion{Authenticator: authenticator, Client: client, ID: p.ID, Signature: signature}}, nil
}
