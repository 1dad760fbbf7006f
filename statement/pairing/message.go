// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/tyler-smith/go-bip39/wordlists"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// What an invitation is for.
const (
	// ForDevice brings in a further device of the inviter's own person, ForPerson somebody else with a first device.
	ForDevice = "device"
	ForPerson = "person"
)

const (
	maxName = 200
	// SlowWait is how far ahead the rights begin that are given to somebody who is not in the room (milliseconds).
	SlowWait = 24 * 3_600_000
)

// Offer is what an invitation promises to whoever uses it. The joiner gets just this or nothing.
type Offer struct {
	// Cameras are the names of those in the rights, or of all where a right names none.
	Cameras []CameraName `json:"cameras"`
	// From is the inviter's name.
	From string `json:"from"`
	// History says that keys of what was recorded before will be handed over.
	History bool   `json:"history"`
	Kind    string `json:"kind"`
	// Name is the inviter's word for the new person; the joiner may take another.
	Name   string         `json:"name"`
	Rights []roster.Right `json:"rights"`
	Role   roster.Role    `json:"role"`
	// Slow says that the two do not stand beside each other: six words are compared, and the rights begin a day later.
	Slow bool `json:"slow"`
}

// CameraName is a camera's name.
type CameraName struct {
	ID   id.Camera `json:"id"`
	Name string    `json:"name"`
}

// Check refuses values that the types allow.
func (o *Offer) Check() error {
	if len(o.From) > maxName || len(o.Name) > maxName {
		return fmt.Errorf("offer: a name is too long")
	}
	for _, c := range o.Cameras {
		if !c.ID.Valid() || len(c.Name) > maxName {
			return fmt.Errorf("offer: a malformed camera")
		}
	}
	switch o.Kind {
	case ForDevice:
		if len(o.Cameras) > 0 || !o.History || o.Name != "" || o.Role != "" || len(o.Rights) > 0 || o.Slow {
			return fmt.Errorf("offer: a device of one's own has what its person has")
		}
		return nil
	case ForPerson:
		if err := roster.CheckRights(o.Role, o.Rights); err != nil {
			return fmt.Errorf("offer: %w", err)
		}
		if !o.Role.Fits(o.Rights) {
			return rule.Errorf(rule.Rights, "offer: these rights do not belong to this role")
		}
		if o.Slow && (len(o.Rights) == 0 || o.History) {
			return fmt.Errorf("offer: from afar nobody is made owner or guardian, and nothing old is handed over")
		}
		return nil
	}
	return fmt.Errorf("offer: an unknown kind")
}

// Plain returns the offer without nil lists, which have no canonical form.
func (o Offer) Plain() Offer {
	o.Rights = roster.Plain(o.Rights)
	o.Cameras = append([]CameraName{}, o.Cameras...)
	return o
}

// CheckWait wants the rights of a slow offer to begin a day after it was made.
func (o *Offer) CheckWait(made int64) error {
	for _, r := range o.Rights {
		if o.Slow && r.Since < made+SlowWait && !rule.Off(rule.Invitation) {
			return rule.Errorf(rule.Invitation, "pairing: an invitation from afar opens after a day")
		}
	}
	return nil
}

// Op is the operation that takes a device in as offered. person is the inviter for a device, a new one for a person.
func (o *Offer) Op(device roster.DeviceKeys, person id.Person) roster.Op {
	if o.Kind == ForDevice {
		return roster.AddDevice{Device: device, Person: person}
	}
	return roster.AddPerson{Device: device, Person: person, Rights: o.Rights, Role: o.Role}
}

// CheckOp wants a joiner's link to do what was offered and nothing else. inviter is whose further device a device is.
func (o *Offer) CheckOp(op roster.Op, inviter id.Person) error {
	fits := false
	switch op := op.(type) {
	case roster.AddDevice:
		fits = o.Kind == ForDevice && op.Person == inviter
	case roster.AddPerson:
		fits = o.Kind == ForPerson && op.Role == o.Role && reflect.DeepEqual(roster.Plain(op.Rights), roster.Plain(o.Rights))
	}
	if !fits && !rule.Off(rule.Invitation) {
		return rule.Errorf(rule.Invitation, "pairing: the link asks for something else than was offered")
	}
	return nil
}

