// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
)

// DoorsCommands say what opens the doors at cameras.
type DoorsCommands struct {
	Add    DoorsAddCommand    `cmd:"" help:"Let the door at a camera be opened: by an address, by a broker, or by the camera itself. For owners."`
	List   DoorsListCommand   `cmd:"" help:"Which doors can be opened."`
	Remove DoorsRemoveCommand `cmd:"" help:"Let a door not be opened any more. For owners."`
}

// DoorsAddCommand adds a door, or changes what opens it.
type DoorsAddCommand struct {
	deviceFlag
	Name      string `arg:"" help:"What the door is called."`
	Camera    string `required:"" placeholder:"NAME" help:"The camera that sees the door. Each has one door."`
	HTTP      string `name:"http" placeholder:"URL" xor:"way" help:"A lock or relay that opens when something is posted to an address, such as http://192.168.1.9/relay/0?turn=on; - reads it from standard input."`
	MQTT      string `name:"mqtt" placeholder:"URL" xor:"way" help:"One that opens by a broker, such as mqtt://user:password@192.168.1.5:1883; - reads it from standard input."`
	ONVIF     bool   `name:"onvif" xor:"way" help:"The camera's own door or relay, told by ONVIF with the camera's own user and password."`
	Relay     string `placeholder:"TOKEN" help:"With --onvif: the camera's own name for its door or relay; its first one if not given."`
	Body      string `placeholder:"TEXT" help:"With --http: what is posted."`
	Topic     string `placeholder:"TOPIC" help:"With --mqtt: where the lock listens."`
	Payload   string `placeholder:"TEXT" help:"With --mqtt: the message that opens it."`
	State     string `placeholder:"TOPIC" help:"With --mqtt: where the lock tells how it is. Without it, nobody knows whether it has opened."`
	Expect    string `placeholder:"TEXT" help:"With --state: what stands in the message that says that it is open; any message does if not given."`
	NoGesture bool   `help:"Open it without finger, face or code: whoever holds an unlocked phone of somebody who may opens it."`
}

// way is what the flags say.
func (r *DoorsAddCommand) way(c *console) (kind string, w *lock.Way, err error) {
	w = &lock.Way{URL: r.HTTP + r.MQTT, Topic: r.Topic, State: r.State, Expect: r.Expect, Relay: r.Relay}
	switch {
	case r.ONVIF && r.Body+r.Topic+r.Payload+r.State+r.Expect == "":
		return lock.ONVIF, w, nil
	case r.Relay != "":
		return "", nil, errors.New("--relay names a door or relay of the camera itself: --onvif [--relay TOKEN]")
	case r.HTTP != "" && r.Topic+r.Payload+r.State+r.Expect == "":
		kind, w.Body = lock.HTTP, r.Body
	case r.MQTT != "" && r.Topic != "" && r.Payload != "" && r.Body == "" && (r.Expect == "" || r.State != ""):
		kind, w.Body = lock.MQTT, r.Payload
	default:
		return "", nil, errors.New("say how the door is opened: --http URL [--body TEXT], or --mqtt URL --topic TOPIC --payload TEXT [--state TOPIC [--expect TEXT]], or --onvif [--relay TOKEN]")
	}
	if w.URL == "-" {
		w.URL, err = c.ask("Address: ")
	}
	return kind, w, err
}

// Run sets it.
func (r *DoorsAddCommand) Run(ctx context.Context, c *console) error {
	kind, way, err := r.way(c)
	if err != nil {
		return err
	}
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	camera, err := cameraInUse(v, r.Camera)
	if err != nil {
		return err
	}
	if why := lock.May(s.Roster, s.Keys.ID()); why != "" {
		return errors.New("only an owner says what opens a door")
	}
	if err := s.SetDoor(ctx, session.Door{Camera: camera.ID, Name: r.Name, Kind: kind, Gesture: !r.NoGesture, Way: way}, c.gesture); err != nil {
		return fmt.Errorf("let the door be opened: %w", err)
	}
	c.say("%s can be opened now, at %s: keyhold open %q. Owners and guardians may; others are given that (keyhold rights).", r.Name, camera.Name, r.Name)
	if r.NoGesture {
		c.say("It opens without finger, face or code: whoever holds an unlocked phone of somebody who may opens it.")
	}
	return nil
}

