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
	"keyhold/statement/request"
)

// SmartCommand groups what is done with programs of the home that are told how cameras do.
type SmartCommand struct {
	Add    SmartAddCommand    `cmd:"" help:"Tell Home Assistant, or another program of the home, how cameras do, by an MQTT broker, or let it read them."`
	List   SmartListCommand   `cmd:"" help:"List the programs that are told, of what, and how that goes."`
	Remove SmartRemoveCommand `cmd:"" help:"Tell a program nothing any more, and have the broker forget what it was told."`
}

// SmartAddCommand adds one.
type SmartAddCommand struct {
	deviceFlag
	Name     string   `arg:"" help:"What to call it, such as Home Assistant."`
	Broker   string   `placeholder:"URL" help:"The broker, such as mqtt://user:password@192.168.1.5:1883; - reads it from standard input."`
	Camera   []string `required:"" placeholder:"NAME,…" help:"Of which cameras it is told, or which it may read, by name."`
	Tell     []string `placeholder:"KIND,…" enum:"lock,online,press,private,watching" help:"What it is told: lock (its door was opened through Keyhold; not by whom), online (the camera is recorded), press (somebody rings), private (the camera is turned off), watching (somebody watches live; not who)."`
	Stream   bool     `help:"Let it read the cameras' picture from the hub, by RTSP in the home's network, unencrypted; the addresses are shown once."`
	Language string   `enum:"de,en,nl" default:"en" help:"In which language it is told what is what: de, en or nl."`
	JSON     bool     `name:"json" help:"Print one object of JSON."`
}

// integrationLine is an integration as --json prints it.
type integrationLine struct {
	Name     string      `json:"name"`
	Broker   string      `json:"broker"`
	State    string      `json:"state"`
	Since    int64       `json:"since"`
	Cameras  []id.Camera `json:"cameras"`
	Tells    []string    `json:"tells"`
	Language string      `json:"language"`
	Added    int64       `json:"added"`
	By       id.Person   `json:"by"`
	// Streams are said once.
	Streams []string `json:"streams,omitempty"`
}

// settles is how long it may take to know how an integration goes.
const settles = 10 * time.Second

// Run asks the hub.
func (a *SmartAddCommand) Run(ctx context.Context, c *console) error {
	if (a.Broker == "") != (len(a.Tell) == 0) || a.Broker == "" && !a.Stream {
		return errors.New("say what it is told (--tell) and by which broker (--broker), or that it may read the cameras (--stream), or both")
	}
	broker := a.Broker
	if broker == "-" {
		var err error
		if broker, err = c.ask("Broker: "); err != nil {
			return err
		}
	}
	s, v, err := a.look(ctx, c)
	if err != nil {
		return err
	}
	op := request.Op{Name: a.Name, URL: broker, Language: a.Language, Tells: a.Tell}
	if a.Stream {
		op.Tells = append(op.Tells, request.TellStream)
	}
	op.Tells = sorted(op.Tells)
	if op.Cameras, err = camerasInUse(v, a.Camera); err != nil {
		return err
	}
	streams, err := s.AddIntegration(ctx, op, c.gesture)
	if err != nil {
		var no *session.RefusedError
		if errors.As(err, &no) && no.Word == request.RefusedFull {
			return fmt.Errorf("there are as many integrations as may be: remove one first (keyhold integrations list)")
		}
		return fmt.Errorf("add the integration: %w", err)
	}
	one, err := knownIntegration(ctx, s, a.Name)
	if err != nil {
		return err
	}
	if a.JSON {
		line := integrationOf(*one)
		line.Streams = streams
		return c.object(line)
	}
	if broker != "" {
		c.say("%s is told: %s. Whoever may read at that broker reads it, too; nothing that comes from there is done.", one.Name, strings.Join(a.Tell, ", "))
	}
	c.integration(v, *one)
	if a.Stream {
		c.streams(v, op.Cameras, streams)
	}
	return nil
}

// streams says where a new integration reads its cameras.
func (c *console) streams(v *session.View, cameras []id.Camera, streams []string) {
	if len(streams) != len(cameras) {
		c.say("The hub cannot listen for it. Start the hub with another --rtsp, then remove this integration and add it again.")
		return
	}
	c.say("These addresses are shown this once: the password is in them. Only programs in your home's network get in, and what they read goes through it unencrypted. Each reading stands on the record, under the name that you gave.")
	for i, camera := range cameras {
		c.answer("%s  %s", namesInUse(v, []id.Camera{camera}), streams[i])
	}
}

