// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"keyhold/member/invite"
)

// InviteCommand invites a further device.
type InviteCommand struct {
	deviceFlag
	OwnDevice bool   `required:"" help:"A device of your own: it will see all that you see."`
	Origin    string `placeholder:"URL" help:"Where the other device opens the app; the cloud's address by default."`
	Wait      bool   `help:"Stay for 24 hours until the invitation is used; without it, for 10 minutes."`
}

// shortWait is for a person who holds the other device in the other hand.
const shortWait = 10 * time.Minute

// Run prints the link, and nothing else, on standard output.
func (i *InviteCommand) Run(ctx context.Context, c *console) error {
	s, err := i.open()
	if err != nil {
		return err
	}
	origin := i.Origin
	if origin == "" {
		origin = s.Home.Cloud
	}
	invitation, err := invite.New(ctx, s, origin, func(step string) { c.say("%s", step) })
	if err != nil {
		return err
	}
	c.answer("%s", invitation.Link)
	c.say("Open this link on the other device, or type there: keyhold join LINK\nIt works once, and only while this command runs. Whoever has it becomes you: hand it over yourself.")
	wait := invite.Valid
	if !i.Wait {
		wait = shortWait
	}
	joined, err := invitation.Wait(ctx, wait)
	if err != nil {
		return err
	}
	c.say("%s has joined. It was given the keys of %s.", joined.Name, count(joined.Epochs, "epoch", "epochs"))
	return nil
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
