// SPDX-License-Identifier: Apache-2.0

// Package id holds the names of things: typed random ids and hashes.
//
// A function that takes an id.Camera cannot be called with an id.Object. Every id and hash has exactly one
// spelling (docs/protocol.md, section 1), so equality of text is equality of things.
package id

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
)

// Ids of one household. The text form is a prefix and 26 characters of lower-case base32.
type (
	Person string
	Device string
	Camera string
	Epoch  string
	Object string
	Run    string
	// View is one device watching live.
	View string
	// Found is a camera that the hub has found in the home, and which is none of the household's.
	Found string
)

// Household is the hash of the household's genesis statement, in text form.
type Household string

// Words that stand where an id could.
const (
	// Hub and Sheet are the key ids of the two signers that are not devices.
	Hub   Device = "hub"
	Sheet Device = "sheet"
	// HouseholdCamera stands for the household's own epoch and leaves.
	HouseholdCamera Camera = "household"
)

const (
	randomBytes = 16
	// HashTextLen is the length of a hash in text form.
	HashTextLen = 52
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrForm says that a text is not the one spelling of an id or hash.
var ErrForm = errors.New("not a well-formed id")

// Base32 encodes bytes as lower-case base32 without padding.
func Base32(b []byte) string { return encoding.EncodeToString(b) }

// ParseBase32 decodes what Base32 wrote and refuses every other spelling.
func ParseBase32(s string) ([]byte, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || encoding.EncodeToString(b) != s {
		return nil, ErrForm
	}
	return b, nil
}

func random(prefix string, rand io.Reader) (string, error) {
	var b [randomBytes]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("id: read randomness: %w", err)
	}
	return prefix + Base32(b[:]), nil
}

func check(prefix, s string) error {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return ErrForm
	}
	b, err := ParseBase32(s[len(prefix):])
	if err != nil || len(b) != randomBytes {
		return ErrForm
	}
	return nil
}

// NewPerson and its kin make an id from 16 random bytes.
func NewPerson(rand io.Reader) (Person, error) { s, err := random("per_", rand); return Person(s), err }

func NewDevice(rand io.Reader) (Device, error) { s, err := random("dev_", rand); return Device(s), err }

// NewPasskey makes the id of a passkey. It stands where a device's does, wherever keys are meant.
func NewPasskey(rand io.Reader) (Device, error) {
	s, err := random("pas_", rand)
	return Device(s), err
}

func NewCamera(rand io.Reader) (Camera, error) { s, err := random("cam_", rand); return Camera(s), err }

func NewEpoch(rand io.Reader) (Epoch, error) { s, err := random("epo_", rand); return Epoch(s), err }

func NewObject(rand io.Reader) (Object, error) { s, err := random("obj_", rand); return Object(s), err }

func NewRun(rand io.Reader) (Run, error) { s, err := random("run_", rand); return Run(s), err }

func NewView(rand io.Reader) (View, error) { s, err := random("vie_", rand); return View(s), err }

func NewFound(rand io.Reader) (Found, error) { s, err := random("fnd_", rand); return Found(s), err }

// ParseCamera and its kin accept only the one spelling of an id.
func ParseCamera(s string) (Camera, error) { return Camera(s), check("cam_", s) }
func ParseEpoch(s string) (Epoch, error)   { return Epoch(s), check("epo_", s) }
func ParseObject(s string) (Object, error) { return Object(s), check("obj_", s) }
func ParseRun(s string) (Run, error)       { return Run(s), check("run_", s) }

// Valid and its kin say whether the id is well formed; payload checks use them.
func (p Person) Valid() bool { return check("per_", string(p)) == nil }
func (d Device) Valid() bool { return check("dev_", string(d)) == nil }
func (e Epoch) Valid() bool  { return check("epo_", string(e)) == nil }
func (o Object) Valid() bool { return check("obj_", string(o)) == nil }
func (r Run) Valid() bool    { return check("run_", string(r)) == nil }
func (v View) Valid() bool   { return check("vie_", string(v)) == nil }
func (f Found) Valid() bool  { return check("fnd_", string(f)) == nil }

// Valid says whether the camera id is well formed; the word for the household is not a camera.
func (c Camera) Valid() bool { return check("cam_", string(c)) == nil }

// ValidOrHousehold also allows the word that stands for the household's own epoch.
func (c Camera) ValidOrHousehold() bool { return c == HouseholdCamera || c.Valid() }

// Passkey says whether this is the id of a passkey.
func (d Device) Passkey() bool { return check("pas_", string(d)) == nil }

// ReturnKey says whether this brings a person back and does little else: the sheet, or a passkey.
func (d Device) ReturnKey() bool { return d == Sheet || d.Passkey() }

// ValidReader allows a device, a passkey or the sheet: those that can be given an epoch.
func (d Device) ValidReader() bool { return d.Valid() || d.ReturnKey() }

// ValidSigner allows a device, a passkey, the sheet or the hub.
func (d Device) ValidSigner() bool { return d == Hub || d.ValidReader() }

// Valid says whether the household id is the text form of a hash.
func (h Household) Valid() bool { _, err := ParseHash(string(h)); return err == nil }

// ParseHousehold accepts only the text form of a hash.
func ParseHousehold(s string) (Household, error) {
	_, err := ParseHash(s)
	return Household(s), err
}

// Hash is a SHA-256 digest. Its text form is 52 characters of base32.
type Hash [sha256.Size]byte

// HashOf hashes the concatenation of its arguments.
func HashOf(parts ...[]byte) Hash {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return Hash(h.Sum(nil))
}

// ParseHash accepts only the one spelling of a hash.
func ParseHash(s string) (Hash, error) {
	b, err := ParseBase32(s)
	if err != nil || len(b) != sha256.Size {
		return Hash{}, ErrForm
	}
	return Hash(b), nil
}

func (h Hash) String() string { return Base32(h[:]) }

// MarshalText and UnmarshalText put the text form into JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText accepts only the one spelling of a hash.
func (h *Hash) UnmarshalText(b []byte) error {
	v, err := ParseHash(string(b))
	if err != nil {
		return err
	}
	*h = v
	return nil
}

// Hour is the UTC hour that a time in milliseconds belongs to, as pages and rows are filed.
func Hour(ms int64) int64 { return ms / 3_600_000 }
