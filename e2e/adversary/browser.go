// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"keyhold/e2e/harness"
	"keyhold/e2e/proxy"
	"keyhold/member/invite"
	"keyhold/statement/rule"
	"keyhold/web"
)

// App is the owner app in a browser that became a device of the household.
type App struct {
	stage *Stage
	loot  *Loot
	top   string // of the source tree
	dir   string
	// pictures is whether a picture of each alarm is left in dir: a browser takes a second for one.
	pictures bool

	child  *exec.Cmd
	orders io.WriteCloser
	answer *bufio.Reader
	said   strings.Builder
	pages  *httptest.Server          // gives the test build
	later  map[bool]*httptest.Server // gives the app, released (false) and the test build (true), with a clock that is ahead
}

// Memories of the browser's device.
const (
	early   = "early"   // as at the time of Past
	present = "present" // has seen everything
)

// languages are those in which the app speaks, by turns.
var languages = []string{"en", "de", "nl"}

// NewApp starts the browser's driver and builds the app's test build.
func NewApp(ctx context.Context, s *Stage, dir string) (*App, error) {
	top, err := harness.Top(ctx)
	if err != nil {
		return nil, err
	}
	a := &App{stage: s, top: top, dir: dir}
	build := filepath.Join(top, "bin", "e2e", "app")
	if err := buildMutant(ctx, filepath.Join(top, "web"), build); err != nil {
		return nil, err
	}
	released, mutant := fromCloud(s.Home.CloudURL()), fromFolder(build)
	a.pages = httptest.NewServer(pages(mutant, 0))
	a.later = map[bool]*httptest.Server{false: httptest.NewServer(pages(released, later)), true: httptest.NewServer(pages(mutant, later))}
	a.child = exec.CommandContext(ctx, "node", filepath.Join(top, "e2e", "adversary", "browser.mjs"))
	a.child.Stderr = &a.said
	if a.orders, err = a.child.StdinPipe(); err != nil {
		return a, fmt.Errorf("start the browser's driver: %w", err)
	}
	out, err := a.child.StdoutPipe()
	if err != nil {
		return a, fmt.Errorf("start the browser's driver: %w", err)
	}
	a.answer = bufio.NewReader(out)
	if err := a.child.Start(); err != nil {
		return a, fmt.Errorf("start the browser's driver: %w", err)
	}
	return a, nil
}

// buildMutant builds the app with the hook that switches a check off, unless nothing has changed since.
func buildMutant(ctx context.Context, dir, out string) error {
	var built time.Time
	if info, err := os.Stat(filepath.Join(out, "index.html")); err == nil {
		built = info.ModTime()
	}
	stale := built.IsZero()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "paraglide" || name == "shots" || strings.HasPrefix(name, "dist")):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stale = stale || info.ModTime().After(built)
		return nil
	})
	if err != nil {
		return fmt.Errorf("look at the app's sources: %w", err)
	}
	if !stale {
		return nil
	}
	build := exec.CommandContext(ctx, "npm", "run", "--silent", "build:mutant", "-w", "app")
	build.Dir, build.Env = dir, append(os.Environ(), "KEYHOLD_DIST="+out)
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the app's test build: %w\n%s", err, said)
	}
	return nil
}

// later is how far the clock of a browser is ahead that is told another time.
const later = 31 * time.Minute

// source reads a file of a built app.
type source func(ctx context.Context, name string) ([]byte, error)

// fromFolder reads a build on the disk.
func fromFolder(dir string) source {
	return func(_ context.Context, name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, filepath.FromSlash(path.Clean("/"+name))))
	}
}

// fromCloud reads what the operator's program serves.
func fromCloud(base string) source {
	return func(ctx context.Context, name string) ([]byte, error) {
		if name == "/index.html" {
			name = "/"
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+name, nil)
		if err != nil {
			return nil, err
		}
		res, err := new(http.Client).Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", name, res.Status)
		}
		return io.ReadAll(res.Body)
	}
}

// pages serves a built app under the headers that the programs send. A clock that is ahead is put before each script;
// then the scripts lie under another name, so that no cache gives those with the true time.
func pages(read source, ahead time.Duration) http.Handler {
	const place, other = "/assets/", "/assets-later/"
	prelude := fmt.Sprintf("{const now=Date.now;globalThis.keyholdLater??=Date.now=()=>now()+%d;}\n", ahead.Milliseconds())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.Replace(r.URL.Path, other, place, 1)
		if name == "/" || name == "/join" {
			name = "/index.html"
		}
		text, err := read(r.Context(), name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		kind := mime.TypeByExtension(path.Ext(name))
		if ahead > 0 && (path.Ext(name) == ".js" || path.Ext(name) == ".html") {
			text = bytes.ReplaceAll(text, []byte(place), []byte(other))
		}
		if ahead > 0 && path.Ext(name) == ".js" {
			text = append([]byte(prelude), text...)
		}
		web.SetHeaders(w.Header())
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(text) // a browser that has gone away needs nothing
	})
}

// Join makes the browser a device, by an invitation of the owner's.
func (a *App) Join(ctx context.Context) error {
	s, err := owner(a.stage.Home.Path("device"), a.stage.Home.CloudURL())
	if err != nil {
		return err
	}
	i, err := invite.New(ctx, s, invite.Offer{History: true, Kind: invite.ForDevice}, a.stage.Browser.URL())
	if err != nil {
		return fmt.Errorf("invite the browser: %w", err)
	}
	admitted := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, err := i.Wait(ctx, 2*time.Minute)
		admitted <- err
	}()
	joined := a.order(map[string]any{"order": "join", "link": i.Link, "name": "Browser"}, nil)
	if joined != nil {
		cancel()
	}
	err = <-admitted
	cancel()
	return errors.Join(joined, err)
}

