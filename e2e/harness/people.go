// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Dialogue is a command that asks its user something while it runs.
type Dialogue struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *transcript
	said *transcript
	done chan error
}

// transcript is what a program has written so far.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// Ask starts a command of the household's program that is going to ask.
func (w *World) Ask(ctx context.Context, args ...string) (*Dialogue, error) {
	cmd := exec.CommandContext(ctx, w.Keyhold, args...)
	cmd.Env = append(os.Environ(), w.Env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGKILL) }
	d := &Dialogue{cmd: cmd, out: &transcript{}, said: &transcript{}, done: make(chan error, 1)}
	var err error
	if d.in, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("keyhold %s: %w", args[0], err)
	}
	cmd.Stdout, cmd.Stderr = d.out, d.said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("keyhold %s: %w", args[0], err)
	}
	go func() { d.done <- cmd.Wait() }()
	return d, nil
}

// Said is what the command has said so far, Out what it has answered.
func (d *Dialogue) Said() string { return d.said.String() }

// Out is the command's answer so far.
func (d *Dialogue) Out() string { return d.out.String() }

// Type types a line.
func (d *Dialogue) Type(line string) error {
	if _, err := io.WriteString(d.in, line+"\n"); err != nil {
		return fmt.Errorf("type %q: %w", line, err)
	}
	return nil
}

// Until waits until the command has said or answered something.
func (d *Dialogue) Until(ctx context.Context, text string) error {
	err := Poll(ctx, time.Minute, fmt.Sprintf("saying %q", text), func(context.Context) bool {
		return strings.Contains(d.Said(), text) || strings.Contains(d.Out(), text) || d.ended()
	})
	if err == nil && !strings.Contains(d.Said(), text) && !strings.Contains(d.Out(), text) {
		err = fmt.Errorf("it ended without saying %q", text)
	}
	if err != nil {
		return fmt.Errorf("%w; it said:\n%s%s", err, d.Out(), d.Said())
	}
	return nil
}

func (d *Dialogue) ended() bool {
	select {
	case err := <-d.done:
		d.done <- err
		return true
	default:
		return false
	}
}

// Signal asks the command to stop, as Ctrl-C does.
func (d *Dialogue) Signal() error { return d.cmd.Process.Signal(os.Interrupt) }

// End closes the command's input and waits for it.
func (d *Dialogue) End() (Status, error) {
	_ = d.in.Close() // it may have ended already
	err := <-d.done
	d.done <- err
	s := Status{Code: d.cmd.ProcessState.ExitCode(), Out: d.Out(), Said: d.Said()}
	if errors.As(err, new(*exec.ExitError)) {
		err = nil
	}
	return s, err
}

// Gesture reads the six digits that the hub's terminal shows.
func (w *World) Gesture(ctx context.Context) (string, error) {
	var shown struct {
		Gesture string `json:"gesture"`
	}
	err := Poll(ctx, time.Minute, "a code on the hub's terminal", func(ctx context.Context) bool {
		out, err := w.Run(ctx, "hub", "code", "--dir", w.Path("hub"), "--json")
		return err == nil && json.Unmarshal([]byte(out), &shown) == nil && shown.Gesture != ""
	})
	return shown.Gesture, err
}

// Confirmed runs a command that the hub wants a code for, and types the code.
func (w *World) Confirmed(ctx context.Context, args ...string) (Status, error) {
	d, err := w.Ask(ctx, args...)
	if err != nil {
		return Status{}, err
	}
	if err := w.confirm(ctx, d); err != nil {
		return Status{}, err
	}
	return d.End()
}

func (w *World) confirm(ctx context.Context, d *Dialogue) error {
	if err := d.Until(ctx, "Six digits: "); err != nil {
		return err
	}
	code, err := w.Gesture(ctx)
	if err != nil {
		return err
	}
	return d.Type(code)
}

// Invite starts an invitation by a device and returns its link.
func (w *World) Invite(ctx context.Context, by string, args ...string) (*Dialogue, string, error) {
	d, err := w.Ask(ctx, append([]string{"invite", "--device", w.Path(by)}, args...)...)
	if err != nil {
		return nil, "", err
	}
	if err := d.Until(ctx, "It works once"); err != nil {
		return nil, "", err
	}
	// The answer comes by a pipe of its own, and may be behind what was said.
	err = Poll(ctx, time.Minute, "a whole link", func(context.Context) bool { return strings.HasSuffix(d.Out(), "\n") })
	return d, strings.TrimSpace(d.Out()), err
}

// Bring lets one device invite another person and that person's device join. What both said comes back.
func (w *World) Bring(ctx context.Context, by, folder, deviceName string, args ...string) (inviter, joiner Status, err error) {
	d, link, err := w.Invite(ctx, by, args...)
	if err != nil {
		return inviter, joiner, err
	}
	j, err := w.Ask(ctx, "join", link, "--yes", "--device", w.Path(folder), "--device-name", deviceName)
	if err != nil {
		return inviter, joiner, err
	}
	if err := w.confirm(ctx, d); err != nil {
		return inviter, joiner, fmt.Errorf("%w\nthe joiner said:\n%s", err, j.Said())
	}
	if joiner, err = j.End(); err != nil {
		return inviter, joiner, err
	}
	inviter, err = d.End()
	return inviter, joiner, err
}
