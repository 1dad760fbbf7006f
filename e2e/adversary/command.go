// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"keyhold/e2e/harness"
	"keyhold/e2e/proxy"
	"keyhold/member/alarm"
	"keyhold/statement/rule"
)

// Sight is what a person saw.
type Sight struct {
	// Rules are those of the alarms, Words what the alarms said.
	Rules []rule.Name
	Words string
	// Fault is what was said of an error that is no alarm.
	Fault string
	// Newest is the time of the newest of the door's footage that is shown, Hole that at the moment which an attacker
	// keeps back there is said to be none.
	Newest int64
	Hole   bool
	// Trust is how the app's line about trust looks.
	Trust string
	// Colours are those of the bars in the pictures that played, in order, each change once.
	Colours []string
}

// commandLine is the owner's device that lives in a folder.
type commandLine struct {
	stage *Stage
	loot  *Loot
	dir   string
}

func (c *commandLine) Name() string { return "command line" }

func (c *commandLine) Proxy() *proxy.Proxy { return c.stage.Command }

// ToldTime is false: a released program goes by the computer's clock.
func (c *commandLine) ToldTime() bool { return false }

// alarmed is the exit status of an alarm.
const alarmed = 3

// Look lists what there is, and exports the door's footage. Each look is that of a device which has seen neither an
// attack nor another look before.
func (c *commandLine) Look(ctx context.Context, a *Attack, w Watch) (Sight, error) {
	world := *c.stage.Home
	if w.Off != nil {
		world.Programs = c.stage.Mutant
		world.Env = append(world.Env, "KEYHOLD_MUTANT="+joined(w.Off))
	}
	device, err := os.MkdirTemp(c.dir, "device-")
	if err != nil {
		return Sight{}, fmt.Errorf("make a folder for the device: %w", err)
	}
	from := world.Path("device")
	if a.Early {
		from = c.stage.EarlyDevice
	}
	if err := copyFolder(from, device); err != nil {
		return Sight{}, err
	}
	sight := Sight{Hole: true}
	listed, err := world.Command(ctx, "list", "--json", "--from", "-2h", "--camera", door, "--device", device)
	if err != nil {
		return Sight{}, err
	}
	lines, err := harness.Lines[harness.Stretch](listed.Out)
	if err != nil {
		return Sight{}, err
	}
	for _, l := range lines {
		if l.Kind == "recorded" {
			sight.Newest = max(sight.Newest, l.Until)
			sight.Hole = sight.Hole && (c.loot.HiddenAt < l.From || c.loot.HiddenAt > l.Until)
		}
	}
	if sight.take(listed) {
		return sight, nil
	}
	file := filepath.Join(device, "door.mp4")
	exported, err := world.Command(ctx, "export", "--camera", door, "--from", clock(c.loot.From), "--until", clock(c.loot.Until), "--out", file, "--device", device)
	if err != nil || sight.take(exported) {
		return sight, err
	}
	return sight, sight.film(ctx, file)
}

// take notes how a command ended, and says whether it was refused.
func (s *Sight) take(status harness.Status) bool {
	switch status.Code {
	case 0:
		return false
	case alarmed:
		s.Words = status.Said
		for _, m := range ruleLine.FindAllStringSubmatch(status.Said, -1) {
			s.Rules = append(s.Rules, rule.Name(m[1]))
		}
	default:
		s.Fault = strings.TrimSpace(status.Said)
	}
	return true
}

var ruleLine = regexp.MustCompile(`(?m)^  The rule +([a-z-]+):`)

func joined(names []rule.Name) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return strings.Join(texts, ",")
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }

// film looks at what a video shows: the colour of the bar at the top, twice a second.
func (s *Sight) film(ctx context.Context, file string) error {
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", file,
		"-vf", "fps=2,crop=iw/2:40:iw/4:20,scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-").Output()
	if err != nil {
		return fmt.Errorf("look at %s: %w", filepath.Base(file), err)
	}
	for ; len(out) >= 3; out = out[3:] {
		s.see(nearest(out[0], out[1], out[2]))
	}
	return nil
}

// see notes a colour if it is another than before.
func (s *Sight) see(colour string) {
	if n := len(s.Colours); n == 0 || s.Colours[n-1] != colour {
		s.Colours = append(s.Colours, colour)
	}
}

// nearest names the camera's colour that is closest.
func nearest(r, g, b byte) string {
	best, distance := "", math.Inf(1)
	for name, c := range map[string][3]float64{"SteelBlue": {70, 130, 180}, "SeaGreen": {46, 139, 87}, "OrangeRed": {255, 69, 0}} {
		d := math.Hypot(math.Hypot(float64(r)-c[0], float64(g)-c[1]), float64(b)-c[2])
		if d < distance {
			best, distance = name, d
		}
	}
	return best
}

// Words are the four sentences of the alarm and the name of the rule.
func (c *commandLine) Words(name rule.Name, _ string) ([]string, error) {
	w := alarm.Of(name)
	return []string{"ALARM  " + w.What, w.Means, w.Did, w.Do, "The rule       " + string(name) + ": "}, nil
}
