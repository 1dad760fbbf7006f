// SPDX-License-Identifier: Apache-2.0

// Package alert seals what the hub tells a member's device at once (docs/protocol.md 16).
//
// The cloud that carries it, by the mailboxes' socket or inside a push message, sees that something was sent, and not
// what: every sealed alert is of one size.
package alert

import (
	"crypto/ed25519"
	"fmt"

	"keyhold/sealing/box"
	"keyhold/statement/alert"
	"keyhold/statement/id"
)

// Info is the context in which alerts of a household are sealed.
func Info(household id.Household) box.Context {
	return box.Context{"household": string(household), "purpose": alert.Purpose}
}

// Seal signs one alert for one device and seals it to the device's reader key. The result has alert.SealedSize bytes.
func Seal(a alert.Alert, household id.Household, to id.Device, reader []byte, key ed25519.PrivateKey) ([]byte, error) {
	signed, err := alert.Sign(a, household, to, key)
	if err != nil {
		return nil, err
	}
	sealed, err := box.Seal(reader, Info(household), box.Context{"from": string(id.Hub), "to": string(to)}, signed)
	if err != nil {
		return nil, fmt.Errorf("alert: %w", err)
	}
	return sealed, nil
}
