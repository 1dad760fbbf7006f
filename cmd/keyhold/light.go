// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// CamerasLightCommand says by what a light at a camera is lit while somebody looks live.
type CamerasLightCommand struct {
	deviceFlag
	Name  string `arg:"" help:"The camera, by name or id."`
	Kind  string `arg:"" enum:"onvif,http,try,off" help:"onvif: it hangs on a relay of the camera itself, which stays as it is set (bistable). http: one address lights it by a POST, another puts it out. try lights it for two seconds; off for none."`
	Relay string `placeholder:"TOKEN" help:"With onvif: which relay; the first that stays as it is set if not given."`
	On    string `placeholder:"URL" help:"With http: what lights it, such as http://user:password@192.168.1.9/relay/0?turn=on; - reads it from standard input."`
	Out   string `placeholder:"URL" help:"With http: what puts it out, such as http://user:password@192.168.1.9/relay/0?turn=off; - reads it from standard input."`
}

// Run asks the hub.
func (r *CamerasLightCommand) Run(ctx context.Context, c *console) error {
	op, err := r.op(c)
	if err != nil {
		return err
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
	if r.Kind != "off" {
		c.say("Asking the hub to light it for two seconds at %s: look there.", camera.Name)
	}
	if _, err := s.Do(ctx, op); err != nil {
		return fmt.Errorf("light it: %w", err)
	}
	switch r.Kind {
	case "off":
		c.say("Nothing is lit at %s any more when somebody looks.", camera.Name)
	case "try":
		c.say("It took that. If nothing was lit, is the lamp wired to this relay, and whole?")
	default:
		c.say("It took that. From now on it is lit while somebody looks live at %s. If nothing was lit, is the lamp wired to this relay, and whole?", camera.Name)
	}
	return nil
}

// op is what the hub is asked.
func (r *CamerasLightCommand) op(c *console) (op request.Op, err error) {
	if (r.Kind == request.LightHTTP) != (r.On != "" && r.Out != "") || r.Kind != request.LightHTTP && r.On+r.Out != "" {
		return op, errors.New("--on and --out belong to http, and both to it")
	}
	if r.Relay != "" && r.Kind != request.LightONVIF {
		return op, errors.New("--relay belongs to onvif")
	}
	for _, at := range []*string{&r.On, &r.Out} {
		if *at != "-" {
			continue
		}
		if *at, err = c.ask("Address: "); err != nil {
			return op, err
		}
	}
	switch r.Kind {
	case "try":
		return request.Op{Kind: request.OpTryLight}, nil
	case "off":
		return request.Op{Kind: request.OpSetLight}, nil
	}
	return request.Op{Kind: request.OpSetLight, Light: &request.Light{Kind: r.Kind, On: r.On, Off: r.Out, Relay: r.Relay}}, nil
}

// cameraLights asks the hub how the lights at cameras are, where there are any.
func cameraLights(ctx context.Context, s *session.Session, v *session.View) map[id.Camera]string {
	out := map[id.Camera]string{}
	if v.Names == nil || !slices.ContainsFunc(v.Names.Cameras, func(n manifest.NamedCam) bool { return n.Light }) {
		return out
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpLights})
	if err != nil {
		return out // the list says already that the hub is away
	}
	for _, l := range reply.Result.Lights {
		out[l.Camera] = l.State
	}
	return out
}

// lightWords say how a light is, "" where there is none.
func lightWords(state string) string {
	switch state {
	case request.LightOn:
		return "its light is on"
	case request.LightOff:
		return "its light is off"
	case request.LightAway:
		return "its light does not answer"
	case request.LightAsked:
		return "its light is being asked"
	}
	return ""
}