// knownIntegration waits for a while until it is known how an integration goes.
func knownIntegration(ctx context.Context, s *session.Session, name string) (*request.Integration, error) {
	for began := time.Now(); ; {
		reply, err := s.Do(ctx, request.Op{Kind: request.OpIntegrations})
		if err != nil {
			return nil, fmt.Errorf("ask for the integrations: %w", err)
		}
		i := slices.IndexFunc(reply.Result.Integrations, func(i request.Integration) bool { return i.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%q was removed meanwhile", name)
		}
		if one := &reply.Result.Integrations[i]; one.State != "connecting" || time.Since(began) > settles {
			return one, nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func sorted[T ~string](list []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func integrationOf(i request.Integration) integrationLine {
	return integrationLine{Name: i.Name, Broker: i.URL, State: i.State, Since: i.Since, Cameras: i.Cameras, Tells: i.Tells, Language: i.Language, Added: i.Added, By: i.By}
}

// integrationStates are in words what to do about them.
var integrationStates = map[string]string{
	"telling":    "is told",
	"connecting": "is being connected to",
	"away":       "the broker does not answer, or is not trusted by TLS; the hub keeps trying",
	"refused":    "the broker does not accept this user and password, or lets them write nothing: remove it, and add it again",
	"offered":    "may read from the hub",
	"unheard":    "the hub cannot listen for it: another program may have its port; start the hub with another --rtsp",
	"barred":     "the hub does not go to this address: a broker on the hub's own computer has to be named when the hub is started (--here), one outside the home has to be reached by mqtts://",
}

// integration prints one for a person.
func (c *console) integration(v *session.View, i request.Integration) {
	c.answer("%s  %s  %s since %s: %s", i.Name, nameOr(i.URL, "(no broker)"), i.State, clock(i.Since, c.now()), nameOr(integrationStates[i.State], i.State))
	c.answer("  of %s: %s; added %s", namesInUse(v, i.Cameras), strings.Join(i.Tells, ", "), clock(i.Added, c.now()))
}

// SmartListCommand lists them.
type SmartListCommand struct {
	deviceFlag
	JSON bool `name:"json" help:"Print one object of JSON a line."`
}

// Run asks the hub.
func (l *SmartListCommand) Run(ctx context.Context, c *console) error {
	s, v, err := l.look(ctx, c)
	if err != nil {
		return err
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpIntegrations})
	if err != nil {
		return fmt.Errorf("ask for the integrations: %w", err)
	}
	for _, i := range reply.Result.Integrations {
		if !l.JSON {
			c.integration(v, i)
		} else if err := c.object(integrationOf(i)); err != nil {
			return err
		}
	}
	if len(reply.Result.Integrations) == 0 && !l.JSON {
		c.say("No program is told anything, and none reads a camera. See keyhold integrations add.")
	}
	return nil
}

// SmartRemoveCommand ends one.
type SmartRemoveCommand struct {
	deviceFlag
	Name string `arg:"" help:"Which one."`
}

// Run asks the hub.
func (r *SmartRemoveCommand) Run(ctx context.Context, c *console) error {
	s, _, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	there, err := s.Do(ctx, request.Op{Kind: request.OpIntegrations})
	if err != nil {
		return fmt.Errorf("ask for the integrations: %w", err)
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpRemoveIntegration, Name: r.Name})
	var no *session.RefusedError
	switch {
	case errors.As(err, &no) && no.Word == request.RefusedNotFound:
		return fmt.Errorf("there is no integration %q; see keyhold integrations list", r.Name)
	case err != nil:
		return fmt.Errorf("remove the integration: %w", err)
	case slices.ContainsFunc(there.Result.Integrations, func(i request.Integration) bool { return i.Name == r.Name && i.URL == "" }):
		c.say("%s reads nothing any more.", r.Name)
	case reply.Result.Forgotten:
		c.say("%s is told nothing any more, and the broker has forgotten what it was told.", r.Name)
	default:
		c.say("%s is told nothing any more. The broker did not answer: it may still keep the last of it. Delete the cameras' devices in Home Assistant.", r.Name)
	}
	return nil
}
