// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keyhold/member/invite"
	"keyhold/member/people"
	"keyhold/member/session"
)

// InviteCommand invites a further device, or another person.
type InviteCommand struct {
	deviceFlag
	OwnDevice bool   `xor:"who" required:"" help:"A device of your own: it will see all that you see."`
	Person    string `xor:"who" required:"" placeholder:"NAME" help:"Somebody else, by this name."`
	grantFlags
	Slow   bool   `help:"The link goes out of sight: both read six words aloud, and the rights begin a day later."`
	Origin string `placeholder:"URL" help:"Where the other device opens the app; the cloud's address by default."`
	Wait   bool   `help:"Stay for 24 hours until the invitation is used; without it, for 10 minutes."`
}

// shortWait is for a person who holds the other device in the other hand.
const shortWait = 10 * time.Minute

// slowMargin is what a slow invitation's rights begin later than they must.
const slowMargin = time.Minute

// Run prints the link, and nothing else, on standard output.
func (i *InviteCommand) Run(ctx context.Context, c *console) error {
	s, v, err := i.look(ctx, c)
	if err != nil {
		return err
	}
	offer, err := i.offer(s, v, c.now())
	if err != nil {
		return err
	}
	origin := i.Origin
	if origin == "" {
		origin = s.Home.Cloud
	}
	invitation, err := invite.New(ctx, s, offer, origin)
	if errors.Is(err, invite.ErrNotYours) {
		return fmt.Errorf("%w; owners bring in everybody, guardians bring in guests", err)
	}
	if err != nil {
		return err
	}
	invitation.Step = func(step string) { c.say("%s", step) }
	invitation.Gesture = c.gesture
	invitation.Compare = func(name string, six []string) (bool, error) {
		c.say("Call %s, and let them read the six words that their device shows. Here they are:\n\n    %s\n", name, invite.Line(six))
		return c.yes("Are they the same, in the same order?")
	}
	c.answer("%s", invitation.Link)
	i.explain(c, offer)
	wait := invite.Valid
	if !i.Wait {
		wait = shortWait
	}
	joined, err := invitation.Wait(ctx, wait)
	if err != nil {
		return err
	}
	c.brought = joined.Device
	keys := "It was given the keys of " + count(joined.Epochs, "epoch", "epochs") + "."
	if joined.Epochs == 0 {
		keys = "They see what is recorded from now on."
		if i.Slow {
			keys = "They see what is recorded from tomorrow on."
		}
	}
	name := joined.Name
	if joined.PersonName != "" {
		name = joined.PersonName + ", with " + joined.Name + ","
	}
	c.say("%s has joined. %s", name, keys)
	return nil
}

func (i *InviteCommand) offer(s *session.Session, v *session.View, now time.Time) (invite.Offer, error) {
	from := v.PersonName(s.Person())
	if i.OwnDevice {
		if i.Role != "" || len(i.Cameras) > 0 || i.Until != "" || len(i.Hours) > 0 || i.Slow {
			return invite.Offer{}, errors.New("a device of your own sees what you see; --role, --cameras, --until, --hours and --slow are for --person")
		}
		return invite.Offer{From: from, History: true, Kind: invite.ForDevice}, nil
	}
	name := strings.TrimSpace(i.Person)
	for _, p := range s.Roster.People {
		if v.PersonName(p.ID) == name {
			return invite.Offer{}, fmt.Errorf("there is a %s already; choose another name, or see keyhold rights", name)
		}
	}
	since := now.UnixMilli()
	switch {
	case i.Slow && i.History:
		return invite.Offer{}, errors.New("--slow and --history do not go together: what goes out of sight opens nothing old")
	case i.Slow && (i.Role == "owner" || i.Role == "guardian"):
		return invite.Offer{}, errors.New("an owner or a guardian is invited in person, where you see who holds the link; --slow is for viewers and guests")
	case i.Slow:
		since = now.Add(invite.SlowWait + slowMargin).UnixMilli()
	case i.History:
		since = 0
	}
	role, rights, err := i.grant(v, now, since)
	if err != nil {
		return invite.Offer{}, err
	}
	return invite.Offer{
		Cameras: offered(v, rights), From: from, History: i.History, Kind: invite.ForPerson, Name: name, Rights: rights, Role: role, Slow: i.Slow,
	}, nil
}

// explain says what whoever has the link gets.
func (i *InviteCommand) explain(c *console, o invite.Offer) {
	if o.Kind == invite.ForDevice {
		c.say("Open this link on the other device, or type there: keyhold join LINK\nIt works once, and only while this command runs. Whoever has it becomes you: hand it over yourself.")
		return
	}
	c.say("%s becomes %s of this household:", o.Name, people.Role(o.Role))
	for _, line := range people.Rights(o.Role, o.Rights, invite.Names{Offer: o}, c.now()) {
		c.say("  %s", line)
	}
	if !o.History {
		c.say("  nothing that was recorded before")
	}
	c.say("Open this link on their device, or let them type: keyhold join LINK\nIt works once, and only while this command runs. Whoever has it gets this: hand it over yourself.")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
