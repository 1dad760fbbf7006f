// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"keyhold/member/invite"
	"keyhold/member/people"
	"keyhold/statement/pairing"
)

// JoinCommand uses an invitation.
type JoinCommand struct {
	deviceFlag
	Link       string `arg:"" help:"The invitation, as keyhold invite printed it."`
	DeviceName string `default:"${device_name}" placeholder:"NAME" help:"What to call this device."`
	Name       string `placeholder:"NAME" help:"What to call you, where you come as a new person; the inviter's word for you by default."`
	Yes        bool   `help:"Take what is offered without asking."`
}

// errDeclined says that a person did not want what was offered.
var errDeclined = errors.New("nothing was made and nothing was sent; the invitation is still good")

// Run joins.
func (j *JoinCommand) Run(ctx context.Context, c *console) error {
	origin, inv, err := pairing.ParseLink(j.Link)
	if err != nil {
		return fmt.Errorf("this is no invitation of Keyhold, or a part of it is missing; copy the whole link")
	}
	joiner := &invite.Joiner{
		Client: newClient(origin), Now: c.now, Rand: rand.Reader, Step: func(s string) { c.say("%s", s) },
		Accept: func(o invite.Offer) (string, error) { return j.accept(c, o) },
		Words: func(six []string) {
			c.say("Read these six words aloud to whoever invited you; they see six words, too, and they have to be the same:\n\n    %s\n", invite.Line(six))
		},
	}
	folder, state, err := joiner.Join(ctx, inv, j.DeviceName, j.Device)
	if err != nil {
		return hint(err)
	}
	c.say("This device belongs to the household now. Its keys are in %s.\nNext: keyhold list", folder.Dir())
	c.say("The household is %s.", state.Household)
	return nil
}

// accept shows what the invitation gives, before any key is made.
func (j *JoinCommand) accept(c *console, o invite.Offer) (string, error) {
	from := o.From
	if from == "" {
		from = "Somebody of the household"
	}
	if o.Kind == invite.ForDevice {
		c.say("%s invites this computer as a further device of their own. It will see all that they see.", from)
		return "", nil
	}
	c.say("%s invites you, %s, as %s of their household:", from, o.Name, people.Role(o.Role))
	for _, line := range people.Rights(o.Role, o.Rights, invite.Names{Offer: o}, c.now()) {
		c.say("  %s", line)
	}
	if !o.History {
		c.say("  nothing that was recorded before")
	}
	c.say("The others see your name, your devices, and what you look at.")
	name := j.Name
	if name == "" {
		name = o.Name
	}
	if j.Yes {
		return name, nil
	}
	yes, err := c.yes("Join as " + name + "?")
	if err != nil || !yes {
		return "", errors.Join(errDeclined, err)
	}
	return name, nil
}
