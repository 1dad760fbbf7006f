// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"keyhold/home/camera"
)

// CameraCommand groups what a simulated camera does.
type CameraCommand struct {
	Serve CameraServeCommand `cmd:"" help:"Serve clips as a camera would, over RTSP and ONVIF."`
	Press CameraPressCommand `cmd:"" help:"Press the button of a simulated doorbell that runs on this computer."`
}

// CameraServeCommand serves clips in a loop.
type CameraServeCommand struct {
	Listen       string            `default:"127.0.0.1:7554" placeholder:"ADDRESS" help:"Where to listen; port 0 takes a free one."`
	User         string            `placeholder:"NAME" help:"Ask for this user name, by digest."`
	PasswordFile string            `type:"existingfile" placeholder:"FILE" help:"Ask for the password in this file."`
	Onvif        string            `placeholder:"ADDRESS" help:"Answer ONVIF there, so that the cameras can be found; each path is one."`
	Discovery    string            `placeholder:"ADDRESS" help:"Where to be asked for, over UDP; by everybody in this machine's networks if it is not given."`
	Doorbell     []string          `placeholder:"PATH" help:"This path has a button: keyhold camera press presses it, and ONVIF tells of it; may be given again."`
	Webhook      string            `placeholder:"URL" help:"Tell this address of each press as well, by a request."`
	MQTT         string            `name:"mqtt" placeholder:"URL" help:"Tell this broker of each press as well, such as mqtt://user:password@127.0.0.1:1883."`
	Topic        string            `default:"keyhold/camera/" placeholder:"TOPIC" help:"The topic at the broker; the path is added if it ends in a slash."`
	Lock         string            `placeholder:"ADDRESS" help:"A lock, which a POST to /open there opens for some seconds, with the same user and password; a GET says how it is."`
	Relay        []string          `placeholder:"PATH" help:"This path's device has a relay that opens the lock, told by ONVIF; may be given again."`
	Door         []string          `placeholder:"PATH" help:"This path's device opens the lock by ONVIF's door control, and tells how it is; may be given again."`
	Light        []string          `placeholder:"PATH" help:"This path's device has a light on a relay of its own, told by ONVIF; where the lock is, a GET of /light says how it is. May be given again."`
	Small        map[string]string `placeholder:"PATH=FILE" mapsep:"none" help:"A second, smaller film of a path, served at PATH/small and named as the second profile; may be given again."`
	Speaker      string            `placeholder:"FILE" help:"Give the cameras a loudspeaker, and write what it hears to this WAV file."`
	SpeakerLaw   string            `placeholder:"LAW" enum:",pcmu,pcma,aac" default:"" help:"What the loudspeaker understands: pcmu, pcma or aac; both of the first two if it is not given."`
	SpeakerPost  bool              `help:"The loudspeaker takes sound by a POST, as some doorbells do, and not by RTSP: at /axis-cgi/audio/transmit.cgi where the cameras answer ONVIF."`
	Feeds        map[string]string `arg:"" name:"path=file" mapsep:"none" help:"What to serve where, such as door=door.mp4."`
}

// Run serves until the context ends.
func (r *CameraServeCommand) Run(ctx context.Context, c *console) error {
	if (r.User == "") != (r.PasswordFile == "") {
		return errors.New("a camera that asks for a password needs both --user and --password-file")
	}
	if r.Discovery != "" && r.Onvif == "" {
		return errors.New("a camera that can be found answers ONVIF: --discovery needs --onvif")
	}
	if r.SpeakerPost && (r.Speaker == "" || r.Onvif == "" || r.SpeakerLaw == "aac") {
		return errors.New("a loudspeaker that takes a POST needs --speaker and --onvif, and takes no aac")
	}
	if len(r.Doorbell) > 0 && r.Onvif == "" {
		return errors.New("a doorbell is pressed where it answers ONVIF: --doorbell needs --onvif")
	}
	if len(r.Relay)+len(r.Door)+len(r.Light) > 0 && (r.Onvif == "" || r.Lock == "") {
		return errors.New("what opens the lock by ONVIF needs both, and a light says beside the lock how it is: --relay, --door and --light need --onvif and --lock")
	}
	cfg := camera.Config{Addr: r.Listen, User: r.User, ONVIF: r.Onvif, Lock: r.Lock, Discovery: r.Discovery, Webhook: r.Webhook, Broker: r.MQTT, Topic: r.Topic, Log: slog.New(slog.NewTextHandler(c.err, nil))}
	if r.Speaker != "" {
		cfg.Speaker = &camera.SpeakerConfig{File: r.Speaker, Law: r.SpeakerLaw, Post: r.SpeakerPost}
	}
	if r.PasswordFile != "" {
		b, err := os.ReadFile(r.PasswordFile)
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		cfg.Pass = strings.TrimRight(string(b), "\r\n")
	}
	for path, file := range r.Feeds {
		cfg.Feeds = append(cfg.Feeds, camera.Feed{Path: path, File: file, Small: r.Small[path], Button: slices.Contains(r.Doorbell, path), Relay: slices.Contains(r.Relay, path), Door: slices.Contains(r.Door, path), Light: slices.Contains(r.Light, path)})
	}
	of := map[string][]string{"doorbell": r.Doorbell, "relay": r.Relay, "door": r.Door, "light": r.Light, "small": slices.Collect(maps.Keys(r.Small))}
	for _, flag := range slices.Sorted(maps.Keys(of)) {
		for _, path := range of[flag] {
			if r.Feeds[path] == "" {
				return fmt.Errorf("--%s %s: no film is served there", flag, path)
			}
		}
	}
	slices.SortFunc(cfg.Feeds, func(a, b camera.Feed) int { return strings.Compare(a.Path, b.Path) })
	cam, err := camera.Start(cfg)
	if err != nil {
		return err
	}
	for _, f := range cfg.Feeds {
		c.answer("rtsp://%s/%s", cam.Addr(), strings.Trim(f.Path, "/"))
		if f.Small != "" {
			c.answer("rtsp://%s%s", cam.Addr(), camera.SmallPath(f.Path))
		}
	}
	if len(r.Light) > 0 {
		c.answer("http://%s%s", cam.Lock(), camera.LightPath)
	}
	return cam.Run(ctx)
}

// CameraPressCommand presses a button.
type CameraPressCommand struct {
	At   string `default:"127.0.0.1:7580" placeholder:"ADDRESS" help:"Where the simulated doorbell answers ONVIF."`
	Path string `arg:"" optional:"" help:"Whose button; the first doorbell's if not given."`
}

// Run presses once.
func (r *CameraPressCommand) Run(ctx context.Context, c *console) error {
	if err := camera.PressAt(ctx, r.At, r.Path); err != nil {
		return err
	}
	c.say("Pressed.")
	return nil
}
