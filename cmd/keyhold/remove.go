// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// RemoveCommand takes out a device or a person.
type RemoveCommand struct {
	deviceFlag
	Who   string `arg:"" name:"device|person" help:"A person or a device, by name or id; see keyhold roster."`
	Sheet string `type:"existingfile" placeholder:"FILE" help:"Remove another owner by the recovery sheet: it is announced, and done when the command is given again after three days."`
	Yes   bool   `help:"Do not ask."`
}

// LeaveCommand takes out oneself.
type LeaveCommand struct {
	deviceFlag
	Yes bool `help:"Do not ask."`
}

// patienceForRemoval is how long a removal may take before it is an alarm.
const patienceForRemoval = time.Minute

// resendAfter is the pause between two attempts.
const resendAfter = 3 * time.Second

// Run asks, signs, and stays until the hub has confirmed.
func (r *RemoveCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	t, err := find(s, v, r.Who)
	if err != nil {
		return err
	}
	if r.Sheet != "" {
		return r.bySheet(ctx, c, s, t)
	}
	if isOtherOwner(s, t) && s.IsOwner() {
		return r.owner(ctx, c, s, t)
	}
	removal, err := s.NewRemoval(t)
	if err != nil {
		return notRemovable(s, t, err)
	}
	if !r.Yes {
		yes, err := c.yes(removalQuestion(s, t))
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	return c.remove(ctx, s, t, removal)
}

// Run removes this device's person.
func (l *LeaveCommand) Run(ctx context.Context, c *console) error {
	s, err := l.open(c)
	if err != nil {
		return err
	}
	if _, err := s.Steady(ctx, func(*session.View) error { return nil }); err != nil {
		return err
	}
	t := session.Target{Person: s.Person()}
	removal, err := s.NewRemoval(t)
	if err != nil {
		return notRemovable(s, t, err)
	}
	if !l.Yes {
		yes, err := c.yes(fmt.Sprintf("Leave the household, with %s? Only an invitation brings you back.", count(len(s.Roster.Devices(t.Person)), "device", "devices")))
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	return c.remove(ctx, s, t, removal)
}

// remove sends a removal until it is in force, or a minute is over.
func (c *console) remove(ctx context.Context, s *session.Session, t session.Target, removal []byte) error {
	c.removing, c.made = true, roster.KindRemove
	name, self := targetName(s, t), t.Person == s.Home.Person || t.Device == s.Keys.ID()
	begun := c.now()
	pending := device.PendingRemoval{Envelope: removal, At: begun.UnixMilli(), Device: t.Device, Person: t.Person}
	if err := s.Folder.Note(func(n *device.Notes) { n.Await(pending) }); err != nil {
		return err
	}
	c.say("Not in force yet: asking the hub.")
	trying, cancel := context.WithTimeout(ctx, patienceForRemoval)
	defer cancel()
	for {
		done, err := s.Remove(trying, removal, t)
		var no *session.RefusedError
		switch {
		case done:
			return c.removed(s, pending, name, self)
		case errors.As(err, &no):
			return errors.Join(fmt.Errorf("remove %s: %w", name, err), s.Folder.Note(func(n *device.Notes) { n.Settle(pending) }))
		case ctx.Err() != nil:
			c.say("Not in force yet. Every later command sends it again.")
			return context.Cause(ctx)
		case trying.Err() == nil:
			c.say("Not in force yet: %v. Sending it again.", err)
		}
		wait := time.NewTimer(resendAfter)
		select {
		case <-trying.Done():
			wait.Stop()
			if ctx.Err() != nil {
				continue
			}
			c.say("The removal of %s is not in force after a minute. It stays good: every later command of this device sends it again.", name)
			return session.Withheld()
		case <-wait.C:
		}
	}
}

// removed says what is so now.
func (c *console) removed(s *session.Session, p device.PendingRemoval, name string, self bool) error {
	now := c.now().UnixMilli()
	err := s.Folder.Note(func(n *device.Notes) {
		n.Settle(p)
		if self {
			n.Left = now
		}
	})
	switch {
	case self && p.Person != "":
		c.say("You have left the household, with all your devices. The keys in %s still open what was saved; delete the folder when you need it no more.", s.Folder.Dir())
	case self:
		c.say("This device is out of the household. The keys in %s still open what was saved; delete the folder when you need it no more.", s.Folder.Dir())
	default:
		if s.ByHome() {
			c.say("Delivered to the hub at home, without the cloud.")
		}
		c.say("In force: %s is out. Nothing that is recorded from now on opens with their keys, and nothing is served to them. What they have seen or saved before stays seen.", name)
	}
	return err
}

func removalQuestion(s *session.Session, t session.Target) string {
	name := targetName(s, t)
	if t.Person == "" {
		m, _ := s.Roster.Device(t.Device)
		kind := "device"
		if t.Device.Passkey() {
			kind = "passkey"
		}
		return fmt.Sprintf("Remove the %s %s of %s?", kind, name, targetName(s, session.Target{Person: m.Person}))
	}
	p, _ := s.Roster.Person(t.Person)
	return fmt.Sprintf("Remove %s (%s), with %s?", name, p.Role, count(len(s.Roster.Devices(t.Person)), "device", "devices"))
}

// notRemovable says why somebody cannot be removed by this device.
func notRemovable(s *session.Session, t session.Target, err error) error {
	target := t.Person
	if m, ok := s.Roster.Device(t.Device); ok {
		target = m.Person
	}
	p, _ := s.Roster.Person(target)
	switch {
	case p.Role == roster.Owner && target != s.Person() && (rule.Of(err) == rule.RosterOp || rule.Of(err) == rule.Signer):
		return errors.New("nobody alone removes another owner: it takes two other owners who have been that for a week, or the recovery sheet of another owner and three days (--sheet FILE), or that owner themself")
	case rule.Of(err) == rule.RosterOp && p.Role == roster.Owner:
		return errors.New("the only owner cannot be removed or leave: make somebody else an owner first (keyhold rights NAME --role owner)")
	case rule.Of(err) == rule.Signer:
		return fmt.Errorf("this is not yours to remove: owners remove everybody but owners, guardians remove guests, and everybody their own devices")
	}
	return err
}

// find resolves what was typed to one device or person that is there.
func find(s *session.Session, v *session.View, typed string) (session.Target, error) {
	var found []session.Target
	var what []string
	typed = strings.TrimSpace(typed)
	for _, p := range s.Roster.People {
		if string(p.ID) == typed || strings.EqualFold(v.PersonName(p.ID), typed) {
			found = append(found, session.Target{Person: p.ID})
			what = append(what, fmt.Sprintf("%s (a person, %s)", typed, p.ID))
		}
	}
	for _, m := range s.Roster.Members {
		if string(m.ID) == typed || strings.EqualFold(v.DeviceName(m.ID), typed) {
			found = append(found, session.Target{Device: m.ID})
			what = append(what, fmt.Sprintf("%s (a device of %s, %s)", typed, nameOr(v.PersonName(m.Person), string(m.Person)), m.ID))
		}
	}
	switch {
	case typed == "" || len(found) == 0:
		return session.Target{}, fmt.Errorf("there is no person or device %q; see keyhold roster", typed)
	case len(found) > 1:
		return session.Target{}, fmt.Errorf("%q is the name of more than one; use an id: %s", typed, strings.Join(what, ", "))
	}
	return found[0], nil
}

// findPerson resolves a person by name or id.
func findPerson(s *session.Session, v *session.View, typed string) (id.Person, error) {
	t, err := find(s, v, typed)
	if err == nil && t.Person == "" {
		err = fmt.Errorf("%q is a device; rights belong to persons", typed)
	}
	return t.Person, err
}

func nameOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}
