// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"time"

	"keyhold/member/device"
	"keyhold/member/export"
	"keyhold/member/session"
	"keyhold/member/verify"
	"keyhold/statement/rule"
)

// VerifyCommand checks without any network.
type VerifyCommand struct {
	deviceFlag
	Paths []string `arg:"" name:"path" type:"existingpath" help:"An export (FILE.mp4, with FILE.mp4.proof beside it), or a folder of ciphertext."`
	JSON  bool     `name:"json" help:"Print one object of JSON a path."`
}

// verifyLine is what was found about a path as --json prints it.
type verifyLine struct {
	Path      string `json:"path"`
	OK        bool   `json:"ok"`
	Rule      string `json:"rule,omitempty"`
	Error     string `json:"error,omitempty"`
	Household string `json:"household,omitempty"`
	Camera    string `json:"camera,omitempty"`
	From      int64  `json:"from,omitempty"`
	Until     int64  `json:"until,omitempty"`
	SignedAt  int64  `json:"signed_at,omitempty"`
	Segments  int    `json:"segments,omitempty"`
	Holes     int    `json:"holes,omitempty"`
	Good      int    `json:"good,omitempty"`
	Bad       int    `json:"bad,omitempty"`
	Unknown   int    `json:"unknown,omitempty"`
}

// copyError is a fault in a file, not in what the cloud shows.
type copyError struct{ err error }

func (e copyError) Error() string { return e.err.Error() }
func (e copyError) Unwrap() error { return e.err }

// Run checks each path and goes on after one that does not hold.
func (v *VerifyCommand) Run(ctx context.Context, c *console) error {
	var worst error
	for _, path := range v.Paths {
		line, err := v.one(ctx, c, path)
		line.Path, line.OK = path, err == nil
		if err != nil {
			line.Rule, line.Error = string(rule.Of(err)), err.Error()
			if worst != nil && rule.Of(err) != "" {
				c.alarm(worst)
			}
			if worst == nil || rule.Of(err) != "" {
				worst = fmt.Errorf("%s: %w", path, err)
			}
		}
		if v.JSON {
			if err := c.object(line); err != nil {
				return err
			}
		}
	}
	return worst
}

func (v *VerifyCommand) one(ctx context.Context, c *console, path string) (verifyLine, error) {
	info, err := os.Stat(path)
	if err != nil {
		return verifyLine{}, err
	}
	if info.IsDir() && export.IsAll(path) {
		return v.all(c, path)
	}
	if info.IsDir() {
		return v.folder(ctx, c, path)
	}
	return v.export(c, path)
}

func (v *VerifyCommand) export(c *console, path string) (verifyLine, error) {
	p, err := export.Check(path)
	if err != nil {
		return verifyLine{}, copyError{err}
	}
	line := verifyLine{
		Household: string(p.Household), Camera: string(p.Camera), From: p.From, Until: p.Until,
		SignedAt: p.SignedAt, Segments: p.Segments, Holes: len(p.Holes),
	}
	if v.JSON {
		return line, nil
	}
	now := c.now()
	c.answer("%s  holds", path)
	c.answer("  What is proved")
	c.answer("    Its pictures and sound, %s from %s until %s, were recorded by the hub of", count(p.Segments, "segment", "segments"), clock(p.From, now), clock(p.Until, now))
	c.answer("      household %s", p.Household)
	c.answer("      hub key   %s", base64.StdEncoding.EncodeToString(p.Hub))
	c.answer("      camera    %s", p.Camera)
	c.answer("    unchanged and in this order; the hub signed its record of them by %s.", clock(p.SignedAt, now))
	if len(p.Holes) == 0 {
		c.answer("    There is no pause of more than a second and a half between the segments.")
	}
	for _, h := range p.Holes {
		c.answer("    Between %s and %s there is nothing (%s).", clock(h.From, now), clock(h.Until, now), (time.Duration(h.Until-h.From) * time.Millisecond).Round(time.Second))
	}
	c.answer("  What is not proved")
	c.answer("    That the camera saw reality, and that the hub's clock was right.")
	c.answer("    At which moment within its segment, of some seconds, a picture is shown, which part of the first and")
	c.answer("    the last segment is, how pictures are to be decoded, and how well sound and pictures fit: the list of")
	c.answer("    them was written by the export, not by the hub. None is missing in it, and none was added.")
	c.answer("    Whose household it is. %s", v.whose(p))
	return line, nil
}

