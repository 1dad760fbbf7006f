// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/id"
)

const (
	// OpSetLock says what opens the door at a camera, or that nothing does any more; OpLocks asks what is set.
	OpSetLock = "set-lock"
	OpLocks   = "locks"
	// OpAskOpen asks for a challenge to open the door at a camera, OpOpen brings the command that was signed over it.
	OpAskOpen = "ask-open"
	OpOpen    = "open"
)

const (
	// RefusedLate: what was signed comes too late, or a second time.
	RefusedLate = "late"
	// RefusedNoLock: no door is opened at this camera.
	RefusedNoLock = "no-lock"
	// RefusedLockAway: the lock has not answered; nobody knows whether it is open. RefusedLockNo: it has said no.
	RefusedLockAway = "lock-away"
	RefusedLockNo   = "lock-no"
	// RefusedNoRelay: the camera opens nothing itself, or nothing of that name. RefusedRelayStays: its relay does not fall
	// back by itself, so the door would stay open.
	RefusedNoRelay    = "no-relay"
	RefusedRelayStays = "relay-stays"
)

const (
	// maxLock, maxWay and maxAct bound what stands in these operations, in bytes.
	maxLock = 4096
	maxWay  = 8192
	maxAct  = 3072
	// challengeSize is the size of a challenge.
	challengeSize = 16
)

// Challenge is what is to be signed to open a door, and until when (ms, by the hub's clock).
type Challenge struct {
	Bytes    []byte `json:"bytes"`
	NotAfter int64  `json:"not_after"`
}

// Opened says when a door was opened, and by whom: three taps open once, and so do two people at once.
type Opened struct {
	At     int64     `json:"at"`
	Person id.Person `json:"person"`
}

// locks checks what the operations of this file need.
func (o *Op) locks() error {
	switch {
	case o.Kind == OpSetLock && (len(o.Lock) == 0 || len(o.Lock) > maxLock || len(o.Way) > maxWay):
		return fmt.Errorf("command: set-lock needs a statement")
	case o.Kind == OpAskOpen && !o.Camera.Valid():
		return fmt.Errorf("command: a malformed camera")
	case o.Kind == OpOpen && (len(o.Act) == 0 || len(o.Act) > maxAct):
		return fmt.Errorf("command: open needs what was signed")
	}
	return nil
}
