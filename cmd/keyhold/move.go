// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"keyhold/api"
	"keyhold/member/session"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// MoveCommand takes the household to another cloud, or lets a device follow it there.
type MoveCommand struct {
	deviceFlag
	To     string `required:"" placeholder:"URL" help:"The cloud to move to."`
	Follow bool   `help:"The household has moved already: let this device follow. It is checked that the hub is there."`
	Erase  string `enum:"yes,no,ask" default:"ask" placeholder:"yes|no" help:"Whether everything is to be erased at the old cloud afterwards; asked for by default."`
	Yes    bool   `help:"Do not ask whether to move."`
}

// arrival is how long a hub may take to send what it has to the other cloud.
const arrival = 6 * time.Hour

// Run moves, or follows.
func (m *MoveCommand) Run(ctx context.Context, c *console) error {
	s, err := m.open(c)
	if err != nil {
		return err
	}
	m.To = strings.TrimRight(m.To, "/")
	client := newClient(m.To)
	info, err := client.Info(ctx)
	if err != nil {
		return fmt.Errorf("ask the other cloud: %w", err)
	}
	place := request.Place{To: info.To, URL: m.To}
	if err := place.Check(); err != nil {
		return err
	}
	there := s.At(place, client)
	if m.Follow {
		return m.follow(ctx, c, s, there)
	}
	return m.move(ctx, c, s, there)
}

func (m *MoveCommand) move(ctx context.Context, c *console, s, there *session.Session) error {
	if _, err := s.Steady(ctx, func(*session.View) error { return nil }); err != nil {
		return err
	}
	if !m.Yes {
		c.say("The household moves from %s to %s, with everything that is kept there now. The hub copies it: keep it switched on, and this program running. If it is interrupted, give the same command again.", s.Home.Cloud, m.To)
		c.say("Then your other command-line devices follow with keyhold move --to %s --follow. Browsers belong to the address that they were opened at: they, and whoever has no other device, come in again by an invitation.", m.To)
		yes, err := c.yes("Move?")
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	if err := s.Prepare(ctx, there, c.gesture); err != nil {
		return notMovable(err)
	}
	b := c.bar("Copying")
	err := s.Copy(ctx, func(done, total int) { b.set(int64(done), int64(total)) })
	b.end()
	if no := (*session.RefusedError)(nil); errors.As(err, &no) && no.Word == request.RefusedFull {
		return errors.Join(notKept(ctx, c, s), errors.New("nothing has moved: the other cloud does not keep as many starred moments as there are. Save what matters (keyhold export), take stars away (keyhold star CAMERA T --remove), and give the same command again"))
	}
	if err != nil {
		return fmt.Errorf("copy what the old cloud has: %w\nNothing has moved yet. Give the same command again, and it goes on where it was", err)
	}
	taken, err := s.Take(ctx)
	if err != nil {
		return fmt.Errorf("take keys along: %w", err)
	}
	if err := s.Switch(ctx); err != nil {
		return fmt.Errorf("let the hub go: %w", err)
	}
	c.say("The hub goes over, and sends what it has.")
	if err := arrive(ctx, c, there); err != nil {
		return err
	}
	if err := settle(ctx, c, s, there, taken); err != nil {
		return err
	}
	c.say("Moved. Start the hub with --cloud %s from now on. Check that all is well there (keyhold list) before anything is erased.", m.To)
	return m.eraseLeft(ctx, c, s, there)
}

// notKept lists what is starred, for a move to a cloud that does not keep all of it.
func notKept(ctx context.Context, c *console, s *session.Session) error {
	v, err := s.Steady(ctx, func(*session.View) error { return nil })
	if err != nil {
		return err
	}
	return (&StarCommand{}).list(ctx, c, s, v)
}

// arrive waits until the hub has shown everything at the other cloud.
func arrive(ctx context.Context, c *console, there *session.Session) error {
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	said := time.Time{}
	for {
		_, err := there.Arrived(ctx)
		if err == nil {
			return nil
		}
		if now := c.now(); now.Sub(said) > time.Minute && !said.IsZero() {
			c.say("Not there yet: %v", err)
			said = now
		} else if said.IsZero() {
			said = now
		}
		t := time.NewTimer(resendAfter)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("the hub has not brought everything to the other cloud: %w\nIt goes on by itself; later, keyhold move --to URL --follow lets this device follow", err)
		}
	}
}

// settle makes the other cloud this device's.
func settle(ctx context.Context, c *console, s, there *session.Session, taken *session.Taken) error {
	if err := there.Bring(ctx, taken); err != nil {
		return fmt.Errorf("bring keys along: %w", err)
	}
	if err := there.Settle(); err != nil {
		return err
	}
	c.session = there
	c.say("This device is with %s now, no longer with %s.", there.Home.Cloud, s.Home.Cloud)
	return nil
}

// follow lets this device go where the hub has gone. Nobody's word is believed for that: the hub's own record, as far as
// this device has ever seen it, has to be there, with a status that the hub has just signed.
func (m *MoveCommand) follow(ctx context.Context, c *console, s, there *session.Session) error {
	if _, err := there.Arrived(ctx); err != nil {
		if rule.Of(err) != "" {
			return fmt.Errorf("this device stays where it is: what is shown at %s does not hold: %w", m.To, err)
		}
		return fmt.Errorf("this device stays where it is: the household's hub is not at %s: %w", m.To, err)
	}
	taken, err := s.Take(ctx)
	if err != nil {
		// The old cloud may be gone, or hide everything; what the hub sealed to this device is at the other.
		c.say("The old cloud shows nothing any more (%v). What somebody else gave this device before is not taken along.", err)
		taken = &session.Taken{}
	}
	return settle(ctx, c, s, there, taken)
}

// eraseLeft has everything erased at the cloud that was left.
func (m *MoveCommand) eraseLeft(ctx context.Context, c *console, s, there *session.Session) error {
	erase := m.Erase == "yes"
	if m.Erase == "ask" {
		var err error
		erase, err = c.yes(fmt.Sprintf("Have everything erased at %s, seven days from now? Devices that have not followed by then cannot take along what others gave them.", s.Home.Cloud))
		if err != nil {
			return err
		}
	}
	if !erase {
		c.say("Nothing is erased at %s. Recordings go there by themselves after thirty days; the rest stays, sealed.", s.Home.Cloud)
		return nil
	}
	if err := there.EraseAt(ctx, s.Home.To, c.gesture); err != nil {
		return fmt.Errorf("the household has moved, but the old cloud was not told to erase: %w", err)
	}
	c.say("Ordered: %s erases everything in seven days.", s.Home.Cloud)
	return nil
}

func notMovable(err error) error {
	var no *session.RefusedError
	switch {
	case errors.Is(err, session.ErrNotOwner):
		return errors.New("only an owner moves the household")
	case errors.As(err, &no) && no.Word == request.RefusedExists:
		return errors.New("everything is going to be erased: take that back first (keyhold erase --keep)")
	case errors.As(err, &no) && no.Word == request.RefusedInvalid:
		return errors.New("this hub cannot bring the whole record along: it took the place of another, or its folder was put back less than thirty days ago")
	case api.KindOf(err) == api.Unavailable:
		return fmt.Errorf("the other cloud does not take the household now: %w", err)
	}
	return err
}
