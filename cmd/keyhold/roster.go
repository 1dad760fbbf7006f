// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// RosterCommand says who belongs to the household.
type RosterCommand struct {
	deviceFlag
	Trail bool `help:"How it came to be, one sentence a change."`
	JSON  bool `name:"json" help:"Print one object of JSON a line."`
}

// personLine is a person as --json prints them; times are milliseconds.
type personLine struct {
	Person  id.Person      `json:"person"`
	Name    string         `json:"name"`
	Role    roster.Role    `json:"role"`
	Rights  []roster.Right `json:"rights"`
	Words   []string       `json:"words"`
	Since   int64          `json:"since"`
	Looked  int64          `json:"looked,omitempty"`
	Devices []memberLine   `json:"devices"`
	Me      bool           `json:"me,omitempty"`
	// Announced is when the recovery sheet announced the removal of an owner.
	Announced int64 `json:"announced,omitempty"`
}

// memberLine is a device of a person.
type memberLine struct {
	Device  id.Device `json:"device"`
	Name    string    `json:"name"`
	Storage string    `json:"storage"`
	Since   int64     `json:"since"`
	Looked  int64     `json:"looked,omitempty"`
	Me      bool      `json:"me,omitempty"`
}

// trailLine is a sentence of the trail.
type trailLine struct {
	Seq    int64     `json:"seq"`
	At     int64     `json:"at"`
	Kind   string    `json:"kind"`
	By     id.Device `json:"by"`
	Person id.Person `json:"person,omitempty"`
	Device id.Device `json:"device,omitempty"`
	Text   string    `json:"text"`
}

// lookedBack is how far back the newest look of everybody is searched for.
const lookedBack = 7 * 24 * time.Hour

// Run reads the roster, and for owners and guardians the looks.
func (r *RosterCommand) Run(ctx context.Context, c *console) error {
	s, err := r.open(c)
	if err != nil {
		return err
	}
	var looked map[id.Device]int64
	var v *session.View
	err = c.during("Reading and checking the hub's record", func() (err error) {
		v, err = s.Steady(ctx, func(v *session.View) error {
			var err error
			looked, err = lastLooks(ctx, s, v, c.now(), r.Trail)
			return err
		})
		return err
	})
	if err != nil {
		return err
	}
	if r.Trail {
		err = c.trail(s, v, r.JSON)
	} else {
		err = c.persons(s, v, looked, r.JSON)
		if !r.JSON {
			c.asks(ctx, s)
		}
	}
	if err != nil {
		return err
	}
	return c.alarms(v)
}

// lastLooks finds when each device looked last.
func lastLooks(ctx context.Context, s *session.Session, v *session.View, now time.Time, skip bool) (map[id.Device]int64, error) {
	out := map[id.Device]int64{}
	if skip || !s.SeesPeople() {
		return out, nil
	}
	for _, camera := range v.Cameras {
		t, err := v.Timeline(ctx, camera.ID, now.Add(-lookedBack).UnixMilli(), now.UnixMilli())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", camera.Name, err)
		}
		for _, l := range t.Looks {
			out[l.Device] = max(out[l.Device], l.At)
		}
	}
	return out, nil
}

func (c *console) persons(s *session.Session, v *session.View, looked map[id.Device]int64, asJSON bool) error {
	all := s.SeesPeople()
	for _, p := range s.Roster.People {
		me := p.ID == s.Person()
		if !all && !me {
			continue
		}
		line := personLine{
			Person: p.ID, Name: nameOr(v.PersonName(p.ID), string(p.ID)), Role: p.Role, Rights: roster.Plain(p.Rights),
			Words: people.Rights(p.Role, p.Rights, v, c.now()), Since: p.Since, Me: me,
			Announced: s.Roster.Announced[p.ID],
		}
		for _, m := range s.Roster.Devices(p.ID) {
			line.Devices = append(line.Devices, memberLine{
				Device: m.ID, Name: nameOr(v.DeviceName(m.ID), string(m.ID)), Storage: m.Storage, Since: m.Since, Looked: looked[m.ID], Me: m.ID == s.Keys.ID(),
			})
			line.Looked = max(line.Looked, looked[m.ID])
		}
		if asJSON {
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		c.person(line, all)
	}
	return nil
}

func (c *console) person(p personLine, all bool) {
	now := c.now()
	title := p.Name
	if p.Me && !all {
		title = "You"
	} else if p.Me {
		title += " (you)"
	}
	c.answer("%s, %s, since %s", title, p.Role, clock(p.Since, now))
	for _, w := range p.Words {
		c.answer("  %s", w)
	}
	if p.Announced > 0 && all {
		c.answer("  to be removed by the recovery sheet, from %s on; until then any owner can object: keyhold object %s", people.Moment(p.Announced+roster.ObjectWait, now.Location()), p.Name)
	}
	for _, d := range p.Devices {
		kind := "device"
		if d.Device.Passkey() {
			kind = "passkey"
		}
		line := fmt.Sprintf("  %-7s %-24s  since %s", kind, d.Name, clock(d.Since, now))
		if d.Me {
			line += "  this one"
		}
		switch {
		case d.Device.Passkey(): // it brings somebody back, and looks at nothing
		case d.Looked > 0:
			line += "  looked " + clock(d.Looked, now)
		case all:
			line += "  has not looked for a week"
		}
		c.answer("%s", line)
	}
	if len(p.Devices) == 0 {
		c.answer("  no device; they come back by their sheet, or by an invitation")
	}
}

func (c *console) trail(s *session.Session, v *session.View, asJSON bool) error {
	events, err := people.Trail(s.Roster, v, c.now().Location())
	if err != nil {
		return err
	}
	for _, e := range events {
		if !s.SeesPeople() && e.Person != s.Person() {
			continue
		}
		kind := string(e.Kind)
		if kind == "" {
			kind = roster.ThingGenesis
		}
		if asJSON {
			if err := c.object(trailLine{Seq: e.Seq, At: e.At, Kind: kind, By: e.By, Person: e.Person, Device: e.Device, Text: e.Text}); err != nil {
				return err
			}
			continue
		}
		c.answer("%s  %s", time.UnixMilli(e.At).In(c.now().Location()).Format("2006-01-02 15:04"), e.Text)
	}
	return nil
}

// nothingHere says why a viewer or guest is shown no camera now.
func (c *console) nothingHere(s *session.Session, v *session.View) {
	p, ok := s.Roster.Person(s.Person())
	if !ok || s.SeesPeople() {
		c.say("No cameras yet. Add one: keyhold cameras add NAME rtsp://…")
		return
	}
	c.say("No camera is open to you now. What you were given:\n  %s", strings.Join(people.Rights(p.Role, p.Rights, v, c.now()), "\n  "))
}

// own are the cameras that this reader may see now.
func own(s *session.Session, v *session.View) []manifest.NamedCam {
	if s.SeesPeople() {
		return v.Cameras
	}
	var out []manifest.NamedCam
	for _, camera := range v.Cameras {
		if s.May(roster.History, camera.ID) == "" {
			out = append(out, camera)
		}
	}
	return out
}
