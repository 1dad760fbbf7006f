// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"keyhold/member/export"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// ExportCommand writes a range as an MP4, or everything into a folder.
type ExportCommand struct {
	deviceFlag
	Camera string `xor:"what" required:"" placeholder:"NAME" help:"The camera, by name or id."`
	All    bool   `xor:"what" required:"" help:"Every camera, into the folder --out: an MP4 for each stretch of an hour. Given again, it goes on where it was."`
	From   string `placeholder:"T" help:"From when: 2026-03-01T14:00:00+01:00, \"today 14:00\", 14:00, -2h. With --all as far back as the cloud keeps."`
	Until  string `placeholder:"T" help:"Until when. With --all until now."`
	Out    string `required:"" type:"path" placeholder:"FILE.mp4" help:"Where to write; the proof goes to FILE.mp4.proof. With --all a folder."`
	JSON   bool   `name:"json" help:"Print one object of JSON."`
}

// exportLine is the result as --json prints it.
type exportLine struct {
	File     string `json:"file"`
	Proof    string `json:"proof"`
	From     int64  `json:"from"`
	Until    int64  `json:"until"`
	Segments int    `json:"segments"`
	Joints   int    `json:"joints"`
	Bytes    int64  `json:"bytes"`
}

// Run checks the record, fetches, checks and opens each segment, and joins them.
func (e *ExportCommand) Run(ctx context.Context, c *console) error {
	if e.All {
		return e.everything(ctx, c)
	}
	if e.From == "" || e.Until == "" {
		return errors.New("say of when: --from and --until")
	}
	from, until, err := timeRange(c, e.From, e.Until)
	if err != nil {
		return err
	}
	s, err := e.open(c)
	if err != nil {
		return err
	}
	var v *session.View
	var camera manifest.NamedCam
	var timeline *session.Timeline
	err = c.during("Reading and checking the hub's record", func() (err error) {
		v, camera, timeline, err = e.look(ctx, s, from, until)
		return err
	})
	if err != nil {
		return err
	}
	c.starsUnknown(v)
	if c.now().Sub(until) < recent {
		if v, camera, timeline, err = e.newest(ctx, c, s, v, camera, timeline); err != nil {
			return err
		}
	}
	b := c.bar("Checking and opening")
	result, err := export.Write(ctx, s, v, timeline, e.Out, b.set)
	b.end()
	if err != nil {
		return fmt.Errorf("export %s: %w", camera.Name, err)
	}
	if e.JSON {
		err = c.object(exportLine{File: e.Out, Proof: e.Out + export.Suffix, From: result.From, Until: result.Until, Segments: result.Segments, Joints: result.Joints, Bytes: result.Bytes})
	} else {
		c.exported(e.Out, camera.Name, timeline, result)
	}
	if err != nil {
		return err
	}
	return c.alarms(v)
}

// look reads and checks the record of the range.
func (e *ExportCommand) look(ctx context.Context, s *session.Session, from, until time.Time) (v *session.View, camera manifest.NamedCam, t *session.Timeline, err error) {
	v, err = s.Steady(ctx, func(v *session.View) error {
		cameras, err := chosen(s, v, e.Camera)
		if err != nil {
			return err
		}
		if len(cameras) == 0 {
			return noCamera(e.Camera)
		}
		camera = cameras[0]
		if why := s.May(roster.Export, camera.ID); why != "" {
			return fmt.Errorf("recordings of %s cannot be saved by you: %s", camera.Name, whyNot(s, v, why))
		}
		t, err = v.Timeline(ctx, camera.ID, from.UnixMilli(), until.UnixMilli())
		return err
	})
	return v, camera, t, err
}

const (
	// recent is how long ago the end of a range may be for its end to lie in a pack that is still open.
	recent = 2 * time.Minute
	// newestWait is how long an export waits for that pack.
	newestWait = 12 * time.Second
)

// newest asks the hub to send what it holds open, and waits for it. A hub that is away is no reason not
// to export the rest.
func (e *ExportCommand) newest(ctx context.Context, c *console, s *session.Session, v *session.View, camera manifest.NamedCam, t *session.Timeline) (*session.View, manifest.NamedCam, *session.Timeline, error) {
	asked := c.now()
	target := min(t.Until, asked.UnixMilli())
	reached := func() bool { return len(t.Segments) > 0 && t.Segments[len(t.Segments)-1].End >= target }
	if reached() {
		return v, camera, t, nil
	}
	c.say("Asking the hub for the newest.")
	if _, err := s.Do(ctx, request.Op{Kind: request.OpLeaveEarly, Cameras: []id.Camera{camera.ID}}); err != nil {
		c.say("It cannot be had now: %v", err)
		return v, camera, t, ctx.Err()
	}
	for !reached() && c.now().Sub(asked) < newestWait {
		select {
		case <-ctx.Done():
			return v, camera, t, context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
		var err error
		if v, camera, t, err = e.look(ctx, s, time.UnixMilli(t.From), time.UnixMilli(t.Until)); err != nil {
			return v, camera, t, err
		}
	}
	return v, camera, t, nil
}

func (c *console) exported(path, name string, t *session.Timeline, r *export.Result) {
	now := c.now()
	long := (time.Duration(r.Shown) * time.Microsecond).Round(time.Second)
	c.answer("%s", path)
	c.say("%s from %s until %s: %s in %s, %s.", name, clock(r.From, now), clock(r.Until, now), long, count(r.Segments, "segment", "segments"), size(r.Bytes))
	if r.Joints > 0 {
		c.say("Recording was interrupted %s inside; the interruptions are closed up. keyhold list shows them.", count(r.Joints, "time", "times"))
	}
	if t.Until > t.KnownUntil && t.Until <= now.UnixMilli()+1000 {
		c.say("What is newer than %s has not arrived yet.", clock(r.Until, now))
	}
	c.say("Every segment is the hub's. The proof is in %s; hand over both files, and anybody can check them: keyhold verify %s", filepath.Base(path)+export.Suffix, filepath.Base(path))
	c.say("The file is no longer sealed. It holds its first and last segment whole, up to some seconds more than is shown.")
}
