// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/statement/pairing"
)

// HubAgreeCommand is the second owner's part in putting in a new hub.
type HubAgreeCommand struct {
	deviceFlag
}

// Run waits until another owner asks, shows what for, and answers.
func (h *HubAgreeCommand) Run(ctx context.Context, c *console) error {
	s, _, err := h.look(ctx, c)
	if err != nil {
		return err
	}
	if !s.Roster.HasVoice(s.Keys.ID(), c.now().UnixMilli()) {
		return errors.New("only somebody who has been an owner for a week agrees to a new hub")
	}
	c.say("Waiting until another owner puts in a new hub (keyhold hub replace, or in the app) and asks you. Ctrl-C ends it.")
	wait, cancel := context.WithTimeoutCause(ctx, pairing.LinkAge*time.Millisecond, errors.New("nobody has asked within a quarter of an hour; give this command again when somebody does"))
	defer cancel()
	a, err := replace.Asked(wait, s, func(err error) { c.say("Something came that does not hold, and is left alone: %v", err) })
	if err != nil {
		return err
	}
	name := targetName(s, session.Target{Person: a.By})
	c.say("%s wants to put a new hub in the place of yours, from %q (%s).", name, targetName(s, session.Target{Device: a.Device}), clock(a.Link.At, c.now()))
	c.say("The new hub shows a code. It has to begin with:  %s", a.Begins)
	c.say("What that means: the old hub is refused from then on, also when it comes back. The new one records, and shows the six digits that changes of the household need. What was recorded stays. Everybody is told.")
	c.say("Speak to %s before you agree, and compare the code with the one on the new hub.", name)
	agrees, err := c.yes(fmt.Sprintf("Is the code the same, and do you agree? (until %s)", clock(a.Until(), c.now())))
	if err != nil {
		return err
	}
	if !agrees {
		if err := a.Decline(ctx); err != nil {
			return err
		}
		c.say("You do not agree, and %s is told. Nothing was changed.", name)
		return nil
	}
	if err := a.Agree(ctx); err != nil {
		return err
	}
	c.say("You agree. It is in force once the new hub has taken over, which the device of %s brings about; keyhold roster --trail shows it.", name)
	return nil
}
