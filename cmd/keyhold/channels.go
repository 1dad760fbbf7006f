// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// ChannelsCommand groups by which other ways the household is told that somebody rings.
type ChannelsCommand struct {
	Add    ChannelsAddCommand    `cmd:"" help:"Be told by ntfy, MQTT or e-mail, too, that somebody rings: one line of text, also while the cloud is away. For owners."`
	List   ChannelsListCommand   `cmd:"" help:"List the channels, and how they do."`
	Test   ChannelsTestCommand   `cmd:"" help:"Send a test by a channel. For owners."`
	Remove ChannelsRemoveCommand `cmd:"" help:"Tell nothing by a channel any more. For owners."`
}

// ChannelsAddCommand adds one.
type ChannelsAddCommand struct {
	deviceFlag
	Name         string   `arg:"" help:"What to call it, such as Grandma."`
	Ntfy         string   `placeholder:"URL" xor:"way" help:"A topic of ntfy, such as https://ntfy.sh/ and a name that nobody guesses: who knows it reads what is told. - reads it from standard input."`
	Token        bool     `help:"With --ntfy: ask for an access token."`
	MQTT         string   `name:"mqtt" placeholder:"URL" xor:"way" help:"A broker, such as mqtts://broker.example.org; - reads it from standard input."`
	Topic        string   `placeholder:"TOPIC" help:"With --mqtt: where to say it."`
	Email        string   `placeholder:"ADDRESS" xor:"way" help:"Whom to write to."`
	SMTP         string   `name:"smtp" placeholder:"URL" help:"With --email: the mail server that takes it, such as smtps://mail.example.org, or smtp://mail.example.org for STARTTLS; - reads it from standard input."`
	From         string   `placeholder:"ADDRESS" help:"With --email: who it is from; the receiver if not given."`
	User         string   `placeholder:"NAME" help:"As whom the hub shows itself there; its password is asked for."`
	Camera       []string `placeholder:"NAME,…" help:"Of which cameras it is told; of all that there are and will be if not given."`
	WithoutNames bool     `help:"Say no more than that somebody rang, and when: not at which camera."`
	Language     string   `enum:"de,en,nl" default:"en" help:"In which language it is told: de, en or nl."`
	JSON         bool     `name:"json" help:"Print one object of JSON."`
}

// channel is what the flags say.
func (a *ChannelsAddCommand) channel(c *console) (*request.Channel, error) {
	out := &request.Channel{URL: a.Ntfy + a.MQTT, Names: !a.WithoutNames}
	switch {
	case a.Ntfy != "" && a.Topic+a.SMTP+a.From == "":
		out.Kind = request.ChannelNtfy
	case a.MQTT != "" && a.Topic != "" && a.SMTP+a.From == "" && !a.Token:
		out.Kind, out.Topic = request.ChannelMQTT, a.Topic
	case a.Email != "" && a.SMTP != "" && a.Topic == "" && !a.Token:
		out.Kind, out.URL, out.To, out.From = request.ChannelEmail, a.SMTP, a.Email, cmp.Or(a.From, a.Email)
	default:
		return nil, errors.New("say how to tell it: --ntfy URL [--token], --mqtt URL --topic TOPIC, or --email ADDRESS --smtp URL [--from ADDRESS]; each with --user NAME where it wants a password")
	}
	if out.URL == "-" {
		var err error
		if out.URL, err = c.ask("Address: "); err != nil {
			return nil, err
		}
	}
	return out, a.secrets(c, out)
}

// secrets asks for what is not to stand on a command line.
func (a *ChannelsAddCommand) secrets(c *console, out *request.Channel) (err error) {
	if a.Token {
		if out.Token, err = c.ask("Token: "); err != nil {
			return err
		}
	}
	if a.User == "" {
		return nil
	}
	u, err := url.Parse(out.URL)
	if err != nil || u.Host == "" {
		return errors.New("the address is none: it is like https://ntfy.sh/name, mqtts://broker.example.org or smtps://mail.example.org")
	}
	password, err := c.ask("Password: ")
	u.User = url.UserPassword(a.User, password)
	out.URL = u.String()
	return err
}

// Run asks the hub, and sends a test.
func (a *ChannelsAddCommand) Run(ctx context.Context, c *console) error {
	channel, err := a.channel(c)
	if err != nil {
		return err
	}
	s, v, err := a.look(ctx, c)
	if err != nil {
		return err
	}
	op := request.Op{Channel: channel, Language: a.Language, Name: a.Name}
	if op.Cameras, err = camerasInUse(v, a.Camera); err != nil {
		return err
	}
	err = s.AddChannel(ctx, op, c.gesture)
	var no *session.RefusedError
	switch {
	case errors.As(err, &no) && no.Word == request.RefusedFull:
		return errors.New("there are as many channels as may be: remove one first (keyhold channels list)")
	case errors.As(err, &no) && no.Word == request.RefusedInvalid:
		return errors.New("the hub cannot go there: a topic is like https://ntfy.sh/name, a broker like mqtts://broker.example.org, a mail server like smtps://mail.example.org with plain addresses for e-mail")
	case err != nil:
		return fmt.Errorf("add the channel: %w", err)
	}
	one, err := testChannel(ctx, s, a.Name)
	if err != nil {
		return err
	}
	if a.JSON {
		return c.object(channelOf(*one))
	}
	says := "that somebody rang, at which camera and when"
	if a.WithoutNames {
		says = "that somebody rang, and when"
	}
	c.say("%s is told %s: no picture, and nobody's name. Whoever runs that server can read it, and so can everybody who may read there. A test was sent just now.", a.Name, says)
	c.channel(v, *one)
	return nil
}

