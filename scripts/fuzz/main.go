// SPDX-License-Identifier: Apache-2.0

// Command fuzz finds every fuzz target of the module and runs it for a while.
//
// With -pick it runs only some, chosen by the commit's hash, so that each commit tries others. With -cache a target
// whose package has not changed since it last ran as long is left out. It promises a non-zero exit status when a
// target found something; Go keeps the finding under the package's testdata, where it becomes a test.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// target is one fuzz function.
type target struct{ pkg, dir, name string }

// options are the flags.
type options struct {
	each  time.Duration
	pick  int
	jobs  int
	cache string
}

func main() {
	var o options
	flag.DurationVar(&o.each, "time", 10*time.Second, "how long each target runs")
	flag.IntVar(&o.pick, "pick", 0, "run only so many targets, chosen by the commit (0: all)")
	flag.IntVar(&o.jobs, "jobs", 1, "how many run at a time")
	flag.StringVar(&o.cache, "cache", "", "folder that remembers which sources ran clean")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	targets, err := findTargets(ctx)
	if err != nil {
		return err
	}
	if o.pick > 0 && o.pick < len(targets) {
		targets = choose(ctx, targets, o.pick)
	}
	queue := make(chan target)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var found []error
	for range max(1, o.jobs) {
		wg.Go(func() {
			for t := range queue {
				if err := fuzz(ctx, t, o); err != nil {
					mu.Lock()
					found = append(found, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, t := range targets {
		queue <- t
	}
	close(queue)
	wg.Wait()
	if err := errors.Join(found...); err != nil {
		return err
	}
	fmt.Printf("fuzz: %d targets, nothing found\n", len(targets))
	return nil
}

// findTargets asks the sources, not the test binaries: nothing has to be built for it.
func findTargets(ctx context.Context) ([]target, error) {
	format := `{{$p := .}}{{range .TestGoFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}{{"\n"}}{{end}}`
	out, err := exec.CommandContext(ctx, "go", "list", "-f", format, "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	var targets []target
	for line := range strings.Lines(string(out)) {
		part := strings.Fields(line)
		if len(part) != 3 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(part[1], part[2]))
		if err != nil {
			return nil, fmt.Errorf("read a test file: %w", err)
		}
		for row := range bytes.Lines(text) {
			rest, ok := strings.CutPrefix(string(row), "func Fuzz")
			if name, _, isFunc := strings.Cut(rest, "("); ok && isFunc {
				targets = append(targets, target{part[0], part[1], "Fuzz" + name})
			}
		}
	}
	slices.SortFunc(targets, func(a, b target) int { return strings.Compare(a.pkg+a.name, b.pkg+b.name) })
	return targets, nil
}

// choose draws targets by the hash of the commit, the same ones for the same commit.
func choose(ctx context.Context, all []target, n int) []target {
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		commit = []byte("no commit")
	}
	weight := func(t target) uint64 {
		h := fnv.New64a()
		h.Write(commit)
		h.Write([]byte(t.pkg + t.name))
		return h.Sum64()
	}
	slices.SortFunc(all, func(a, b target) int {
		if weight(a) < weight(b) {
			return -1
		}
		return 1
	})
	return all[:n]
}

// fuzz runs one target.
func fuzz(ctx context.Context, t target, o options) error {
	mark := ""
	if o.cache != "" {
		state, err := sources(t.dir)
		if err != nil {
			return err
		}
		mark = filepath.Join(o.cache, state+"-"+t.name+"-"+o.each.String())
		if _, err := os.Stat(mark); err == nil {
			fmt.Printf("fuzz: %s %s ran clean before\n", t.pkg, t.name)
			return nil
		}
	}
	fmt.Printf("fuzz: %s %s for %s\n", t.pkg, t.name, o.each)
	// Nothing is made smaller: Go takes a worker that it ends in the middle of that, when the time is up, for one that hung.
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", o.each.String(),
		"-fuzzminimizetime", "0x", "-parallel", "1", t.pkg)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if out, err := cmd.CombinedOutput(); err != nil && !onlyTimeUp(out) {
		return fmt.Errorf("%s %s: %w\n%s", t.pkg, t.name, err, out)
	}
	if mark == "" {
		return nil
	}
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return fmt.Errorf("remember a clean run: %w", err)
	}
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return fmt.Errorf("remember a clean run: %w", err)
	}
	return nil
}

// onlyTimeUp says whether what `go test` printed of a run that failed is that its time was up, and no more. Until 1.27 Go
// sometimes takes the end of the time that it was given for a failure (golang/go#75804); what it finds it writes down.
func onlyTimeUp(out []byte) bool {
	_, after, failed := bytes.Cut(out, []byte("--- FAIL: "))
	said := strings.Split(strings.TrimSpace(string(after)), "\n")
	return failed && len(said) > 2 && strings.TrimSpace(said[1]) == context.DeadlineExceeded.Error() && said[2] == "FAIL" &&
		!bytes.Contains(out, []byte("Failing input written")) && !bytes.Contains(out, []byte("panic:"))
}

// sources is a hash over the Go files of a folder.
func sources(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", fmt.Errorf("list the sources: %w", err)
	}
	h := sha256.New()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read a source: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", filepath.Base(name), len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}
