// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/request"
)

// MasksCommand covers parts of a camera's picture.
type MasksCommand struct {
	deviceFlag
	Name string   `arg:"" optional:"" help:"Which camera. Without it: what is covered of all."`
	Add  []string `sep:";" placeholder:"AREA" help:"Cover a part: left, top, width and height in thousandths of the picture, such as 0,0,500,250 for the left half of its upper quarter; several with a semicolon."`
	Drop []int    `placeholder:"NUMBER" help:"Uncover the parts with these numbers, as they are listed."`
	None bool     `help:"Uncover all of it."`
	JSON bool     `name:"json" help:"Print one object of JSON a line."`
}

// maskLine is what --json prints of a camera.
type maskLine struct {
	Camera id.Camera    `json:"camera"`
	Name   string       `json:"name"`
	Masks  []masks.Mask `json:"masks"`
	// Before is what was covered until At, Less whether something of that is covered no more.
	Before []masks.Mask `json:"before"`
	Less   bool         `json:"less"`
	At     int64        `json:"at,omitempty"`
	Device id.Device    `json:"device,omitempty"`
	By     id.Person    `json:"by,omitempty"`
	ByName string       `json:"by_name,omitempty"`
}

// Run sets, or asks the hub.
func (m *MasksCommand) Run(ctx context.Context, c *console) error {
	s, v, err := m.look(ctx, c)
	if err != nil {
		return err
	}
	change := len(m.Add) > 0 || len(m.Drop) > 0 || m.None
	if m.Name == "" {
		if change {
			return errors.New("say which camera is meant: keyhold masks NAME --add AREA")
		}
		return m.list(ctx, c, s, v, own(s, v))
	}
	camera, err := cameraOf(v, m.Name)
	if err != nil {
		return err
	}
	if !change {
		return m.list(ctx, c, s, v, []manifest.NamedCam{camera})
	}
	var add []masks.Mask
	for _, text := range m.Add {
		one, err := parseMask(text)
		if err != nil {
			return err
		}
		add = append(add, one)
	}
	report, err := m.report(ctx, s, camera)
	if err != nil {
		return err
	}
	if len(add) > 0 {
		tellCost(c, report)
	}
	var wrong error
	set, err := s.SetMasks(ctx, camera.ID, func(now []masks.Mask) []masks.Mask {
		var kept []masks.Mask
		drop := map[int]bool{}
		wrong = nil
		for _, n := range m.Drop {
			if drop[n] = true; n < 1 || n > len(now) {
				wrong = fmt.Errorf("there is no part %d; keyhold masks %s lists them", n, camera.Name)
			}
		}
		for i, one := range now {
			if !m.None && !drop[i+1] {
				kept = append(kept, one)
			}
		}
		return append(kept, add...)
	})
	if wrong != nil {
		return fmt.Errorf("%w; nothing of it was uncovered", wrong)
	}
	if err != nil {
		return fmt.Errorf("set what is covered: %w", err)
	}
	if earlier := report.State == request.CameraUnsaid || report.State == request.CameraUnconnected; earlier && set.Seq == 1 {
		c.say("The new hub may not know in which hours this camera was private: keyhold private says what it knows, and keyhold private --camera NAME --hours HOURS tells it.")
	}
	return m.list(ctx, c, s, v, []manifest.NamedCam{camera})
}

// parseMask reads left,top,width,height.
func parseMask(text string) (masks.Mask, error) {
	wrong := fmt.Errorf("%q is no part of a picture; say left,top,width,height in thousandths, each part at least %d wide and high and within the picture, such as 0,0,500,250", text, masks.Least)
	parts := strings.Split(text, ",")
	if len(parts) != 4 {
		return masks.Mask{}, wrong
	}
	var n [4]int64
	for i, p := range parts {
		var err error
		if n[i], err = strconv.ParseInt(strings.TrimSpace(p), 10, 32); err != nil {
			return masks.Mask{}, wrong
		}
	}
	m := masks.Mask{Left: n[0], Top: n[1], Width: n[2], Height: n[3]}
	if !m.Within() {
		return masks.Mask{}, wrong
	}
	return m, nil
}

// report is how the hub says that a camera does; empty where it says nothing of it.
func (m *MasksCommand) report(ctx context.Context, s *session.Session, camera manifest.NamedCam) (request.CameraReport, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpListCameras})
	if err != nil {
		return request.CameraReport{}, err
	}
	for _, r := range reply.Result.Cameras {
		if r.ID == camera.ID {
			return r, nil
		}
	}
	return request.CameraReport{}, nil
}

// tellCost says what covering takes of the hub.
func tellCost(c *console, r request.CameraReport) {
	if r.Width == 0 || r.Height == 0 {
		return
	}
	c.say("Covering makes the picture anew on your hub, as H.264: at 15 pictures a second that needs about %d %% of one of its processor cores, at 30 twice that.", masks.Cost(r.Width, r.Height, 15))
	if r.Video == "h265" {
		c.say("This camera sends H.265; what is recorded from now on is H.264.")
	}
}

func (m *MasksCommand) list(ctx context.Context, c *console, s *session.Session, v *session.View, cameras []manifest.NamedCam) error {
	settings, err := s.Masks(ctx)
	if err != nil {
		return err
	}
	none := true
	for _, camera := range cameras {
		out := maskLine{Camera: camera.ID, Name: camera.Name, Masks: []masks.Mask{}, Before: []masks.Mask{}}
		for _, x := range settings {
			if x.Camera == camera.ID {
				out.Before, out.Masks, out.At, out.Device = out.Masks, x.Masks, x.At, x.Device
			}
		}
		out.Less = masks.Less(out.Before, out.Masks)
		if d, ok := s.Roster.Device(out.Device); ok {
			out.By, out.ByName = d.Person, v.PersonName(d.Person)
		}
		none = none && out.At == 0
		if m.JSON {
			if err := c.object(out); err != nil {
				return err
			}
			continue
		}
		out.say(c)
	}
	if none && !m.JSON {
		c.answer("Nothing is covered.")
	}
	return nil
}

func (l *maskLine) say(c *console) {
	if l.At == 0 {
		return
	}
	what := fmt.Sprintf("%d parts of the picture are covered", len(l.Masks))
	switch {
	case len(l.Masks) == 0:
		what = "nothing is covered"
	case len(l.Masks) == 1:
		what = "a part of the picture is covered"
	}
	more := ""
	if l.Less && len(l.Masks) > 0 {
		more = "; something was uncovered"
	}
	c.answer("%s: %s since %s, set by %s%s", l.Name, what, clock(l.At, c.now()), nameOr(l.ByName, string(l.Device)), more)
	for i, m := range l.Masks {
		c.answer("  %d  left %d  top %d  width %d  height %d", i+1, m.Left, m.Top, m.Width, m.Height)
	}
}
