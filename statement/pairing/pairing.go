// SPDX-License-Identifier: Apache-2.0

// Package pairing holds the one-time secrets by which strangers meet: the hub's pairing code and invitations.
//
// Both secrets travel outside the cloud (a terminal, a QR code, a link's fragment). From them come the names of two
// drop boxes and the key of a MAC; the cloud learns a box's name, which is a hash, and nothing that would let it speak
// for either side (docs/protocol.md, sections 8 and 9).
package pairing

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// SecretSize is the size of a one-time secret.
const SecretSize = 16

// Labels of what is derived from a secret.
const (
	PairToHub       = "keyhold/v1/pairing/to-hub"
	PairToDevice    = "keyhold/v1/pairing/to-device"
	PairMAC         = "keyhold/v1/pairing/hmac"
	InviteToJoiner  = "keyhold/v1/invite/to-joiner"
	InviteToInviter = "keyhold/v1/invite/to-inviter"
	InviteMAC       = "keyhold/v1/invite/hmac"
)

// Derive is HKDF-SHA256 without salt, 32 bytes.
func Derive(secret []byte, label string) []byte {
	out, err := hkdf.Key(sha256.New, secret, nil, label, 32)
	if err != nil {
		// Only an absurd length or a FIPS build refuses.
		panic("pairing: derive: " + err.Error())
	}
	return out
}

// Box is a drop box's public name; who reads it shows the token.
func Box(token []byte) string { return id.HashOf([]byte("keyhold/v1/drop"), token).String() }

// MAC proves knowledge of the secret over a statement's PAE.
func MAC(secret []byte, label string, pae []byte) []byte {
	m := hmac.New(sha256.New, Derive(secret, label))
	m.Write(pae)
	return m.Sum(nil)
}

// CheckMAC compares in constant time.
func CheckMAC(mac, secret []byte, label string, pae []byte) error {
	if !hmac.Equal(mac, MAC(secret, label, pae)) && !rule.Off(rule.Invitation) {
		return rule.Errorf(rule.Invitation, "pairing: the message was not made by somebody who holds the code")
	}
	return nil
}

// Code is what the hub shows: a fingerprint of its keys and a secret.
type Code struct {
	Fingerprint []byte
	Secret      []byte
}

// String prints thirteen groups of four.
func (c Code) String() string {
	s := id.Base32(append(append([]byte{}, c.Fingerprint...), c.Secret...))
	groups := make([]string, 0, 13)
	for len(s) > 4 {
		groups = append(groups, s[:4])
		s = s[4:]
	}
	return strings.Join(append(groups, s), "-")
}

// begins is how many letters and dashes of a code stand for the hub's keys alone: six whole groups.
const begins = 6*5 - 1

// Begins is how the code begins of a hub that has these keys. It is no secret, and two people can compare it.
func Begins(keys roster.HubKeys) string {
	return Code{Fingerprint: keys.Fingerprint(), Secret: make([]byte, SecretSize)}.String()[:begins]
}

// ParseCode is tolerant of case, spaces and dashes.
func ParseCode(s string) (Code, error) {
	s = strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune("- \t\r\n", r) {
			return -1
		}
		return r
	}, s))
	b, err := id.ParseBase32(s)
	if err != nil || len(b) != 2*SecretSize {
		return Code{}, rule.Errorf(rule.Field, "pairing: not a hub's code; it has thirteen groups of four letters and digits")
	}
	return Code{Fingerprint: b[:SecretSize], Secret: b[SecretSize:]}, nil
}

// CheckHub wants the keys to be those of the code.
func (c Code) CheckHub(keys roster.HubKeys) error {
	if !hmac.Equal(keys.Fingerprint(), c.Fingerprint) && !rule.Off(rule.HubKeys) {
		return rule.Errorf(rule.HubKeys, "pairing: these keys are not those of the hub that showed the code")
	}
	return nil
}

// Invitation is the content of a link for a further device.
type Invitation struct {
	Head      roster.Head  `json:"head"`
	Household id.Household `json:"household"`
	Inviter   id.Device    `json:"inviter"`
	Secret    []byte       `json:"secret"`
}

// Check refuses values that the types allow.
func (i *Invitation) Check() error {
	if i.Head.Seq < 0 || !i.Household.Valid() || !i.Inviter.Valid() || len(i.Secret) != SecretSize {
		return fmt.Errorf("invitation: a malformed field")
	}
	return nil
}

// joinPath is where a link points to; what is behind the # never reaches a server.
const joinPath = "/join#"

// Link returns the invitation as a link on an origin such as https://example.org.
func (i Invitation) Link(origin string) (string, error) {
	b, err := canon.Marshal(i)
	if err != nil {
		return "", fmt.Errorf("pairing: invitation: %w", err)
	}
	return strings.TrimRight(origin, "/") + joinPath + base64.RawURLEncoding.EncodeToString(b), nil
}

// ParseLink splits a link into the origin and the invitation.
func ParseLink(link string) (origin string, inv Invitation, err error) {
	origin, text, ok := strings.Cut(strings.TrimSpace(link), joinPath)
	if !ok {
		return "", inv, rule.Errorf(rule.Field, "pairing: not an invitation link")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", inv, rule.Errorf(rule.Field, "pairing: the invitation link is damaged")
	}
	if err := canon.UnmarshalMax(b, &inv, 1024); err != nil {
		return "", inv, fmt.Errorf("pairing: the invitation link is damaged: %w", err)
	}
	return origin, inv, nil
}