// Covers says whether keys of what was recorded before go to whoever uses the offer.
func (o *Offer) Covers(c id.Camera) bool {
	switch {
	case o.Kind == ForDevice:
		return true
	case !o.History:
		return false
	case o.Role == roster.Owner || o.Role == roster.Guardian:
		return true
	}
	return c != id.HouseholdCamera && slices.ContainsFunc(o.Rights, func(r roster.Right) bool {
		return slices.Contains(r.Actions, roster.History) && (len(r.Cameras) == 0 || slices.Contains(r.Cameras, c))
	})
}

// Welcome is the inviter's first message: the offer, and the roster to check the inviter by. It is sealed to the key
// whose seed comes out of the secret with InviteOffer, so that the cloud neither reads nor exchanges it, and goes in
// parts: a byte with the part's number, a byte with how many there are, then the sealed chunk.
type Welcome struct {
	Offer
	Roster [][]byte `json:"roster"`
}

// Check refuses values that the types allow.
func (w *Welcome) Check() error { return w.Offer.Check() }

const (
	// InviteOffer is the label of the key that the first message is sealed to.
	InviteOffer = "keyhold/v1/invite/offer"
	// Chunk is how many bytes of the first message a part holds, MaxParts how many parts there may be.
	Chunk    = 48_000
	MaxParts = 12
	// Ended stands in place of a part's number, with 0 parts, where the inviter says that it no longer waits.
	Ended = 0xff
)

// Answer is the joiner's message: the link that brings it in, with the names to be known by. It is sealed to the
// inviter.
type Answer struct {
	HMAC []byte `json:"hmac"`
	Link []byte `json:"link"`
	Name string `json:"name"`
	// PersonName is "" where the invitation is for a device.
	PersonName string `json:"person_name"`
}

// Check refuses values that the types allow.
func (a *Answer) Check() error {
	if len(a.HMAC) != 32 || len(a.Link) == 0 || len(a.Name) > maxName || len(a.PersonName) > maxName {
		return fmt.Errorf("answer: a malformed field")
	}
	return nil
}

// Verdict is the inviter's last word, sealed to the joiner. Roster holds the links that the joiner does not have yet.
type Verdict struct {
	Error  string   `json:"error"`
	Roster [][]byte `json:"roster"`
}

// What a verdict can say.
const (
	// VerdictIn: the joiner is in.
	VerdictIn = ""
	// VerdictStale: the roster moved on; build the link again.
	VerdictStale = "stale"
	// VerdictRefused: the inviter does not let this one in.
	VerdictRefused = "refused"
	// VerdictWords: the inviter saw other words than the joiner.
	VerdictWords = "words"
	// VerdictDenied: the hub does not let the inviter do this, or no longer knows it.
	VerdictDenied = "denied"
)

// Check refuses values that the types allow.
func (v *Verdict) Check() error {
	switch v.Error {
	case VerdictIn, VerdictStale, VerdictRefused, VerdictWords, VerdictDenied:
		return nil
	}
	return fmt.Errorf("verdict: an unknown word")
}

// WordCount is how many words both sides read aloud.
const WordCount = 6

// Words are what both sides of an invitation read aloud: they stand for the joiner's link, whose PAE is given, and
// agree only if no third party changed it.
func Words(pae []byte) [WordCount]string {
	h := id.HashOf([]byte("keyhold/v1/invite/words"), pae)
	var out [WordCount]string
	for i := range out {
		n := 0
		for bit := i * 11; bit < (i+1)*11; bit++ {
			n = n<<1 | int(h[bit/8]>>(7-bit%8)&1)
		}
		out[i] = wordlists.English[n]
	}
	return out
}