// testChannel sends a test, and says how the channel does then.
func testChannel(ctx context.Context, s *session.Session, name string) (*request.ChannelReport, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpTestChannel, Name: name})
	var no *session.RefusedError
	if errors.As(err, &no) && no.Word == request.RefusedNotFound || err == nil && len(reply.Result.Channels) != 1 {
		return nil, noChannel(name)
	}
	if err != nil {
		return nil, fmt.Errorf("send a test: %w", err)
	}
	return &reply.Result.Channels[0], nil
}

func noChannel(name string) error {
	return fmt.Errorf("there is no channel %q; see keyhold channels list", name)
}

// channelLine is a channel as --json prints it.
type channelLine struct {
	Name     string      `json:"name"`
	Kind     string      `json:"kind"`
	Server   string      `json:"server"`
	To       string      `json:"to,omitempty"`
	Topic    string      `json:"topic,omitempty"`
	State    string      `json:"state"`
	Since    int64       `json:"since"`
	Told     int64       `json:"told"`
	Missed   int64       `json:"missed"`
	Cameras  []id.Camera `json:"cameras"`
	Names    bool        `json:"names"`
	Language string      `json:"language"`
	Added    int64       `json:"added"`
	By       id.Person   `json:"by"`
}

func channelOf(r request.ChannelReport) channelLine {
	return channelLine{
		Name: r.Name, Kind: r.Kind, Server: r.URL, To: r.To, Topic: r.Topic, State: r.State, Since: r.Since, Told: r.Told, Missed: r.Missed,
		Cameras: r.Cameras, Names: r.Names, Language: r.Language, Added: r.Added, By: r.By,
	}
}

// channelStates are in words what to do about them.
var channelStates = map[string]string{
	"telling": "works",
	"untried": "nothing was told yet",
	"away":    "the server does not answer, has no time, or is not trusted by TLS",
	"refused": "the server does not take it: is the user, password, token or address right? Remove the channel, and add it again",
	"barred":  "the hub does not go to this address: one on the hub's own computer has to be named when the hub is started (--here), one outside the home has to be reached by TLS (https, mqtts, smtps, or smtp with STARTTLS)",
}

// channel prints one for a person.
func (c *console) channel(v *session.View, r request.ChannelReport) {
	of := "all cameras"
	if len(r.Cameras) > 0 {
		of = namesInUse(v, r.Cameras)
	}
	if !r.Names {
		of += ", without their names"
	}
	c.answer("%s  %s by %s  %s since %s: %s", r.Name, nameOr(r.To+r.Topic, r.Kind), r.URL, r.State, clock(r.Since, c.now()), nameOr(channelStates[r.State], r.State))
	told := "nothing told since the hub was started"
	if r.Told > 0 {
		told = "told last " + clock(r.Told, c.now())
	}
	if r.Missed > 0 {
		told += fmt.Sprintf(", %d times not in time", r.Missed)
	}
	c.answer("  of %s; %s", of, told)
}

// ChannelsListCommand lists them.
type ChannelsListCommand struct {
	deviceFlag
	JSON bool `name:"json" help:"Print one object of JSON a line."`
}

// Run asks the hub.
func (l *ChannelsListCommand) Run(ctx context.Context, c *console) error {
	s, v, err := l.look(ctx, c)
	if err != nil {
		return err
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpChannels})
	if err != nil {
		return fmt.Errorf("ask for the channels: %w", err)
	}
	for _, r := range reply.Result.Channels {
		if !l.JSON {
			c.channel(v, r)
		} else if err := c.object(channelOf(r)); err != nil {
			return err
		}
	}
	if len(reply.Result.Channels) == 0 && !l.JSON {
		c.say("Nobody is told by another way than in the app. An owner adds one: keyhold channels add")
	}
	return nil
}

// ChannelsTestCommand sends a test.
type ChannelsTestCommand struct {
	deviceFlag
	Name string `arg:"" help:"Which one."`
	JSON bool   `name:"json" help:"Print one object of JSON."`
}

// Run asks the hub.
func (t *ChannelsTestCommand) Run(ctx context.Context, c *console) error {
	s, v, err := t.look(ctx, c)
	if err != nil {
		return err
	}
	one, err := testChannel(ctx, s, t.Name)
	if err != nil {
		return err
	}
	if t.JSON {
		return c.object(channelOf(*one))
	}
	c.channel(v, *one)
	return nil
}

// ChannelsRemoveCommand ends one.
type ChannelsRemoveCommand struct {
	deviceFlag
	Name string `arg:"" help:"Which one."`
}

// Run asks the hub.
func (r *ChannelsRemoveCommand) Run(ctx context.Context, c *console) error {
	s, _, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	_, err = s.Do(ctx, request.Op{Kind: request.OpRemoveChannel, Name: r.Name})
	var no *session.RefusedError
	if errors.As(err, &no) && no.Word == request.RefusedNotFound {
		return noChannel(r.Name)
	}
	if err != nil {
		return fmt.Errorf("remove the channel: %w", err)
	}
	c.say("%s is told nothing any more. What it was told is still there.", r.Name)
	return nil
}