// Remember lets the app see everything there is now and keeps its memory under a name.
func (a *App) Remember(as string) error {
	return a.order(map[string]any{"order": "remember", "origin": a.stage.Browser.URL(), "as": as}, nil)
}

// order gives the driver an order and waits for its answer.
func (a *App) order(order map[string]any, value any) error {
	line, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("order the browser: %w", err)
	}
	if _, err := a.orders.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("order the browser: %w\n%s", err, a.said.String())
	}
	text, err := a.answer.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("hear the browser: %w\n%s", err, a.said.String())
	}
	var answer struct {
		Error string
		Value json.RawMessage
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("hear the browser: %w", err)
	}
	if answer.Error != "" {
		return fmt.Errorf("browser: %v: %s", order["order"], answer.Error)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, value)
}

func (a *App) Name() string { return "owner app" }

// ToldTime is true: the page is given its clock.
func (a *App) ToldTime() bool { return true }

func (a *App) Proxy() *proxy.Proxy { return a.stage.Browser }

// glimpse is what the driver answers.
type glimpse struct {
	Alarms, Faults, Colours []string
	Holes                   int
	Newest                  int64
	Trust                   string
}

// Look opens the door's history, plays, and goes to the home page.
func (a *App) Look(_ context.Context, attack *Attack, w Watch) (Sight, error) {
	// The released app comes from the cloud itself, unless the time is another.
	var server *httptest.Server
	switch ahead := attack.Later && w.Attacked; {
	case ahead:
		server = a.later[w.Off != nil]
	case w.Off != nil:
		server = a.pages
	}
	if server != nil {
		from, err := url.Parse(server.URL)
		if err != nil {
			return Sight{}, fmt.Errorf("find the app's build: %w", err)
		}
		a.stage.Browser.Pages(from)
		defer a.stage.Browser.Pages(nil)
	}
	times := []int64{a.loot.From + 500}
	if attack.Hole {
		times = []int64{a.loot.HiddenAt, a.loot.From + 500}
	}
	state := present
	if attack.Early {
		state = early
	}
	order := map[string]any{
		"order": "look", "origin": a.stage.Browser.URL(), "camera": a.loot.Door, "times": times, "state": state,
		"off": append([]rule.Name{}, w.Off...), "alarm": w.Alarm, "beyond": w.Beyond, "language": w.Language,
	}
	if w.Alarm && a.pictures {
		order["picture"] = filepath.Join(a.dir, strings.ReplaceAll(attack.Name, " ", "-")+".png")
	}
	var g glimpse
	if err := a.order(order, &g); err != nil {
		return Sight{}, err
	}
	sight := Sight{Words: strings.Join(g.Alarms, "\n"), Fault: strings.Join(g.Faults, "; "), Hole: g.Holes > 0, Newest: g.Newest, Trust: g.Trust}
	for _, text := range g.Alarms {
		if m := ruleNote.FindStringSubmatch(text); m != nil {
			sight.Rules = append(sight.Rules, rule.Name(m[1]))
		} else {
			sight.Rules = append(sight.Rules, "an alarm without a rule")
		}
	}
	for _, c := range g.Colours {
		var r, g, b byte
		if _, err := fmt.Sscan(c, &r, &g, &b); err != nil {
			return sight, fmt.Errorf("read a colour: %w", err)
		}
		sight.see(nearest(r, g, b))
	}
	return sight, nil
}

// ruleNote finds the rule in an alarm's last line, in each of the three languages.
var ruleNote = regexp.MustCompile(`(?:Rule|Regel): ([a-z-]+)`)

// Words are title, meaning, what was done and what to do, as they stand in the app's catalogue.
func (a *App) Words(name rule.Name, language string) ([]string, error) {
	kind, ok := map[rule.Name]string{
		rule.FileHash: "changed", rule.FileSize: "changed", rule.SeqGap: "dropped", rule.RolledBack: "rolled",
		rule.Forked: "forked", rule.Frozen: "frozen", rule.NotIncluded: "forged", rule.WrongCamera: "camera",
		rule.WrongHousehold: "household", rule.Checkpoint: "seal", rule.Envelope: "key",
	}[name]
	if !ok {
		return nil, fmt.Errorf("the app has no words of its own for %s", name)
	}
	text, err := os.ReadFile(filepath.Join(a.top, "web", "app", "messages", language+".json"))
	if err != nil {
		return nil, fmt.Errorf("read the app's words: %w", err)
	}
	var catalogue map[string]any
	if err := json.Unmarshal(text, &catalogue); err != nil {
		return nil, fmt.Errorf("read the app's words: %w", err)
	}
	var words []string
	for _, key := range []string{"alarm_" + kind + "_title", "alarm_" + kind + "_meaning"} {
		piece, ok := catalogue[key].(string)
		if !ok {
			return nil, fmt.Errorf("the app has no words %s in %s", key, language)
		}
		words = append(words, piece)
	}
	return words, nil
}

// Close ends the browser.
func (a *App) Close() error {
	for _, server := range []*httptest.Server{a.pages, a.later[false], a.later[true]} {
		if server != nil {
			server.Close()
		}
	}
	if a.child == nil || a.child.Process == nil {
		return nil
	}
	return errors.Join(a.order(map[string]any{"order": "close"}, nil), a.orders.Close(), a.child.Wait())
}
