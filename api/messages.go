// SPDX-License-Identifier: Apache-2.0

package api

import (
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// Info is what anybody may ask of a cloud.
type Info struct {
	To            []byte `json:"to" doc:"the cloud's Ed25519 public key, named in fetch and session statements"`
	Now           int64  `json:"now" doc:"the cloud's clock, milliseconds UTC"`
	RetentionDays int64  `json:"retention_days" doc:"how many days of footage are kept"`
}

// Registration is a household's whole chain, in place of its genesis alone.
type Registration struct {
	Roster [][]byte `json:"roster" doc:"envelopes, genesis first"`
}

// Registered answers a registration.
type Registered struct {
	Household id.Household `json:"household" doc:"hash of genesis"`
}

// SheetAnswer is what the cloud has for a sheet: a chain that the reader replays and judges.
type SheetAnswer struct {
	Household id.Household `json:"household"`
	Roster    [][]byte     `json:"roster" doc:"envelopes, genesis first"`
}

// Receipt says what was erased.
type Receipt struct {
	List []byte `json:"list" doc:"hashes of 32 bytes, sorted: SHA-256 of keyhold/v1/erased, the statement's nonce, and the hash of each thing that was there"`
	Note string `json:"note" doc:"a signed note of the cloud"`
}

// Relays answers a question for relays; none where this cloud has none.
type Relays struct {
	Relays []Relay `json:"relays"`
}

// Relay is a relay of live view, and what it asks its users for.
type Relay struct {
	URLs       []string `json:"urls" doc:"turn: and turns:, the best first"`
	Username   string   `json:"username" doc:"the second in which it ends, and an id that stands in no other list"`
	Credential string   `json:"credential"`
	Until      int64    `json:"until" doc:"until when it may be begun with, milliseconds UTC by the cloud's clock"`
}

// What came of a message for a push service.
const (
	PushSent = "sent"
	// PushGone: the subscription has ended; there is nobody to be sent to any more.
	PushGone = "gone"
	// PushLater: the service does not take it now.
	PushLater = "later"
	// PushRefused: the service does not take it at all.
	PushRefused = "refused"
)

// Pushed says what came of a message for a push service.
type Pushed struct {
	Outcome string `json:"outcome" enum:"sent,gone,later,refused"`
	After   int64  `json:"after" doc:"how many seconds the push service asks to wait, 0 where it says nothing of it"`
}

// Rows is the body of a write of kind envelopes.
type Rows struct {
	Envelopes []request.Row `json:"envelopes"`
}

// Resealed is the body of a write of kind reseals.
type Resealed struct {
	Envelopes []request.Row `json:"envelopes"`
	Statement []byte        `json:"statement" doc:"envelope of the reseal statement"`
}

// LabelRef is a camera's label.
type LabelRef struct {
	Camera id.Camera `json:"camera"`
	Label  []byte    `json:"label" doc:"one age file, sealed to an epoch of the camera"`
}

// PageRef says that a page is there, and how to tell whether it has changed.
type PageRef struct {
	Camera  id.Camera `json:"camera"`
	Epoch   id.Epoch  `json:"epoch"`
	Hour    int64     `json:"hour"`
	Run     id.Run    `json:"run"`
	Size    int64     `json:"size"`
	Updated int64     `json:"updated" doc:"milliseconds UTC by the cloud's clock"`
}

// RunRef is a run with its newest checkpoint.
type RunRef struct {
	Checkpoint string `json:"checkpoint" doc:"a signed note"`
	Run        id.Run `json:"run"`
}

// Sync answers a fetch of kind sync: everything but footage, as far as the reader may see it now.
type Sync struct {
	Address   string        `json:"address" doc:"where the listed pages and the tiles are read, for ten minutes"`
	Envelopes []request.Row `json:"envelopes" doc:"the reader's own, of cameras that it may see; for those who see everything also the sheet's"`
	Erase     []byte        `json:"erase" doc:"envelope of the erase statement by which all this is hidden and will be erased, empty when there is none"`
	EraseDue  int64         `json:"erase_due" doc:"when it will be erased, milliseconds UTC by the cloud's clock; 0 when it will not"`
	Expires   int64         `json:"expires" doc:"when the address ends, milliseconds UTC"`
	Labels    []LabelRef    `json:"labels" doc:"of cameras that the reader may see"`
	Names     []byte        `json:"names" doc:"the sealed document of names, empty when there is none or it is not for this reader"`
	Now       int64         `json:"now"`
	Pages     []PageRef     `json:"pages" doc:"of the hours asked for and cameras that the reader may see; and every page of the household, for those who see everything"`
	Reseals   [][]byte      `json:"reseals" doc:"envelopes of reseal statements"`
	Roster    [][]byte      `json:"roster" doc:"envelopes, genesis first"`
	Runs      []RunRef      `json:"runs" doc:"oldest first"`
	Status    []byte        `json:"status" doc:"envelope of the hub's newest status, empty when there is none"`
}

// ObjectRef says that an object is there.
type ObjectRef struct {
	Camera id.Camera `json:"camera"`
	Hour   int64     `json:"hour"`
	Object id.Object `json:"object"`
	Size   int64     `json:"size"`
}

// Footage answers a fetch of kind footage.
type Footage struct {
	Address string      `json:"address" doc:"where the listed objects are read, for ten minutes"`
	Expires int64       `json:"expires"`
	Now     int64       `json:"now"`
	Objects []ObjectRef `json:"objects"`
}

// Kept is what of a camera is to stay for as long as it is listed. Each list takes the place of the one before; one that is
// whole also takes the place of those of the hubs before.
type Kept struct {
	Objects []id.Object `json:"objects"`
	Pages   []KeptPage  `json:"pages"`
	Whole   bool        `json:"whole,omitempty"`
}

// KeptPage names a page of the list's camera.
type KeptPage struct {
	Epoch id.Epoch `json:"epoch"`
	Hour  int64    `json:"hour"`
	Run   id.Run   `json:"run"`
}

// MaxKept is how many objects, and how many pages, a household may have kept.
const MaxKept = 4000

// Delivery is what a socket brings: mail, or to the hub a fetch statement that it has to write down.
type Delivery struct {
	At   int64     `json:"at"`
	Body []byte    `json:"body"`
	From id.Device `json:"from"`
	ID   int64     `json:"id"`
	Kind string    `json:"kind"`
}

// What a Delivery can be.
const (
	KindMail  = "mail"
	KindFetch = "fetch"
)

// Drop is one message in a box.
type Drop struct {
	Body []byte `json:"body"`
	N    int64  `json:"n"`
}

// Dropped answers a drop.
type Dropped struct {
	N int64 `json:"n" doc:"the message's number in its box"`
}

// Drops is what lies in a box.
type Drops struct {
	Messages []Drop `json:"messages"`
}
