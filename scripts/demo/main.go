// SPDX-License-Identifier: Apache-2.0

// Command demo runs a whole household on one machine: three cameras, a hub, a cloud, and a link for a browser.
//
// It starts the production programs as they are, with no flag of its own, and uses the command line as a person
// would: init, cameras add, invite. It promises that Ctrl-C stops every program it started and keeps what they
// stored, that a second run goes on with the same household, and that it removes nothing but its own folder, and
// that only with -reset. It trusts the programs in the folder it lies in. A crash leaves the folder as the programs
// left it, which they can go on from.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	reset := flag.Bool("reset", false, "remove the demo's household and everything it recorded")
	flag.Parse()
	err := run(ctx, *reset)
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

// run does what was asked, alone in the demo's folder.
func run(ctx context.Context, reset bool) error {
	state, err := baseDir("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return err
	}
	cache, err := baseDir("XDG_CACHE_HOME", ".cache")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the programs: %w", err)
	}
	h := &household{
		dir:     filepath.Join(state, "keyhold-demo"),
		bin:     filepath.Dir(self),
		footage: filepath.Join(cache, "keyhold", "footage"),
	}
	if reset {
		return h.reset()
	}
	unlock, err := h.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return h.live(ctx)
}

// baseDir is one of the XDG folders.
func baseDir(variable, fallback string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home folder: %w", err)
	}
	return filepath.Join(home, fallback), nil
}

const marker = ".keyhold-demo"

// lock makes the folder and keeps a second demo out of it for as long as this one runs.
func (h *household) lock() (func(), error) {
	if err := os.MkdirAll(filepath.Join(h.dir, "logs"), 0o700); err != nil {
		return nil, fmt.Errorf("make the demo's folder: %w", err)
	}
	l := flock.New(filepath.Join(h.dir, marker))
	switch ok, err := l.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock the demo's folder: %w", err)
	case !ok:
		return nil, errors.New("the demo runs already; stop it first (Ctrl-C in its terminal)")
	}
	return func() { _ = l.Close() }, nil
}

// reset removes the folder, but only one that a demo made and that none uses.
func (h *household) reset() error {
	if _, err := os.Stat(filepath.Join(h.dir, marker)); err != nil {
		fmt.Println("demo: there is nothing to remove")
		return nil
	}
	unlock, err := h.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.RemoveAll(h.dir); err != nil {
		return fmt.Errorf("remove the demo's folder: %w", err)
	}
	fmt.Println("demo: removed", h.dir)
	return nil
}
