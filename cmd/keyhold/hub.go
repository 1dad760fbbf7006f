// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/skip2/go-qrcode"

	"keyhold/home/hub"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
)

// HomeCommands are what runs in the home.
type HomeCommands struct {
	Hub    HubCommand    `cmd:"" help:"The hub: records in the home, seals, and sends to the cloud."`
	Camera CameraCommand `cmd:"" help:"A simulated camera."`
	Check  CheckCommand  `cmd:"" help:"Check a hub's folder, and a vault against it."`
}

// HubCommand groups what is done with a hub.
type HubCommand struct {
	Run  HubRunCommand  `cmd:"" help:"Run the hub until it is interrupted."`
	Code HubCodeCommand `cmd:"" help:"Show the pairing code of a hub that belongs to nobody yet."`
}

// hubVars are the defaults that depend on the computer.
func hubVars() map[string]string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "."
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return map[string]string{"hub_dir": filepath.Join(dir, "keyhold", "hub")}
}

// HubRunCommand runs the hub.
type HubRunCommand struct {
	Dir   string `type:"path" default:"${hub_dir}" placeholder:"DIR" help:"Folder of the hub."`
	Cloud string `default:"${cloud}" placeholder:"URL" help:"The cloud that keeps the ciphertext."`
	Debug bool   `help:"Log each step."`
}

// garbage is how much the heap may grow, in percent, before it is collected. A hub's live heap is
// small (some 25 MB with sixteen cameras) and its garbage is video: at 100 the program held twice the
// memory that it does at 50 (130 against 61 MB, previews decoded on an overloaded machine), for
// collections that cost less than one percent of its time. A fixed limit made it collect all the time.
const garbage = 50

// Run runs the hub.
func (r *HubRunCommand) Run(ctx context.Context, c *console) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	level := slog.LevelInfo
	if r.Debug {
		level = slog.LevelDebug
	}
	h := &hub.Hub{
		Dir: r.Dir, Cloud: r.Cloud,
		Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level})),
		ShowCode: func(code pairing.Code) {
			if err := printCode(c, code); err != nil {
				c.say("The code cannot be drawn: %v", err)
			}
		},
		Serving: func(household id.Household) { c.say("Recording for household %s.", household) },
	}
	return h.Run(ctx)
}

// HubCodeCommand shows the pairing code.
type HubCodeCommand struct {
	Dir  string `type:"path" default:"${hub_dir}" placeholder:"DIR" help:"Folder of the hub."`
	JSON bool   `help:"Print JSON."`
}

// Run shows the pairing code, or says whom the hub belongs to.
func (r *HubCodeCommand) Run(ctx context.Context, c *console) error {
	code, household, err := hub.ShowInfo(ctx, r.Dir)
	if err != nil {
		return err
	}
	switch {
	case r.JSON && household != "":
		return c.object(map[string]string{"household": string(household)})
	case r.JSON:
		return c.object(map[string]string{"code": code.String()})
	case household != "":
		return fmt.Errorf("this hub is paired already, with household %s; there is no code any more", household)
	}
	return printCode(c, code)
}

// printCode draws the code for a phone and prints it for a keyboard.
func printCode(c *console, code pairing.Code) error {
	q, err := qrcode.New(code.String(), qrcode.Low)
	if err != nil {
		return errors.Join(errors.New("draw the pairing code"), err)
	}
	c.say("%s", q.ToSmallString(false))
	c.say("This hub belongs to nobody yet. Pair it with:  keyhold init --hub-code CODE …")
	c.answer("%s", code)
	return nil
}
