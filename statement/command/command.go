// SPDX-License-Identifier: Apache-2.0

// Package command is what a device signs so that the hub does something at a camera at once: talk, open
// (docs/protocol.md 14.5).
//
// It is good once, for the few seconds of a challenge that the hub has given for just this, and only by the connection
// that asked. What comes late is nothing: it is never kept for later. The package has no clock, no network and no memory.
package command

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Thing is the payload type.
const Thing = "act"

const (
	// ChallengeSize is the size of a challenge.
	ChallengeSize = 16
	// Window is how long one is good for (milliseconds).
	Window = 10_000
	// MaxBytes bounds the envelope of a command.
	MaxBytes = 3072
)

// Asked is what a device wants to do, and until when.
type Asked struct {
	Action   roster.Action `json:"action"`
	NotAfter int64         `json:"not_after"`
	Target   id.Camera     `json:"target"`
}

// Acts says whether an action is done by such a command.
func Acts(a roster.Action) bool { return a == roster.Talk || a == roster.Open }

// Command is one act of one device.
type Command struct {
	Action    roster.Action `json:"action"`
	Challenge []byte        `json:"challenge"`
	Device    id.Device     `json:"device"`
	Head      id.Hash       `json:"head"`
	Household id.Household  `json:"household"`
	// Hub is the key of the hub that is to act.
	Hub      []byte `json:"hub"`
	NotAfter int64  `json:"not_after"`
	// Reply is what the hub is to speak, nil for a voice that comes by the connection, and for all but talk.
	Reply  *quickreply.Reply `json:"reply,omitempty"`
	Target id.Camera         `json:"target"`
}

// Check refuses values that the types allow.
func (c *Command) Check() error {
	if !Acts(c.Action) || len(c.Challenge) != ChallengeSize || !c.Device.Valid() || !c.Household.Valid() || len(c.Hub) != ed25519.PublicKeySize || c.NotAfter <= 0 || !c.Target.Valid() {
		return fmt.Errorf("command: a malformed field")
	}
	if c.Reply == nil {
		return nil
	}
	if c.Action != roster.Talk {
		return fmt.Errorf("command: nothing is spoken there")
	}
	return c.Reply.Check()
}

// Reading is how the hub reads a command.
type Reading struct {
	Roster *roster.State
	// Hub is its own key, Now its clock.
	Hub ed25519.PublicKey
	Now int64
	// Take gives what a challenge was asked for by this device, once; not ok if it is not out, or was used.
	Take func(device id.Device, challenge []byte) (Asked, bool)
	// May asks the roster by the hub's time for rights.
	May func(id.Device, roster.Action, id.Camera) roster.Reason
}

// Read opens a command that came by the connection of a device. The reason for which May says no is its rule.
func (r *Reading) Read(b []byte, device id.Device) (*Command, id.Hash, error) {
	if len(b) > MaxBytes {
		return nil, id.Hash{}, rule.Errorf(rule.Length, "command: longer than %d bytes", MaxBytes)
	}
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, id.Hash{}, err
	}
	var c Command
	if err := e.Read(Thing, &c); err != nil {
		return nil, id.Hash{}, err
	}
	if err := r.check(e, &c, device); err != nil {
		return nil, id.Hash{}, err
	}
	return &c, e.Hash(), nil
}

func (r *Reading) check(e *dsse.Envelope, c *Command, device id.Device) error {
	if c.Household != r.Roster.Household && !rule.Off(rule.Household) {
		return rule.Errorf(rule.Household, "command: of another household")
	}
	if (!bytes.Equal(c.Hub, r.Hub) || c.Device != device) && !rule.Off(rule.Audience) {
		return rule.Errorf(rule.Audience, "command: for another hub, or by another connection than its device's")
	}
	key, ok := r.Roster.Key(c.Device)
	if !ok && !rule.Off(rule.Signer) {
		return rule.Errorf(rule.Signer, "command: its device is not in the household")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{c.Device: key}); err != nil {
		return err
	}
	asked, ok := r.Take(c.Device, c.Challenge)
	if (!ok || asked != Asked{Action: c.Action, NotAfter: c.NotAfter, Target: c.Target}) && !rule.Off(rule.Replay) {
		return rule.Errorf(rule.Replay, "command: no challenge waits for this")
	}
	if r.Now > c.NotAfter && !rule.Off(rule.Time) {
		return rule.Errorf(rule.Time, "command: it comes too late")
	}
	if c.Head != r.Roster.Head.Hash && !rule.Off(rule.Head) {
		return rule.Errorf(rule.Head, "command: made under another roster")
	}
	if why := r.May(c.Device, c.Action, c.Target); why != "" {
		return rule.Errorf(why, "command: its device may not")
	}
	return nil
}

// Kept opens a command that the hub has carried out, as it stands on the record: its device may have gone since.
func Kept(b []byte, r *roster.State) (*Command, id.Hash, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, id.Hash{}, err
	}
	var c Command
	if err := e.Read(Thing, &c); err != nil {
		return nil, id.Hash{}, err
	}
	if c.Household != r.Household && !rule.Off(rule.Household) {
		return nil, id.Hash{}, rule.Errorf(rule.Household, "command: of another household")
	}
	m, ok := r.Ever(c.Device)
	if !ok && !rule.Off(rule.Signer) {
		return nil, id.Hash{}, rule.Errorf(rule.Signer, "command: its device was never in the household")
	}
	return &c, e.Hash(), e.Verify(map[id.Device]ed25519.PublicKey{c.Device: m.Sign})
}
