// SPDX-License-Identifier: Apache-2.0

// Command keyhold is the household's program: the hub in the home, and what a household's device does
// on a command line.
//
// This file wires: it reads flags (each has an environment variable KEYHOLD_…), runs one command, and
// turns what went wrong into words and an exit code. Each command has a file of its own. Exit codes: 0
// done; 1 it did not work; 2 the command line is wrong; 3 an alarm: a proof failed.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"keyhold/member/session"
	"keyhold/statement/rule"
)

const (
	exitFailed = 1
	exitUsage  = 2
	exitAlarm  = 3
)

// program is the whole command line.
type program struct {
	Member MemberCommands `embed:""`
	Home   HomeCommands   `embed:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var p program
	c, defaults := newConsole(in, out, errOut), memberVars()
	parser, err := kong.New(&p,
		kong.Name("keyhold"),
		kong.Description("Home cameras whose recordings only the household can open."),
		kong.Writers(out, errOut),
		kong.DefaultEnvars("KEYHOLD"),
		kong.WithHyphenPrefixedParameters(true), // --from -2h
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars(defaults),
		kong.Vars(hubVars()),
		kong.Bind(defaults),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(c),
	)
	if err != nil {
		c.say("keyhold: %v", err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	if err != nil {
		c.say("keyhold: %v\nTry: keyhold --help", err)
		return exitUsage
	}
	return c.verdict(c.finish(ctx, command.Run()))
}

// verdict says what a command's error means and how the program ends.
func (c *console) verdict(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		c.say("Stopped.")
		return exitFailed
	case session.IsStranger(err), errors.As(err, new(*session.RemovedError)):
		c.stranger(err)
		return exitFailed
	case errors.As(err, new(*session.HiddenError)):
		c.hidden(err)
		return exitFailed
	case rule.Of(err) != "":
		c.alarm(err)
		return exitAlarm
	case cloudAway(err):
		c.say("keyhold: %v\nThe cloud does not answer. Nothing is lost: the hub goes on recording, keeps three days, and catches up.\nLook at this computer's connection, and try again later.", err)
		return exitFailed
	default:
		c.say("keyhold: %v", err)
		return exitFailed
	}
}
