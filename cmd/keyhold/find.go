// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/id"
)

// CamerasFindCommand lets the hub look for cameras.
type CamerasFindCommand struct {
	deviceFlag
	At           string `placeholder:"ADDRESS" help:"Ask this address alone, such as 192.168.1.20, where the network carries no questions to everybody."`
	User         string `placeholder:"NAME" help:"Try this user on each camera that is found."`
	PasswordFile string `type:"existingfile" placeholder:"FILE" help:"The password is in this file."`
	Pictures     string `type:"path" placeholder:"DIR" help:"Write what each camera shows into this folder."`
	JSON         bool   `name:"json" help:"Print one object of JSON a line."`
}

// foundLine is a found camera as --json prints it.
type foundLine struct {
	Found    id.Found  `json:"found"`
	Address  string    `json:"address"`
	Maker    string    `json:"maker"`
	Model    string    `json:"model"`
	Password bool      `json:"password"`
	Camera   id.Camera `json:"camera,omitempty"`
	// Choice: it sends H.265, and whoever adds it says how to record that.
	Choice  *finding.Choice `json:"choice,omitempty"`
	Width   int64           `json:"width,omitempty"`
	Height  int64           `json:"height,omitempty"`
	Picture string          `json:"picture,omitempty"`
	// Error is why it shows nothing.
	Error string `json:"error,omitempty"`
}

// Run looks, and tries the user on what was found where one is given.
func (f *CamerasFindCommand) Run(ctx context.Context, c *console) error {
	if (f.User == "") != (f.PasswordFile == "") {
		return errors.New("to try a password, give both --user and --password-file")
	}
	if f.Pictures != "" && f.User == "" {
		return errors.New("cameras show their picture to who has the password: --pictures needs --user and --password-file")
	}
	password := ""
	if f.PasswordFile != "" {
		b, err := os.ReadFile(f.PasswordFile)
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	s, err := f.open(c)
	if err != nil {
		return err
	}
	var found *finding.Found
	err = c.during("Looking for cameras", func() (err error) {
		found, err = s.Find(ctx, finding.Find{Kind: finding.Look, Address: f.At})
		return err
	})
	if err != nil {
		return fmt.Errorf("look for cameras: %w", err)
	}
	for _, one := range found.Cameras {
		line := foundLine{Found: one.Found, Address: one.Address, Maker: one.Maker, Model: one.Model, Password: one.Password, Camera: one.Camera}
		if one.Camera == "" && (f.User != "" || !one.Password) {
			if err := f.try(ctx, s, &line, password); err != nil {
				return err
			}
		}
		if f.JSON {
			if err := c.object(line); err != nil {
				return err
			}
			continue
		}
		c.answer("%s  %-15s  %s  %s", line.Found, line.Address, strings.TrimSpace(line.Maker+" "+line.Model), line.words())
	}
	f.advise(c, found.Cameras)
	return nil
}

// try asks one camera with the password. That it refuses is no failure of the command.
func (f *CamerasFindCommand) try(ctx context.Context, s *session.Session, line *foundLine, password string) error {
	user := f.User
	if !line.Password {
		user, password = "", ""
	}
	shown, err := s.Find(ctx, finding.Find{Kind: finding.Try, Found: line.Found, User: user, Password: password})
	var no *session.RefusedError
	if errors.As(err, &no) {
		line.Error = no.Word
		return nil
	}
	if err != nil {
		return fmt.Errorf("try a camera: %w", err)
	}
	line.Width, line.Height, line.Camera, line.Choice = shown.Width, shown.Height, shown.Camera, shown.Choice
	if f.Pictures == "" || len(shown.Picture) == 0 {
		return nil
	}
	if err := os.MkdirAll(f.Pictures, 0o700); err != nil {
		return fmt.Errorf("keep a picture: %w", err)
	}
	line.Picture = filepath.Join(f.Pictures, string(line.Found)+".jpg")
	if err := os.WriteFile(line.Picture, shown.Picture, 0o600); err != nil {
		return fmt.Errorf("keep a picture: %w", err)
	}
	return nil
}

func (l foundLine) words() string {
	switch {
	case l.Camera != "":
		return "already added"
	case l.Error != "":
		return (&session.RefusedError{Word: l.Error}).Error()
	case l.Choice != nil:
		return choiceWords(l.Choice)
	case l.Width > 0:
		return fmt.Sprintf("%d×%d, can be added", l.Width, l.Height)
	case l.Password:
		return "needs its password"
	default:
		return "can be added"
	}
}

// advise says what comes next.
func (f *CamerasFindCommand) advise(c *console, list []finding.One) {
	switch {
	case len(list) == 0:
		c.say("No camera has answered. Is it on, and in the same network as the hub? Many need ONVIF switched on in their settings. keyhold cameras add NAME URL takes any RTSP address.")
	case f.User == "":
		c.say("To try a password on them: keyhold cameras find --user NAME --password-file FILE")
	default:
		c.say("To add one within the next 15 minutes: keyhold cameras add NAME, and what stands at the beginning of its line.")
	}
}
