// SPDX-License-Identifier: Apache-2.0

// Command bench runs the measurements, each a program in a folder beside this file. It only calls them, one after the
// other so that they do not disturb each other, and fails when one of them missed its bar.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	part := flag.String("part", "", "run one part; all if empty")
	asJSON := flag.Bool("json", false, "print one JSON object a line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *part, *asJSON)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, part string, asJSON bool) error {
	programs, err := filepath.Glob("bench/*/main.go")
	if err != nil {
		return err
	}
	var parts []string
	for _, p := range programs {
		parts = append(parts, filepath.Base(filepath.Dir(p)))
	}
	if len(parts) == 0 {
		return errors.New("no part is here; run this from the top of the source tree")
	}
	if part != "" {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("there is no part %q; there are %s", part, strings.Join(parts, ", "))
		}
		parts = []string{part}
	}
	var all error
	for _, p := range parts {
		if err := one(ctx, p, asJSON); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", p, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return all
}

// one builds a part and runs it as a process of its own, so that an interrupt reaches it and it can tidy up.
func one(ctx context.Context, part string, asJSON bool) error {
	dir, err := os.MkdirTemp("", "keyhold-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, part)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./bench/"+part)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	if asJSON {
		cmd.Env = append(cmd.Env, "JSON=1")
	}
	return cmd.Run()
}
