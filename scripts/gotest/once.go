// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// programs are what tests of whole households start; they are built from the tree.
var programs = []string{"./cmd/keyhold", "./cmd/keyhold-cloud"}

// kept is how long it is remembered what passed.
const kept = 30 * 24 * time.Hour

// once remembers which tests of some packages passed, as the go command does. That one knows nothing of programs and
// browsers which a test starts: so this counts the sources of the programs, what else is named, and all that is
// installed on the machine. A test of which nothing of this has changed is not run again.
type once struct {
	memos map[string]*memo // by package, as the go command is told it; empty: nothing is remembered
}

type memo struct {
	path   string
	Passed []string `json:"passed"`
	Whole  bool     `json:"whole"` // there is no other test
}

// recall reads what is known of the packages that args end with. paths are files and folders of the tree that their tests
// read or hand to others.
func recall(ctx context.Context, cache string, args, paths []string) (once, error) {
	if !knowable(ctx) {
		return once{}, nil
	}
	flags, packages := parted(args)
	named, same := sha256.New(), sha256.New()
	if err := errors.Join(machine(ctx, same), files(ctx, named, paths)); err != nil {
		return once{}, err
	}
	fmt.Fprintf(same, "%x %q\n", named.Sum(nil), flags)
	o := once{map[string]*memo{}}
	for _, pkg := range packages {
		hash := sha256.New()
		fmt.Fprintf(hash, "%x\n", same.Sum(nil))
		if err := sources(ctx, hash, tags(flags), pkg); err != nil {
			return once{}, err
		}
		name := strings.ReplaceAll(strings.TrimPrefix(pkg, "./"), "/", "-")
		m := &memo{path: filepath.Join(cache, name+"-"+hex.EncodeToString(hash.Sum(nil)[:16])+".json")}
		o.memos[pkg] = m
		text, err := os.ReadFile(m.path)
		if errors.Is(err, fs.ErrNotExist) || (err == nil && os.Getenv("FORCE") != "") {
			continue
		}
		if err == nil {
			err = json.Unmarshal(text, m)
		}
		if err != nil {
			return once{}, fmt.Errorf("read what passed before: %s: %w; remove that file", m.path, err)
		}
	}
	return o, nil
}

// parted are what the go command is told, and of which packages.
func parted(args []string) (flags, packages []string) {
	at := len(args)
	for at > 0 && strings.HasPrefix(args[at-1], "./") {
		at--
	}
	return args[:at], args[at:]
}

// whole are the packages of which everything passed.
func (o once) whole() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(o.memos)), func(pkg string) bool { return !o.memos[pkg].Whole })
}

// left are args without what passed, and how many tests of packages that are left that is; nil if nothing is left.
func (o once) left(args []string) (rest []string, before int) {
	if len(o.memos) == 0 {
		return args, 0
	}
	flags, packages := parted(args)
	packages = slices.DeleteFunc(slices.Clone(packages), func(pkg string) bool { return o.memos[pkg].Whole })
	if len(packages) == 0 {
		return nil, 0
	}
	var skip []string
	// A test is left out by its name, in whatever package it is.
	if passed := o.memos[packages[0]].Passed; len(packages) == 1 && len(passed) > 0 {
		quoted := make([]string, len(passed))
		for i, name := range passed {
			quoted[i] = regexp.QuoteMeta(name)
		}
		skip, before = []string{"-skip", "^(" + strings.Join(quoted, "|") + ")$"}, len(passed)
	}
	return slices.Concat(skip, flags, packages), before
}

// keep writes down what has passed now, too.
func (o once) keep(t *tally) error {
	for pkg, m := range o.memos {
		path := "keyhold/" + strings.TrimPrefix(pkg, "./")
		if m.Whole || (len(t.whole[path]) == 0 && !t.ended[path]) {
			continue
		}
		m.Passed = slices.Compact(slices.Sorted(slices.Values(append(t.whole[path], m.Passed...))))
		m.Whole = t.ended[path] && !t.broken[path]
		if err := m.write(); err != nil {
			return fmt.Errorf("note what passed: %w", err)
		}
	}
	return nil
}

