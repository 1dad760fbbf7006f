// SPDX-License-Identifier: Apache-2.0

// Command soak tries for hours what `make test` tries for minutes, part by part.
//
// A part that has passed is remembered by its name and by the state of the sources, so a soak that was stopped goes on
// where it was; -part runs one part in any case. It promises a log file for each part, a line of verdict for each on
// standard output, and a non-zero exit status when one has failed; the others are run all the same. It trusts git to
// tell whether the sources have changed. A crash leaves the log of the part that was running.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// part is one thing that takes long.
type part struct {
	name string
	what string
	env  []string
	args []string
}

// parts lists them, the shorter ones first.
func parts(kills int) []part {
	often := []string{"KEYHOLD_TEST_KILLS=" + strconv.Itoa(kills)}
	test := func(timeout, run, pkg string) []string {
		return []string{"go", "test", "-count=1", "-v", "-timeout", timeout, "-run", run, pkg}
	}
	return []part{
		{"lip-sync", "four hours of sound and picture, exported", []string{"KEYHOLD_TEST_MINUTES=240"}, test("2h", "^TestSoundStaysWithThePicture", "./home/record")},
		{"cameras", "every codec of picture with every codec of sound, over TCP and UDP", []string{"KEYHOLD_TEST_EVERYTHING=1"}, test("10m", "^TestWhatCamerasSend", "./home/record")},
		{"everything", "20,000 segments exported, killed again and again", []string{"KEYHOLD_TEST_SEGMENTS=20000", "KEYHOLD_TEST_KILLS=40"}, test("2h", "^TestKilledAndGoneOn", "./e2e/everything")},
		{"away", "two minutes of live pictures from elsewhere, on the command line and in a browser", []string{"KEYHOLD_TEST_LOOK_SECONDS=120"}, test("30m", "", "./e2e/away")},
		{"presses", "200 presses of each kind of bell, and to the push service's door", []string{"KEYHOLD_TEST_PRESSES=200"}, test("1h", "^Test(TwentyPressesOfEachKindOfBell|AlertsArePushed)$", "./e2e/home")},
		{"timing", "whether the time of an answer tells what is there", []string{"KEYHOLD_TEST_ASKS=5000"}, test("2h", "^TestTheTimeOfAnAnswer", "./cloud/serve")},
		{"adversary", "every attack, on command line and in a browser", nil, []string{"go", "run", "./e2e/adversary"}},
		{"languages", "every story of the household in each of the three languages", nil, []string{"bash", "-c", inEachLanguage}},
		{"pages", "every state of every page, each loaded anew, in two sizes, two themes and three languages", nil, []string{"bash", "-c", "cd web/app && node --test e2e/*.spec.mjs"}},
		{"race", "all but the end-to-end tests under the race detector", []string{"CGO_ENABLED=1"}, []string{"bash", "-c", "go test -race -count=1 -timeout 1h $(go list ./... | grep -v '/e2e/')"}},
		{"hub-kills", "the hub killed under load, again and again", often, test("6h", "^TestHubKilled", "./e2e/faults")},
		{"cloud-kills", "the cloud killed under load, again and again", often, test("6h", "^TestCloudKilled", "./e2e/faults")},
	}
}

// inEachLanguage runs the stories three times; what failed in one language is no reason to leave out the others.
const inEachLanguage = `failed=
for language in en de nl; do
	echo "in $language"
	KEYHOLD_TEST_LANGUAGE=$language go test -count=1 -v -timeout 1h -run '^Test(FamilyAndSitter|LostPhone|NothingLeftButTheSheet|SheetWithTheHubGone|PasskeyOnANewPhone|RoadInFirefox|NewHub|Moving|Leaving|CamerasOfOtherKinds)$' ./e2e/stories || failed="$failed $language"
done
[ -z "$failed" ] || { echo "failed in:$failed"; exit 1; }`

// options are the flags.
type options struct {
	part  string
	kills int
	cache string
	list  bool
}

func main() {
	var o options
	flag.StringVar(&o.part, "part", "", "run this part only, whether it has passed before or not")
	flag.IntVar(&o.kills, "kills", 100, "how often hub and cloud are killed")
	flag.StringVar(&o.cache, "cache", "", "folder for logs, and for what has passed")
	flag.BoolVar(&o.list, "list", false, "list the parts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	all := parts(o.kills)
	if o.list {
		for _, p := range all {
			fmt.Printf("  %-12s %s\n", p.name, p.what)
		}
		return nil
	}
	if o.cache == "" {
		return errors.New("where to keep logs? give -cache FOLDER")
	}
	if o.part != "" {
		if all = slices.DeleteFunc(all, func(p part) bool { return p.name != o.part }); len(all) == 0 {
			return fmt.Errorf("there is no part %q; -list names them", o.part)
		}
	}
	state, err := sources(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return fmt.Errorf("make the folder for logs: %w", err)
	}
	failed := []string{}
	for _, p := range all {
		mark := filepath.Join(o.cache, fmt.Sprintf("%s-%s-%d.passed", p.name, state, o.kills))
		if _, err := os.Stat(mark); err == nil && o.part == "" {
			fmt.Printf("soak: %-12s passed before\n", p.name)
			continue
		}
		ok, err := try(ctx, p, filepath.Join(o.cache, p.name+".log"))
		if err != nil {
			return err
		}
		if !ok {
			failed = append(failed, p.name)
			continue
		}
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			return fmt.Errorf("remember that %s has passed: %w", p.name, err)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

// try runs one part into its log.
func try(ctx context.Context, p part, path string) (bool, error) {
	log, err := os.Create(path)
	if err != nil {
		return false, fmt.Errorf("open the log of %s: %w", p.name, err)
	}
	defer log.Close()
	fmt.Printf("soak: %-12s %s\n", p.name, p.what)
	began := time.Now()
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Run()
	took := time.Since(began).Round(time.Second)
	switch {
	case ctx.Err() != nil:
		return false, fmt.Errorf("%s was stopped after %s", p.name, took)
	case err != nil:
		fmt.Printf("soak: %-12s FAILED after %s: %v; %s ends\n%s\n", p.name, took, err, path, tail(path))
		return false, nil
	}
	fmt.Printf("soak: %-12s passed in %s\n", p.name, took)
	return true, nil
}

// tail is the end of a log.
func tail(path string) string {
	const lines = 30
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// sources is a hash over what is committed and what is changed.
func sources(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, args := range [][]string{{"rev-parse", "HEAD"}, {"diff", "HEAD"}} {
		out, err := exec.CommandContext(ctx, "git", args...).Output()
		if err != nil {
			return "", fmt.Errorf("ask git for the state of the sources: %w", err)
		}
		h.Write(bytes.TrimSpace(out))
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