// doorLine is a door as --json prints it.
type doorLine struct {
	Door    string    `json:"door"`
	Camera  id.Camera `json:"camera"`
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	Gesture bool      `json:"gesture"`
}

// DoorsListCommand says which there are.
type DoorsListCommand struct {
	deviceFlag
	JSON bool `name:"json" help:"Print one object of JSON a line."`
}

// Run asks the hub.
func (r *DoorsListCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	doors, err := doorsOf(ctx, s)
	if err != nil {
		return err
	}
	for _, d := range doors {
		camera, _ := v.Camera(string(d.Camera))
		line := doorLine{Door: d.Name, Camera: d.Camera, Name: nameOr(camera.Name, string(d.Camera)), Kind: d.Kind, Gesture: d.Gesture}
		if r.JSON {
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		how := "with finger, face or code"
		if !line.Gesture {
			how = "without finger, face or code"
		}
		c.answer("%s  at %s, by %s, %s", line.Door, line.Name, line.Kind, how)
	}
	if len(doors) == 0 && !r.JSON {
		c.say("No door can be opened. An owner adds one: keyhold doors add")
	}
	return nil
}

// doorsOf are the doors that can be opened, as far as this device may know.
func doorsOf(ctx context.Context, s *session.Session) ([]*lock.Setting, error) {
	list, err := s.Locks(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the doors: %w", err)
	}
	var out []*lock.Setting
	for _, d := range list {
		if d.Kind != lock.Off {
			out = append(out, d)
		}
	}
	return out, nil
}

// door finds one by its name, or its camera's.
func door(ctx context.Context, s *session.Session, v *session.View, name string) (*lock.Setting, error) {
	doors, err := doorsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	camera, _ := v.Camera(name)
	var found []*lock.Setting
	for _, d := range doors {
		if d.Name == name {
			found = append(found, d)
		}
	}
	for _, d := range doors {
		if len(found) == 0 && d.Camera == camera.ID {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no door %q; see keyhold doors list", name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("several doors are called %q: say at which camera", name)
}

// DoorsRemoveCommand takes a door away.
type DoorsRemoveCommand struct {
	deviceFlag
	Name string `arg:"" help:"The door, or the camera that sees it."`
}

// Run sets it.
func (r *DoorsRemoveCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	d, err := door(ctx, s, v, r.Name)
	if err != nil {
		return err
	}
	if err := s.SetDoor(ctx, session.Door{Camera: d.Camera, Kind: lock.Off}, c.gesture); err != nil {
		return fmt.Errorf("let the door not be opened any more: %w", err)
	}
	c.say("%s cannot be opened any more.", d.Name)
	return nil
}

// OpenCommand opens a door.
type OpenCommand struct {
	deviceFlag
	Name string `arg:"" help:"The door, or the camera that sees it."`
	JSON bool   `name:"json" help:"Print one object of JSON."`
}

// openedLine is a door that was opened, as --json prints it.
type openedLine struct {
	Door   string    `json:"door"`
	Camera id.Camera `json:"camera"`
	At     int64     `json:"at"`
	Person id.Person `json:"person"`
}

// Run opens it.
func (r *OpenCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	d, err := door(ctx, s, v, r.Name)
	if err != nil {
		return err
	}
	opened, err := s.Open(ctx, d.Camera, c.gesture)
	if err != nil {
		return fmt.Errorf("open %s: %w", d.Name, err)
	}
	if r.JSON {
		return c.object(openedLine{Door: d.Name, Camera: d.Camera, At: opened.At, Person: opened.Person})
	}
	if opened.Person != s.Person() {
		c.say("Opened %s; %s was a moment earlier.", d.Name, nameOr(v.PersonName(opened.Person), "somebody else"))
		return nil
	}
	c.say("Opened %s.", d.Name)
	return nil
}

// openedWords say that a door was opened, and how that went.
func openedWords(door, outcome string) string {
	switch outcome {
	case "":
		return "is opening " + door
	case manifest.Opened:
		return "opened " + door
	case manifest.OpenUnanswered:
		return "wanted to open " + door + "; the lock did not answer"
	case manifest.OpenLost:
		return "wanted to open " + door + "; the hub went off just then"
	default:
		return "wanted to open " + door + ", which was not opened"
	}
}