func (m *memo) write() error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	dir := filepath.Dir(m.path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := forget(dir); err != nil {
		return err
	}
	part := m.path + ".part"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return err
	}
	return os.Rename(part, m.path)
}

// forget removes what is old.
func forget(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return fmt.Errorf("forget what passed long ago: %w", err)
	}
	for _, path := range old {
		info, err := os.Stat(path)
		if err == nil && time.Since(info.ModTime()) > kept {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget what passed long ago: %w", err)
		}
	}
	return nil
}

// knowable says whether anybody knows what is installed, and which files there are: on another system, or in a tree that
// git does not have, nothing is remembered.
func knowable(ctx context.Context) bool {
	for _, ask := range [][]string{{"dpkg-query", "--version"}, {"node", "--version"}, {"git", "rev-parse", "--git-dir"}} {
		if exec.CommandContext(ctx, ask[0], ask[1:]...).Run() != nil {
			return false
		}
	}
	return true
}

// machine tells of everything that is installed, and of what the tests are told by the environment.
func machine(ctx context.Context, w io.Writer) error {
	for _, ask := range [][]string{{"dpkg-query", "-W"}, {"node", "--version"}, {"go", "version"}} {
		said, err := exec.CommandContext(ctx, ask[0], ask[1:]...).Output()
		if err != nil {
			return fmt.Errorf("ask what is installed: %s: %w", ask[0], err)
		}
		fmt.Fprintf(w, "%s\n", said)
	}
	for _, one := range slices.Sorted(slices.Values(os.Environ())) {
		if strings.HasPrefix(one, "KEYHOLD_") || strings.HasPrefix(one, "GOFLAGS=") || strings.HasPrefix(one, "CGO_ENABLED=") {
			fmt.Fprintln(w, one)
		}
	}
	return nil
}

// tags are what args tell the go command of build tags.
func tags(args []string) string {
	if i := slices.Index(args, "-tags"); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// sources writes every file of this module that a package, its tests or the programs are made of.
func sources(ctx context.Context, w io.Writer, tags, pkg string) error {
	list := exec.CommandContext(ctx, "go", append([]string{"list", "-tags=" + tags, "-deps", "-test", "-json=Dir,Module,GoFiles,IgnoredGoFiles,EmbedFiles,TestGoFiles,XTestGoFiles,TestEmbedFiles,XTestEmbedFiles", pkg}, programs...)...)
	list.Stderr = os.Stderr
	said, err := list.Output()
	if err != nil {
		return fmt.Errorf("list what %s is made of: %w", pkg, err)
	}
	// By these the other modules are what they are.
	names := []string{"go.mod", "go.sum", "tools/go.sum"}
	for read := json.NewDecoder(bytes.NewReader(said)); ; {
		var p struct {
			Dir                        string
			Module                     *struct{ Main bool }
			GoFiles, IgnoredGoFiles    []string
			TestGoFiles, XTestGoFiles  []string
			EmbedFiles, TestEmbedFiles []string
			XTestEmbedFiles            []string
		}
		if err := read.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("list what %s is made of: %w", pkg, err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.EmbedFiles, p.TestGoFiles, p.XTestGoFiles, p.TestEmbedFiles, p.XTestEmbedFiles) {
			if !filepath.IsAbs(name) { // the main function of the tests is, which the go command writes
				names = append(names, filepath.Join(p.Dir, name))
			}
		}
	}
	return contents(w, names)
}

// files writes what lies in the tree at some paths, whether git has it yet or not.
func files(ctx context.Context, w io.Writer, paths []string) error {
	said, err := exec.CommandContext(ctx, "git", append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"}, paths...)...).Output()
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	return contents(w, strings.Split(strings.TrimRight(string(said), "\x00"), "\x00"))
}

// contents writes names, within the tree, and hashes of files.
func contents(w io.Writer, names []string) error {
	top, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the tree: %w", err)
	}
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, top+string(filepath.Separator))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read what a test depends on: %w", err)
		}
		fmt.Fprintf(w, "%s %x\n", name, sha256.Sum256(text))
	}
	return nil
}
