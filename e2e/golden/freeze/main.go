// SPDX-License-Identifier: Apache-2.0

// Command freeze writes the golden bytes of a version, once: the vectors as they are, and a household that the programs
// of today make. Run from the module's root: go run ./e2e/golden/freeze v1
//
// It promises to leave every version alone that is frozen already. It trusts that the tests pass. A crash leaves a
// folder without sums, which counts as none and may be removed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"

	"keyhold/e2e/golden"
	"keyhold/e2e/harness"
	frozen "keyhold/vectors/golden"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 2 || !regexp.MustCompile(`^v[1-9][0-9]*$`).MatchString(os.Args[1]) {
		fmt.Fprintln(os.Stderr, "freeze: name the version, such as v1")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "freeze:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version string) (err error) {
	top, err := harness.Top(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(top, "vectors", "golden", version)
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	if err := vectors(filepath.Join(top, "vectors"), filepath.Join(dir, "vectors")); err != nil {
		return err
	}
	programs, err := harness.Build(ctx, false)
	if err != nil {
		return err
	}
	world, err := os.MkdirTemp("", "keyhold-freeze-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(world)) }()
	if err := golden.Make(ctx, programs, world, filepath.Join(dir, "household")); err != nil {
		return err
	}
	if err := frozen.Seal(dir); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "froze", dir)
	return nil
}

// vectors copies all of them but the list of rules, which goes on growing.
func vectors(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.json"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range files {
		if filepath.Base(name) == "rules.json" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
