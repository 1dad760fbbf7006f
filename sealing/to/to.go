// SPDX-License-Identifier: Apache-2.0

// Package to seals recordings; it cannot open them.
//
// A recorder imports this package and never sealing/open (a test proves it): what it seals to an epoch it cannot read
// again, because Epoch gives the identity away, sealed to each reader, and keeps none of it.
package to

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"runtime"

	"filippo.io/age"

	"keyhold/sealing/box"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Recipient is an epoch's public key.
type Recipient struct{ r *age.HybridRecipient }

// ParseRecipient accepts hybrid recipients only: nothing is negotiable.
func ParseRecipient(s string) (*Recipient, error) {
	r, err := age.ParseHybridRecipient(s)
	if err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	return &Recipient{r}, nil
}

func (r *Recipient) String() string { return r.r.String() }

// Hash is what an epoch's leaf says of its recipient.
func (r *Recipient) Hash() id.Hash { return id.HashOf([]byte(r.String())) }

// Seal returns a writer whose plaintext goes to w as one age file. Close ends the file, not w.
func (r *Recipient) Seal(w io.Writer) (io.WriteCloser, error) {
	out, err := age.Encrypt(w, r.r)
	if err != nil {
		return nil, fmt.Errorf("to: seal: %w", err)
	}
	return out, nil
}

// SealAll returns plain as one age file.
func (r *Recipient) SealAll(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := r.Seal(&out)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("to: seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("to: seal: %w", err)
	}
	return out.Bytes(), nil
}

// Reader is somebody who is given an epoch.
type Reader struct {
	Device id.Device
	// Key is the public reader key, 1,216 bytes.
	Key []byte
}

// Epoch is a new epoch: the key to seal to, and its identity in as many envelopes as there are readers.
type Epoch struct {
	ID        id.Epoch
	Camera    id.Camera
	Recipient *Recipient
	Rows      []request.Row
}

// NewEpoch makes an epoch for exactly these readers. Its identity is gone when the function returns.
func NewEpoch(household id.Household, camera id.Camera, head id.Hash, readers []Reader) (*Epoch, error) {
	epoch, err := id.NewEpoch(rand.Reader)
	if err != nil {
		return nil, err
	}
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("to: epoch: %w", err)
	}
	e := &Epoch{ID: epoch, Camera: camera, Recipient: &Recipient{identity.Recipient()}}
	text := []byte(identity.String())
	for _, r := range readers {
		row, err := SealRow(household, camera, epoch, head, r, text)
		if err != nil {
			return nil, err
		}
		e.Rows = append(e.Rows, row)
	}
	// The collector has the last word on memory; our copies are gone from here on.
	clear(text)
	runtime.KeepAlive(text)
	return e, nil
}

// RowInfo and RowAAD are what an envelope row is bound to (docs/protocol.md, section 4).
func RowInfo(household id.Household) box.Context {
	return box.Context{"household": string(household), "purpose": "epoch"}
}

// RowAAD binds a row to camera, reader, epoch and roster head.
func RowAAD(camera id.Camera, device id.Device, epoch id.Epoch, head id.Hash) box.Context {
	return box.Context{"camera": string(camera), "device": string(device), "epoch": string(epoch), "head": head.String()}
}

// SealRow seals an epoch's identity to one reader.
func SealRow(household id.Household, camera id.Camera, epoch id.Epoch, head id.Hash, r Reader, identity []byte) (request.Row, error) {
	b, err := box.Seal(r.Key, RowInfo(household), RowAAD(camera, r.Device, epoch, head), identity)
	if err != nil {
		return request.Row{}, fmt.Errorf("to: envelope: %w", err)
	}
	return request.Row{Bytes: b, Camera: camera, Device: r.Device, Epoch: epoch, Head: head}, nil
}
