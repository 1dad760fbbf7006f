// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// program is a running child.
type program struct {
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when the child has ended
	err  error         // how it ended; read after done
}

// start runs a child in a process group of its own, so that Ctrl-C reaches only the demo, which then stops its
// children in the right order.
func (h *household) start(name, bin string, args ...string) (*program, error) {
	path := filepath.Join(h.dir, "logs", name+".log")
	log, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer log.Close() // the child has its own handle
	p := &program{name: name, log: path, done: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(h.bin, bin), args...) //nolint:noctx // ended by stop, in order, not by a context
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		if p.err = p.cmd.Wait(); p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.done)
	}()
	h.running = append(h.running, p)
	return p, nil
}

// stop asks the child to end and waits for it; after ten seconds it no longer asks.
func (p *program) stop() {
	select {
	case <-p.done:
		return
	default:
	}
	// The child may have ended just now; then there is nobody to tell.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		fmt.Fprintf(os.Stderr, "demo: %s did not stop within ten seconds; killing it\n", p.name)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// last is the end of what the child wrote.
func (p *program) last() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// ended is the error of a child that should still run.
func (p *program) ended() error {
	return fmt.Errorf("%s ended by itself (%w); its log %s says:\n%s", p.name, p.err, p.log, p.last())
}

// until polls until something is so, the child has died, or the time is over.
func (p *program) until(ctx context.Context, limit time.Duration, what string, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-p.done:
			return p.ended()
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("%s: %s did not happen within %s; its log %s says:\n%s", p.name, what, limit, p.log, p.last())
			}
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
