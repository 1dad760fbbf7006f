// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"keyhold/member/device"
	"keyhold/member/people"
	comeback "keyhold/member/recover"
	"keyhold/member/session"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// ObjectCommand ends the announced removal of an owner.
type ObjectCommand struct {
	deviceFlag
	Who string `arg:"" name:"person" help:"The owner who is to stay; see keyhold roster."`
}

// Run signs an objection and has the hub write it down.
func (o *ObjectCommand) Run(ctx context.Context, c *console) error {
	s, v, err := o.look(ctx, c)
	if err != nil {
		return err
	}
	p, err := findPerson(s, v, o.Who)
	if err != nil {
		return err
	}
	if _, ok := s.Roster.Announced[p]; !ok {
		return fmt.Errorf("nobody has announced that %s is to be removed, so there is nothing to object to", targetName(s, session.Target{Person: p}))
	}
	link, err := s.NewLink(roster.Object{Person: p})
	if err != nil {
		return err
	}
	if _, _, err := s.Roster.CheckProposal(link.Encode()); err != nil {
		if rule.Of(err) == rule.Signer {
			return errors.New("only owners object to the removal of an owner")
		}
		return err
	}
	if err := s.Append(ctx, session.Change{Link: link}, c.gesture); err != nil {
		return err
	}
	c.made = roster.KindObject
	c.say("In force: %s stays. Whoever holds the recovery sheet wanted this. If that was none of you: keyhold sheet new --sheet-out FILE", targetName(s, session.Target{Person: p}))
	return nil
}

// isOtherOwner says that somebody else decides about everybody, too; nobody alone removes them.
func isOtherOwner(s *session.Session, t session.Target) bool {
	p, ok := s.Roster.Person(t.Person)
	return ok && p.Role == roster.Owner && p.ID != s.Person()
}

// owner removes another owner: with the word of a second one, who asked before or is asked now.
func (r *RemoveCommand) owner(ctx context.Context, c *console, s *session.Session, t session.Target) error {
	name := targetName(s, t)
	asks, err := s.Asked(ctx)
	if err != nil {
		return err
	}
	mine := false
	for _, a := range asks {
		switch {
		case a.Person != t.Person:
		case a.By == s.Person():
			mine = true
		default:
			return r.second(ctx, c, s, t, a)
		}
	}
	if !r.Yes {
		question := fmt.Sprintf("%s is an owner: it takes the word of a second owner. Ask the other owners?", name)
		if mine {
			question = fmt.Sprintf("You asked already, and no other owner has said the same yet. Ask again that %s is to go?", name)
		}
		yes, err := c.yes(question)
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	a, err := s.AskRemoval(ctx, t.Person)
	if rule.Of(err) != "" {
		return notRemovable(s, t, err)
	}
	if err != nil {
		return err
	}
	c.say("Asked. Nothing has changed yet: %s is out once another owner, who has been that for a week, gives the same command (keyhold remove %s) or says so in the app. What you said ends %s. %s is not shown it.",
		name, name, people.Moment(a.Until(), c.now().Location()), name)
	return nil
}

// asksWait is how long the roster stays for the hub's answer; without it everything else is said all the same.
const asksWait = 4 * time.Second

// asks says which owners other owners want to have removed.
func (c *console) asks(ctx context.Context, s *session.Session) {
	if !s.IsOwner() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, asksWait)
	defer cancel()
	list, err := s.Asked(ctx)
	if err != nil {
		return
	}
	for _, a := range list {
		who, by := targetName(s, session.Target{Person: a.Person}), targetName(s, session.Target{Person: a.By})
		if a.By == s.Person() {
			c.say("You ask to remove %s; no other owner has said the same yet (until %s).", who, people.Moment(a.Until(), c.now().Location()))
			continue
		}
		c.say("%s asks to remove %s, an owner. If you say the same, %s is out: keyhold remove %s", by, who, who, who)
	}
}

