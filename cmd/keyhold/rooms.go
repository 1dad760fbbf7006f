// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// CamerasRoomCommand says in which room a camera is.
type CamerasRoomCommand struct {
	deviceFlag
	Name string `arg:"" help:"The camera, by name or id."`
	Room string `arg:"" optional:"" help:"In which room it is, such as \"Living room\"."`
	None bool   `help:"It is in none."`
}

// Run asks the hub.
func (r *CamerasRoomCommand) Run(ctx context.Context, c *console) error {
	room := strings.TrimSpace(r.Room)
	if (room == "") != r.None {
		return errors.New("say in which room it is, or --none")
	}
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	camera, err := cameraInUse(v, r.Name)
	if err != nil {
		return err
	}
	if err := setRoom(ctx, s, camera.ID, room); err != nil {
		return err
	}
	if err := shownIn(ctx, s, camera.ID, room); err != nil {
		return err
	}
	if room == "" {
		c.say("%s is in no room now.", camera.Name)
	} else {
		c.say("%s is in the room %q now.", camera.Name, room)
	}
	return nil
}

func setRoom(ctx context.Context, s *session.Session, camera id.Camera, room string) error {
	if _, err := s.Do(ctx, request.Op{Kind: request.OpSetRoom, Camera: camera, Room: room}); err != nil {
		return fmt.Errorf("say in which room the camera is: %w", err)
	}
	return nil
}

// shownIn waits a little until the cloud shows it as well: the next command may be about that room.
func shownIn(ctx context.Context, s *session.Session, camera id.Camera, room string) error {
	deadline := s.Now().Add(10 * time.Second)
	for {
		v, err := s.Steady(ctx, func(*session.View) error { return nil })
		if err != nil {
			return err
		}
		there := slices.ContainsFunc(v.Cameras, func(c manifest.NamedCam) bool { return c.ID == camera && c.Room == room })
		if there || s.Now().After(deadline) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// inRoom are the cameras of a room that this device may know of and that are in use.
func inRoom(s *session.Session, v *session.View, room string) ([]manifest.NamedCam, error) {
	var out []manifest.NamedCam
	for _, camera := range own(s, v) {
		if camera.State == manifest.NameOn && camera.Room == room && room != "" {
			out = append(out, camera)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no camera in a room %q; see keyhold cameras list", room)
	}
	return out, nil
}
