// SPDX-License-Identifier: Apache-2.0

// Package request holds what members, hub and cloud ask of each other: fetches, writes, sessions, commands, replies.
//
// Each is a signed statement with a time and a nonce; there is no cookie or bearer token in Keyhold. Whoever receives
// one checks the signature with a key of the roster, the time with Fresh, and remembers the nonce for as long as Fresh
// would let it pass again (docs/protocol.md, sections 6 and 7).
package request

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Payload types.
const (
	ThingFetch   = "fetch"
	ThingWrite   = "write"
	ThingSession = "session"
	ThingCommand = "command"
	ThingReply   = "reply"
	ThingReseal  = "reseal"
	// ThingRelays is newer than version 1.
	ThingRelays = "relays"
)

// NonceSize is the size of every nonce here.
const NonceSize = 16

// Window is how far a statement's time may be from the receiver's (milliseconds).
const Window = 2 * 60_000

// Fresh refuses what is too old or too far ahead.
func Fresh(at, now int64) error {
	if (at < now-Window || at > now+Window) && !rule.Off(rule.Time) {
		return rule.Errorf(rule.Time, "request: older or newer than two minutes; is a clock wrong?")
	}
	return nil
}

// Kinds and purposes of a fetch.
const (
	FetchSync    = "sync"
	FetchFootage = "footage"

	PurposeSync    = "sync"
	PurposeTiles   = "tiles"
	PurposeHistory = "history"
	PurposeExport  = "export"
)

// Fetch asks the cloud for household data; it is the login, and footage is a look.
type Fetch struct {
	At        int64        `json:"at"`
	Cameras   []id.Camera  `json:"cameras"`
	Device    id.Device    `json:"device"`
	From      int64        `json:"from"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	Nonce     []byte       `json:"nonce"`
	Purpose   string       `json:"purpose"`
	To        []byte       `json:"to"`
	Until     int64        `json:"until"`
}

// Check refuses values that the types allow.
func (f *Fetch) Check() error {
	footage := f.Purpose == PurposeTiles || f.Purpose == PurposeHistory || f.Purpose == PurposeExport
	switch {
	case f.Kind == FetchSync && f.Purpose == PurposeSync && f.Device.ValidReader():
	case f.Kind == FetchFootage && footage && (f.Device.Valid() || (f.Device.ReturnKey() && rule.Off(rule.Field))):
	default:
		return fmt.Errorf("fetch: kind, purpose and device do not go together")
	}
	if f.At <= 0 || f.From < 0 || f.Until < f.From || !f.Household.Valid() || len(f.Nonce) != NonceSize || len(f.To) != 32 || len(f.Cameras) > 256 {
		return fmt.Errorf("fetch: a malformed field")
	}
	for _, c := range f.Cameras {
		if !c.Valid() && (f.Kind != FetchSync || c != id.HouseholdCamera) {
			return fmt.Errorf("fetch: a malformed camera")
		}
	}
	return nil
}

// Write authorises one upload: this body, under this name.
type Write struct {
	At        int64        `json:"at"`
	From      id.Device    `json:"from"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	Name      string       `json:"name"`
	Nonce     []byte       `json:"nonce"`
	SHA256    id.Hash      `json:"sha256"`
	Size      int64        `json:"size"`
}

// Kinds of writes.
const (
	WriteObjects     = "objects"
	WritePages       = "pages"
	WriteTiles       = "tiles"
	WriteCheckpoints = "checkpoints"
	WriteEnvelopes   = "envelopes"
	WriteNames       = "names"
	WriteStatus      = "status"
	WriteRoster      = "roster"
	WriteReseals     = "reseals"
	WriteMail        = "mail"
	WriteLabels      = "labels"
	WriteErase       = "erase"
	// WriteKept says what of a camera is to stay for longer than everything else.
	WriteKept = "kept"
)

// Check refuses values that the types allow.
func (w *Write) Check() error {
	switch w.Kind {
	case WriteObjects, WritePages, WriteTiles, WriteCheckpoints, WriteEnvelopes, WriteNames, WriteStatus, WriteRoster, WriteReseals, WriteMail, WriteLabels, WriteErase, WriteKept:
	default:
		return fmt.Errorf("write: an unknown kind")
	}
	if w.At <= 0 || !w.From.ValidSigner() || !w.Household.Valid() || w.Name == "" || len(w.Name) > 256 || len(w.Nonce) != NonceSize || w.Size < 0 {
		return fmt.Errorf("write: a malformed field")
	}
	return nil
}

// Session opens a socket for messages.
type Session struct {
	At        int64        `json:"at"`
	From      id.Device    `json:"from"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	To        []byte       `json:"to"`
}

// Check refuses values that the types allow.
func (s *Session) Check() error {
	if s.At <= 0 || !s.From.ValidSigner() || !s.Household.Valid() || len(s.Nonce) != NonceSize || len(s.To) != 32 {
		return fmt.Errorf("session: a malformed field")
	}
	return nil
}

// Relays asks the cloud for relays of live view, as the hub or a device.
type Relays struct {
	At        int64        `json:"at"`
	From      id.Device    `json:"from"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	To        []byte       `json:"to"`
}

// Check refuses values that the types allow.
func (r *Relays) Check() error {
	watches := r.From == id.Hub || r.From.Valid()
	if r.At <= 0 || !watches || !r.Household.Valid() || len(r.Nonce) != NonceSize || len(r.To) != 32 {
		return fmt.Errorf("relays: a malformed field")
	}
	return nil
}

// Row is an epoch's identity, sealed to one reader (docs/protocol.md, section 4).
type Row struct {
	Bytes  []byte    `json:"bytes"`
	Camera id.Camera `json:"camera"`
	Device id.Device `json:"device"`
	Epoch  id.Epoch  `json:"epoch"`
	Head   id.Hash   `json:"head"`
}

// Check refuses values that the types allow.
func (r *Row) Check() error {
	if len(r.Bytes) < 1120 || len(r.Bytes) > 2048 || !r.Camera.ValidOrHousehold() || !r.Device.ValidReader() || !r.Epoch.Valid() {
		return fmt.Errorf("envelope row: a malformed field")
	}
	return nil
}

// ResealedEpoch names one envelope of a reseal.
type ResealedEpoch struct {
	Camera   id.Camera `json:"camera"`
	Envelope id.Hash   `json:"envelope"`
	Epoch    id.Epoch  `json:"epoch"`
}

// Reseal says that a member gave a device the keys of these epochs.
type Reseal struct {
	At        int64           `json:"at"`
	Device    id.Device       `json:"device"`
	Epochs    []ResealedEpoch `json:"epochs"`
	Head      id.Hash         `json:"head"`
	Household id.Household    `json:"household"`
}

// MaxReseal is how many epochs one reseal may name.
const MaxReseal = 256

// Check refuses values that the types allow.
func (r *Reseal) Check() error {
	if r.At <= 0 || !r.Device.ValidReader() || len(r.Epochs) > MaxReseal || !r.Household.Valid() {
		return fmt.Errorf("reseal: a malformed field")
	}
	for _, e := range r.Epochs {
		if !e.Camera.ValidOrHousehold() || !e.Epoch.Valid() {
			return fmt.Errorf("reseal: a malformed epoch")
		}
	}
	return nil
}
