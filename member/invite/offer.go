// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tyler-smith/go-bip39"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// Kinds of an offer.
const (
	// ForDevice is for a further device of the inviter's own.
	ForDevice = "device"
	// ForPerson is for somebody else.
	ForPerson = "person"
)

// Offer is what an invitation promises to whoever uses it. The joiner gets just this or nothing.
type Offer struct {
	// Cameras are the names of those in the rights, or of all where a right names none.
	Cameras []Camera `json:"cameras"`
	// From is the inviter's name.
	From string `json:"from"`
	// History says that keys of what was recorded before will be handed over.
	History bool   `json:"history"`
	Kind    string `json:"kind"`
	// Name is the inviter's word for the new person, who may change it.
	Name   string         `json:"name"`
	Rights []roster.Right `json:"rights"`
	Role   roster.Role    `json:"role"`
	// Slow is for an invitation that went out of sight: six words are compared, and the rights begin a day later.
	Slow bool `json:"slow"`
}

// Camera is a camera's name.
type Camera struct {
	ID   id.Camera `json:"id"`
	Name string    `json:"name"`
}

// SlowWait is how long after the offer the rights of a slow invitation begin at the earliest.
const SlowWait = 24 * time.Hour

// errOffer says that an offer contradicts itself.
var errOffer = errors.New("the offer contradicts itself")

// Check refuses values that the types allow.
func (o *Offer) Check() error {
	if len(o.From) > manifest.MaxName || len(o.Name) > manifest.MaxName {
		return fmt.Errorf("offer: a name is too long")
	}
	for _, c := range o.Cameras {
		if !c.ID.Valid() || len(c.Name) > manifest.MaxName {
			return fmt.Errorf("offer: a malformed camera")
		}
	}
	switch o.Kind {
	case ForDevice:
		if o.Role != "" || len(o.Rights) > 0 || o.Slow {
			return errOffer
		}
		return nil
	case ForPerson:
		if err := roster.CheckRights(o.Role, o.Rights); err != nil {
			return err
		}
		if !o.Role.Fits(o.Rights) || (o.Slow && (len(o.Rights) == 0 || o.History)) {
			return errOffer
		}
		return nil
	}
	return errOffer
}

// begins wants the rights of a slow offer to begin a day after now.
func (o *Offer) begins(now int64) error {
	if !o.Slow {
		return nil
	}
	for _, r := range o.Rights {
		if r.Since < now+SlowWait.Milliseconds() {
			return errOffer
		}
	}
	return nil
}

// plain gives the offer its one spelling.
func (o Offer) plain() Offer {
	o.Rights = roster.Plain(o.Rights)
	o.Cameras = append([]Camera{}, o.Cameras...)
	return o
}

// op is the operation that takes a device in as offered.
func (o *Offer) op(device roster.DeviceKeys, person id.Person) roster.Op {
	if o.Kind == ForDevice {
		return roster.AddDevice{Device: device, Person: person}
	}
	return roster.AddPerson{Device: device, Person: person, Rights: o.Rights, Role: o.Role}
}

// matches says whether an operation is the one that was offered, and whose device it brings in.
func (o *Offer) matches(op roster.Op, inviter id.Person) (roster.DeviceKeys, id.Person, bool) {
	switch op := op.(type) {
	case roster.AddDevice:
		return op.Device, op.Person, o.Kind == ForDevice && op.Person == inviter
	case roster.AddPerson:
		return op.Device, op.Person, o.Kind == ForPerson && op.Role == o.Role && same(op.Rights, o.Rights)
	}
	return roster.DeviceKeys{}, "", false
}

func same(a, b []roster.Right) bool {
	x, errX := canon.Marshal(roster.Plain(a))
	y, errY := canon.Marshal(roster.Plain(b))
	return errX == nil && errY == nil && string(x) == string(y)
}

// Covers says whether old keys of a camera go to whoever uses the offer.
func (o *Offer) Covers(c id.Camera) bool {
	switch {
	case o.Kind == ForDevice:
		return true
	case !o.History:
		return false
	case o.Role == roster.Owner || o.Role == roster.Guardian:
		return true
	case c == id.HouseholdCamera:
		return false
	}
	for _, r := range o.Rights {
		for _, a := range r.Actions {
			if a == roster.History && (len(r.Cameras) == 0 || contains(r.Cameras, c)) {
				return true
			}
		}
	}
	return false
}

func contains(list []id.Camera, c id.Camera) bool {
	for _, x := range list {
		if x == c {
			return true
		}
	}
	return false
}

// CameraName gives the name that the offer carries.
func (o Offer) CameraName(c id.Camera) string {
	for _, n := range o.Cameras {
		if n.ID == c {
			return cleanName(n.Name, "")
		}
	}
	return ""
}

// PersonName and DeviceName: an offer names nobody by id.
func (o Offer) PersonName(id.Person) string { return "" }

// DeviceName has nothing to say.
func (o Offer) DeviceName(id.Device) string { return "" }

const wordCount = 6

// Words are the six words that both sides of a slow invitation show: whoever swapped the link on its way has others.
func Words(link *dsse.Envelope) []string {
	sum := sha256.Sum256(append([]byte("keyhold/v1/invite/words"), link.PAE()...))
	words := make([]string, wordCount)
	for i := range words {
		n := 0
		for bit := range 11 {
			at := i*11 + bit
			n = n<<1 | int(sum[at/8]>>(7-at%8)&1)
		}
		words[i] = bip39.GetWordList()[n]
	}
	return words
}

// Line puts words on one line.
func Line(words []string) string { return strings.Join(words, "  ") }
