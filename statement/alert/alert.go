// SPDX-License-Identifier: Apache-2.0

// Package alert is what the hub tells a member's device at once: somebody has rung (docs/protocol.md 16).
//
// An alert is small, signed by the hub for one device, and of one size whatever it says, so that who carries it sees
// nothing in its length. It says where and when, and shows nothing. The same bytes travel by the mailboxes' socket and
// inside a push message: whichever comes second is known again by the number.
package alert

import (
	"crypto/ed25519"
	"fmt"
	"strings"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Thing is the payload type.
const Thing = "alert"

// Purpose stands in the info when one is sealed.
const Purpose = "alert"

// Kinds of alerts.
const (
	// Press: somebody has pressed the button at a camera.
	Press = "press"
	// Test: somebody of the household wants to see whether alerts arrive.
	Test = "test"
)

const (
	// Size is how long every payload is, in bytes.
	Size = 512
	// SealedSize is how long every alert is once it is sealed.
	SealedSize = 1120 + 16 + envelopeSize
	// envelopeSize is that of an envelope with a payload of Size and one signature by the hub.
	envelopeSize = 880
)

// Alert is what the hub says. Seq counts the alerts of a household, and never goes back: a later hub begins with its
// first number (docs/protocol.md 3). Camera is `household` where it is of none.
type Alert struct {
	Seq    int64
	At     int64
	Camera id.Camera
	Kind   string
}

// Payload is an alert as it is signed for one device.
type Payload struct {
	At        int64        `json:"at"`
	Camera    id.Camera    `json:"camera"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	// Pad is as many zeros as fill the payload.
	Pad string    `json:"pad"`
	Seq int64     `json:"seq"`
	To  id.Device `json:"to"`
}

// Check refuses values that the types allow.
func (p *Payload) Check() error {
	if p.At <= 0 || p.Seq < 1 || !p.Household.Valid() || !p.To.Valid() || strings.Trim(p.Pad, "0") != "" {
		return fmt.Errorf("alert: a malformed field")
	}
	switch p.Kind {
	case Press:
		if !p.Camera.Valid() {
			return fmt.Errorf("alert: a press at no camera")
		}
	case Test:
		if !p.Camera.ValidOrHousehold() {
			return fmt.Errorf("alert: a malformed camera")
		}
	default:
		return fmt.Errorf("alert: an unknown kind")
	}
	return nil
}

// Sign makes the hub's statement of an alert for one device. Whatever it says, it is of the same length.
func Sign(a Alert, household id.Household, to id.Device, key ed25519.PrivateKey) ([]byte, error) {
	p := &Payload{At: a.At, Camera: a.Camera, Household: household, Kind: a.Kind, Seq: a.Seq, To: to}
	if err := p.Check(); err != nil {
		return nil, err
	}
	b, err := canon.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("alert: %w", err)
	}
	if len(b) > Size {
		return nil, rule.Errorf(rule.Length, "alert: longer than %d bytes", Size)
	}
	p.Pad = strings.Repeat("0", Size-len(b))
	e, err := dsse.Signed(Thing, p, id.Hub, key)
	if err != nil {
		return nil, err
	}
	return e.Encode(), nil
}

// Read opens an alert for a device. last is the highest number that it has seen, 0 for none. Where the rule is rule.Time
// or rule.Replay, the alert comes with the refusal: the hub did say it, but it is late, or came before, and is not to be
// shown as something that happens now.
func Read(b []byte, to id.Device, s *roster.State, now, last int64) (*Alert, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, err
	}
	var p Payload
	if err := e.Read(Thing, &p); err != nil {
		return nil, err
	}
	if len(e.Payload) != Size {
		return nil, rule.Errorf(rule.Field, "alert: not of the one size")
	}
	if p.Household != s.Household && !rule.Off(rule.Household) {
		return nil, rule.Errorf(rule.Household, "alert: of another household")
	}
	if p.To != to && !rule.Off(rule.Audience) {
		return nil, rule.Errorf(rule.Audience, "alert: for another device")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{id.Hub: s.Hub.Sign}); err != nil {
		return nil, err
	}
	a := &Alert{Seq: p.Seq, At: p.At, Camera: p.Camera, Kind: p.Kind}
	if p.Seq <= last && !rule.Off(rule.Replay) {
		return a, rule.Errorf(rule.Replay, "alert: its number is not higher than what came before")
	}
	return a, request.Fresh(p.At, now)
}

// Late says whether Read refused an alert only because it is not new.
func Late(err error) bool {
	r := rule.Of(err)
	return r == rule.Time || r == rule.Replay
}
