// SPDX-License-Identifier: Apache-2.0

// Package setting is how a setting of a camera is read: what a member signs that is to hold for it from then on
// (docs/protocol.md 7.2 and 7.3).
//
// One statement says all that holds, and the hub keeps the newest. Its number makes it good once: an earlier one never
// comes back.
package setting

import (
	"crypto/ed25519"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Header is what every setting says.
type Header struct {
	At        int64
	Camera    id.Camera
	Device    id.Device
	Head      id.Hash
	Household id.Household
	Seq       int64
}

// Statement is a pointer to the content of a setting.
type Statement[T any] interface {
	*T
	Header() Header
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

// Read opens a setting of a type that sender brings. The reason for which May says no is its rule.
func Read[T any, S Statement[T]](r *Reading, thing string, b []byte, sender id.Device) (S, error) {
	e, s, err := parse[T, S](thing, b, r.Roster.Household)
	if err != nil {
		return nil, err
	}
	h := s.Header()
	if h.Device != sender && !rule.Off(rule.Audience) {
		return nil, rule.Errorf(rule.Audience, "%s: brought by somebody else than its signer", thing)
	}
	key, ok := r.Roster.Key(h.Device)
	if !ok && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "%s: its signer is not in the household", thing)
	}
	if err := e.Verify(map[id.Device]ed25519.PublicKey{h.Device: key}); err != nil {
		return nil, err
	}
	if err := request.Fresh(h.At, r.Now); err != nil {
		return nil, err
	}
	if h.Head != r.Roster.Head.Hash && !rule.Off(rule.Head) {
		return nil, rule.Errorf(rule.Head, "%s: made under another roster", thing)
	}
	if h.Seq != r.Last(h.Camera)+1 && !rule.Off(rule.Replay) {
		return nil, rule.Errorf(rule.Replay, "%s: not the next setting", thing)
	}
	if why := r.May(h.Device, h.Camera); why != "" {
		return nil, rule.Errorf(why, "%s: its signer may not", thing)
	}
	return s, nil
}

// Kept opens a setting of a type that the hub has taken, as it stands on the record: its device may have gone since.
func Kept[T any, S Statement[T]](thing string, b []byte, r *roster.State) (S, error) {
	e, s, err := parse[T, S](thing, b, r.Household)
	if err != nil {
		return nil, err
	}
	device := s.Header().Device
	m, ok := r.Ever(device)
	if !ok && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "%s: its signer was never in the household", thing)
	}
	return s, e.Verify(map[id.Device]ed25519.PublicKey{device: m.Sign})
}

func parse[T any, S Statement[T]](thing string, b []byte, household id.Household) (*dsse.Envelope, S, error) {
	e, err := dsse.Parse(b)
	if err != nil {
		return nil, nil, err
	}
	s := S(new(T))
	if err := e.Read(thing, s); err != nil {
		return nil, nil, err
	}
	if s.Header().Household != household && !rule.Off(rule.Household) {
		return nil, nil, rule.Errorf(rule.Household, "%s: of another household", thing)
	}
	return e, s, nil
}
