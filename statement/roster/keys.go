// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"crypto/ed25519"
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// XWingSize is the size of a public key of MLKEM768-X25519: the ML-KEM-768 encapsulation key, then X25519.
const XWingSize = 1184 + 32

// How a device keeps its secret keys.
const (
	// Native keys live in WebCrypto and cannot be exported.
	Native = "native"
	// Split keys are Native but for the ML-KEM half, which is software wrapped by a key that cannot be exported.
	Split = "split"
	// Software keys lie in a file of the device.
	Software = "software"
)

// DeviceKeys are a device's public keys as the roster holds them.
type DeviceKeys struct {
	ID      id.Device `json:"id"`
	Reader  []byte    `json:"reader"`
	Sign    []byte    `json:"sign"`
	Storage string    `json:"storage"`
}

func (d DeviceKeys) check() error {
	if !d.ID.Valid() || (d.Storage != Native && d.Storage != Split && d.Storage != Software) {
		return fmt.Errorf("a device with a malformed id or an unknown storage")
	}
	return checkKeys(d.Sign, d.Reader)
}

// HubKeys are the hub's public keys: for its signatures and for control messages to it.
type HubKeys struct {
	HPKE []byte `json:"hpke"`
	Sign []byte `json:"sign"`
}

// Fingerprint is the 16 bytes of the pairing code that stand for the hub's keys (docs/protocol.md, section 8).
func (h HubKeys) Fingerprint() []byte {
	sum := id.HashOf([]byte("keyhold/v1/hub-keys"), h.Sign, h.HPKE)
	return sum[:16]
}

// SheetKeys are the public keys of the recovery sheet.
type SheetKeys struct {
	Reader []byte `json:"reader"`
	Sign   []byte `json:"sign"`
}

// former is under what name the roster remembers keys that were replaced.
func (s SheetKeys) former() string { return id.HashOf(s.Sign).String() }

func (h HubKeys) former() string { return id.HashOf(h.Sign).String() }

// Lookup is the name under which the cloud finds the household of a sheet.
func (s SheetKeys) Lookup() id.Hash { return id.HashOf([]byte("keyhold/v1/sheet"), s.Sign) }

func checkKeys(sign, xwing []byte) error {
	if len(sign) != ed25519.PublicKeySize || len(xwing) != XWingSize {
		return fmt.Errorf("a public key of a wrong length")
	}
	return nil
}

// Genesis is the first statement of a household; its hash is the household's id.
type Genesis struct {
	At     int64      `json:"at"`
	Device DeviceKeys `json:"device"`
	Hub    HubKeys    `json:"hub"`
	Nonce  []byte     `json:"nonce"`
	Person id.Person  `json:"person"`
	Sheet  SheetKeys  `json:"sheet"`
}

// Check refuses values that the types allow.
func (g *Genesis) Check() error {
	if g.At <= 0 || len(g.Nonce) != 32 || !g.Person.Valid() {
		return fmt.Errorf("genesis: a malformed time, nonce or person")
	}
	if err := checkKeys(g.Hub.Sign, g.Hub.HPKE); err != nil {
		return fmt.Errorf("genesis: hub: %w", err)
	}
	if err := checkKeys(g.Sheet.Sign, g.Sheet.Reader); err != nil {
		return fmt.Errorf("genesis: sheet: %w", err)
	}
	return g.Device.check()
}

// Head names the newest statement of a roster.
type Head struct {
	Hash id.Hash `json:"hash"`
	Seq  int64   `json:"seq"`
}

var _ canon.Checker = (*Genesis)(nil)
