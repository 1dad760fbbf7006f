// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// QuietCommand asks for quiet about a camera.
type QuietCommand struct {
	deviceFlag
	Camera string        `placeholder:"NAME" help:"Which camera."`
	Home   bool          `help:"With --hours: all cameras."`
	For    time.Duration `placeholder:"D" help:"For how long, such as 2h; it ends now if neither this nor --hours is given."`
	Hours  []string      `sep:";" placeholder:"HOURS" help:"Quiet in these hours of each week, such as \"daily 22:00-24:00;daily 0:00-7:00\"; none takes them back."`
	JSON   bool          `name:"json" help:"Print one object of JSON a line."`
}

// quietLine is what is quiet as --json prints it.
type quietLine struct {
	// Camera is "household" for what is set for all.
	Camera id.Camera      `json:"camera"`
	Name   string         `json:"name"`
	Until  int64          `json:"until,omitempty"`
	Hours  []roster.Hours `json:"hours,omitempty"`
	Zone   string         `json:"zone,omitempty"`
}

// Run asks the hub.
func (q *QuietCommand) Run(ctx context.Context, c *console) error {
	switch {
	case q.Home && (q.Camera != "" || len(q.Hours) == 0):
		return errors.New("--home belongs to --hours, without --camera")
	case len(q.Hours) > 0 && (q.For > 0 || q.Camera == "" && !q.Home):
		return errors.New("--hours needs --camera NAME or --home, and is not given with --for")
	case q.For != 0 && q.Camera == "":
		return errors.New("--for needs --camera NAME")
	}
	hours, err := weekly(q.Hours)
	if err != nil {
		return err
	}
	s, v, err := q.look(ctx, c)
	if err != nil {
		return err
	}
	if q.Camera != "" || q.Home {
		op := request.Op{Kind: request.OpSnooze, Camera: id.HouseholdCamera}
		if q.Camera != "" {
			camera, err := cameraOf(v, q.Camera)
			if err != nil {
				return err
			}
			op.Camera = camera.ID
		}
		switch {
		case len(q.Hours) > 0:
			op.Kind, op.Hours = request.OpSetQuiet, hours
		case q.For > 0:
			op.Until = c.now().Add(q.For).UnixMilli()
		}
		if _, err := s.Do(ctx, op); err != nil {
			return fmt.Errorf("ask for quiet: %w", err)
		}
	}
	return q.list(ctx, c, s, v)
}

// list says what is quiet for this person.
func (q *QuietCommand) list(ctx context.Context, c *console, s *session.Session, v *session.View) error {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpSnoozes})
	if err != nil {
		return fmt.Errorf("ask for what is quiet: %w", err)
	}
	weeks, err := s.Quiets(ctx)
	if err != nil {
		return fmt.Errorf("ask for the hours that are quiet: %w", err)
	}
	c.cameHours(s, weeks)
	for _, one := range reply.Result.Snoozes {
		line := quietLine{Camera: one.Camera, Name: quietName(v, one.Camera), Until: one.Until}
		if err := q.tell(c, line, "%s is quiet until %s", line.Name, clock(line.Until, c.now())); err != nil {
			return err
		}
	}
	for _, one := range weeks.Now {
		line := quietLine{Camera: one.Camera, Name: quietName(v, one.Camera), Hours: one.Hours, Zone: v.Zone()}
		if err := q.tell(c, line, "%s: quiet %s", line.Name, people.Hours(line.Hours, line.Zone, c.now().Location())); err != nil {
			return err
		}
	}
	if len(reply.Result.Snoozes)+len(weeks.Now) == 0 && !q.JSON {
		c.say("You hear every bell.")
	}
	return nil
}

// tell prints a line, in words or as JSON.
func (q *QuietCommand) tell(c *console, line quietLine, format string, words ...any) error {
	if q.JSON {
		return c.object(line)
	}
	c.answer(format, words...)
	return nil
}

// quietName is what is quiet, as it is called.
func quietName(names people.Names, camera id.Camera) string {
	if camera == id.HouseholdCamera {
		return "all cameras"
	}
	return nameOr(names.CameraName(camera), string(camera))
}

// cameTime is how long any other command waits for a new hub to take quiet hours; they are tried again with the next one.
const cameTime = 4 * time.Second

// hoursCome brings a new hub the quiet hours that this device remembers from the one before it.
func (c *console) hoursCome(ctx context.Context, s *session.Session) {
	ctx, stop := context.WithTimeout(ctx, cameTime)
	defer stop()
	q, err := s.QuietsCome(ctx)
	if err != nil {
		c.say("Your quiet hours have not come along to the new hub yet: %v", safe(err))
		return
	}
	if q != nil {
		c.cameHours(s, q)
	}
}

// cameHours says which hours the hub has from this device.
func (c *console) cameHours(s *session.Session, q *session.Quiets) {
	for _, camera := range q.Came {
		c.say("Your quiet hours came along to this hub: %s (keyhold quiet).", quietName(namesOf(s), camera))
	}
}
