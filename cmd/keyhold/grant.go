// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyhold/member/invite"
	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// grantFlags say what somebody is to be and to see.
type grantFlags struct {
	Role    string   `enum:"owner,guardian,viewer,guest," default:"" placeholder:"ROLE" help:"owner: decides about everything. guardian: sees everything, invites guests. viewer: sees the cameras given. guest: the same, with an end."`
	Cameras []string `placeholder:"NAME" help:"For a viewer or guest: which cameras; all by default."`
	Until   string   `placeholder:"T" help:"For a viewer or guest: until when: friday, \"friday 18:00\", 2026-03-01, 3d."`
	Hours   []string `sep:";" placeholder:"HOURS" help:"For a viewer or guest: in which hours, such as \"mon-fri 14:00-18:00\"; several with a semicolon."`
	Export  string   `enum:"yes,no,role" default:"role" placeholder:"yes|no" help:"For a viewer or guest: whether recordings may be saved; by default viewers may and guests may not."`
	Live    string   `enum:"yes,no" default:"yes" placeholder:"yes|no" help:"For a viewer or guest: whether they may watch live; yes by default."`
	Listen  string   `enum:"yes,no" default:"yes" placeholder:"yes|no" help:"For a viewer or guest: whether they may hear these cameras live; yes by default. (What was recorded has its sound for whoever may see it.)"`
	Private string   `enum:"yes,no" default:"no" placeholder:"yes|no" help:"For a viewer or guest: whether they may turn these cameras off and on again (keyhold private); no by default."`
	Talk    string   `enum:"yes,no" default:"no" placeholder:"yes|no" help:"For a viewer or guest: whether they may talk by the camera's speaker; no by default."`
	Open    string   `enum:"yes,no" default:"no" placeholder:"yes|no" help:"For a viewer or guest: whether they may open the doors at these cameras (keyhold open); no by default."`
	History bool     `help:"Also what was recorded before now."`
}

// grant turns flags into a role and rights, which begin at since.
func (g *grantFlags) grant(v *session.View, now time.Time, since int64) (roster.Role, []roster.Right, error) {
	role := roster.Role(g.Role)
	switch {
	case g.Role == "":
		return "", nil, errors.New("say what they are to be: --role owner, guardian, viewer or guest")
	case role == roster.Owner || role == roster.Guardian:
		if len(g.Cameras) > 0 || g.Until != "" || len(g.Hours) > 0 || g.Export != "role" || g.Live != "yes" || g.Listen != "yes" || g.Private != "no" || g.Talk != "no" || g.Open != "no" {
			return "", nil, fmt.Errorf("%s sees everything, always; --cameras, --until, --hours, --export, --live, --listen, --private, --talk and --open are for viewers and guests", people.Role(role))
		}
		return role, nil, nil
	case role == roster.Guest && g.Until == "":
		return "", nil, errors.New("a guest has an end: add --until, such as --until friday")
	}
	r := roster.Right{Cameras: []id.Camera{}, Hours: []roster.Hours{}, Since: since}
	if g.Export == "yes" || (g.Export == "role" && role == roster.Viewer) {
		r.Actions = append(r.Actions, roster.Export)
	}
	r.Actions = append(r.Actions, roster.History)
	if g.Live == "yes" {
		if g.Listen == "yes" {
			r.Actions = append(r.Actions, roster.Listen)
		}
		r.Actions = append(r.Actions, roster.Live)
	}
	if g.Open == "yes" {
		r.Actions = append(r.Actions, roster.Open)
	}
	if g.Private == "yes" {
		r.Actions = append(r.Actions, roster.Private)
	}
	if g.Talk == "yes" {
		if g.Live != "yes" {
			return "", nil, errors.New("who talks by a camera watches it: --talk yes needs --live yes")
		}
		r.Actions = append(r.Actions, roster.Talk)
	}
	for _, name := range g.Cameras {
		camera, err := cameraOf(v, strings.TrimSpace(name))
		if err != nil {
			return "", nil, err
		}
		r.Cameras = append(r.Cameras, camera.ID)
	}
	slices.Sort(r.Cameras)
	r.Cameras = slices.Compact(r.Cameras)
	for _, text := range g.Hours {
		h, err := people.ParseHours(text)
		if err != nil {
			return "", nil, err
		}
		r.Hours = append(r.Hours, h)
	}
	if len(r.Hours) > 0 {
		r.Zone = cmp.Or(v.Zone(), localZone())
	}
	if g.Until != "" {
		zone, err := time.LoadLocation(cmp.Or(v.Zone(), localZone()))
		if err != nil {
			zone = now.Location()
		}
		until, err := parseEnd(g.Until, now, zone)
		if err != nil {
			return "", nil, err
		}
		if !until.After(now) || until.UnixMilli() <= since {
			return "", nil, fmt.Errorf("--until %s is over before it begins", g.Until)
		}
		r.Until = until.UnixMilli()
	}
	return role, []roster.Right{r}, nil
}

// wish is what was asked for, as one text.
func (g *grantFlags) wish() string {
	return fmt.Sprintf("%s %q %q %q %s %s %s %s %s %s %t", g.Role, g.Cameras, g.Until, g.Hours, g.Export, g.Live, g.Listen, g.Private, g.Talk, g.Open, g.History)
}

// offered are the names of the cameras in rights, for somebody who knows none.
func offered(v *session.View, rights []roster.Right) []invite.Camera {
	out := []invite.Camera{}
	for _, camera := range v.Cameras {
		for _, r := range rights {
			if len(r.Cameras) == 0 || slices.Contains(r.Cameras, camera.ID) {
				out = append(out, invite.Camera{ID: camera.ID, Name: camera.Name})
				break
			}
		}
	}
	return out
}

// gesture asks for the six digits that the hub shows.
func (c *console) gesture(again bool) (string, error) {
	if again {
		c.say("That is not the code.")
	} else {
		c.say("The hub wants to know that somebody is at home: its terminal shows six digits now. On its computer, keyhold hub code shows them, too.")
	}
	for {
		typed, err := c.ask("Six digits: ")
		if err != nil {
			return "", fmt.Errorf("no digits were typed, so nothing was changed: %w", err)
		}
		typed = strings.ReplaceAll(typed, " ", "")
		if len(typed) == 6 && strings.Trim(typed, "0123456789") == "" {
			return typed, nil
		}
		c.say("The code has six digits.")
	}
}

// yes asks a question; only a plain yes is one.
func (c *console) yes(question string) (bool, error) {
	typed, err := c.ask(question + " [yes/no] ")
	if err != nil {
		return false, err
	}
	return strings.EqualFold(typed, "yes") || strings.EqualFold(typed, "y"), nil
}