// second says the same as an owner who asked.
func (r *RemoveCommand) second(ctx context.Context, c *console, s *session.Session, t session.Target, a session.Ask) error {
	removal, err := s.Second(a)
	if err != nil {
		return notRemovable(s, t, err)
	}
	if !r.Yes {
		yes, err := c.yes(fmt.Sprintf("%s asks to remove %s, an owner, with %s (%s). If you say the same, %s is out. Say so?",
			targetName(s, session.Target{Person: a.By}), targetName(s, t), count(len(s.Roster.Devices(t.Person)), "device", "devices"), clock(a.At, c.now()), targetName(s, t)))
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	return c.remove(ctx, s, t, removal)
}

// bySheet announces the removal of an owner by the recovery sheet, or carries it out once three days have passed.
func (r *RemoveCommand) bySheet(ctx context.Context, c *console, s *session.Session, t session.Target) error {
	sheet, err := r.readSheet(ctx, s)
	if err != nil {
		return err
	}
	name := targetName(s, t)
	p, ok := s.Roster.Person(t.Person)
	if !ok || p.Role != roster.Owner || p.ID == s.Roster.SheetPerson {
		return fmt.Errorf("the sheet removes owners, but for the person whose sheet it is; for anybody else: keyhold remove %s", name)
	}
	if since, ok := s.Roster.Announced[t.Person]; ok {
		return r.announced(ctx, c, s, t, sheet, since)
	}
	if !r.Yes {
		yes, err := c.yes(fmt.Sprintf("Announce that %s, an owner, is to be removed by the recovery sheet? Everybody is told, and any owner can object for three days.", name))
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	link, err := s.Roster.NewLink(c.now().UnixMilli(), roster.AnnounceRemoval{Person: t.Person})
	if err != nil {
		return err
	}
	link.Sign(id.Sheet, sheet.Sign())
	if _, _, err := s.Roster.CheckProposal(link.Encode()); err != nil {
		return notRemovable(s, t, err)
	}
	if err := s.Append(ctx, session.Change{Link: link}, c.gesture); err != nil {
		return err
	}
	c.made = roster.KindAnnounceRemoval
	c.say("Announced; everybody is told. Nothing has changed yet: any owner can object (keyhold object %s). If nobody has by %s, give this command again then, and %s is out.",
		name, people.Moment(s.Roster.Announced[t.Person]+roster.ObjectWait, c.now().Location()), name)
	return nil
}

// announced carries out what was announced, or says from when on that can be.
func (r *RemoveCommand) announced(ctx context.Context, c *console, s *session.Session, t session.Target, sheet *device.Secret, since int64) error {
	name, due := targetName(s, t), since+roster.ObjectWait
	if c.now().UnixMilli() < due {
		return fmt.Errorf("the removal of %s is announced, and owners can object until %s; give this command again then", name, people.Moment(due, c.now().Location()))
	}
	e, err := s.Roster.RemovePerson(c.now().UnixMilli(), t.Person)
	if err != nil {
		return err
	}
	e.Sign(id.Sheet, sheet.Sign())
	if _, err := s.Roster.CheckRemoval(e.Encode(), c.now().UnixMilli()); err != nil {
		return notRemovable(s, t, err)
	}
	if !r.Yes {
		yes, err := c.yes(removalQuestion(s, t))
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	return c.remove(ctx, s, t, e.Encode())
}

// readSheet reads a recovery sheet from a file; it has to be the one in force.
func (r *RemoveCommand) readSheet(ctx context.Context, s *session.Session) (*device.Secret, error) {
	text, err := os.ReadFile(r.Sheet)
	if err != nil {
		return nil, fmt.Errorf("read the sheet: %w", err)
	}
	sheet, err := comeback.Find(ctx, string(text), func(_ context.Context, sheet keys.Sheet) (bool, error) {
		secret, err := device.SheetSecret(sheet)
		return err == nil && bytes.Equal(s.Roster.Sheet.Sign, secret.Public().Sign), err
	})
	if errors.Is(err, comeback.ErrUnknown) {
		return nil, errors.New("this recovery sheet is not the one that holds in your household; nothing was changed")
	}
	if err != nil {
		return nil, safe(err)
	}
	return device.SheetSecret(sheet)
}