// all checks an export of everything.
func (v *VerifyCommand) all(c *console, path string) (verifyLine, error) {
	b := c.bar("Checking")
	f, err := export.CheckAll(path, b.set)
	b.end()
	if err != nil {
		return verifyLine{}, err
	}
	line := verifyLine{Household: string(f.Household), SignedAt: f.SignedAt, Segments: f.Segments, Good: f.Good, Bad: len(f.Bad), Unknown: len(f.Extra)}
	if !v.JSON {
		c.answer("%s", path)
		c.answer("  %s hold: %s, %s, as the hub of household %s recorded them", count(f.Good, "film", "films"), count(f.Segments, "segment", "segments"), size(f.Bytes), f.Household)
		for _, extra := range f.Extra {
			c.answer("  %s: not in the index, and not checked", extra)
		}
		for _, bad := range f.Bad {
			c.answer("  %s: %v", bad.File, bad.Err)
		}
		c.answer("  What is not proved: that nothing was left out, that the cameras saw reality, and that the hub's clock was right.")
		c.answer("  Whose household it is. %s", v.whose(&export.Proved{Household: f.Household}))
	}
	if len(f.Bad) > 0 {
		return line, fmt.Errorf("%s in this folder: %w", count(len(f.Bad), "film is not the hub's", "films are not the hub's"), copyError{f.Bad[0].Err})
	}
	return line, nil
}

// whose compares with the household of this computer's device, if there is one.
func (v *VerifyCommand) whose(p *export.Proved) string {
	folder, err := device.Open(v.Device)
	if err == nil {
		if home, err := folder.Household(); err == nil {
			if home.Household == p.Household {
				return "It is the one this device belongs to."
			}
			return "It is not the one this device belongs to."
		}
	}
	return "Compare the id with one that the household gave you itself."
}

func (v *VerifyCommand) folder(ctx context.Context, c *console, path string) (verifyLine, error) {
	s, err := v.open(c)
	if err != nil {
		return verifyLine{}, fmt.Errorf("a folder is checked against this device's record: %w", err)
	}
	view, err := s.Cached(ctx)
	if errors.Is(err, session.ErrNoCache) {
		return verifyLine{}, err
	}
	if err != nil {
		return verifyLine{}, fmt.Errorf("check the record in this device's cache: %w", err)
	}
	b := c.bar("Checking")
	f, err := verify.Check(ctx, view, path, b.set)
	b.end()
	if err != nil {
		return verifyLine{}, err
	}
	line := verifyLine{Household: string(view.Roster.Household), Good: f.Good, Bad: len(f.Bad), Unknown: f.Unknown}
	if !v.JSON {
		c.answer("%s", path)
		c.answer("  %s: byte for byte what the hub wrote (%s checked)", count(f.Good, "object", "objects"), size(f.Checked))
		if f.Unknown > 0 {
			c.answer("  %s not named by the record that this device has read; keyhold list --from -30d reads all of it", count(f.Unknown, "object", "objects"))
		}
		if missing := f.Named - f.Good - len(f.Bad); missing > 0 {
			c.answer("  %s of the record not in this folder", count(missing, "object", "objects"))
		}
		for _, bad := range f.Bad {
			c.answer("  %s: %v", bad.Object, bad.Err)
		}
	}
	if len(f.Bad) > 0 {
		return line, fmt.Errorf("%s in this folder: %w", count(len(f.Bad), "object is not the hub's", "objects are not the hub's"), copyError{f.Bad[0].Err})
	}
	return line, nil
}
