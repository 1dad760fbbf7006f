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
	// Shown is how much of the door's footage is said to be there, in milliseconds, and Newest its end.
	Shown, Newest int64
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

// alarmed is the exit status of an alarm.
const alarmed = 3

// Look lists what there is, and exports the door's footage. Each look is that of a device which has seen neither an
// attack nor another look before.
func (c *commandLine) Look(ctx context.Context, a *Attack, off []rule.Name) (Sight, error) {
	world := *c.stage.Home
	if off != nil {
		world.Programs = c.stage.Mutant
		world.Env = append(world.Env, "KEYHOLD_MUTANT="+joined(off))
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
	var sight Sight
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
			sight.Shown += l.Until - l.From
			sight.Newest = max(sight.Newest, l.Until)
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
	sight.Colours, err = bars(ctx, file)
	return sight, err
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

// bars looks at what a video shows: the colour of the bar at the top, twice a second, each change once.
func bars(ctx context.Context, file string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", file,
		"-vf", "fps=2,crop=iw/2:40:iw/4:20,scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", filepath.Base(file), err)
	}
	var seen []string
	for ; len(out) >= 3; out = out[3:] {
		if name := nearest(out[0], out[1], out[2]); len(seen) == 0 || seen[len(seen)-1] != name {
			seen = append(seen, name)
		}
	}
	return seen, nil
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
func (c *commandLine) Words(name rule.Name) []string {
	w := alarm.Of(name)
	return []string{"ALARM  " + w.What, w.Means, w.Did, w.Do, "The rule       " + string(name) + ": "}
}
