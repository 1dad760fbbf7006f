// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"keyhold/api"
	"keyhold/member/alarm"
	"keyhold/member/device"
	"keyhold/member/export"
	"keyhold/member/session"
	"keyhold/statement/rule"
)

// MemberCommands are what a household's device does.
type MemberCommands struct {
	Init     InitCommand     `cmd:"" help:"Begin a household with a hub."`
	Cameras  CamerasCommand  `cmd:"" help:"Add, list and remove cameras."`
	Roster   RosterCommand   `cmd:"" help:"Say who belongs to the household, and what they may do."`
	Invite   InviteCommand   `cmd:"" help:"Invite a further device, or another person."`
	Join     JoinCommand     `cmd:"" help:"Make this a device of a household, by an invitation."`
	Rights   RightsCommand   `cmd:"" help:"Change what somebody else may do."`
	Remove   RemoveCommand   `cmd:"" help:"Take a device or a person out of the household."`
	Object   ObjectCommand   `cmd:"" help:"Object to the announced removal of an owner."`
	Leave    LeaveCommand    `cmd:"" help:"Leave the household, with all your devices."`
	Erase    EraseCommand    `cmd:"" help:"Have everything of the household erased, take that back, or see the receipt."`
	Move     MoveCommand     `cmd:"" help:"Move the household to another cloud, or let this device follow it."`
	Rotate   RotateCommand   `cmd:"" help:"Make new keys for everything that is recorded from now on."`
	Sheet    SheetCommand    `cmd:"" help:"Make a new recovery sheet."`
	List     ListCommand     `cmd:"" help:"Say what was recorded, what is missing, and who has looked."`
	Alerts   AlertsCommand   `cmd:"" help:"Say who rang at the doors, or who rings."`
	Smart    SmartCommand    `cmd:"" name:"integrations" help:"Tell Home Assistant, or another program of the home, how cameras do, or say who is told."`
	Channels ChannelsCommand `cmd:"" help:"Be told by ntfy, MQTT or e-mail, too, that somebody rings, or say who is told."`
	Quiet    QuietCommand    `cmd:"" help:"Hear nothing of a camera's bell for a while, or at hours of each week, on all your devices, or say what is quiet."`
	Live     LiveCommand     `cmd:"" help:"Watch a camera now, or say who is watching."`
	Masks    MasksCommand    `cmd:"" help:"Cover parts of a camera's picture, so that nobody ever sees them, or say what is covered."`
	Doors    DoorsCommands   `cmd:"" help:"Say which doors can be opened, and by what."`
	Open     OpenCommand     `cmd:"" help:"Open a door."`
	Child    ChildCommand    `cmd:"" help:"Say that a camera is in a child's room, where only owners and guardians talk or listen live."`
	Private  PrivateCommand  `cmd:"" help:"Turn cameras off at their source, by hand or by hours, or say which are."`
	Star     StarCommand     `cmd:"" help:"Keep a moment of a camera for longer than thirty days, let it go, or list those that are kept."`
	Export   ExportCommand   `cmd:"" help:"Write a range as an MP4 with its proof beside it, or everything into a folder."`
	Verify   VerifyCommand   `cmd:"" help:"Check exports and copies of ciphertext, without any network."`
	Recover  RecoverCommand  `cmd:"" help:"Come back with the recovery sheet."`
	App      AppCommand      `cmd:"" help:"Serve the owner app on this computer."`
}

// memberDefaults are the defaults that depend on the computer.
type memberDefaults map[string]string

func memberVars() memberDefaults {
	dir := os.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "."
		}
		dir = filepath.Join(home, ".config")
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "computer"
	}
	return map[string]string{
		"device_dir":  filepath.Join(dir, "keyhold", "device"),
		"device_name": host,
		"cloud":       "http://127.0.0.1:7440",
	}
}

// deviceFlag says which device's folder a command works with.
type deviceFlag struct {
	Device string `type:"path" default:"${device_dir}" placeholder:"DIR" help:"Folder of this device's keys."`
}

func (f deviceFlag) open(c *console) (*session.Session, error) {
	folder, err := device.Open(f.Device)
	if err != nil {
		return nil, hint(err)
	}
	home, err := folder.Household()
	if err != nil {
		return nil, err
	}
	notes, err := folder.Notes()
	if err != nil {
		return nil, err
	}
	if notes.Left > 0 {
		return nil, fmt.Errorf("this device left the household (%s); join again into another folder (keyhold join LINK --device DIR), or delete %s", clock(notes.Left, c.now()), f.Device)
	}
	s, err := session.Open(folder, newClient(home.Cloud))
	if err == nil {
		c.session = s
		s.WentHome = func() {
			c.say("The cloud does not answer. At home, without the cloud: this goes to the hub itself.")
		}
	}
	return s, err
}

// look opens the device's folder and takes one checked look at the household.
func (f deviceFlag) look(ctx context.Context, c *console) (*session.Session, *session.View, error) {
	s, err := f.open(c)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.Steady(ctx, func(*session.View) error { return nil })
	return s, v, err
}

// hint adds what can be done about an error that people meet first.
func hint(err error) error {
	switch {
	case errors.Is(err, device.ErrNone):
		return fmt.Errorf("%w; begin one with keyhold init, or join one with keyhold join", err)
	case errors.Is(err, device.ErrExists):
		return fmt.Errorf("%w; choose another with --device", err)
	}
	return err
}

// newClient speaks to a cloud. Objects are large and questions for drops are held open, so only
// connecting has a limit; commands end by their context.
func newClient(cloud string) *api.Client {
	transport := api.Transport(time.Minute)
	transport.ForceAttemptHTTP2, transport.MaxIdleConnsPerHost = true, 16
	return &api.Client{Base: strings.TrimRight(cloud, "/"), HTTP: &http.Client{Transport: transport}}
}

// cloudAway says whether the network failed, as opposed to something that was said over it.
func cloudAway(err error) bool {
	return api.KindOf(err) == api.Unavailable || errors.As(err, new(*net.OpError)) || errors.As(err, new(*net.DNSError))
}

// alarm prints a failed proof in words.
func (c *console) alarm(err error) {
	w := alarm.Of(rule.Of(err))
	if errors.As(err, new(copyError)) {
		w = alarm.OfCopy(rule.Of(err))
	}
	if errors.Is(err, export.ErrList) {
		w = alarm.OfList()
	}
	c.say("\nALARM  %s", w.What)
	c.say("  What it means  %s", w.Means)
	c.say("  What was done  %s", w.Did)
	c.say("  What to do     %s", w.Do)
	c.say("  The rule       %s: %v", rule.Of(err), err)
}

// alarms prints all but the first of a view's alarms and returns the first for the exit code.
func (c *console) alarms(v *session.View) error {
	if len(v.Alarms) == 0 {
		if v.Late() {
			c.say("The hub has been silent since %s.", clock(v.HeardAt, c.now()))
		}
		return nil
	}
	for _, err := range v.Alarms[1:] {
		c.alarm(err)
	}
	return v.Alarms[0]
}

// clock writes a time for a person on this computer.
func clock(ms int64, now time.Time) string {
	t := time.UnixMilli(ms).In(now.Location())
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04:05")
}
