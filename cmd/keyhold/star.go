// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/star"
)

// StarCommand keeps moments for longer than everything else is kept.
type StarCommand struct {
	deviceFlag
	Camera string `arg:"" help:"Which camera, by name or id; or the word list, for all that is starred."`
	Time   string `arg:"" optional:"" help:"The moment: now, -2m, \"today 14:00\", 2026-03-01T14:00:00+01:00. Half a minute before it and after it is kept."`
	Remove bool   `help:"Let the moment go: then it is kept as long as everything else."`
	JSON   bool   `name:"json" help:"Print one object of JSON a line."`
}

// starLine is a starred moment as --json prints it.
type starLine struct {
	Camera id.Camera `json:"camera"`
	Name   string    `json:"name"`
	Moment int64     `json:"moment"`
	// Starred says that it is kept.
	Starred bool `json:"starred"`
	// By is who starred it, At when.
	By     id.Person `json:"by,omitempty"`
	ByName string    `json:"by_name,omitempty"`
	At     int64     `json:"at,omitempty"`
	// Packs is how many recordings are kept of it.
	Packs int `json:"packs"`
	// Waiting says that the cloud has no room for all of them.
	Waiting bool `json:"waiting,omitempty"`
}

// Run stars, or asks the hub.
func (t *StarCommand) Run(ctx context.Context, c *console) error {
	s, v, err := t.look(ctx, c)
	if err != nil {
		return err
	}
	if t.Time == "" {
		if t.Camera != "list" || t.Remove {
			return errors.New("say which moment: keyhold star CAMERA TIME; or keyhold star list")
		}
		return t.list(ctx, c, s, v)
	}
	list, err := chosen(s, v, t.Camera)
	if err != nil {
		return err
	}
	camera := list[0]
	at, err := parseTime(t.Time, c.now(), c.now().Location())
	if err != nil {
		return err
	}
	moment, now := at.UnixMilli(), c.now().UnixMilli()
	switch {
	case t.Remove:
		if moment, err = starredNear(ctx, s, v, camera, moment, c.now()); err != nil {
			return err
		}
	case moment > now:
		return fmt.Errorf("%s is still to come", t.Time)
	case now-moment > star.Back:
		return fmt.Errorf("%s is more than thirty days ago: what was not starred before is gone", t.Time)
	}
	if err := s.SetStar(ctx, camera.ID, moment, !t.Remove); err != nil {
		return err
	}
	if t.JSON {
		return c.object(starLine{Camera: camera.ID, Name: camera.Name, Moment: moment, Starred: !t.Remove})
	}
	if t.Remove {
		c.answer("%s, %s: no longer starred; it goes when it is thirty days old.", camera.Name, clock(moment, c.now()))
	} else {
		c.answer("%s, %s: starred. Half a minute before and after it stays until somebody takes the star away.", camera.Name, clock(moment, c.now()))
	}
	return nil
}

// starredNear is the starred moment that is meant: the nearest, within half a minute.
func starredNear(ctx context.Context, s *session.Session, v *session.View, camera manifest.NamedCam, moment int64, now time.Time) (int64, error) {
	list, err := s.Starred(ctx, v, camera.ID)
	if err != nil {
		return 0, err
	}
	away := func(x session.Star) int64 { return max(x.Moment-moment, moment-x.Moment) }
	list = slices.DeleteFunc(list, func(x session.Star) bool { return away(x) > star.Around })
	if len(list) == 0 {
		return 0, fmt.Errorf("nothing of %s is starred around %s; see keyhold star list", camera.Name, clock(moment, now))
	}
	return slices.MinFunc(list, func(a, b session.Star) int { return int(away(a) - away(b)) }).Moment, nil
}

func (t *StarCommand) list(ctx context.Context, c *console, s *session.Session, v *session.View) error {
	none := true
	for _, camera := range own(s, v) {
		var list []session.Star
		_, err := s.Steady(ctx, func(v *session.View) (err error) {
			list, err = s.Starred(ctx, v, camera.ID)
			return err
		})
		if err != nil {
			return err
		}
		if len(list) > 0 && !t.JSON {
			c.heading(camera)
		}
		for _, x := range list {
			none = false
			line := starLine{
				Camera: camera.ID, Name: camera.Name, Moment: x.Moment, Starred: true, By: x.Person, ByName: v.PersonName(x.Person), At: x.At, Packs: len(x.Objects), Waiting: x.Waiting,
			}
			if t.JSON {
				if err := c.object(line); err != nil {
					return err
				}
				continue
			}
			c.answer("  %s  %s, starred by %s, %s", clock(x.Moment, c.now()), count(line.Packs, "recording", "recordings"), nameOr(line.ByName, "somebody of the household"), clock(x.At, c.now()))
			if x.Waiting {
				c.answer("    not kept yet: there is no more room for stars. Take another star away; the hub then keeps this one by itself.")
			}
		}
	}
	if none && !t.JSON {
		c.answer("Nothing is starred.")
	}
	return c.alarms(v)
}

// starsUnknown says that a range may lack something.
func (c *console) starsUnknown(v *session.View) {
	if v.StarsUnknown {
		c.say("The hub does not answer. What is starred of more than thirty days ago is left out: only the hub says what that is.")
	}
}

// oldStars are the starred moments of cameras from before a time.
func (c *console) oldStars(ctx context.Context, s *session.Session, v *session.View, cameras []manifest.NamedCam, before time.Time) (map[id.Camera][]session.Star, error) {
	out := map[id.Camera][]session.Star{}
	for _, camera := range cameras {
		list, err := s.Starred(ctx, v, camera.ID)
		if err != nil && session.Unasked(ctx, err) {
			v.StarsUnknown = true
			c.starsUnknown(v)
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			if x.Moment-star.Around < before.UnixMilli() {
				out[camera.ID] = append(out[camera.ID], x)
			}
		}
	}
	return out, nil
}
