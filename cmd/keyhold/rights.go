// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keyhold/member/device"
	"keyhold/member/invite"
	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// RightsCommand changes what somebody else may do.
type RightsCommand struct {
	deviceFlag
	Who string `arg:"" name:"person" help:"A person, by name or id; see keyhold roster."`
	grantFlags
	Code string `placeholder:"CODE" help:"The six digits that the hub showed when the same command was given before; without it they are asked for."`
}

// codeHolds is how long the hub's code for a link holds.
const codeHolds = 10 * time.Minute

// Run signs the change, and asks for the hub's code.
func (r *RightsCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	person, err := findPerson(s, v, r.Who)
	if err != nil {
		return err
	}
	if person == s.Person() {
		return errors.New("nobody changes their own rights: let somebody else do it")
	}
	role, rights, err := r.grant(v, c.now(), r.since(s, person, c.now()))
	if err != nil {
		return err
	}
	name := nameOr(v.PersonName(person), string(person))
	if err := r.change(ctx, c, s, person, role, rights); err != nil {
		return notChangeable(err, name)
	}
	c.say("In force: %s is %s.", name, people.Role(role))
	for _, line := range people.Rights(role, rights, v, c.now()) {
		c.say("  %s", line)
	}
	return r.handOver(ctx, c, s, person, role, rights)
}

// since keeps the beginning of what somebody has: a change of hours takes nothing away that they saw.
func (r *RightsCommand) since(s *session.Session, person id.Person, now time.Time) int64 {
	if r.History {
		return 0
	}
	p, _ := s.Roster.Person(person)
	if p.Role == roster.Owner || p.Role == roster.Guardian {
		return p.Since
	}
	since := now.UnixMilli()
	for _, right := range p.Rights {
		since = min(since, right.Since)
	}
	return since
}

// change sends the link. One that waits for its code is kept, so that the same command with --code completes it.
func (r *RightsCommand) change(ctx context.Context, c *console, s *session.Session, person id.Person, role roster.Role, rights []roster.Right) error {
	wish := "rights " + string(person) + " " + r.wish()
	notes, err := s.Folder.Notes()
	if err != nil {
		return err
	}
	var link *dsse.Envelope
	gesture := session.Gesture(c.gesture)
	if r.Code != "" {
		if len(r.Code) != request.CodeDigits || strings.Trim(r.Code, "0123456789") != "" {
			return errors.New("the code that the hub shows has six digits")
		}
		p := notes.Gesture
		if p == nil || p.Wish != wish || c.now().UnixMilli()-p.At > codeHolds.Milliseconds() {
			return errors.New("there is no such change that waits for a code: give the same command without --code first, and then again with the code within ten minutes")
		}
		if link, err = dsse.Parse(p.Link); err != nil {
			return fmt.Errorf("read the change that waits: %w", err)
		}
		typed := false
		gesture = func(again bool) (string, error) {
			if again || typed {
				return "", errors.New("that is not the code that the hub shows; nothing was changed")
			}
			typed = true
			return r.Code, nil
		}
	} else {
		if link, err = s.NewLink(roster.SetRights{Person: person, Rights: rights, Role: role}); err != nil {
			return err
		}
		if _, _, err := s.Roster.CheckProposal(link.Encode()); err != nil {
			return err
		}
		pending := &device.PendingLink{Link: link.Encode(), Wish: wish, At: c.now().UnixMilli()}
		if err := s.Folder.Note(func(n *device.Notes) { n.Gesture = pending }); err != nil {
			return err
		}
	}
	if err := s.Append(ctx, session.Change{Link: link}, gesture); err != nil {
		return err
	}
	return s.Folder.Note(func(n *device.Notes) { n.Gesture = nil })
}

// handOver gives the keys of what was recorded before, where that was said.
func (r *RightsCommand) handOver(ctx context.Context, c *console, s *session.Session, person id.Person, role roster.Role, rights []roster.Right) error {
	if !r.History {
		return nil
	}
	offer := invite.Offer{History: true, Kind: invite.ForPerson, Rights: rights, Role: role}
	n := 0
	for _, m := range s.Roster.Devices(person) {
		given, err := s.Give(ctx, m.DeviceKeys, offer.Covers)
		if err != nil {
			return fmt.Errorf("hand over keys: %w", err)
		}
		n += given
	}
	c.say("Gave them the keys of %s from before.", count(n, "epoch", "epochs"))
	return nil
}

func notChangeable(err error, name string) error {
	var no *session.RefusedError
	switch {
	case errors.As(err, &no) && no.Word == request.RefusedStale:
		return errors.New("the household has changed meanwhile; nothing was done: give the command again")
	case rule.Of(err) == rule.Signer:
		return fmt.Errorf("it is not yours to change what %s may do: owners change everybody, guardians change guests", name)
	case rule.Of(err) == rule.RosterOp:
		return fmt.Errorf("an owner stays one: nobody takes that from %s, but they can leave (keyhold leave)", name)
	}
	return err
}
