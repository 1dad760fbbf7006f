// SPDX-License-Identifier: Apache-2.0

// Package harness starts the real programs and does with them what persons do.
//
// It builds keyhold and keyhold-cloud once, as released and with the test hook that switches a check off, starts
// them on free ports with folders of their own, waits for them by asking, kills and restarts them, and drives the
// command line. It promises that a program which it started has ended when Close returns, and that an error carries
// the end of the program's log. It trusts the go command and the machine's loopback. Everything lies in the folder
// that the caller gave.
package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a running program.
type Process struct {
	Name string
	Log  string // path of what it wrote on both outputs, all runs one after the other

	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; read after done
}

// grace is how long a program may take to stop when it is asked to.
const grace = 15 * time.Second

// Start runs a program in a process group of its own: Ctrl-C in a terminal reaches only who started it, who then
// stops its programs in the right order.
func Start(name, log string, env []string, program string, args ...string) (*Process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer f.Close() // the child has its own handle
	p := &Process{Name: name, Log: log, done: make(chan struct{})}
	p.cmd = exec.Command(program, args...) //nolint:noctx // it is ended by Stop or Kill, in order, not by a context
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		if p.err = p.cmd.Wait(); p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.done)
	}()
	return p, nil
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// tick is the kernel's unit of CPU time in /proc; Linux shows hundredths on every architecture.
const tick = 10 * time.Millisecond

// CPU is the time that the program, and the children that it has waited for, have spent.
func (p *Process) CPU() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return 0, fmt.Errorf("%s ended early: %w", p.Name, err)
	}
	_, rest, ok := bytes.Cut(b, []byte(") "))
	f := bytes.Fields(rest)
	if !ok || len(f) < 15 {
		return 0, errors.New("/proc has another format than expected")
	}
	var sum time.Duration
	for _, i := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(string(f[i]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop asks the program to end and waits for it. It is an error if it has to be killed, or had ended before.
func (p *Process) Stop() error {
	select {
	case <-p.done:
		return p.Ended()
	default:
	}
	// It may have ended just now; then there is nobody to tell.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	limit := time.NewTimer(grace)
	defer limit.Stop()
	select {
	case <-p.done:
		return nil
	case <-limit.C:
		p.Kill()
		return fmt.Errorf("%s did not stop within %s and was killed; its log %s says:\n%s", p.Name, grace, p.Log, p.last())
	}
}

// Kill ends the program as a power cut would, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // an error says that it is gone already
	<-p.done
}

// Ended is the error of a program that should still run.
func (p *Process) Ended() error {
	return fmt.Errorf("%s ended by itself (%w); its log %s says:\n%s", p.Name, p.err, p.Log, p.last())
}

// Until asks again and again until something is so, the program has died, or the time is over.
func (p *Process) Until(ctx context.Context, limit time.Duration, what string, ready func(context.Context) bool) error {
	err := poll(ctx, limit, p.done, ready)
	switch {
	case errors.Is(err, errDied):
		return p.Ended()
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return fmt.Errorf("%s: %s did not happen within %s; its log %s says:\n%s", p.Name, what, limit, p.Log, p.last())
	}
	return err
}

// Poll asks again and again until something is so or the time is over.
func Poll(ctx context.Context, limit time.Duration, what string, ready func(context.Context) bool) error {
	if err := poll(ctx, limit, nil, ready); err != nil {
		return fmt.Errorf("%s did not happen within %s: %w", what, limit, err)
	}
	return nil
}

var errDied = errors.New("the program has ended")

func poll(ctx context.Context, limit time.Duration, died <-chan struct{}, ready func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		asked := time.Now()
		if ready(ctx) {
			return nil
		}
		// Many questions are a program that runs, and what is waited for needs the machine as well.
		rest.Reset(min(max(shortRest, 3*time.Since(asked)), longRest))
		select {
		case <-died:
			return errDied
		case <-ctx.Done():
			return ctx.Err()
		case <-rest.C:
		}
	}
}

// shortRest is how long a question rests that costs nothing, longRest one that costs much.
const (
	shortRest = 50 * time.Millisecond
	longRest  = time.Second
)

// last is the end of what the program wrote.
func (p *Process) last() string {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
