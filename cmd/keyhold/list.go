// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyhold/member/footage"
	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// ListCommand says what is there.
type ListCommand struct {
	deviceFlag
	Camera string `placeholder:"NAME" help:"One camera, by name or id."`
	From   string `default:"-24h" placeholder:"T" help:"Since when: 2026-03-01T14:00:00+01:00, \"today 14:00\", 14:00, -2h."`
	Until  string `default:"now" placeholder:"T" help:"Until when."`
	Looks  bool   `help:"Who has looked, turned cameras off or covered parts of pictures, instead of what was recorded."`
	JSON   bool   `name:"json" help:"Print one object of JSON a line."`
}

// Run checks the record and prints what it says.
func (l *ListCommand) Run(ctx context.Context, c *console) error {
	from, until, err := timeRange(c, l.From, l.Until)
	if err != nil {
		return err
	}
	s, err := l.open(c)
	if err != nil {
		return err
	}
	if l.Looks && !s.SeesPeople() {
		return errors.New("who has looked is shown to owners and guardians")
	}
	var cameras []manifest.NamedCam
	var timelines []*session.Timeline
	var v *session.View
	err = c.during("Reading and checking the hub's record", func() (err error) {
		v, err = s.Steady(ctx, func(v *session.View) error {
			timelines = nil
			var err error
			if cameras, err = chosen(s, v, l.Camera); err != nil {
				return err
			}
			for _, camera := range cameras {
				t, err := v.Timeline(ctx, camera.ID, from.UnixMilli(), until.UnixMilli())
				if err != nil {
					return fmt.Errorf("%s: %w", camera.Name, err)
				}
				timelines = append(timelines, t)
			}
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	if l.Looks && l.Camera == "" {
		if err := c.forAll(v, from.UnixMilli(), until.UnixMilli(), l.JSON); err != nil {
			return err
		}
	}
	for i, camera := range cameras {
		if l.Looks {
			err = c.looks(v, camera, timelines[i], l.JSON)
		} else {
			err = c.recorded(v, camera, timelines[i], l.JSON)
		}
		if err != nil {
			return err
		}
	}
	if len(cameras) == 0 && !l.JSON {
		c.nothingHere(s, v)
	}
	c.starsUnknown(v)
	if v.Unreadable > 0 && s.SeesPeople() {
		c.say("%s from before this device's time could not be read.", count(v.Unreadable, "hour", "hours"))
	}
	return c.alarms(v)
}

func timeRange(c *console, from, until string) (time.Time, time.Time, error) {
	now := c.now()
	a, err := parseTime(from, now, now.Location())
	if err != nil {
		return a, a, err
	}
	b, err := parseTime(until, now, now.Location())
	if err != nil {
		return a, b, err
	}
	if !a.Before(b) {
		return a, b, fmt.Errorf("from %s until %s is no range: it ends before it begins", a.Format(time.RFC3339), b.Format(time.RFC3339))
	}
	return a, b, nil
}

// chosen is one camera by name, or all that this device may see, removed ones too: their footage stays.
func chosen(s *session.Session, v *session.View, name string) ([]manifest.NamedCam, error) {
	if name == "" {
		return own(s, v), nil
	}
	camera, err := cameraOf(v, name)
	if err != nil {
		return nil, err
	}
	if why := s.May(roster.History, camera.ID); why != "" {
		return nil, fmt.Errorf("%s is not open to you now: %s", camera.Name, whyNot(s, v, why))
	}
	return []manifest.NamedCam{camera}, nil
}

// whyNot puts a refusal of the roster's into words.
func whyNot(s *session.Session, v *session.View, why roster.Reason) string {
	p, _ := s.Roster.Person(s.Person())
	given := strings.Join(people.Rights(p.Role, p.Rights, v, s.Now()), "; ")
	switch why {
	case rule.Hours:
		return "these are not your hours. You were given " + given
	case rule.Ended:
		return "your time has ended. You were given " + given
	case rule.Early:
		return "your time has not begun. You were given " + given
	case rule.Action:
		return "that is not among what you were given: " + given
	}
	return "it was not given to you"
}

// recordedLine is a stretch or a gap as --json prints it; times are milliseconds.
type recordedLine struct {
	Kind     string    `json:"kind"`
	Camera   id.Camera `json:"camera"`
	Name     string    `json:"name"`
	From     int64     `json:"from"`
	Until    int64     `json:"until"`
	Segments int       `json:"segments,omitempty"`
	Bytes    int64     `json:"bytes,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

// heading names a camera; one that was removed keeps what it recorded.
func (c *console) heading(camera manifest.NamedCam) {
	if camera.State == manifest.NameRemoved {
		c.answer("%s (removed)", camera.Name)
		return
	}
	c.answer("%s", camera.Name)
}

func (c *console) recorded(v *session.View, camera manifest.NamedCam, t *session.Timeline, asJSON bool) error {
	if !asJSON {
		c.heading(camera)
	}
	pieces := footage.Pieces(t)
	for _, p := range pieces {
		if asJSON {
			line := recordedLine{Kind: "recorded", Camera: camera.ID, Name: camera.Name, From: p.From, Until: p.Until, Segments: p.Segments, Bytes: p.Bytes, Reason: p.Reason}
			if p.Reason != "" {
				line.Kind = "gap"
			}
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		now := c.now()
		times := clock(p.From, now) + " – " + clock(p.Until, now)
		long := (time.Duration(p.Until-p.From) * time.Millisecond).Round(time.Second)
		if p.Reason != "" {
			c.answer("  %s  %9s  gap: %s", times, long, gapWords(p.Reason))
			continue
		}
		c.answer("  %s  %9s  %s, %s", times, long, count(p.Segments, "segment", "segments"), size(p.Bytes))
	}
	if len(pieces) == 0 && !asJSON {
		c.answer("  nothing recorded in this time")
	}
	for _, a := range t.Acts {
		if err := c.act(actOf(v, camera, a), asJSON); err != nil {
			return err
		}
	}
	return nil
}

func gapWords(reason string) string {
	switch reason {
	case manifest.GapCamera:
		return "the camera gave no picture"
	case manifest.GapHub:
		return "the hub was off"
	case manifest.GapJump:
		return "the camera's clock jumped"
	case manifest.GapDisk:
		return "the hub's disk was full"
	case manifest.GapStopped:
		return "recording was stopped"
	case manifest.GapPrivate:
		return "private"
	default:
		return "nothing was recorded, and nobody says why"
	}
}

func size(bytes int64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	default:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
}

// lookLine is a look as --json prints it.
type lookLine struct {
	At         int64     `json:"at"`
	Camera     id.Camera `json:"camera"`
	Name       string    `json:"name"`
	Person     id.Person `json:"person"`
	PersonName string    `json:"person_name"`
	Device     id.Device `json:"device"`
	DeviceName string    `json:"device_name"`
	Purpose    string    `json:"purpose"`
	From       int64     `json:"from"`
	Until      int64     `json:"until"`
	// Door is one that was opened, Outcome how that went.
	Door    string `json:"door,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	// Reply is what the hub spoke for them.
	Reply string `json:"reply,omitempty"`
}

func (c *console) looks(v *session.View, camera manifest.NamedCam, t *session.Timeline, asJSON bool) error {
	if !asJSON {
		c.heading(camera)
	}
	lines := make([]lookLine, 0, len(t.Looks)+len(t.Lives)+len(t.Talks)+len(t.Opens))
	add := func(at int64, p id.Person, d id.Device, purpose string, from, until int64) {
		lines = append(lines, lookLine{
			At: at, Camera: camera.ID, Name: camera.Name, Person: p, PersonName: nameOr(v.PersonName(p), string(p)),
			Device: d, DeviceName: nameOr(v.DeviceName(d), string(d)), Purpose: purpose, From: from, Until: until,
		})
	}
	for _, l := range t.Looks {
		add(l.At, l.Person, l.Device, l.Purpose, l.From, l.Until)
	}
	for _, l := range t.Lives {
		add(l.Since, l.Person, l.Device, purposeLive, l.Since, l.Until)
	}
	for _, l := range t.Talks {
		add(l.Since, l.Person, l.Device, purposeTalk, l.Since, l.Until)
		if l.Reply != nil {
			lines[len(lines)-1].Reply = l.Reply.Text
		}
	}
	for _, l := range t.Opens {
		add(l.Since, l.Person, l.Device, purposeOpen, l.Since, l.Since)
		lines[len(lines)-1].Door, lines[len(lines)-1].Outcome = l.Door, l.Outcome
	}
	slices.SortStableFunc(lines, func(a, b lookLine) int { return cmp.Compare(a.At, b.At) })
	acts := t.Acts
	for _, line := range lines {
		for len(acts) > 0 && acts[0].At < line.At {
			if err := c.act(actOf(v, camera, acts[0]), asJSON); err != nil {
				return err
			}
			acts = acts[1:]
		}
		if asJSON {
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		now := c.now()
		if line.Purpose == purposeLive && line.Until == 0 {
			c.answer("  %s  %s (%s)  is watching live", clock(line.At, now), line.PersonName, line.DeviceName)
			continue
		}
		if line.Reply != "" {
			c.answer("  %s  %s (%s)  had it say “%s”", clock(line.At, now), line.PersonName, line.DeviceName, line.Reply)
			continue
		}
		if line.Purpose == purposeTalk && line.Until == 0 {
			c.answer("  %s  %s (%s)  is talking", clock(line.At, now), line.PersonName, line.DeviceName)
			continue
		}
		if line.Purpose == purposeOpen {
			c.answer("  %s  %s (%s)  %s", clock(line.At, now), line.PersonName, line.DeviceName, openedWords(line.Door, line.Outcome))
			continue
		}
		c.answer("  %s  %s (%s)  %s  %s – %s", clock(line.At, now), line.PersonName, line.DeviceName, purposeWords(line.Purpose), clock(line.From, now), clock(line.Until, now))
	}
	if len(lines) == 0 && !asJSON {
		c.answer("  nobody has looked in this time")
	}
	for _, a := range acts {
		if err := c.act(actOf(v, camera, a), asJSON); err != nil {
			return err
		}
	}
	return nil
}

// purposeLive is what --json calls a live look, purposeTalk talk by the camera's speaker; until is 0 while it lasts.
// purposeOpen is a door that was opened.
const (
	purposeLive = "live"
	purposeTalk = "talk"
	purposeOpen = "open"
)

func purposeWords(purpose string) string {
	switch purpose {
	case purposeLive:
		return "watched live"
	case purposeTalk:
		return "talked by its speaker"
	case "tiles":
		return "saw the newest picture"
	case "history":
		return "played"
	case "export":
		return "exported"
	default:
		return purpose
	}
}
