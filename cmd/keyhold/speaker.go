// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"keyhold/home/loudspeaker"
	"keyhold/statement/request"
)

// CamerasSpeakerCommand says where a camera takes sound that takes it at an address of its own.
type CamerasSpeakerCommand struct {
	deviceFlag
	Name string `arg:"" help:"The camera, by name or id."`
	URL  string `arg:"" help:"Where it takes sound, such as http://user:password@192.168.1.20/axis-cgi/audio/transmit.cgi or rtp://192.168.1.30:5004; - reads it from standard input; try plays the chime there once more; off for none."`
}

// Run asks the hub.
func (r *CamerasSpeakerCommand) Run(ctx context.Context, c *console) error {
	op := request.Op{Kind: request.OpSetSpeaker, URL: r.URL}
	switch r.URL {
	case "-":
		var err error
		if op.URL, err = c.ask("Address: "); err != nil {
			return err
		}
	case "off":
		op.URL = ""
	case "try":
		op = request.Op{Kind: request.OpTrySpeaker}
	}
	if op.URL != "" {
		if err := loudspeaker.CheckAddress(op.URL); err != nil {
			return err
		}
	}
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	camera, err := cameraInUse(v, r.Name)
	if err != nil {
		return err
	}
	op.Camera = camera.ID
	if r.URL != "off" {
		c.say("Asking the hub to play two notes at %s: listen there.", camera.Name)
	}
	if _, err := s.Do(ctx, op); err != nil {
		return fmt.Errorf("talk by the speaker: %w", err)
	}
	switch r.URL {
	case "off":
		c.say("The hub has forgotten where %s takes sound.", camera.Name)
	case "try":
		c.say("The camera took them. If nobody heard anything, is its loudspeaker switched on, and loud enough?")
	default:
		c.say("The camera took them, and you can talk there now. If nobody heard anything, is its loudspeaker switched on, and loud enough?")
	}
	return nil
}
