// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"
)

// Programs are the built programs.
type Programs struct {
	Keyhold string
	Cloud   string
}

// built are the programs that this process has found up to date: the sources do not change under a test, and to ask
// costs half a second.
var built struct {
	sync.Mutex
	programs map[bool]Programs // by mutant
}

// Build builds both programs, as they are released or with the hook that switches a check off. Programs that are up
// to date are not linked again, so every test may call it.
func Build(ctx context.Context, mutant bool) (Programs, error) {
	built.Lock()
	defer built.Unlock()
	if p, ok := built.programs[mutant]; ok {
		return p, nil
	}
	p, err := build(ctx, mutant)
	if err != nil {
		return Programs{}, err
	}
	if built.programs == nil {
		built.programs = map[bool]Programs{}
	}
	built.programs[mutant] = p
	return p, nil
}

func build(ctx context.Context, mutant bool) (Programs, error) {
	top, err := Top(ctx)
	if err != nil {
		return Programs{}, err
	}
	tags, kind := "", "released"
	if mutant {
		tags, kind = "mutant", "mutant"
	}
	dir := filepath.Join(top, "bin", "e2e", kind)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Programs{}, fmt.Errorf("make the folder for the programs: %w", err)
	}
	// Test packages run side by side; one builds, the others find it done.
	lock := flock.New(filepath.Join(dir, ".lock"))
	defer func() { _ = lock.Close() }()
	if err := lock.Lock(); err != nil {
		return Programs{}, fmt.Errorf("lock the folder for the programs: %w", err)
	}
	// Both at once: most of what it costs to find them up to date is to look at all that they are made of.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-o", dir+string(filepath.Separator),
		"./cmd/keyhold", "./cmd/keyhold-cloud")
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return Programs{}, fmt.Errorf("build the programs: %w\n%s", err, said)
	}
	return Programs{Keyhold: filepath.Join(dir, "keyhold"), Cloud: filepath.Join(dir, "keyhold-cloud")}, nil
}

// Top is the top of the source tree.
func Top(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the source tree: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", fmt.Errorf("this is not run from within the source tree (go.mod is %q)", mod)
	}
	return filepath.Dir(mod), nil
}

// StockAge builds the age command line as its authors publish it: it opens our files without any code of ours.
func StockAge(ctx context.Context, dir string) (string, error) {
	top, err := Top(ctx)
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "age")
	cmd := exec.CommandContext(ctx, "go", "-C", filepath.Join(top, "tools"), "build", "-trimpath", "-o", out, "filippo.io/age/cmd/age")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build age: %w\n%s", err, said)
	}
	return out, nil
}
