// SPDX-License-Identifier: Apache-2.0

// Package rule names every reason for which Keyhold refuses something.
//
// A refusal carries the name of the rule that spoke, so that Go and TypeScript can be held to the same verdict by
// vectors, an alarm can say in words what was wrong, and a test can switch off one check and see its attack succeed.
// Names never change their meaning; docs/protocol.md lists them.
package rule

import (
	"errors"
	"fmt"
)

// Name is the name of a rule.
type Name string

// Canonical JSON and envelopes (docs/protocol.md 1.1 and 1.2).
const (
	Length       Name = "length"
	UTF8         Name = "utf8"
	Depth        Name = "depth"
	Key          Name = "key"
	DuplicateKey Name = "duplicate-key"
	Null         Name = "null"
	Number       Name = "number"
	NFC          Name = "nfc"
	Syntax       Name = "syntax"
	NotCanonical Name = "not-canonical"
	Shape        Name = "shape"
	Field        Name = "field"
	PayloadType  Name = "payload-type"
	Signer       Name = "signer"
	Signature    Name = "signature"
)

// Roster (section 3), epochs (4) and what is asked of the cloud and the hub (6 to 9).
const (
	Household  Name = "household"
	RosterSeq  Name = "roster-seq"
	RosterPrev Name = "roster-prev"
	RosterTime Name = "roster-time"
	RosterOp   Name = "roster-op"
	RosterFork Name = "roster-fork"
	Rights     Name = "rights"
	Envelope   Name = "envelope"
	Time       Name = "time"
	Replay     Name = "replay"
	Audience   Name = "audience"
	HubKeys    Name = "hub-keys"
	Invitation Name = "invitation"
	Quota      Name = "quota"
	Head       Name = "head"
	Gesture    Name = "gesture"
	Elsewhere  Name = "elsewhere"
	Private    Name = "private"
	Masks      Name = "masks"
	Origin     Name = "origin"
	Verified   Name = "verified"
	Here       Name = "here"
	Chime      Name = "chime"
	PushHost   Name = "push-host"
	PushInside Name = "push-inside"
	Child      Name = "child"
	Once       Name = "once"
)

// Why a device may not do something now: the answers of roster.State.May (section 3.1).
const (
	Device Name = "device"
	Role   Name = "role"
	Camera Name = "camera"
	Action Name = "action"
	Early  Name = "early"
	Ended  Name = "ended"
	Hours  Name = "hours"
)

// What a reader checks of the manifest (section 5.2).
const (
	Checkpoint     Name = "checkpoint"
	RolledBack     Name = "rolled-back"
	Forked         Name = "forked"
	Frozen         Name = "frozen"
	NotIncluded    Name = "not-included"
	WrongHousehold Name = "wrong-household"
	WrongCamera    Name = "wrong-camera"
	SeqGap         Name = "seq-gap"
	FileSize       Name = "file-size"
	FileHash       Name = "file-hash"
	Withheld       Name = "withheld"
)

// Error is a refusal.
type Error struct {
	Rule Name
	Msg  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Msg, e.Rule) }

// Errorf makes a refusal under a rule.
func Errorf(n Name, format string, args ...any) error {
	return &Error{Rule: n, Msg: fmt.Sprintf(format, args...)}
}

// Of returns the rule by which err refuses, or "" if it is no refusal.
func Of(err error) Name {
	var e *Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return ""
}
