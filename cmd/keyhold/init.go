// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"keyhold/member/pair"
	"keyhold/statement/id"
)

// InitCommand begins a household.
type InitCommand struct {
	deviceFlag
	HubCode    string `required:"" placeholder:"CODE" help:"The code that the hub shows (keyhold hub code)."`
	Cloud      string `default:"${cloud}" placeholder:"URL" help:"Address of the cloud that the hub uses."`
	Name       string `required:"" placeholder:"NAME" help:"Your name; it stays within the household."`
	DeviceName string `default:"${device_name}" placeholder:"NAME" help:"What to call this device."`
	Zone       string `placeholder:"ZONE" help:"Time zone of the home, such as Europe/Berlin; this computer's by default."`
	SheetOut   string `required:"" type:"path" placeholder:"FILE" help:"Where to write the recovery sheet."`
}

// wordsAsked are the words that a person types back.
var wordsAsked = []int{3, 9, 17}

const wordTries = 3

// errWords says that the sheet was not shown to be at hand.
var errWords = errors.New("these are not the words of the sheet; nothing was sent, and no household was begun: start again")

// Run pairs with the hub.
func (i *InitCommand) Run(ctx context.Context, c *console) error {
	if _, err := os.Lstat(i.SheetOut); err == nil {
		return fmt.Errorf("%s exists already, and a recovery sheet never replaces a file; choose another --sheet-out", i.SheetOut)
	}
	zone := i.Zone
	if zone == "" {
		zone = localZone()
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return fmt.Errorf("%q is no time zone; write it like Europe/Berlin", zone)
	}
	sent := false
	m := &pair.Maker{
		Client: newClient(i.Cloud), Now: c.now, Rand: rand.Reader,
		Step: func(s string) { c.say("%s", s) },
		Confirm: func(words []string, household id.Household) error {
			if err := writeSheet(i.SheetOut, pair.SheetPage(words, household, i.Cloud, c.now())); err != nil {
				return err
			}
			c.say("Wrote the recovery sheet to %s.\nIt is the only way back if every device is lost. Print it or write it off, then delete the file.", i.SheetOut)
			if err := c.confirmWords(words); err != nil {
				// Nobody may put away a sheet that opens nothing.
				return errors.Join(err, os.Remove(i.SheetOut))
			}
			sent = true
			return nil
		},
	}
	folder, state, err := m.Make(ctx, pair.Wish{Code: i.HubCode, PersonName: i.Name, DeviceName: i.DeviceName, Zone: zone, Dir: i.Device})
	if err != nil {
		if sent {
			c.say("The recovery sheet stays in %s.", i.SheetOut)
		}
		return hint(err)
	}
	c.say("The household exists. This device's keys are in %s; nobody else has them.", folder.Dir())
	c.say("Next: keyhold cameras add NAME URL")
	c.answer("%s", state.Household)
	return nil
}

func (c *console) confirmWords(words []string) error {
	c.say("Please type three of its words, to be sure that they can be read.")
	for _, n := range wordsAsked {
		for try := 1; ; try++ {
			typed, err := c.ask(fmt.Sprintf("Word %d: ", n))
			if err != nil {
				return fmt.Errorf("%w (%w)", errWords, err)
			}
			if strings.EqualFold(typed, words[n-1]) {
				break
			}
			if try == wordTries {
				return errWords
			}
			c.say("That is not word %d.", n)
		}
	}
	return nil
}

// writeSheet writes for its owner's eyes alone, and never over a file.
func writeSheet(path, page string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the recovery sheet: %w", err)
	}
	_, err = io.WriteString(f, page)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write the recovery sheet: %w", err)
	}
	return nil
}

// localZone finds the IANA name of this computer's time zone.
func localZone() string {
	if zone := os.Getenv("TZ"); zone != "" {
		if _, err := time.LoadLocation(strings.TrimPrefix(zone, ":")); err == nil {
			return strings.TrimPrefix(zone, ":")
		}
	}
	if target, err := os.Readlink("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(target, "zoneinfo/"); ok {
			return zone
		}
	}
	if text, err := os.ReadFile("/etc/timezone"); err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text))
	}
	return "UTC"
}
