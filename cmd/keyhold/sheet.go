// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"keyhold/member/device"
	"keyhold/member/pair"
	"keyhold/member/session"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// SheetCommand groups what is done with the recovery sheet.
type SheetCommand struct {
	New SheetNewCommand `cmd:"" help:"Make a new recovery sheet; the old one is worth nothing any more. Do it when somebody used a bad page, or saw the sheet."`
}

// SheetNewCommand replaces the sheet.
type SheetNewCommand struct {
	deviceFlag
	SheetOut string `required:"" type:"path" placeholder:"FILE" help:"Where to write the new recovery sheet."`
}

// Run makes a sheet, has three words typed back, and puts it in force.
func (n *SheetNewCommand) Run(ctx context.Context, c *console) error {
	if _, err := os.Lstat(n.SheetOut); err == nil {
		return fmt.Errorf("%s exists already, and a recovery sheet never replaces a file; choose another --sheet-out", n.SheetOut)
	}
	s, err := n.open(c)
	if err != nil {
		return err
	}
	if _, err := s.Steady(ctx, func(*session.View) error { return nil }); err != nil {
		return err
	}
	sheet, err := keys.NewSheet(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := device.SheetSecret(sheet)
	if err != nil {
		return err
	}
	public := secret.Public()
	link, err := s.NewLink(roster.NewSheet{Sheet: roster.SheetKeys{Reader: public.Reader, Sign: public.Sign}})
	if err != nil {
		return err
	}
	link.Sign(id.Sheet, secret.Sign())
	if _, _, err := s.Roster.CheckProposal(link.Encode()); err != nil {
		if rule.Of(err) == rule.Signer {
			return errors.New("the recovery sheet is another person's: they make a new one, or an owner once they are gone")
		}
		return err
	}
	if err := writeSheet(n.SheetOut, pair.SheetPage(sheet.Words(), s.Home.Household, s.Home.Cloud, c.now())); err != nil {
		return err
	}
	c.say("Wrote the new recovery sheet to %s. The old one holds until the hub has confirmed.", n.SheetOut)
	err = c.confirmWords(sheet.Words())
	if err == nil {
		err = s.Append(ctx, session.Change{Link: link}, c.gesture)
	}
	if err != nil && !errors.Is(err, session.ErrHubAway) {
		// Nobody may put away a sheet that opens nothing.
		return errors.Join(err, os.Remove(n.SheetOut))
	}
	if err != nil {
		return fmt.Errorf("%w\nKeep both sheets until keyhold roster --trail says which one holds", err)
	}
	c.made = roster.KindNewSheet
	c.say("In force. Everything recorded from now on has new keys. Handing the new sheet the keys of what was recorded before.")
	given, err := s.Give(ctx, public, session.Everything)
	if err != nil {
		return fmt.Errorf("hand over keys: %w", err)
	}
	c.say("The new sheet opens %s from before. Print it, put it away, delete the file, and destroy the old sheet: it still opens what was recorded while it held.", count(given, "epoch", "epochs"))
	return nil
}

// RotateCommand makes new keys.
type RotateCommand struct {
	deviceFlag
}

// Run asks the hub.
func (r *RotateCommand) Run(ctx context.Context, c *console) error {
	s, err := r.open(c)
	if err != nil {
		return err
	}
	if _, err := s.Do(ctx, request.Op{Kind: request.OpRotate}); err != nil {
		return fmt.Errorf("make new keys: %w", err)
	}
	c.say("Everything recorded from now on has new keys; whoever carried old ones away opens nothing of it.\nIf somebody may have seen the recovery sheet, too: keyhold sheet new --sheet-out FILE")
	return nil
}
