// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"keyhold/member/session"
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// AlertsCommand says who rang, or who rings.
type AlertsCommand struct {
	deviceFlag
	From  string        `default:"-168h" placeholder:"T" help:"Since when: 2026-03-01T14:00:00+01:00, \"today 14:00\", -2h."`
	Until string        `default:"now" placeholder:"T" help:"Until when."`
	Watch bool          `help:"Say who rings, as it happens."`
	For   time.Duration `placeholder:"D" help:"With --watch: for how long; until it is interrupted if not given."`
	JSON  bool          `name:"json" help:"Print one object of JSON a line."`
}

// visitLine is a visit as --json prints it.
type visitLine struct {
	Camera  id.Camera `json:"camera"`
	Name    string    `json:"name"`
	From    int64     `json:"from"`
	Until   int64     `json:"until"`
	Presses []press   `json:"presses"`
}

type press struct {
	At     int64  `json:"at"`
	Number int64  `json:"number"`
	Source string `json:"source"`
	// Picture is the object with what was seen then, "" if there is none.
	Picture id.Object `json:"picture"`
}

// ringLine is an alert as --watch --json prints it.
type ringLine struct {
	At     int64     `json:"at"`
	Camera id.Camera `json:"camera"`
	Name   string    `json:"name"`
	Kind   string    `json:"kind"`
	Seq    int64     `json:"seq"`
	Late   bool      `json:"late"`
}

// Run reads the record, or listens.
func (l *AlertsCommand) Run(ctx context.Context, c *console) error {
	if l.Watch {
		return l.watch(ctx, c)
	}
	from, until, err := timeRange(c, l.From, l.Until)
	if err != nil {
		return err
	}
	s, err := l.open(c)
	if err != nil {
		return err
	}
	var v *session.View
	var list []visitLine
	err = c.during("Reading and checking the hub's record", func() (err error) {
		v, err = s.Steady(ctx, func(v *session.View) error {
			list = nil
			for _, camera := range own(s, v) {
				t, err := v.Timeline(ctx, camera.ID, from.UnixMilli(), until.UnixMilli())
				if err != nil {
					return fmt.Errorf("%s: %w", camera.Name, err)
				}
				list = append(list, visitsOf(camera, t)...)
			}
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b visitLine) int { return cmp.Compare(a.From, b.From) })
	for _, one := range list {
		if l.JSON {
			err = c.object(one)
		} else {
			c.answer("%s  %s  %s", clock(one.From, c.now()), one.Name, count(len(one.Presses), "press", "presses"))
		}
		if err != nil {
			return err
		}
	}
	if len(list) == 0 && !l.JSON {
		c.say("Nobody has rung.")
	}
	return c.alarms(v)
}

// visitTime is how close presses of one visit follow on each other (ms).
const visitTime = 120_000

// visitsOf puts presses together that belong to one visit.
func visitsOf(camera manifest.NamedCam, t *session.Timeline) []visitLine {
	pictures := map[int64]id.Object{}
	for _, m := range t.Moments {
		pictures[m.Number] = m.Object
	}
	presses := slices.Clone(t.Presses)
	slices.SortStableFunc(presses, func(a, b *manifest.Press) int { return cmp.Compare(a.Pressed, b.Pressed) })
	var out []visitLine
	for _, p := range presses {
		if n := len(out); n == 0 || p.Pressed-out[n-1].Until > visitTime {
			out = append(out, visitLine{Camera: camera.ID, Name: camera.Name, From: p.Pressed})
		}
		one := &out[len(out)-1]
		one.Until = p.Pressed
		one.Presses = append(one.Presses, press{At: p.Pressed, Number: p.Number, Source: p.Source, Picture: pictures[p.Number]})
	}
	return out
}

func (l *AlertsCommand) watch(ctx context.Context, c *console) error {
	s, v, err := l.look(ctx, c)
	if err != nil {
		return err
	}
	run := ctx
	if l.For > 0 {
		var cancel context.CancelFunc
		run, cancel = context.WithTimeout(ctx, l.For)
		defer cancel()
	}
	line, err := s.Line(run)
	if err != nil {
		return err
	}
	defer line.Close()
	if err := line.Ask(run); err != nil { // so that the hub knows that somebody listens
		return err
	}
	c.say("Listening for bells.")
	for {
		a, err := line.NextAlert(run)
		if err != nil && ctx.Err() == nil && run.Err() != nil {
			return nil // the time was over
		}
		if err != nil {
			return err
		}
		camera, _ := v.Camera(string(a.Camera))
		if err := c.rings(a, nameOr(camera.Name, string(a.Camera)), l.JSON); err != nil {
			return err
		}
	}
}

func (c *console) rings(a *session.Heard, name string, asJSON bool) error {
	if asJSON {
		return c.object(ringLine{At: a.At, Camera: a.Camera, Name: name, Kind: a.Kind, Seq: a.Seq, Late: a.Late})
	}
	what := name + ": somebody rings"
	switch {
	case a.Kind == alert.Test:
		what = "a test alert"
	case a.Late:
		what = name + ": somebody rang (heard late)"
	}
	c.answer("%s  %s", clock(a.At, c.now()), what)
	return nil
}
