// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"

	"keyhold/member/device"
	"keyhold/member/people"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// finish says, at the end of every command that speaks for a device, what its user has to know whatever they asked for:
// who came into the household, and which removal is not in force. It returns the command's error, or an alarm.
func (c *console) finish(ctx context.Context, err error) error {
	s := c.session
	if s == nil || s.Folder == nil || ctx.Err() != nil {
		return err
	}
	if session.IsStranger(err) {
		return c.farewell(ctx, s, err)
	}
	notes, errNotes := s.Folder.Notes()
	if errNotes != nil {
		return errors.Join(err, errNotes)
	}
	if errNews := c.news(s, notes); errNews != nil {
		return errors.Join(err, errNews)
	}
	if err == nil {
		if errHome := s.LearnHome(ctx); errHome != nil {
			return errHome
		}
		c.hoursCome(ctx, s)
	}
	if c.removing || len(notes.Removals) == 0 {
		return err
	}
	if alarm := c.chase(ctx, s, notes.Removals); err == nil {
		return alarm
	}
	return err
}

// news tells once of every device, person, sheet or hub that came in.
func (c *console) news(s *session.Session, notes device.Notes) error {
	told := int64(len(s.Home.Roster)) - 1
	if notes.Told != nil {
		told = *notes.Told
	}
	if s.Roster.Head.Seq <= told && notes.Told != nil {
		return nil
	}
	trail, err := people.Trail(s.Roster, namesOf(s), c.now().Location())
	if err != nil {
		return err
	}
	any := false
	for _, e := range trail {
		if e.Seq <= told || !(e.Came() || (e.Went() && s.SeesPeople())) || e.Device == s.Keys.ID() {
			continue
		}
		if own := e.By == s.Keys.ID() && e.Kind == c.made; own || (e.Device != "" && e.Device == c.brought) {
			continue
		}
		c.say("New since you were last here: %s (%s)", newsWords(s, e), clock(e.At, c.now()))
		any = true
	}
	if any && s.SeesPeople() {
		c.say("If none of you did that, look at keyhold roster --trail, and remove what does not belong to you: keyhold remove NAME.")
	}
	head := s.Roster.Head.Seq
	return s.Folder.Note(func(n *device.Notes) { n.Told = &head })
}

// newsWords keep to viewers and guests what is not theirs to know.
func newsWords(s *session.Session, e people.Event) string {
	switch {
	case s.SeesPeople():
		return e.Text
	case e.Kind == roster.KindAddDevice && e.Person == s.Person():
		return "a further device of your own came in."
	case e.Kind == roster.KindAddDevice:
		return "a further device of somebody else came in."
	case e.Kind == roster.KindAddPasskey && e.Person == s.Person():
		return "a passkey of your own came in."
	case e.Kind == roster.KindAddPasskey:
		return "a passkey of somebody else came in."
	case e.Kind == roster.KindAddPerson:
		return "a further person came into the household."
	}
	return e.Text
}

// chaseWait is how long a later command stays for a removal that was not in force.
const chaseWait = 6 * time.Second

// chase sends removals again that are not known to be in force.
func (c *console) chase(ctx context.Context, s *session.Session, list []device.PendingRemoval) error {
	var alarm error
	for _, p := range list {
		t := session.Target{Device: p.Device, Person: p.Person}
		name := targetName(s, t)
		gone := t.Gone(s.Roster)
		var err error
		if !gone {
			c.say("The removal of %s is not in force yet. Sending it again.", name)
			trying, cancel := context.WithTimeout(ctx, chaseWait)
			gone, err = s.Remove(trying, p.Envelope, t)
			cancel()
		}
		var no *session.RefusedError
		switch {
		case gone:
			c.say("The removal of %s is in force now%s.", name, byHome(s))
		case errors.As(err, &no):
			c.say("The removal of %s is given up: %v.", name, no)
		default:
			if c.now().UnixMilli()-p.At > patienceForRemoval.Milliseconds() {
				alarm = session.Withheld()
			}
			continue
		}
		if err := s.Folder.Note(func(n *device.Notes) { n.Settle(p) }); err != nil {
			return err
		}
	}
	return alarm
}

// byHome says so where something came to the hub at home, and not by the cloud.
func byHome(s *session.Session) string {
	if s.ByHome() {
		return ": delivered to the hub at home, without the cloud"
	}
	return ""
}

// namesOf are the newest names that this device was shown.
func namesOf(s *session.Session) people.Names {
	if s.Newest != nil {
		return s.Newest
	}
	return invisible{}
}

// invisible knows no name.
type invisible struct{}

func (invisible) PersonName(id.Person) string { return "" }
func (invisible) DeviceName(id.Device) string { return "" }
func (invisible) CameraName(id.Camera) string { return "" }

// targetName is what a device or person is called, or its id.
func targetName(s *session.Session, t session.Target) string {
	names := namesOf(s)
	if t.Device != "" {
		if name := names.DeviceName(t.Device); name != "" {
			return name
		}
		return string(t.Device)
	}
	if name := names.PersonName(t.Person); name != "" {
		return name
	}
	return string(t.Person)
}

// stranger says what can be known when the cloud no longer knows this device: it gives no reason.
func (c *console) stranger(err error) {
	var gone *session.RemovedError
	dir, last := "its folder", ""
	if c.session != nil && c.session.Folder != nil {
		dir = c.session.Folder.Dir()
		if seen, err := c.session.Folder.Highest(); err == nil && seen.Status > 0 {
			last = "The last that it heard of the household is from " + clock(seen.Status, c.now()) + ".\n"
		}
	}
	switch {
	case errors.As(err, &gone) && gone.At > 0:
		c.say("This device was removed from the household (%s).", clock(gone.At, c.now()))
	default:
		c.say("The cloud does not know this device. It was removed from the household, or the household is no longer with this cloud; a cloud tells a stranger no more than that.\n%sSomebody of the household can see it: keyhold roster --trail.", last)
	}
	c.say("Nothing here was deleted: its keys are in %s and still open what it has saved, and nothing that was recorded since.\nTo come back, ask for an invitation and join into another folder (keyhold join LINK --device DIR). To clear up, delete the folder.", dir)
}

// hidden says that an owner has had everything deleted.
func (c *console) hidden(err error) {
	var h *session.HiddenError
	if errors.As(err, &h) {
		c.say("An owner of your household has had everything deleted at this cloud (%s). It shows nothing any more, and erases it for good at %s; until then an owner can take that back (keyhold erase --keep).", clock(h.At, c.now()), clock(h.Due, c.now()))
	}
}
