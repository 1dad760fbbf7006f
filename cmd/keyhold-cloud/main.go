// SPDX-License-Identifier: Apache-2.0

// Command keyhold-cloud is the operator's program: it keeps and passes on what households have sealed.
//
// It contains no code of Keyhold's that opens anything, which a test of this package proves. It trusts its flags, its
// data folder and nobody on the network. Stopped in whatever way, it leaves a folder that the next start takes up.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/dustin/go-humanize"

	"keyhold/cloud/serve"
	"keyhold/web"
)

type commands struct {
	Serve serveCommand `cmd:"" help:"Serve the cloud until interrupted."`
}

type serveCommand struct {
	Listen  string `help:"Address to listen on. Off this machine only with a certificate." default:"127.0.0.1:7440" env:"KEYHOLD_CLOUD_LISTEN"`
	Data    string `help:"Folder for everything that lasts." placeholder:"DIR" env:"KEYHOLD_CLOUD_DATA"`
	Origin  string `help:"Where people reach this cloud." placeholder:"URL" env:"KEYHOLD_CLOUD_ORIGIN"`
	TLSCert string `name:"tls-cert" help:"Certificate chain in PEM." placeholder:"FILE" env:"KEYHOLD_CLOUD_TLS_CERT"`
	TLSKey  string `name:"tls-key" help:"The certificate's key in PEM." placeholder:"FILE" env:"KEYHOLD_CLOUD_TLS_KEY"`

	RelayListen string   `help:"Address on which live view is passed on, over UDP and TCP, or off. By default port 3478 beside --listen." placeholder:"ADDRESS" env:"KEYHOLD_CLOUD_RELAY_LISTEN"`
	Relay       []string `help:"A relay of somebody else's to give out as well, such as turn:relay.example:3478." placeholder:"URL" env:"KEYHOLD_CLOUD_RELAY"`
	RelaySecret string   `help:"File with the secret that those relays share with this cloud." placeholder:"FILE" env:"KEYHOLD_CLOUD_RELAY_SECRET"`

	PushHost []string `help:"A push service to bring alerts to besides those of the well-known browsers: a name, such as push.example." placeholder:"HOST" env:"KEYHOLD_CLOUD_PUSH_HOST"`

	HouseholdLimit size `help:"Most that one household may store, such as 500GB." placeholder:"SIZE" env:"KEYHOLD_CLOUD_HOUSEHOLD_LIMIT"`
}

// relayPort is TURN's own.
const relayPort = "3478"

// size is a number of bytes as people write it: 500GB, 1.5 TiB.
type size int64

// UnmarshalText reads it.
func (s *size) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > math.MaxInt64/2 {
		return fmt.Errorf("%q is no size; write it like 500GB", text)
	}
	*s = size(n)
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "keyhold-cloud: %v\n", err)
		os.Exit(1)
	}
}

// run is the program without its process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("keyhold-cloud"),
		kong.Description("Keeps and passes on what households have sealed. It can open nothing."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		return fmt.Errorf("set up flags: %w", err)
	}
	_, err = parser.Parse(args)
	if exit == 0 {
		return nil // help was asked for and given
	}
	if err != nil {
		return fmt.Errorf("%w; see keyhold-cloud --help", err)
	}
	return c.Serve.run(ctx, stdout, stderr)
}

func (s *serveCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	config := serve.Config{Data: s.Data, Origin: s.Origin, TLSCert: s.TLSCert, TLSKey: s.TLSKey, HouseholdLimit: int64(s.HouseholdLimit), PushHosts: s.PushHost, Log: log}
	if config.Data == "" {
		dir, err := serve.DefaultData()
		if err != nil {
			return err
		}
		config.Data = dir
	}
	relays, err := s.relays()
	if err != nil {
		return err
	}
	config.Relay = relays
	if err := config.Check(s.Listen); err != nil {
		return err
	}
	app, err := web.Handler(web.Operator)
	switch {
	case errors.Is(err, web.ErrNotBuilt):
		log.Warn("the owner app is not in this program; only the API is served")
	case err != nil:
		return err
	default:
		config.App = app
	}
	server, err := serve.Open(ctx, config)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), server.Close())
	}
	fmt.Fprintf(stdout, "keyhold-cloud: serving on %s\n", s.reach(l.Addr()))
	if a := server.RelayAddress(); a != "" {
		fmt.Fprintf(stdout, "keyhold-cloud: passing live view on at %s, over UDP and TCP\n", a)
	}
	fmt.Fprintf(stdout, "keyhold-cloud: this is exactly one process: its data folder, %s, takes no second one\n", config.Data)
	err = server.Serve(ctx, l)
	return errors.Join(err, server.Close())
}

// relays says which relays to give out.
func (s *serveCommand) relays() (serve.RelayConfig, error) {
	r := serve.RelayConfig{Listen: s.RelayListen, More: s.Relay}
	switch s.RelayListen {
	case "off":
		r.Listen = ""
	case "":
		host, _, err := net.SplitHostPort(s.Listen)
		if err != nil {
			return r, fmt.Errorf("--listen: %w", err)
		}
		r.Listen, r.Spare = net.JoinHostPort(host, relayPort), true
	}
	if s.RelaySecret != "" {
		b, err := os.ReadFile(s.RelaySecret)
		if err != nil {
			return r, fmt.Errorf("--relay-secret: %w", err)
		}
		r.Secret = bytes.TrimSpace(b)
	}
	return r, nil
}

// reach is where people reach the cloud: the origin, or what it listens on.
func (s *serveCommand) reach(a net.Addr) string {
	if s.Origin != "" {
		return s.Origin
	}
	if s.TLSCert != "" {
		return "https://" + a.String()
	}
	return "http://" + a.String()
}
