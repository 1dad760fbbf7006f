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

	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// CamerasCommand groups what is done with cameras.
type CamerasCommand struct {
	Find    CamerasFindCommand    `cmd:"" help:"Let the hub look for cameras in the home."`
	Add     CamerasAddCommand     `cmd:"" help:"Add a camera: the hub looks at it at once."`
	List    CamerasListCommand    `cmd:"" help:"List cameras and how they are."`
	Small   CamerasSmallCommand   `cmd:"" help:"Say where a camera's second, smaller stream is, for small live pictures."`
	Speaker CamerasSpeakerCommand `cmd:"" help:"Say where a camera takes sound, if that is at an address of its own, or hear it there."`
	Light   CamerasLightCommand   `cmd:"" help:"Say by what a light at a camera is lit while somebody looks live, or see it lit."`
	Bell    CamerasBellCommand    `cmd:"" help:"Say by what a camera is heard to ring."`
	Bells   CamerasBellsCommand   `cmd:"" help:"Say how the bells do."`
	Record  CamerasRecordCommand  `cmd:"" help:"Say in which form a camera is recorded, and see what that costs."`
	Rename  CamerasRenameCommand  `cmd:"" help:"Call a camera something else."`
	Room    CamerasRoomCommand    `cmd:"" help:"Say in which room a camera is."`
	Remove  CamerasRemoveCommand  `cmd:"" help:"Stop recording a camera; what it recorded stays."`
}

// CamerasAddCommand adds one.
type CamerasAddCommand struct {
	deviceFlag
	Name   string `arg:"" help:"What to call it."`
	URL    string `arg:"" help:"Its address, such as rtsp://user:password@192.168.1.20/stream, or one of rtmp:// or http://; - reads it from standard input. Or what keyhold cameras find called it."`
	Room   string `placeholder:"ROOM" help:"In which room it is."`
	Record string `enum:"sent,h264,small," default:"" help:"For a camera that sends H.265: h264 lets the hub make H.264 of it, which plays everywhere; small records its second stream; sent keeps it as it is."`
	JSON   bool   `name:"json" help:"Print one object of JSON."`
}

// cameraLine is a camera as --json prints it.
type cameraLine struct {
	ID     id.Camera `json:"id"`
	Name   string    `json:"name"`
	Room   string    `json:"room,omitempty"`
	State  string    `json:"state"`
	Since  int64     `json:"since,omitempty"`
	Video  string    `json:"video,omitempty"`
	Width  int64     `json:"width,omitempty"`
	Height int64     `json:"height,omitempty"`
	Audio  string    `json:"audio,omitempty"`
	// Small: it has a second, smaller stream.
	Small bool `json:"small,omitempty"`
	// Light is how the light is that is lit while somebody looks; "" where there is none.
	Light string `json:"light,omitempty"`
	// Swapped: another device answers at its address than the one that was added.
	Swapped bool `json:"swapped,omitempty"`
}

// Run asks the hub.
func (a *CamerasAddCommand) Run(ctx context.Context, c *console) error {
	address := a.URL
	if found := id.Found(address); found.Valid() {
		return a.found(ctx, c, found)
	}
	if address == "-" {
		var err error
		if address, err = c.ask("Address: "); err != nil {
			return err
		}
	}
	u, err := cameraAddress(address)
	if err != nil {
		return err
	}
	s, err := a.open(c)
	if err != nil {
		return err
	}
	if u.User != nil {
		c.say("The user and password go to the hub sealed, and stay there; the cloud never sees them.")
	}
	c.say("Asking the hub to look at the camera.")
	reply, err := s.Do(ctx, request.Op{Kind: request.OpAddCamera, Name: a.Name, URL: address, Recorded: formOf(a.Record)})
	if err != nil {
		return fmt.Errorf("add camera: %w", err)
	}
	return a.added(ctx, c, s, reply.Result.Camera)
}

