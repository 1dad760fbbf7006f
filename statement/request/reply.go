// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Result answers a command; which fields stand in it depends on the operation.
type Result struct {
	// Addresses are where the hub can be reached at home, as an IP address and a TCP port each.
	Addresses []string       `json:"addresses,omitempty"`
	Bells     []BellReport   `json:"bells,omitempty"`
	Camera    id.Camera      `json:"camera,omitempty"`
	Cameras   []CameraReport `json:"cameras,omitempty"`
	// Challenge is what is to be signed to open a door.
	Challenge *Challenge `json:"challenge,omitempty"`
	// Channels are those there are; of test-channel the one that was tried.
	Channels []ChannelReport `json:"channels,omitempty"`
	// Children are the newest settings of child's rooms, as they were signed.
	Children [][]byte `json:"children,omitempty"`
	// Forgotten: the broker has forgotten what it was told by an integration that is removed.
	Forgotten bool `json:"forgotten,omitempty"`
	// Hooks are where a doorbell says that somebody presses: one place, by each address of the hub at home.
	Hooks        []string      `json:"hooks,omitempty"`
	Integrations []Integration `json:"integrations,omitempty"`
	Lights       []LightReport `json:"lights,omitempty"`
	Link         []byte        `json:"link,omitempty"`
	// Locks are the newest settings of what opens doors, as they were signed.
	Locks [][]byte `json:"locks,omitempty"`
	// Masks are the newest settings of what is covered of cameras, and of each the one before, as they were signed.
	Masks [][]byte `json:"masks,omitempty"`
	// Opened says that a door was opened.
	Opened *Opened `json:"opened,omitempty"`
	// Phones are the devices that alerts are pushed to.
	Phones []Phone `json:"phones,omitempty"`
	// Privates are the newest settings of cameras and of the household, as they were signed.
	Privates [][]byte `json:"privates,omitempty"`
	// PushKey is an uncompressed point of P-256.
	PushKey []byte `json:"push_key,omitempty"`
	// Quiets are those of the person who asks.
	Quiets []Quiet `json:"quiets,omitempty"`
	// Recorded says of cameras in which form each is recorded.
	Recorded []Recorded `json:"recorded,omitempty"`
	// Removals are what owners ask other owners for.
	Removals [][]byte `json:"removals,omitempty"`
	// Said is what the hub knows of the quiet hours of the person who asks, also of those that were taken back; Taken are the
	// cameras of which it knew less than the device.
	Said []SaidQuiet `json:"said,omitempty"`
	// Smalls are the cameras that have a second, smaller stream.
	Smalls []id.Camera `json:"smalls,omitempty"`
	// Snoozes are those of the person who asks.
	Snoozes []Snooze `json:"snoozes,omitempty"`
	// Stars are the moments of a camera that are kept.
	Stars []Starred `json:"stars,omitempty"`
	// Streams are where a new integration reads its cameras, in their order, with user and password: they are said once.
	Streams []string    `json:"streams,omitempty"`
	Taken   []id.Camera `json:"taken,omitempty"`
}

// Starred is a moment that is kept, by the statement that says so, and the packs that are kept of it. Of one that is let go
// there is nothing.
type Starred struct {
	Objects   []id.Object `json:"objects"`
	Statement []byte      `json:"statement"`
	// Waiting says that the cloud has no room for all of them: Objects are those that it keeps, and the hub tries again.
	Waiting bool `json:"waiting,omitempty"`
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
	return r.Result.check()
}
