// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"keyhold/statement/id"
	"keyhold/statement/request"
)

// CamerasBellCommand says by what a camera is heard to ring.
type CamerasBellCommand struct {
	deviceFlag
	Name    string `arg:"" help:"The camera, by name or id."`
	Kind    string `arg:"" enum:"onvif,webhook,mqtt,off" help:"onvif: the camera tells of its own button. webhook: the bell calls an address, which is printed. mqtt: a broker tells. off: no bell."`
	Broker  string `placeholder:"URL" help:"With mqtt: the broker, such as mqtt://user:password@192.168.1.5:1883; - reads it from standard input."`
	Topic   string `placeholder:"TOPIC" help:"With mqtt: where it tells of the button."`
	Payload string `placeholder:"TEXT" help:"With mqtt: the one message that means that somebody presses; any but those that say that a button was let go if not given."`
	JSON    bool   `name:"json" help:"Print one object of JSON."`
}

// bellLine is a bell as --json prints it.
type bellLine struct {
	Camera  id.Camera `json:"camera"`
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	State   string    `json:"state,omitempty"`
	Since   int64     `json:"since,omitempty"`
	Pressed int64     `json:"pressed,omitempty"`
	// Addresses are a webhook's, printed once.
	Addresses []string `json:"addresses,omitempty"`
}

// Run asks the hub.
func (r *CamerasBellCommand) Run(ctx context.Context, c *console) error {
	bell := &request.Bell{Kind: r.Kind, URL: r.Broker, Topic: r.Topic, Payload: r.Payload}
	if (r.Kind == request.BellMQTT) != (r.Broker != "" && r.Topic != "") || r.Kind != request.BellMQTT && r.Broker+r.Topic+r.Payload != "" {
		return errors.New("--broker and --topic belong to mqtt, and both to it")
	}
	if bell.URL == "-" {
		var err error
		if bell.URL, err = c.ask("Broker: "); err != nil {
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
	reply, err := s.Do(ctx, request.Op{Kind: request.OpSetBell, Camera: camera.ID, Bell: bell})
	if err != nil {
		return fmt.Errorf("set the bell: %w", err)
	}
	line := bellLine{Camera: camera.ID, Name: camera.Name, Kind: r.Kind, Addresses: reply.Result.Hooks}
	if r.JSON {
		return c.object(line)
	}
	switch r.Kind {
	case request.BellWebhook:
		c.say("Have the bell call one of these addresses whenever somebody presses. Whoever knows it can ring; it is shown only now.\nThe hub's certificate is its own: a bell that checks certificates has to be told to take it, one that cannot speak TLS needs the hub to be started with --bell.")
		for _, a := range line.Addresses {
			c.answer("%s", a)
		}
	case request.BellOff:
		c.say("Nobody can ring at %s any more.", camera.Name)
	default:
		c.say("The hub listens for the bell of %s. Press it, and see keyhold alerts --watch.", camera.Name)
	}
	return nil
}

// CamerasBellsCommand says how the bells do.
type CamerasBellsCommand struct {
	deviceFlag
	JSON bool `name:"json" help:"Print one object of JSON a line."`
}

// Run asks the hub.
func (r *CamerasBellsCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpBells})
	if err != nil {
		return fmt.Errorf("ask for the bells: %w", err)
	}
	for _, b := range reply.Result.Bells {
		camera, _ := v.Camera(string(b.Camera))
		line := bellLine{Camera: b.Camera, Name: nameOr(camera.Name, string(b.Camera)), Kind: b.Kind, State: b.State, Since: b.Since, Pressed: b.Pressed}
		if r.JSON {
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		last := "not pressed since the hub was started"
		if b.Pressed > 0 {
			last = "pressed last " + clock(b.Pressed, c.now())
		}
		c.answer("%s  %s  %s since %s; %s", line.Name, line.Kind, line.State, clock(b.Since, c.now()), last)
	}
	if len(reply.Result.Bells) == 0 && !r.JSON {
		c.say("No camera has a bell. See keyhold cameras bell.")
	}
	return nil
}
