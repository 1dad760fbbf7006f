// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/skip2/go-qrcode"

	discovery "keyhold/home/find"
	"keyhold/home/gesture"
	"keyhold/home/hub"
	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// HomeCommands are what runs in the home.
type HomeCommands struct {
	Hub    HubCommand    `cmd:"" help:"The hub: records in the home, seals, and sends to the cloud."`
	Camera CameraCommand `cmd:"" help:"A simulated camera."`
	Check  CheckCommand  `cmd:"" help:"Check a hub's folder, and a vault against it."`
}

// HubCommand groups what is done with a hub.
type HubCommand struct {
	Run  HubRunCommand  `cmd:"" help:"Run the hub until it is interrupted."`
	Code HubCodeCommand `cmd:"" help:"Show the code that the hub waits for: to be paired, or for a change of the household."`

	Replace HubReplaceCommand `cmd:"" help:"Put a new hub in the place of one that is broken or gone; what was recorded stays."`
	Agree   HubAgreeCommand   `cmd:"" help:"Where there are several owners: agree to the new hub that another one puts in."`
}

// hubVars are the defaults that depend on the computer.
func hubVars() map[string]string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "."
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return map[string]string{"hub_dir": filepath.Join(dir, "keyhold", "hub")}
}

// HubRunCommand runs the hub.
type HubRunCommand struct {
	Dir   string   `type:"path" default:"${hub_dir}" placeholder:"DIR" help:"Folder of the hub."`
	Cloud string   `default:"${cloud}" placeholder:"URL" help:"The cloud that keeps the ciphertext."`
	Live  string   `default:":7441" placeholder:"ADDRESS" help:"Where devices that watch live connect to, over UDP; another port if this one is taken."`
	LAN   string   `name:"lan" default:":7441" placeholder:"ADDRESS" help:"Where your devices at home connect to without the cloud, over TLS on TCP; another port if this one is taken."`
	Bell  string   `placeholder:"ADDRESS" help:"Where doorbells that cannot speak TLS say that somebody presses, over HTTP; nowhere if not given."`
	RTSP  string   `name:"rtsp" default:":7444" placeholder:"ADDRESS" help:"Where integrations that may read cameras connect to, by RTSP on TCP; nothing listens there while there is none."`
	Find  []string `placeholder:"ADDRESS" help:"Where to ask for cameras, such as 192.168.1.20 or 192.168.1.20:3702; everybody in the home's networks if not given."`
	Here  []string `placeholder:"ADDRESS|PATH" help:"What of this computer may be added as a camera, such as 127.0.0.1:1935, /srv/films or /dev/video0; nothing if not given."`
	Debug bool     `help:"Log each step."`
}

// garbage is how much the heap may grow, in percent, before it is collected. What a hub holds is mostly each camera's
// current group of pictures, and its garbage is video: with sixteen cameras the program takes 57 MB at 50, and 46 at 25,
// for collections that cost less than one percent of its time. A fixed limit made it collect all the time.
const garbage = 25

// Run runs the hub.
func (r *HubRunCommand) Run(ctx context.Context, c *console) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	level := slog.LevelInfo
	if r.Debug {
		level = slog.LevelDebug
	}
	ask, err := r.ask()
	if err != nil {
		return err
	}
	here, err := r.here()
	if err != nil {
		return err
	}
	h := &hub.Hub{
		Dir: r.Dir, Cloud: r.Cloud, Live: r.Live, LAN: r.LAN, Bell: r.Bell, Stream: r.RTSP, Find: ask, Here: here,
		Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: level})),
		ShowCode: func(code pairing.Code) {
			if err := printCode(c, code); err != nil {
				c.say("The code cannot be drawn: %v", err)
			}
		},
		ShowGesture: func(g gesture.Request) { c.say("%s", gestureLine(g)) },
		Serving:     func(household id.Household) { c.say("Recording for household %s.", household) },
	}
	err = h.Run(ctx)
	if errors.Is(err, hub.ErrErased) {
		c.say("Everything was erased, as an owner of the household wanted: recordings, keys and the record of it. This hub belongs to nobody now; started again, it can be paired anew.")
		return nil
	}
	return err
}

