// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"keyhold/member/device"
	comeback "keyhold/member/recover"
	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// HubReplaceCommand puts a new hub in the place of one that is broken or gone.
type HubReplaceCommand struct {
	deviceFlag
	HubCode string `required:"" placeholder:"CODE" help:"The code that the new hub shows (keyhold hub run in an empty folder)."`
	Sheet   string `type:"existingfile" placeholder:"FILE" help:"The recovery sheet as a file: it decides alone, where there are several owners. Without it a second owner has to agree (keyhold hub agree)."`
}

// Run hands the new hub the household.
func (r *HubReplaceCommand) Run(ctx context.Context, c *console) error {
	s, err := r.open(c)
	if err != nil {
		return err
	}
	p := &replace.Replacer{Session: s, Step: func(text string) { c.say("%s", text) }}
	if r.Sheet != "" {
		if p.Sheet, err = readSheet(r.Sheet); err != nil {
			return err
		}
	}
	c.say("This puts a new hub in the place of the one that is broken or gone. The old one is refused from then on, also when it comes back.")
	if err := p.Replace(ctx, r.HubCode); err != nil {
		return err
	}
	c.made = roster.KindReplaceHub
	c.say("Done: the new hub has taken over. What the old one recorded stays, and everybody who belongs to the household is told.")
	c.say("Telling it what was covered, when cameras are private, and which rooms are children's.")
	carried, err := replace.Carry(ctx, s, p.Was(), true)
	if err != nil {
		c.say("That did not work: %v", safe(err))
	}
	stars, starErr := replace.CarryStars(ctx, s, p.Was())
	v, err := s.Steady(ctx, func(*session.View) error { return nil })
	if err != nil {
		return err
	}
	c.sayCarried(carried)
	c.sayStars(stars, p.Was(), starErr)
	c.sayWaiting(v, p.Was())
	return nil
}

// sayCarried tells what the new hub knows of each camera, so that somebody can see whether it is so.
func (c *console) sayCarried(list []replace.Carried) {
	for _, x := range list {
		name := x.Camera.Name
		if x.Camera.ID == id.HouseholdCamera {
			name = "all cameras"
		}
		c.say("  %s: %s", name, carriedWords(x, c))
	}
	c.say("Is that not as it was? Say so now, before you connect the cameras: keyhold masks, keyhold private, keyhold child.")
}

func carriedWords(x replace.Carried, c *console) string {
	var words []string
	home := x.Camera.ID == id.HouseholdCamera
	switch n := len(x.Camera.Masks); {
	case home:
	case !x.Said:
		words = append(words, "not known; it is not recorded before you say what is covered")
	case n == 0:
		words = append(words, "nothing was covered, and nothing is")
	case n == 1:
		words = append(words, "a part of the picture is covered, as before")
	default:
		words = append(words, fmt.Sprintf("%d parts of the picture are covered, as before", n))
	}
	if h := x.Camera.Private; h != nil {
		words = append(words, heldWords(h, c)+", as before")
	} else if x.Said {
		words = append(words, "private at no time")
	}
	if x.Camera.Child {
		words = append(words, "a child's room, as before")
	}
	return strings.Join(words, "; ")
}

// sayStars tells which stars came along, and which did not. What was not brought stays at the cloud, where no hub names it.
func (c *console) sayStars(list []replace.Stars, was *manifest.Names, err error) {
	lost := false
	for _, x := range list {
		if x.Kept > 0 {
			c.say("  %s: %s stay starred", x.Camera.Name, count(x.Kept, "moment", "moments"))
		}
		for _, m := range x.Lost {
			lost = true
			c.say("  %s: what was starred at %s did not come along, or not all of it", x.Camera.Name, clock(m.Moment, c.now()))
		}
	}
	if err != nil {
		c.say("What was starred did not come along, or not all of it: %v", safe(err))
	}
	if was != nil && was.Unstarred {
		lost = true
		c.say("The old hub had more starred than it could say.")
	}
	if lost || err != nil {
		c.say("Save as films what of that is no older than thirty days: the new hub does not keep it for longer.")
	}
}

// again is what went with the old hub besides the cameras' addresses. Nothing of it comes back by itself: it holds passwords
// that nobody else had, or secrets. Which of it there was the old hub has said, unless its document had no room, or it was of
// an earlier version.
func (c *console) again(was *manifest.Names) {
	var lines []string
	line := func(form string, args ...any) { lines = append(lines, fmt.Sprintf(form, args...)) }
	if was != nil {
		for _, x := range was.Cameras {
			if x.Bell {
				line("the bell of %q: keyhold cameras bell", x.Name)
			}
			if x.Speaker {
				line("the speaker of %q: keyhold cameras speaker", x.Name)
			}
			if x.Light {
				line("the light of %q: keyhold cameras light", x.Name)
			}
			if x.Door != "" {
				line("the door %q at %q: keyhold doors add", x.Door, x.Name)
			}
		}
		for _, name := range was.Channels {
			line("%q, which tells when somebody rings: keyhold channels add", name)
		}
		for _, name := range was.Integrations {
			line("%q, in the home: keyhold integrations add", name)
		}
	}
	if len(lines) == 0 {
		lines = []string{"bells (keyhold cameras bell), speakers (keyhold cameras speaker), lights (keyhold cameras light), doors (keyhold doors), messages when somebody rings (keyhold channels),", "Home Assistant (keyhold integrations), as far as there were any"}
	}
	c.say("Only the old hub knew this too; set it up again:")
	for _, x := range lines {
		c.say("  %s", x)
	}
	c.say("%s", unsaid)
	c.say("Quiet hours come along by themselves: each person's own devices bring them when they are next used.")
}

// unsaid is what a person may have to say because the new hub was not told.
const unsaid = `A camera of which the new hub was not told what is covered is neither recorded nor shown: keyhold cameras says which. The
hub may not know either in which hours such a camera was private: say that first, keyhold private --camera NAME
--hours HOURS; then keyhold masks NAME --none, or --add. Until keyhold child NAME off it counts as one in a child's room.
A camera that is private now cannot be connected before it is private no more (keyhold private).`

// sayWaiting tells what somebody has to set up again, and which cameras to connect.
func (c *console) sayWaiting(v *session.View, was *manifest.Names) {
	c.again(was)
	var names []string
	for _, camera := range v.Cameras {
		if camera.State == manifest.NameOn {
			names = append(names, fmt.Sprintf("%q", camera.Name))
		}
	}
	if len(names) == 0 {
		return
	}
	c.say("The cameras' addresses and passwords went with the old hub. Connect each again, under its old name, and its history goes on: %s.", strings.Join(names, ", "))
	c.say("If the old hub was stolen, change the cameras' passwords first.\nNext: keyhold cameras add NAME URL")
}

// readSheet reads the words from a file.
func readSheet(path string) (*device.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the sheet: %w", err)
	}
	sheet, err := keys.ParseSheet(comeback.Words(string(text)))
	if err != nil {
		return nil, safe(err)
	}
	return device.SheetSecret(sheet)
}