// found adds what the hub has found and shown.
func (a *CamerasAddCommand) found(ctx context.Context, c *console, found id.Found) error {
	s, err := a.open(c)
	if err != nil {
		return err
	}
	reply, err := s.Find(ctx, finding.Find{Kind: finding.Add, Found: found, Name: a.Name, Recorded: formOf(a.Record)})
	if err != nil {
		return fmt.Errorf("add camera: %w", err)
	}
	return a.added(ctx, c, s, reply.Camera)
}

// added says how a new camera is.
func (a *CamerasAddCommand) added(ctx context.Context, c *console, s *session.Session, camera id.Camera) error {
	room := strings.TrimSpace(a.Room)
	if room != "" {
		if err := setRoom(ctx, s, camera, room); err != nil {
			return fmt.Errorf("the camera was added, but: %w", err)
		}
	}
	report, err := settled(ctx, s, camera)
	if err != nil {
		return err
	}
	line := lineOf(report, a.Name)
	line.Room = room
	if a.JSON {
		return c.object(line)
	}
	c.answer("%s  %s  %s", line.Name, stateWords(line.State), line.ID)
	if line.Video != "" {
		c.say("%s", pictureWords(line))
	}
	return nil
}

// settled waits a little for a new camera to give its first picture.
func settled(ctx context.Context, s *session.Session, camera id.Camera) (request.CameraReport, error) {
	deadline := s.Now().Add(10 * time.Second)
	for {
		reply, err := s.Do(ctx, request.Op{Kind: request.OpListCameras})
		if err != nil {
			return request.CameraReport{}, fmt.Errorf("ask how the camera is: %w", err)
		}
		report := request.CameraReport{ID: camera, State: request.CameraWaiting}
		for _, r := range reply.Result.Cameras {
			if r.ID == camera {
				report = r
			}
		}
		if report.State != request.CameraWaiting || s.Now().After(deadline) {
			return report, nil
		}
		select {
		case <-ctx.Done():
			return report, context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// CamerasListCommand lists them.
type CamerasListCommand struct {
	deviceFlag
	JSON bool `name:"json" help:"Print one object of JSON a line."`
}

// Run joins the household's names with the hub's report.
func (l *CamerasListCommand) Run(ctx context.Context, c *console) error {
	s, err := l.open(c)
	if err != nil {
		return err
	}
	lines, view, err := cameraLines(ctx, c, s)
	if err != nil {
		return err
	}
	swapped := swappedCameras(ctx, s)
	anyRoom := slices.ContainsFunc(lines, func(l cameraLine) bool { return l.Room != "" })
	for _, line := range lines {
		if line.Swapped = slices.Contains(swapped, line.ID); line.Swapped {
			c.say("%s: another device answers at its address than the one that was added. If nobody has put a new camera there, do not trust its pictures.", line.Name)
		}
		if l.JSON {
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		since := ""
		if line.Since > 0 {
			since = "since " + clock(line.Since, c.now())
		}
		words := fmt.Sprintf("%-20s  %-12s  %-25s  %s", line.Name, stateWords(line.State), since, pictureWords(line))
		if light := lightWords(line.Light); light != "" {
			words = strings.TrimRight(words, " ") + "; " + light
		}
		if anyRoom {
			words = fmt.Sprintf("%-16s  %s", cmp.Or(line.Room, "-"), words)
		}
		c.answer("%s", strings.TrimRight(words, " "))
	}
	if len(lines) == 0 && !l.JSON {
		c.nothingHere(s, view)
	}
	return c.alarms(view)
}

// swappedCameras asks the hub where another device answers. Whoever may not ask is told nothing.
func swappedCameras(ctx context.Context, s *session.Session) []id.Camera {
	if s.May(roster.Cameras, id.HouseholdCamera) != "" {
		return nil
	}
	found, err := s.Find(ctx, finding.Find{Kind: finding.Check})
	if err != nil {
		return nil // the list says already that the hub is away
	}
	return found.Swapped
}

func cameraLines(ctx context.Context, c *console, s *session.Session) ([]cameraLine, *session.View, error) {
	reports := map[id.Camera]request.CameraReport{}
	var second []id.Camera
	err := c.during("Asking the hub", func() error {
		reply, err := s.Do(ctx, request.Op{Kind: request.OpListCameras})
		if err != nil {
			return err
		}
		for _, r := range reply.Result.Cameras {
			reports[r.ID] = r
		}
		second = smallCameras(ctx, s)
		return nil
	})
	if err != nil && !cloudAway(err) {
		c.say("How they are is not known: %v", err)
	}
	v, err := s.Steady(ctx, func(*session.View) error { return nil })
	if err != nil {
		return nil, nil, err
	}
	lights := cameraLights(ctx, s, v)
	var lines []cameraLine
	for _, n := range own(s, v) {
		if n.State != manifest.NameOn {
			continue
		}
		r, ok := reports[n.ID]
		if !ok {
			r = request.CameraReport{ID: n.ID}
		}
		line := lineOf(r, n.Name)
		line.Room = n.Room
		line.Small = slices.Contains(second, n.ID)
		line.Light = lights[n.ID]
		lines = append(lines, line)
	}
	return lines, v, nil
}

// CamerasRenameCommand gives one another name.
type CamerasRenameCommand struct {
	deviceFlag
	Old string `arg:"" help:"Its name or id."`
	New string `arg:"" help:"What to call it from now on."`
}

// Run asks the hub.
func (r *CamerasRenameCommand) Run(ctx context.Context, c *console) error {
	name := strings.TrimSpace(r.New)
	if name == "" {
		return errors.New("give it a name, so that you know it again")
	}
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	camera, err := cameraInUse(v, r.Old)
	if err != nil {
		return err
	}
	if _, err := s.Do(ctx, request.Op{Kind: request.OpRenameCamera, Camera: camera.ID, Name: name}); err != nil {
		return fmt.Errorf("rename camera: %w", err)
	}
	c.say("%s is called %s now, also where it was recorded before.", camera.Name, name)
	return nil
}

// CamerasRemoveCommand removes one.
type CamerasRemoveCommand struct {
	deviceFlag
	Name string `arg:"" help:"Its name or id."`
}

// Run asks the hub.
func (r *CamerasRemoveCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	camera, err := cameraInUse(v, r.Name)
	if err != nil {
		return err
	}
	if _, err := s.Do(ctx, request.Op{Kind: request.OpRemoveCamera, Camera: camera.ID}); err != nil {
		return fmt.Errorf("remove camera: %w", err)
	}
	c.say("%s is no longer recorded. What it recorded stays.", camera.Name)
	return nil
}

func lineOf(r request.CameraReport, name string) cameraLine {
	return cameraLine{ID: r.ID, Name: name, State: r.State, Since: r.Since, Video: r.Video, Width: r.Width, Height: r.Height, Audio: r.Audio}
}

func stateWords(state string) string {
	switch state {
	case request.CameraRecording:
		return "recording"
	case request.CameraWaiting:
		return "no picture yet"
	case request.CameraLost:
		return "lost"
	case request.CameraPrivate:
		return "private"
	case request.CameraUncovered:
		return "not shown and not recorded: a part of its picture is to be covered, and this hub cannot; is ffmpeg installed?"
	case request.CameraUnsaid:
		return "not shown and not recorded: the new hub has to be told what is covered of its picture (keyhold masks NAME --add AREA, or --none), and before that in which hours it was private, if it was (keyhold private --camera NAME --hours HOURS)"
	case request.CameraUnconnected:
		return "to be connected again: keyhold cameras add NAME URL, with its old name"
	default:
		return "not known"
	}
}

func pictureWords(l cameraLine) string {
	if l.Video == "" {
		return ""
	}
	audio := "no sound"
	if l.Audio != "" {
		audio = l.Audio
	}
	second := ""
	if l.Small {
		second = ", a second stream"
	}
	return fmt.Sprintf("%s %d×%d, %s%s", l.Video, l.Width, l.Height, audio, second)
}