// ask reads where to ask for cameras.
func (r *HubRunCommand) ask() ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	for _, text := range r.Find {
		to, err := netip.ParseAddrPort(text)
		if host, bare := netip.ParseAddr(text); bare == nil {
			to, err = netip.AddrPortFrom(host, discovery.Port), nil
		}
		if err != nil || !discovery.AtHome(to.Addr()) || !to.Addr().Is4() {
			return nil, fmt.Errorf("--find %s: give an address in the home's network, such as 192.168.1.20", text)
		}
		out = append(out, to)
	}
	return out, nil
}

// here reads what of this computer may be a camera.
func (r *HubRunCommand) here() (ingest.Here, error) {
	var out ingest.Here
	for _, text := range r.Here {
		if filepath.IsAbs(text) {
			out.Paths = append(out.Paths, filepath.Clean(text))
			continue
		}
		at, err := netip.ParseAddrPort(text)
		if err != nil {
			return out, fmt.Errorf("--here %s: give an address with its port, such as 127.0.0.1:1935, or a path that begins with /", text)
		}
		out.Addresses = append(out.Addresses, at)
	}
	return out, nil
}

// HubCodeCommand shows a code.
type HubCodeCommand struct {
	Dir  string `type:"path" default:"${hub_dir}" placeholder:"DIR" help:"Folder of the hub."`
	JSON bool   `help:"Print JSON."`
}

// Run shows the code that the hub waits for: to be paired, or for a change of the household.
func (r *HubCodeCommand) Run(ctx context.Context, c *console) error {
	i, err := hub.ShowInfo(ctx, r.Dir, c.now())
	if err != nil {
		return err
	}
	switch {
	case r.JSON:
		return c.object(shown(i))
	case i.Gesture != nil:
		c.say("%s", gestureLine(*i.Gesture))
		c.answer("%s", i.Gesture.Code)
		return nil
	case i.Household != "":
		return fmt.Errorf("this hub is paired already, with household %s, and waits for no code", i.Household)
	}
	return printCode(c, i.Code)
}

func shown(i *hub.Info) map[string]string {
	switch {
	case i.Gesture != nil:
		return map[string]string{"household": string(i.Household), "gesture": i.Gesture.Code, "kind": i.Gesture.Kind, "role": i.Gesture.Role}
	case i.Household != "":
		return map[string]string{"household": string(i.Household)}
	}
	return map[string]string{"code": i.Code.String()}
}

// gestureLine says what a code is for: whoever types it allows just that.
func gestureLine(g gesture.Request) string {
	what := "a change of the household"
	switch roster.Kind(g.Kind) {
	case roster.KindAddPerson:
		what = "a new person as " + g.Role
	case roster.KindAddPasskey:
		what = "a new passkey, which can bring somebody back and can stand in for this code"
	case roster.KindSetRights:
		what = "a change of somebody's rights, as " + g.Role
	case roster.KindNewSheet:
		what = "a new recovery sheet"
	case hub.KindMove:
		what = "the household to move to another cloud"
	case roster.Kind(lock.Thing):
		what = "what opens a door to be set: whoever has it opens that door from then on"
	case roster.Kind(roster.Open):
		what = "a door to be opened, once, by the device that asked"
	case hub.KindChannel:
		what = "somebody to be told, outside Keyhold, whenever somebody rings"
	case hub.KindIntegration:
		what = "a program of the home to be told from then on how cameras do"
	case hub.KindErase:
		what = "everything of the household to be erased"
	}
	return fmt.Sprintf("Code for %s: %s (for ten minutes; if nobody here asked for it, do not give it to anybody)", what, g.Code)
}

// printCode draws the code for a phone and prints it for a keyboard.
func printCode(c *console, code pairing.Code) error {
	q, err := qrcode.New(code.String(), qrcode.Low)
	if err != nil {
		return errors.Join(errors.New("draw the pairing code"), err)
	}
	c.say("%s", q.ToSmallString(false))
	c.say("This hub belongs to nobody yet. Pair it with:  keyhold init --hub-code CODE …\nIn the place of a hub that is broken or gone:  keyhold hub replace --hub-code CODE")
	c.answer("%s", code)
	return nil
}
