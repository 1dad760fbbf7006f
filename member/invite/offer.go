// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"strings"
	"time"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// Offer is what an invitation promises to whoever uses it.
type Offer = pairing.Offer

// Camera is a camera's name in an offer.
type Camera = pairing.CameraName

// Kinds of an offer.
const (
	ForDevice = pairing.ForDevice
	ForPerson = pairing.ForPerson
)

// SlowWait is how long after the offer the rights of a slow invitation begin at the earliest.
const SlowWait = pairing.SlowWait * time.Millisecond

// newcomer is the device and person that an operation brings in.
func newcomer(op roster.Op) (roster.DeviceKeys, id.Person) {
	switch op := op.(type) {
	case roster.AddDevice:
		return op.Device, op.Person
	case roster.AddPerson:
		return op.Device, op.Person
	}
	return roster.DeviceKeys{}, ""
}

// Names gives the names that an offer carries. An offer names nobody by id.
type Names struct{ Offer Offer }

// CameraName gives a camera's name.
func (n Names) CameraName(c id.Camera) string {
	for _, x := range n.Offer.Cameras {
		if x.ID == c {
			return cleanName(x.Name, "")
		}
	}
	return ""
}

// PersonName and DeviceName have nothing to say.
func (n Names) PersonName(id.Person) string { return "" }

// DeviceName has nothing to say.
func (n Names) DeviceName(id.Device) string { return "" }

// Line puts words on one line.
func Line(words []string) string { return strings.Join(words, "  ") }

// Words are the six words that both sides of a slow invitation show: whoever swapped the link on its way has others.
func Words(link *dsse.Envelope) []string {
	six := pairing.Words(link.PAE())
	return six[:]
}
