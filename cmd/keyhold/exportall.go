// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"keyhold/member/export"
	"keyhold/member/session"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// farBack is how far back everything goes: a day less than the cloud keeps, which goes on forgetting meanwhile.
const farBack = 29

// allLine is the result as --json prints it.
type allLine struct {
	Folder   string `json:"folder"`
	Files    int    `json:"files"`
	Written  int    `json:"written"`
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`
}

// everything exports every camera that may be saved.
func (e *ExportCommand) everything(ctx context.Context, c *console) error {
	s, err := e.open(c)
	if err != nil {
		return err
	}
	var v *session.View
	err = c.during("Reading and checking the hub's record", func() (err error) {
		v, err = s.Steady(ctx, func(*session.View) error { return nil })
		return err
	})
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(cmp.Or(v.Zone(), "UTC"))
	if err != nil {
		zone = time.UTC
	}
	now := c.now()
	from, until := now.In(zone).AddDate(0, 0, -farBack), now
	from = time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, zone)
	if e.From != "" {
		if from, err = parseTime(e.From, now, now.Location()); err != nil {
			return err
		}
	}
	if e.Until != "" {
		if until, err = parseTime(e.Until, now, now.Location()); err != nil {
			return err
		}
	}
	var cameras []manifest.NamedCam
	for _, camera := range own(s, v) {
		if why := s.May(roster.Export, camera.ID); why != "" {
			c.say("%s is left out: %s.", camera.Name, whyNot(s, v, why))
			continue
		}
		cameras = append(cameras, camera)
	}
	if len(cameras) == 0 {
		return errors.New("there is no camera whose recordings you may save")
	}
	stars, err := c.oldStars(ctx, s, v, cameras, from)
	if err != nil {
		return err
	}
	all := &export.All{
		Stars:   stars,
		Session: s, Dir: e.Out, From: from.UnixMilli(), Until: until.UnixMilli(), Cameras: cameras, Zone: zone,
		Step: func(camera string, day time.Time, written, there int, bytes int64) {
			c.say("%s, %s: %s written, %d in all, %s.", camera, day.Format("2006-01-02"), count(written, "film", "films"), there, size(bytes))
		},
	}
	sum, err := all.Run(ctx)
	if err != nil {
		if sum != nil && rule.Of(err) == "" {
			c.say("Not finished: %s of %d films were written. Give the same command again, and it goes on where it was.", count(sum.Written, "film", "films"), sum.Files)
		}
		return fmt.Errorf("export everything: %w", err)
	}
	if e.JSON {
		err = c.object(allLine{Folder: e.Out, Files: sum.Files, Written: sum.Written, Segments: sum.Segments, Bytes: sum.Bytes})
	} else {
		c.answer("%s", e.Out)
		c.say("%s, %s, %s; %d of them written now. %s says what is where.", count(sum.Files, "film", "films"), count(sum.Segments, "segment", "segments"), size(sum.Bytes), sum.Written, export.IndexName)
		c.say("Every segment is the hub's, and anybody can check that: keyhold verify %s. The films are no longer sealed.", e.Out)
	}
	if err != nil {
		return err
	}
	return c.alarms(v)
}
