// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/roster"
)

// actLine is what somebody set for a camera, as --json prints it.
type actLine struct {
	Kind       string    `json:"kind"` // private, masks, star, child or lock
	At         int64     `json:"at"`
	Camera     id.Camera `json:"camera"`
	Name       string    `json:"name"`
	Person     id.Person `json:"person"`
	PersonName string    `json:"person_name"`
	Device     id.Device `json:"device"`
	DeviceName string    `json:"device_name"`
	// Purpose is the kind again, where looks are listed.
	Purpose string `json:"purpose"`
	// Home says that it was set for all cameras.
	Home  bool           `json:"home,omitempty"`
	On    bool           `json:"on,omitempty"`
	Hours []roster.Hours `json:"hours,omitempty"`
	Zone  string         `json:"zone,omitempty"`
	Masks []masks.Mask   `json:"masks,omitempty"`
	// Moment is the one that is starred, if On, or no more.
	Moment int64 `json:"moment,omitempty"`
	// Door is what opens from then on, by which kind of lock; "off" if nothing does.
	Door string `json:"door,omitempty"`
	Lock string `json:"lock,omitempty"`
}

func actOf(v *session.View, camera manifest.NamedCam, a session.Act) actLine {
	line := actLine{
		Kind: "masks", At: a.At, Camera: camera.ID, Name: camera.Name, Person: a.Person, PersonName: v.PersonName(a.Person),
		Device: a.Device, DeviceName: v.DeviceName(a.Device), Home: a.Camera == id.HouseholdCamera,
	}
	if a.Masks != nil {
		line.Masks = a.Masks.Masks
	}
	if a.Private != nil {
		line.Kind, line.On, line.Hours, line.Zone = "private", a.Private.On, a.Private.Hours, a.Private.Zone
	}
	if a.Star != nil {
		line.Kind, line.On, line.Moment = "star", a.Star.On, a.Star.Moment
	}
	if a.Child != nil {
		line.Kind, line.On = "child", a.Child.On
	}
	if a.Lock != nil {
		line.Kind, line.Door, line.Lock = lock.Thing, a.Lock.Name, a.Lock.Kind
	}
	line.Purpose = line.Kind
	return line
}

func (c *console) act(line actLine, asJSON bool) error {
	if asJSON {
		return c.object(line)
	}
	who := nameOr(line.PersonName, "somebody of the household")
	if line.DeviceName != "" {
		who += " (" + line.DeviceName + ")"
	}
	c.answer("  %s  %s  %s", clock(line.At, c.now()), who, line.words(c))
	return nil
}

// words say what was set; a part of a picture by its place in it, in thousandths, as `keyhold masks` takes it.
func (l *actLine) words(c *console) string {
	all := ""
	if l.Home {
		all = ", with all cameras"
	}
	hours := people.Hours(l.Hours, l.Zone, c.now().Location())
	switch {
	case l.Kind == "star" && l.On:
		return "starred " + clock(l.Moment, c.now())
	case l.Kind == "star":
		return "took the star from " + clock(l.Moment, c.now())
	case l.Kind == "child" && l.On:
		return "set it to be in a child's room"
	case l.Kind == "child":
		return "set it to be in a child's room no more"
	case l.Kind == "private" && l.On:
		return "turned it off" + all
	case l.Kind == "private" && hours != "":
		return "set it to be off " + hours + all
	case l.Kind == "private":
		return "let it be on" + all
	case l.Kind == lock.Thing && l.Lock == lock.Off:
		return "let no door be opened here any more"
	case l.Kind == lock.Thing:
		return "let the door " + l.Door + " be opened here"
	case len(l.Masks) == 0:
		return "said that nothing of its picture is covered"
	}
	parts := make([]string, len(l.Masks))
	for i, m := range l.Masks {
		parts[i] = fmt.Sprintf("%d,%d,%d,%d", m.Left, m.Top, m.Width, m.Height)
	}
	return "covered " + count(len(parts), "part", "parts") + " of its picture: " + strings.Join(parts, "; ")
}

// forAll prints what was set for all cameras at once.
func (c *console) forAll(v *session.View, from, until int64, asJSON bool) error {
	acts, err := v.ForAll(from, until)
	if err != nil || len(acts) == 0 {
		return err
	}
	all := manifest.NamedCam{ID: id.HouseholdCamera, Name: "All cameras"}
	if !asJSON {
		c.heading(all)
	}
	for _, a := range acts {
		line := actOf(v, all, a)
		line.Home = false // the heading says so
		if err := c.act(line, asJSON); err != nil {
			return err
		}
	}
	return nil
}
