// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"crypto/ed25519"
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// ThingSecond is the payload type of an answer to an owner who wants to put in a hub and needs a second one.
const ThingSecond = "second"

// Purposes of what goes between the two owners' devices.
const (
	PurposeAsk    = "second"
	PurposeAnswer = "seconded"
)

// What a second owner can answer.
const (
	SecondYes = "yes"
	SecondNo  = "no"
	// SecondStale: the roster went on, so that the link has to be made again.
	SecondStale = "stale"
)

// LinkAge is how old a link that puts in a hub may be when the hub signs it, and so how long the second owner has
// (milliseconds).
const LinkAge = 15 * 60_000

// Second is an owner's answer.
type Second struct {
	Answer    string       `json:"answer"`
	At        int64        `json:"at"`
	Device    id.Device    `json:"device"`
	Household id.Household `json:"household"`
	// Link is the hash of the link that was asked about.
	Link id.Hash `json:"link"`
	// Signature is the device's on that link, with yes; else empty.
	Signature []byte `json:"signature"`
}

// Check refuses values that the types allow.
func (s *Second) Check() error {
	size := 0
	switch s.Answer {
	case SecondYes:
		size = ed25519.SignatureSize
	case SecondNo, SecondStale:
	default:
		return fmt.Errorf("second: an unknown answer")
	}
	if s.At <= 0 || !s.Device.Valid() || !s.Household.Valid() || len(s.Signature) != size {
		return fmt.Errorf("second: a malformed field")
	}
	return nil
}

// OpenSecond reads an answer, and wants an owner of a week to have given it lately.
func OpenSecond(envelope []byte, state *roster.State, now int64) (*Second, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	var s Second
	if err := e.Read(ThingSecond, &s); err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	if s.Household != state.Household && !rule.Off(rule.Household) {
		return nil, rule.Errorf(rule.Household, "second: an answer of another household")
	}
	if err := Lately(s.At, now); err != nil {
		return nil, err
	}
	if !state.HasVoice(s.Device, s.At) && !rule.Off(rule.Signer) {
		return nil, rule.Errorf(rule.Signer, "second: not the answer of somebody who has been an owner for a week")
	}
	key, _ := state.Key(s.Device)
	if err := e.Verify(map[id.Device]ed25519.PublicKey{s.Device: key}); err != nil {
		return nil, fmt.Errorf("second: %w", err)
	}
	return &s, nil
}

// Lately wants a time to be one that a hub would take a link of.
func Lately(at, now int64) error {
	if (at < now-LinkAge || at > now+request.Window) && !rule.Off(rule.Time) {
		return rule.Errorf(rule.Time, "second: too old or from the future; is a clock wrong?")
	}
	return nil
}

// With is the link with the signature of whoever said yes. Whether it holds is asked of the roster.
func (s *Second) With(link *dsse.Envelope) *dsse.Envelope {
	whole := *link
	whole.Signatures = append(append([]dsse.Signature{}, link.Signatures...), dsse.Signature{KeyID: s.Device, Sig: s.Signature})
	return &whole
}

var _ canon.Checker = (*Second)(nil)
