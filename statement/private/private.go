// SPDX-License-Identifier: Apache-2.0

// Package private is how somebody turns a camera, or all of them, off at the source: by hand, or by hours of the week.
//
// A setting is a statement of type private, by a device that May(private) there; the hub keeps the newest of each camera
// and of the household, and puts it on the record (docs/protocol.md 7.2). It says all that holds from then on, so that
// one statement is enough to know it. Its number makes it good once: an earlier one never comes back.
package private

import (
	"crypto/ed25519"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Thing is the payload type.
const Thing = "private"

// Setting is what holds for a camera, or for all of the household, from now on.
type Setting struct {
	At int64 `json:"at"`
	// Camera is the one, or the household.
	Camera    id.Camera      `json:"camera"`
	Device    id.Device      `json:"device"`
	Head      id.Hash        `json:"head"`
	Hours     []roster.Hours `json:"hours"`
	Household id.Household   `json:"household"`
	// On is private until somebody says otherwise; in Hours it is private besides.
	On bool `json:"on"`
	// Seq counts the settings of a camera, or of the household, from 1.
	Seq  int64  `json:"seq"`
	Zone string `json:"zone"`
}

// Check refuses values that the types allow.
func (s *Setting) Check() error {
	if s.At <= 0 || !s.Camera.ValidOrHousehold() || !s.Device.Valid() || !s.Household.Valid() || s.Seq < 1 {
		return fmt.Errorf("private: a malformed field")
	}
	if err := roster.CheckHours(s.Hours, s.Zone); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	return nil
}

// Reading is how the hub reads a setting.
type Reading struct {
	Roster *roster.State
	// Now is the hub's clock.
	Now int64
	// May asks the roster by the hub's time for rights.
	May func(id.Device, id.Camera) roster.Reason
	// Last is the number of the newest setting of a camera or of the household, 0 for none.
	Last func(id.Camera) int64
}

// Read opens a setting that sender brings. The reason for which May says no is its rule.
func (r *Reading) Read(b []byte, sender id.Device) (*Setting, error) {
	e, s, err := parse(b, r.Roster.Household)
	if err != nil {
		return nil, err
	}
	if s.Device != sender && !rule.Off(rule.Audience) {
		return nil, rule.Errorf(rule.Audience, "private: brought by somebody else than its signer")
	}
	key, ok := r.Roster.Key(s.Device)
	if !ok && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "private: its signer is not in the household")
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{s.Device: key}); err != nil {
		return nil, err
	}
	if err := request.Fresh(s.At, r.Now); err != nil {
		return nil, err
	}
	if s.Head != r.Roster.Head.Hash && !rule.Off(rule.Head) {
		return nil, rule.Errorf(rule.Head, "private: made under another roster")
	}
	if s.Seq != r.Last(s.Camera)+1 && !rule.Off(rule.Replay) {
		return nil, rule.Errorf(rule.Replay, "private: not the next setting")
	}
	if why := r.May(s.Device, s.Camera); why != "" {
		return nil, rule.Errorf(why, "private: its signer may not")
	}
	return s, nil
}

// Kept opens a setting that the hub has taken, as it stands on the record. key gives the key of a device that is or was
// in the household.
func Kept(b []byte, household id.Household, key func(id.Device) (ed25519.PublicKey, bool)) (*Setting, error) {
	e, s, err := parse(b, household)
	if err != nil {
		return nil, err
	}
	k, ok := key(s.Device)
	if !ok && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "private: its signer was never in the household")
	}
	return s, e.Verify(map[id.Device]ed25519.PublicKey{s.Device: k})
}

func parse(b []byte, household id.Household) (*dsse.Envelope, *Setting, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, nil, err
	}
	var s Setting
	if err := e.Read(Thing, &s); err != nil {
		return nil, nil, err
	}
	if s.Household != household && !rule.Off(rule.Household) {
		return nil, nil, rule.Errorf(rule.Household, "private: of another household")
	}
	return e, &s, nil
}
