// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"log/slog"
	"syscall"

	"keyhold/member/app"
	"keyhold/member/device"
	"keyhold/web"
)

// AppCommand serves the owner app.
type AppCommand struct {
	deviceFlag
	Listen string `default:"127.0.0.1:7442" placeholder:"ADDR" help:"Loopback address; keep the port, the browser files its keys under it."`
	Cloud  string `placeholder:"URL" help:"The cloud to speak with; this device's own by default, else ${cloud}."`
}

// Run serves until it is stopped.
func (a *AppCommand) Run(ctx context.Context, c *console, vars memberDefaults) error {
	cloud := a.Cloud
	if cloud == "" {
		cloud = vars["cloud"]
		if folder, err := device.Open(a.Device); err == nil {
			home, err := folder.Household()
			if err != nil {
				return err
			}
			cloud = home.Cloud
		}
	}
	files, err := web.Handler(web.Own)
	if err != nil {
		return err
	}
	server, err := app.New(ctx, app.Config{
		Listen: a.Listen, Cloud: cloud, Files: files, Transport: newClient(cloud).HTTP.Transport,
		Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Another: func(other string) {
			c.say("A page here asks for the cloud at %s as well: a household moves there or from there, or is there already. Your browser knows which cloud its household is with, also the next time.", other)
		},
	})
	if errors.Is(err, syscall.EADDRINUSE) {
		return errors.New("something listens on this port already; perhaps keyhold app is running in another window")
	}
	if err != nil {
		return err
	}
	c.answer("%s", server.Address())
	c.say("The owner app is open at this address, on this computer alone. It speaks with %s. Stop it with Ctrl-C.", cloud)
	return server.Serve(ctx)
}
