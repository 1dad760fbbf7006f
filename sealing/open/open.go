// SPDX-License-Identifier: Apache-2.0

// Package open opens recordings for those who may read them: members' devices and the sheet.
//
// Nothing at the operator and nothing that records imports it (a test proves it). Opening proves that the reader was
// meant to read, not that the hub wrote: a caller checks size and hash against the manifest first.
package open

import (
	"fmt"
	"io"

	"filippo.io/age"

	"keyhold/sealing/box"
	"keyhold/sealing/to"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Identity opens what was sealed to one epoch.
type Identity struct{ i *age.HybridIdentity }

// ParseIdentity reads an AGE-SECRET-KEY-PQ-1… string.
func ParseIdentity(s string) (*Identity, error) {
	i, err := age.ParseHybridIdentity(s)
	if err != nil {
		return nil, fmt.Errorf("open: unusable identity") // the cause would quote the key
	}
	return &Identity{i}, nil
}

// String returns the identity as stock age reads it. It is a secret.
func (i *Identity) String() string { return i.i.String() }

// RecipientHash is what the epoch's leaf must say.
func (i *Identity) RecipientHash() id.Hash { return id.HashOf([]byte(i.i.Recipient().String())) }

// Open returns the plaintext of one age file.
func (i *Identity) Open(sealed io.Reader) (io.Reader, error) {
	r, err := age.Decrypt(sealed, i.i)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return r, nil
}

// Row opens an envelope row with the reader key of its device (or of the sheet).
func Row(key *box.Key, household id.Household, row request.Row) (*Identity, error) {
	plain, err := key.Open(to.RowInfo(household), to.RowAAD(row.Camera, row.Device, row.Epoch, row.Head), row.Bytes)
	if err != nil {
		return nil, rule.Errorf(rule.Envelope, "open: an envelope of an epoch is not for this reader")
	}
	defer clear(plain)
	return ParseIdentity(string(plain))
}
