// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"fmt"
	"reflect"

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

// Offer is the inviter's first message: what the joiner will be, and the roster to check it by.
type Offer struct {
	Kind string `json:"kind"`
	// Name is the inviter's word for the new person; the joiner may take another.
	Name   string         `json:"name"`
	Rights []roster.Right `json:"rights"`
	Role   roster.Role    `json:"role"`
	Roster [][]byte       `json:"roster"`
	// Slow says that the two do not stand beside each other: no right begins earlier than a day from the offer.
	Slow bool `json:"slow"`
}

// Check refuses values that the types allow.
func (o *Offer) Check() error {
	if len(o.Name) > maxName || len(o.Roster) == 0 {
		return fmt.Errorf("offer: a name too long, or no roster")
	}
	switch o.Kind {
	case ForDevice:
		if o.Name != "" || o.Role != "" || len(o.Rights) > 0 || o.Slow {
			return fmt.Errorf("offer: a device has the rights of its person")
		}
		return nil
	case ForPerson:
		if err := roster.CheckRights(o.Role, o.Rights); err != nil {
			return fmt.Errorf("offer: %w", err)
		}
		if !o.Role.Fits(o.Rights) {
			return rule.Errorf(rule.Rights, "offer: these rights do not belong to this role")
		}
		if o.Slow && len(o.Rights) == 0 {
			return fmt.Errorf("offer: owners and guardians are invited in person only")
		}
		return nil
	}
	return fmt.Errorf("offer: an unknown kind")
}

// CheckWait wants the rights of a slow offer to begin a day after it was made.
func (o *Offer) CheckWait(made int64) error {
	for _, r := range o.Rights {
		if o.Slow && r.Since < made+SlowWait {
			return rule.Errorf(rule.Invitation, "pairing: an invitation from afar opens after a day")
		}
	}
	return nil
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
