// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// PrivateCommand turns cameras off at their source.
type PrivateCommand struct {
	deviceFlag
	What   string   `arg:"" optional:"" enum:"on,off," default:"" help:"on: private until somebody says off. Without it: what is private, and what is set."`
	Camera string   `placeholder:"NAME" help:"Which camera."`
	Room   string   `placeholder:"ROOM" help:"Each camera of this room."`
	Home   bool     `help:"All cameras."`
	Hours  []string `sep:";" placeholder:"HOURS" help:"Private in these hours of each week, such as \"mon-fri 8:00-17:00\"; several with a semicolon; none takes them back."`
	JSON   bool     `name:"json" help:"Print one object of JSON a line."`
}

// privateLine is what --json prints of a camera, or of all.
type privateLine struct {
	// Camera is "household" for what is set for all.
	Camera id.Camera      `json:"camera"`
	Name   string         `json:"name,omitempty"`
	On     bool           `json:"on"`
	Hours  []roster.Hours `json:"hours"`
	Zone   string         `json:"zone,omitempty"`
	// Private is since when the camera is private now, 0 if it is not.
	Private int64     `json:"private,omitempty"`
	By      id.Person `json:"by,omitempty"`
	ByName  string    `json:"by_name,omitempty"`
}

// Run sets, or asks the hub.
func (p *PrivateCommand) Run(ctx context.Context, c *console) error {
	s, v, err := p.look(ctx, c)
	if err != nil {
		return err
	}
	if p.What == "" && len(p.Hours) == 0 {
		return p.list(ctx, c, s, v)
	}
	targets, err := p.targets(s, v)
	if err != nil {
		return err
	}
	hours, err := weekly(p.Hours)
	if err != nil {
		return err
	}
	for _, target := range targets {
		set, err := s.SetPrivate(ctx, target.ID, func(x *private.Setting) {
			if p.What != "" {
				x.On = p.What == "on"
			}
			if len(p.Hours) > 0 {
				x.Hours, x.Zone = hours, ""
				if len(hours) > 0 {
					x.Zone = cmp.Or(v.Zone(), localZone())
				}
			}
		})
		if err != nil {
			return fmt.Errorf("set what is private of %s: %w", target.Name, err)
		}
		c.say("%s", settingWords(set, target.Name, c))
	}
	return nil
}

// targets are the cameras that are meant, each of which has a setting of its own, or the household.
func (p *PrivateCommand) targets(s *session.Session, v *session.View) ([]manifest.NamedCam, error) {
	given := 0
	for _, one := range []bool{p.Home, p.Camera != "", p.Room != ""} {
		if one {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, errors.New("say what is meant: --camera NAME, --room ROOM, or --home for all cameras")
	case p.Room != "":
		return inRoom(s, v, p.Room)
	case p.Camera != "":
		camera, err := cameraOf(v, p.Camera)
		if err != nil {
			return nil, err
		}
		return []manifest.NamedCam{camera}, nil
	}
	return []manifest.NamedCam{{ID: id.HouseholdCamera, Name: "all cameras"}}, nil
}

// weekly reads --hours; none are none.
func weekly(list []string) ([]roster.Hours, error) {
	out := []roster.Hours{}
	for _, text := range list {
		if len(list) == 1 && strings.TrimSpace(text) == "none" {
			return out, nil
		}
		h, err := people.ParseHours(text)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

func settingWords(s *private.Setting, name string, c *console) string {
	return name + ": " + heldWords(s.Held(), c)
}

// heldWords says what holds; nil is nothing.
func heldWords(h *private.Held, c *console) string {
	if h == nil {
		return "not private"
	}
	hours := people.Hours(h.Hours, h.Zone, c.now().Location())
	switch {
	case h.On && hours != "":
		return "private until somebody says off; besides " + hours
	case h.On:
		return "private until somebody says off"
	}
	return "private " + hours
}

func (p *PrivateCommand) list(ctx context.Context, c *console, s *session.Session, v *session.View) error {
	settings, err := s.Privates(ctx)
	if err != nil {
		return err
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpListCameras})
	if err != nil {
		return err
	}
	since := map[id.Camera]int64{}
	for _, r := range reply.Result.Cameras {
		if r.State == request.CameraPrivate {
			since[r.ID] = r.Since
		}
	}
	line := func(camera id.Camera, name string) error {
		out, set := privateLine{Camera: camera, Name: name, Hours: []roster.Hours{}, Private: since[camera]}, (*private.Setting)(nil)
		for _, x := range settings {
			if x.Camera == camera {
				set = x
			}
		}
		if set != nil {
			out.On, out.Hours, out.Zone = set.On, set.Hours, set.Zone
			if m, ok := s.Roster.Device(set.Device); ok {
				out.By, out.ByName = m.Person, v.PersonName(m.Person)
			}
		}
		if p.JSON {
			return c.object(out)
		}
		if out.Private > 0 {
			c.answer("%s is private since %s.", name, clock(out.Private, c.now()))
		}
		if set != nil && (set.On || len(set.Hours) > 0) {
			c.answer("  set by %s for %s", nameOr(out.ByName, string(out.By)), settingWords(set, nameOr(name, "all cameras"), c))
		}
		return nil
	}
	if err := line(id.HouseholdCamera, ""); err != nil {
		return err
	}
	for _, camera := range own(s, v) {
		if err := line(camera.ID, camera.Name); err != nil {
			return err
		}
	}
	if len(since) == 0 && !p.JSON {
		c.answer("No camera is private now.")
	}
	return nil
}
