// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
)

// ChildCommand says which cameras are in a child's room.
type ChildCommand struct {
	deviceFlag
	Name string `arg:"" optional:"" name:"camera" help:"Which camera."`
	Set  string `arg:"" optional:"" enum:"on,off," default:"" help:"on or off; without it, what is set is said."`
}

// Run sets, or asks the hub.
func (r *ChildCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	if r.Name == "" && r.Set != "" {
		return errors.New("say which camera is meant: keyhold child NAME on")
	}
	if r.Set != "" {
		camera, err := cameraOf(v, r.Name)
		if err != nil {
			return err
		}
		if err := s.SetChild(ctx, camera.ID, r.Set == "on"); err != nil {
			return fmt.Errorf("set a child's room: %w", err)
		}
	}
	list, err := s.Children(ctx)
	if err != nil {
		return err
	}
	some := false
	for _, one := range list {
		if !one.On {
			continue
		}
		for _, camera := range v.Cameras {
			if camera.ID == one.Camera && (r.Name == "" || r.Name == camera.Name) {
				some = true
				c.answer("%s is in a child's room: only owners and guardians talk or listen there", camera.Name)
			}
		}
	}
	if !some {
		c.answer("no child's room")
	}
	return nil
}
