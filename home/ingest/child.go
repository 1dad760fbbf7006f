// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"keyhold/home/confine"
	"keyhold/home/gate"
	"keyhold/statement/rule"
)

// childMemory bounds the child that reads a stream: decoder and encoder of large pictures have room in it.
const childMemory = 2 << 30

// maxComplaints bounds what is looked at of what a child complains of.
const maxComplaints = 16 << 10

// formats are what a child may take a stream for: none that would have it open something else, but lists of films,
// whose films come through the gate.
const formats = "concat,hls,mpegts,flv,live_flv,mpjpeg,mjpeg,mov,matroska,avi,mpeg,h264,hevc,ogg,rtsp,aac,mp3"

var (
	errBarred  = errors.New("the address leads to where the hub does not go")
	errNoChild = errors.New("such a camera needs the program ffmpeg, on Linux")
)

// A child is a program that reads a stream for us. It has no more of the hub than its pipes, and dies with it.
type child struct {
	out  io.ReadCloser
	gate *gate.Gate // nil for what is on the hub's computer
	said bytes.Buffer

	cancel context.CancelFunc
	done   chan struct{}
}

// spawn starts a child that reads the camera and writes what args say to its output.
func (s *Source) spawn(ctx context.Context, paced bool, args ...string) (*child, error) {
	c := &child{done: make(chan struct{})}
	cmd, recipe, err := s.prepare(ctx, c, paced)
	if err != nil {
		return nil, err
	}
	ctx, c.cancel = context.WithCancel(ctx)
	run := exec.CommandContext(ctx, s.cfg.FFmpeg, append(cmd.args, args...)...)
	run.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}, cmd.env...)
	run.SysProcAttr = confine.Attributes()
	run.WaitDelay = time.Second
	run.ExtraFiles = cmd.files
	run.Stderr = &complaints{to: &c.said}
	in, err := run.StdinPipe()
	if err == nil {
		c.out, err = run.StdoutPipe()
	}
	started := make(chan error, 1)
	if err == nil {
		go func() { // waited for by end
			defer close(c.done)
			// A child is bound to the life of the thread that started it.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if err := run.Start(); err != nil {
				started <- err
				return
			}
			started <- nil
			<-ctx.Done()
			_ = run.Wait() // it was killed
		}()
		err = <-started
	} else {
		close(c.done)
	}
	for _, f := range cmd.files {
		f.Close()
	}
	if err == nil {
		// The limits are in force before the child gets to know where to read from.
		err = confine.Child(run.Process.Pid, confine.Limits{Memory: childMemory})
	}
	if err != nil {
		c.end()
		return nil, fmt.Errorf("%w: %w", errNoChild, err)
	}
	if c.gate != nil {
		c.gate.Open()
	}
	if _, err := io.WriteString(in, recipe); err != nil {
		c.end()
		return nil, fmt.Errorf("child: %w", err)
	}
	return c, in.Close()
}

// end kills the child and waits for it.
func (c *child) end() {
	c.cancel()
	<-c.done
	if c.gate != nil {
		c.gate.Close()
	}
}

// why says what came in between, if anything did that trying again does not change.
func (c *child) why() error {
	if c.gate == nil {
		return nil
	}
	said := c.gate.Said()
	switch {
	case errors.Is(said.Barred, ErrStranger):
		return ErrStranger
	case rule.Of(said.Barred) != "":
		return fmt.Errorf("%w: %w", errBarred, said.Barred)
	case said.Password:
		return errRefused
	}
	return nil
}

// complaints keeps the beginning of what a child complains of. It may hold addresses: it is never logged.
type complaints struct {
	mu sync.Mutex
	to *bytes.Buffer
}

func (c *complaints) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := maxComplaints - c.to.Len(); room > 0 {
		c.to.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// A command is what of a child's command line follows from where it reads.
type command struct {
	args, env []string
	files     []*os.File
}

// prepare says how the child is to read. The recipe goes to its standard input, since everybody on the computer can see
// a command line: it holds the address, with user and password.
func (s *Source) prepare(ctx context.Context, c *child, paced bool) (cmd command, recipe string, err error) {
	cmd.args = []string{"-nostdin", "-hide_banner", "-v", "error"}
	if paced {
		cmd.args = append(cmd.args, "-re")
	}
	options := []string{"fpsprobesize 0"}
	if n := s.nature; n != nil && n.sound == "" {
		options = append(options, "analyzeduration 300000") // no sound is waited for
	} else {
		options = append(options, "analyzeduration 1000000")
	}
	allowed, from := "pipe", ""
	switch s.at.way {
	case wayDevice:
		if err := s.cfg.Here.device(s.at.url.Path); err != nil {
			return cmd, "", fmt.Errorf("%w: %w", errBarred, err)
		}
		cmd.args = append(cmd.args, "-f", "v4l2", "-i", s.at.url.Path)
		return cmd, "", nil
	case wayFile:
		f, err := s.cfg.Here.film(s.at.url.Path)
		if rule.Of(err) != "" {
			return cmd, "", fmt.Errorf("%w: %w", errBarred, err)
		}
		if err != nil {
			return cmd, "", err
		}
		cmd.files = []*os.File{f}
		if !s.at.url.Query().Has("once") {
			cmd.args = append(cmd.args, "-stream_loop", "-1")
		}
		allowed, from = "pipe,file", "file:/proc/self/fd/3"
	default:
		cfg := gate.Config{Host: s.at.host(), Port: s.at.port(), HTTP: s.at.way == wayHTTP, Here: s.cfg.Here.Addresses}
		if s.at.sealed() {
			cfg.TLS = s.tls()
		}
		if c.gate, err = gate.New(ctx, cfg); err != nil {
			return cmd, "", err
		}
		var more []string
		allowed, from, more = s.through(c.gate.Addr())
		options = append(options, more...)
		cmd.env = []string{"http_proxy=http://" + c.gate.Addr(), "no_proxy="}
	}
	cmd.args = append(cmd.args, "-protocol_whitelist", allowed, "-format_whitelist", formats, "-safe", "0", "-f", "concat", "-i", "pipe:0")
	recipe = "ffconcat version 1.0\nfile " + quote(from) + "\n"
	for _, o := range options {
		recipe += "option " + o + "\n"
	}
	return cmd, recipe, nil
}

// through is the camera's address as the child sees it, whose way leads through the gate.
func (s *Source) through(to string) (allowed, from string, options []string) {
	u := *s.at.url
	u.Fragment = ""
	switch s.at.way {
	case wayHTTP:
		// The gate speaks TLS; the child does not.
		u.Scheme, u.Host = "http", s.at.host()+":"+s.at.port()
		if strings.Contains(s.at.host(), ":") {
			u.Host = "[" + s.at.host() + "]:" + s.at.port()
		}
		return "pipe,http,tcp", u.String(), nil
	case wayRTMP:
		app, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		real := url.URL{Scheme: "rtmp", Host: u.Host, Path: "/" + app}
		u.Scheme, u.Host = "rtmp", to
		return "pipe,rtmp,tcp", u.String(), []string{"rtmp_tcurl " + quote(real.String()), "rtmp_live live"}
	default:
		u.Scheme, u.Host = "rtsp", to
		return "pipe,rtsp,tcp,rtp,udp", u.String(), []string{"rtsp_transport tcp"}
	}
}

// quote writes a word of a recipe.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
