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

	comeback "keyhold/member/recover"
	"keyhold/member/session"
	"keyhold/sealing/keys"
)

// RecoverCommand comes back with the sheet.
type RecoverCommand struct {
	deviceFlag
	Sheet      string `type:"existingfile" placeholder:"FILE" help:"The sheet as a file; without it the words are read from standard input."`
	Cloud      string `default:"${cloud}" placeholder:"URL" help:"The cloud that the hub uses."`
	DeviceName string `default:"${device_name}" placeholder:"NAME" help:"What to call this device."`
	HubCode    string `placeholder:"CODE" help:"If the hub is broken or gone, too: the code that a new one shows. It takes the old one's place first."`
	Identities string `type:"path" placeholder:"DIR" help:"Without hub and cloud: write the keys for stock age into this folder. Needs --from."`
	From       string `type:"existingdir" placeholder:"HUBFOLDER" help:"A copy of the hub's folder, for --identities."`
	JSON       bool   `name:"json" help:"With --identities: print one object of JSON a key."`
}

// Run recovers one way or the other.
func (r *RecoverCommand) Run(ctx context.Context, c *console) error {
	if (r.Identities == "") != (r.From == "") {
		return errors.New("--identities and --from go together: where to write keys, and the copy of the hub's folder to open")
	}
	words, err := r.words(c)
	if err != nil {
		return err
	}
	if r.Identities != "" {
		return r.offline(ctx, c, words)
	}
	begun := time.Now()
	returner := &comeback.Returner{Client: newClient(r.Cloud), Now: c.now, Rand: rand.Reader, HubCode: r.HubCode, Step: func(s string) { c.say("%s", s) }}
	back, err := returner.Return(ctx, words, r.DeviceName, r.Device)
	if err != nil {
		return safe(hint(err))
	}
	c.say("This device belongs to the household again. Its keys are in %s; it was given the keys of %s.", back.Folder.Dir(), count(back.Epochs, "epoch", "epochs"))
	s, err := session.Open(back.Folder, newClient(r.Cloud))
	if err != nil {
		return err
	}
	v, err := s.Steady(ctx, func(*session.View) error { return nil })
	if err != nil {
		return err
	}
	c.say("%s found. Took %s.", count(len(v.Cameras), "camera", "cameras"), time.Since(begun).Round(time.Second))
	if r.HubCode != "" {
		c.sayWaiting(v, back.Was)
	}
	c.say("Devices that were lost still belong to the household. The sheet stays valid: put it away again.\nNext: keyhold list")
	c.answer("%s", back.Roster.Household)
	return c.alarms(v)
}

// words reads the sheet. Words never stand on a command line, where other programs could see them.
func (r *RecoverCommand) words(c *console) (string, error) {
	if r.Sheet != "" {
		text, err := os.ReadFile(r.Sheet)
		if err != nil {
			return "", fmt.Errorf("read the sheet: %w", err)
		}
		return string(text), nil
	}
	c.say("Type the %d words of the sheet, in their order; lines do not matter. End with an empty line.", keys.SheetWords)
	var text strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the words: %w", err)
		}
		text.WriteString(line)
		n := len(keys.SplitWords(text.String()))
		if err != nil || n >= keys.SheetWords || (strings.TrimSpace(line) == "" && n > 0) {
			return text.String(), nil
		}
	}
}

func (r *RecoverCommand) offline(ctx context.Context, c *console, words string) error {
	entries, err := comeback.Identities(ctx, words, r.From, r.Identities)
	if err != nil {
		return safe(err)
	}
	older := 0
	for _, e := range entries {
		if e.File == "" {
			older++
		}
		if r.JSON {
			if err := c.object(e); err != nil {
				return err
			}
			continue
		}
		c.answer("%s  from %s  %s  %s", nameOr(e.File, "no key here"), time.UnixMilli(e.From).UTC().Format(time.RFC3339), count(len(e.Packs), "pack", "packs"), e.Name)
	}
	c.say("Wrote %s to %s, with index.json, which says where each segment lies.", count(len(entries)-older, "key", "keys"), r.Identities)
	if older > 0 {
		c.say("%s from before this sheet was made cannot be opened with the hub's folder alone: the keys that this sheet was given for them lie with the cloud.", count(older, "epoch", "epochs"))
	}
	c.say("To open one: cut it out of its object at its offset, then age -d -i KEYFILE SEGMENT > segment.mp4")
	c.say("Whoever has these files can open the recordings: delete them when you are done.")
	return nil
}

// safe says that a refusal of the words has changed nothing.
func safe(err error) error {
	var wrong *keys.WordError
	var suspect *comeback.SuspectError
	if errors.As(err, &wrong) || errors.As(err, &suspect) || errors.Is(err, comeback.ErrUnknown) {
		return fmt.Errorf("%w\nNothing was changed. Look at the sheet and try again", err)
	}
	return err
}
