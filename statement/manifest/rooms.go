// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"slices"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/masks"
	"keyhold/statement/private"
	"keyhold/statement/star"
)

// Payload types of second editions, which say in which room a camera is as well, and that of names what is to be known of it
// by a hub that takes this one's place.
const (
	ThingNames2 = "names.v2"
	ThingLabel2 = "label.v2"
)

// Names2 is the document of names in its second edition.
type Names2 struct {
	At      int64       `json:"at"`
	Cameras []PlacedCam `json:"cameras"`
	// Channels and Integrations are those that the hub has, by name.
	Channels     []string     `json:"channels,omitempty"`
	Devices      []NamedDev   `json:"devices"`
	Head         id.Hash      `json:"head"`
	Household    id.Household `json:"household"`
	Integrations []string     `json:"integrations,omitempty"`
	Persons      []NamedPer   `json:"persons"`
	// Private is what is set to be private for the household. Unsaid says that the hub does not say all that is set.
	Private *private.Held `json:"private,omitempty"`
	Seq     int64         `json:"seq"`
	Unsaid  bool          `json:"unsaid,omitempty"`
	// Unstarred says that there are more stars than the document has room for.
	Unstarred bool   `json:"unstarred,omitempty"`
	Zone      string `json:"zone"`
}

// PlacedCam gives a camera its name and its room, and what holds for it; Room is "" where it is in none.
type PlacedCam struct {
	ID      id.Camera     `json:"id"`
	Name    string        `json:"name"`
	Room    string        `json:"room"`
	State   string        `json:"state"`
	Bell    bool          `json:"bell,omitempty"`
	Child   bool          `json:"child,omitempty"`
	Door    string        `json:"door,omitempty"`
	Light   bool          `json:"light,omitempty"`
	Masks   []masks.Mask  `json:"masks,omitempty"`
	Private *private.Held `json:"private,omitempty"`
	Speaker bool          `json:"speaker,omitempty"`
	Stars   []star.Mark   `json:"stars,omitempty"`
	Unsaid  bool          `json:"unsaid,omitempty"`
}

// Label2 is a label in its second edition.
type Label2 struct {
	At        int64        `json:"at"`
	Camera    id.Camera    `json:"camera"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Name      string       `json:"name"`
	Room      string       `json:"room"`
	Seq       int64        `json:"seq"`
	Zone      string       `json:"zone"`
}

// Check refuses values that the types allow.
func (n *Names2) Check() error { return n.names().Check() }

// Check refuses values that the types allow.
func (l *Label2) Check() error { return (*Label)(l).Check() }

func (n *Names2) names() *Names {
	out := &Names{
		At: n.At, Cameras: []NamedCam{}, Devices: n.Devices, Head: n.Head, Household: n.Household, Persons: n.Persons,
		Private: n.Private, Seq: n.Seq, Unsaid: n.Unsaid, Unstarred: n.Unstarred, Zone: n.Zone,
		Channels: n.Channels, Integrations: n.Integrations,
	}
	for _, c := range n.Cameras {
		out.Cameras = append(out.Cameras, NamedCam(c))
	}
	return out
}

// Edition is the payload that says all of n, and its type. The first edition is written for as long as it can say it:
// devices of earlier versions read nothing else.
func (n *Names) Edition() (thing string, payload any) {
	more := func(c NamedCam) bool {
		return c.Room != "" || c.Bell || c.Light || c.Speaker || c.Door != "" || c.Child || len(c.Masks) > 0 || c.Private != nil || len(c.Stars) > 0 || c.Unsaid
	}
	if len(n.Channels)+len(n.Integrations) == 0 && n.Private == nil && !n.Unsaid && !n.Unstarred && !slices.ContainsFunc(n.Cameras, more) {
		return ThingNames, n
	}
	out := &Names2{
		At: n.At, Devices: n.Devices, Head: n.Head, Household: n.Household, Persons: n.Persons,
		Private: n.Private, Seq: n.Seq, Unsaid: n.Unsaid, Unstarred: n.Unstarred, Zone: n.Zone,
		Channels: n.Channels, Integrations: n.Integrations,
	}
	for _, c := range n.Cameras {
		out.Cameras = append(out.Cameras, PlacedCam(c))
	}
	return ThingNames2, out
}

// Edition is the payload that says all of l, and its type: the first that can.
func (l *Label) Edition() (thing string, payload any) {
	if l.Room == "" {
		return ThingLabel, l
	}
	return ThingLabel2, (*Label2)(l)
}

// isOf says whether an envelope calls itself a statement of a thing.
func isOf(envelope []byte, thing string) bool {
	e, err := dsse.Parse(envelope)
	return err == nil && e.PayloadType == dsse.TypeOf(thing)
}
