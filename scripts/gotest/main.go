// SPDX-License-Identifier: Apache-2.0

// Command gotest runs `go test` and says at the end how many tests passed, failed and were skipped, and which ten
// took longest.
//
// It passes everything after -- to `go test -json`. It promises a non-zero exit status when a test failed, when a
// package did not build, and, with CI set in the environment, when a test was skipped: a machine that cannot run a
// test must say so loudly. Tests of the package that -may-skip names are said as loudly, and fail nothing: they need
// what a machine may refuse. It keeps nothing on disk but, with -once, what passed.
// The tests' own files lie in memory where there is much of it.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// event is a line of `go test -json`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

// result is a test that has ended.
type result struct {
	name    string
	seconds float64
}

// tally gathers what the events say.
type tally struct {
	out     io.Writer
	maySkip string // a package
	said    map[string][]string
	before  int // passed on the same files, and were not run
	passed  int
	whole   map[string][]string // of the passed of a package, those that are part of no other
	broken  map[string]bool     // packages of which something failed or was skipped
	ended   map[string]bool     // packages of which all there is was run
	failed  int
	skipped []string
	missed  int // of the skipped, those that nothing excuses
	timed   []result
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	maySkip := flag.String("may-skip", "", "package whose skipped tests fail nothing")
	paths := flag.String("once", "", "files and folders that the tests read: what passed on the same is not run again")
	flag.Parse()
	args, o := flag.Args(), once{}
	if *paths != "" {
		var err error
		if o, err = remembered(ctx, args, strings.Fields(*paths)); err != nil {
			fmt.Fprintln(os.Stderr, "gotest:", err)
			os.Exit(2)
		}
	}
	os.Exit(run(ctx, *maySkip, args, o, os.Stdout))
}

// remembered is what passed before of the packages that args end with.
func remembered(ctx context.Context, args, paths []string) (once, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return once{}, fmt.Errorf("find the folder for what passed: %w", err)
	}
	return recall(ctx, filepath.Join(cache, "keyhold", "passed"), args, paths)
}

// run starts go test, follows it and returns the exit status.
func run(ctx context.Context, maySkip string, args []string, o once, out io.Writer) int {
	for _, pkg := range o.whole() {
		fmt.Fprintf(out, "ok  \t%s\t(cached)\n", pkg)
	}
	rest, before := o.left(args)
	if rest == nil {
		return 0
	}
	// Vetted is everything by scripts/check; and nobody debugs what is linked here.
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"test", "-json", "-vet=off", "-ldflags=-w"}, rest)...)
	folder, err := inMemory(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		return 2
	}
	defer func() {
		if err := folder.giveBack(); err != nil {
			fmt.Fprintln(os.Stderr, "gotest:", err)
		}
	}()
	cmd.Env = append(os.Environ(), folder.env()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		return 2
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		return 2
	}
	t := &tally{out: out, maySkip: maySkip, said: map[string][]string{}, before: before, whole: map[string][]string{}, broken: map[string]bool{}, ended: map[string]bool{}}
	t.follow(pipe)
	broken := cmd.Wait() != nil
	t.close()
	if err := o.keep(t); err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		return 2
	}
	if broken || t.failed > 0 || (os.Getenv("CI") != "" && t.missed > 0) {
		return 1
	}
	return 0
}

// follow reads events to their end.
func (t *tally) follow(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(t.out, lines.Text())
			continue
		}
		t.take(e)
	}
}

// take counts one event. What a test said is shown only if it failed.
func (t *tally) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "output":
		t.said[key] = append(t.said[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e, key)
			return
		}
		t.endTest(e, key)
	}
}

func (t *tally) endTest(e event, key string) {
	if e.Action != "pass" {
		t.broken[e.Package] = true
	}
	name := strings.TrimPrefix(e.Package, "keyhold/") + "." + e.Test
	switch e.Action {
	case "pass":
		t.passed++
		if !strings.Contains(e.Test, "/") {
			t.whole[e.Package] = append(t.whole[e.Package], e.Test)
		}
	case "skip":
		t.skipped = append(t.skipped, name)
		fmt.Fprint(t.out, strings.Join(t.said[key], ""))
		if e.Package != t.maySkip {
			t.missed++
		}
	case "fail":
		t.failed++
		fmt.Fprint(t.out, strings.Join(t.said[key], ""))
	}
	delete(t.said, key)
	if !strings.Contains(e.Test, "/") {
		t.timed = append(t.timed, result{name, e.Elapsed})
	}
}

func (t *tally) endPackage(e event, key string) {
	said := t.said[key]
	delete(t.said, key)
	t.ended[e.Package] = true
	switch e.Action {
	case "fail":
		t.broken[e.Package] = true
		fmt.Fprint(t.out, strings.Join(said, ""))
		if len(said) == 0 {
			fmt.Fprintf(t.out, "FAIL\t%s\n", e.Package)
		}
	case "pass":
		for _, line := range said {
			if strings.HasPrefix(line, "ok") {
				fmt.Fprint(t.out, line)
			}
		}
	}
}

// close prints the ten slowest and the closing line.
func (t *tally) close() {
	slices.SortFunc(t.timed, func(a, b result) int { return cmp.Compare(b.seconds, a.seconds) })
	fmt.Fprintln(t.out, "\nslowest:")
	for _, r := range t.timed[:min(10, len(t.timed))] {
		fmt.Fprintf(t.out, "  %7.2f s  %s\n", r.seconds, r.name)
	}
	for _, name := range t.skipped {
		fmt.Fprintln(t.out, "skipped:", name)
	}
	if t.before > 0 {
		fmt.Fprintf(t.out, "%d passed before on the same files\n", t.before)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, len(t.skipped))
}
