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
	"keyhold/statement/roster"
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
	case f.Kind == FetchFootage && footage && f.Device.Valid():
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
)

// Check refuses values that the types allow.
func (w *Write) Check() error {
	switch w.Kind {
	case WriteObjects, WritePages, WriteTiles, WriteCheckpoints, WriteEnvelopes, WriteNames, WriteStatus, WriteRoster, WriteReseals, WriteMail:
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
	if r.At <= 0 || !r.Device.Valid() || len(r.Epochs) > MaxReseal || !r.Household.Valid() {
		return fmt.Errorf("reseal: a malformed field")
	}
	for _, e := range r.Epochs {
		if !e.Camera.ValidOrHousehold() || !e.Epoch.Valid() {
			return fmt.Errorf("reseal: a malformed epoch")
		}
	}
	return nil
}

// Kinds of operations in a command.
const (
	OpPing         = "ping"
	OpAddCamera    = "add-camera"
	OpRemoveCamera = "remove-camera"
	OpListCameras  = "list-cameras"
	OpLeaveEarly   = "leave-early"
	OpRotate       = "rotate"
	OpAppendLink   = "append-link"
)

// Op is what a command asks for; which fields stand in it depends on the kind.
type Op struct {
	Kind    string      `json:"kind"`
	Camera  id.Camera   `json:"camera,omitempty"`
	Cameras []id.Camera `json:"cameras,omitempty"`
	Link    []byte      `json:"link,omitempty"`
	Name    string      `json:"name,omitempty"`
	URL     string      `json:"url,omitempty"`
}

// Command asks the hub to do something.
type Command struct {
	At        int64        `json:"at"`
	Device    id.Device    `json:"device"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	Op        Op           `json:"op"`
}

// Check refuses values that the types allow.
func (c *Command) Check() error {
	if c.At <= 0 || !c.Device.ValidReader() || !c.Household.Valid() || len(c.Nonce) != NonceSize {
		return fmt.Errorf("command: a malformed field")
	}
	if len(c.Op.Name) > 200 || len(c.Op.URL) > 2048 || len(c.Op.Cameras) > 256 {
		return fmt.Errorf("command: a field too long")
	}
	cameras := c.Op.Cameras
	switch c.Op.Kind {
	case OpPing, OpListCameras, OpRotate:
	case OpAddCamera:
		if c.Op.Name == "" || c.Op.URL == "" {
			return fmt.Errorf("command: add-camera needs a name and a URL")
		}
	case OpRemoveCamera:
		cameras = []id.Camera{c.Op.Camera}
	case OpLeaveEarly:
	case OpAppendLink:
		if len(c.Op.Link) == 0 {
			return fmt.Errorf("command: append-link needs a link")
		}
	default:
		return fmt.Errorf("command: an unknown kind")
	}
	for _, cam := range cameras {
		if !cam.Valid() {
			return fmt.Errorf("command: a malformed camera")
		}
	}
	return nil
}

// Words a hub refuses a command with.
const (
	RefusedStale       = "stale"
	RefusedDenied      = "denied"
	RefusedInvalid     = "invalid"
	RefusedUnreachable = "camera-unreachable"
	RefusedPassword    = "camera-password"
	RefusedCodec       = "camera-codec"
	RefusedExists      = "exists"
	RefusedNotFound    = "not-found"
)

// CameraReport is a camera as the hub sees it now.
type CameraReport struct {
	Audio  string    `json:"audio"`
	Height int64     `json:"height"`
	ID     id.Camera `json:"id"`
	// Since is when the state began.
	Since int64  `json:"since"`
	State string `json:"state"`
	Video string `json:"video"`
	Width int64  `json:"width"`
}

// States of a camera at the hub.
const (
	CameraRecording = "recording"
	CameraWaiting   = "waiting"
	CameraLost      = "lost"
)

// Result answers a command; which fields stand in it depends on the operation.
type Result struct {
	Camera  id.Camera      `json:"camera,omitempty"`
	Cameras []CameraReport `json:"cameras,omitempty"`
	Link    []byte         `json:"link,omitempty"`
}

// Reply is the hub's answer to the command with the same nonce. Run, Size and Root are the newest checkpoint that is
// uploaded with all it covers; they are what a cloud that holds things back is caught by.
type Reply struct {
	At        int64        `json:"at"`
	Error     string       `json:"error"`
	Head      roster.Head  `json:"head"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	Result    Result       `json:"result"`
	Root      id.Hash      `json:"root"`
	Run       id.Run       `json:"run"`
	Size      int64        `json:"size"`
}

// Check refuses values that the types allow.
func (r *Reply) Check() error {
	if r.At <= 0 || !r.Household.Valid() || len(r.Nonce) != NonceSize || !r.Run.Valid() || r.Size < 0 || r.Head.Seq < 0 {
		return fmt.Errorf("reply: a malformed field")
	}
	return nil
}
