// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"keyhold/api"
	"keyhold/e2e/harness"
	"keyhold/e2e/proxy"
	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// The cameras, each with a bar of one colour in its picture: what a client plays is told by it.
const (
	door = "Door"
	yard = "Yard"
	shed = "Shed" // the forger's own
)

var colours = map[string]string{door: "SteelBlue", yard: "SeaGreen", shed: "OrangeRed"}

// filming is how long each of the three parts is recorded. Parts lie in epochs, and so on pages, of their own.
const filming = 8 * time.Second

// Stage is an operator with two households, of which one is attacked and the other is the attacker's own, and the
// operator's other faces: the state as it once was, and what a second hub with the first one's key has written since.
type Stage struct {
	Released, Mutant harness.Programs

	Home  *harness.World // the household that is attacked
	Other *harness.World // the attacker's own, at the same cloud
	Past  *harness.World // the cloud as it was earlier: its folder, copied and started again
	Fork  *harness.World // the same with a copy of the hub, which went on by itself

	Command *proxy.Proxy // between the command line and the cloud
	Browser *proxy.Proxy // between the owner app and the cloud
	App     *App

	// EarlyDevice is the owner's device as it was at the time of Past; the one in Home has seen the present.
	EarlyDevice string
	// Status is the hub's newest status as it stands in an answer.
	Status json.RawMessage
}

// NewStage builds the programs, films, and records everything once. The caller closes it, also after an error.
func NewStage(ctx context.Context, dir string, say io.Writer) (*Stage, error) {
	s := &Stage{}
	return s, errors.Join(s.build(ctx, dir, say))
}

func (s *Stage) build(ctx context.Context, dir string, say io.Writer) error {
	fmt.Fprintln(say, "building the programs")
	var err error
	if s.Released, err = harness.Build(ctx, false); err != nil {
		return err
	}
	if s.Mutant, err = harness.Build(ctx, true); err != nil {
		return err
	}
	for _, w := range []struct {
		world **harness.World
		name  string
	}{{&s.Home, "home"}, {&s.Other, "other"}, {&s.Past, "past"}, {&s.Fork, "fork"}} {
		if *w.world, err = harness.NewWorld(ctx, filepath.Join(dir, w.name), s.Released); err != nil {
			return err
		}
	}
	// This one is a changed program, as an operator may run: it does not mind how old a question is.
	s.Past.Programs, s.Past.Env = s.Mutant, []string{"KEYHOLD_MUTANT=" + string(rule.Time)}
	if s.Command, err = proxy.Start(ctx, s.Home.CloudURL()); err != nil {
		return err
	}
	if s.Browser, err = proxy.Start(ctx, s.Home.CloudURL()); err != nil {
		return err
	}
	if s.App, err = NewApp(ctx, s, dir); err != nil {
		return err
	}
	fmt.Fprintln(say, "recording two households")
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.record(ctx); err != nil {
		return err
	}
	if err := s.split(ctx); err != nil {
		return err
	}
	// From here on the device has seen the present.
	s.Command.Use(nil, func(e *proxy.Exchange) bool {
		var answer struct{ Status json.RawMessage }
		if proxy.Fetches(e) && json.Unmarshal(e.Body, &answer) == nil && len(answer.Status) > 0 {
			s.Status = answer.Status
		}
		return false
	})
	_, err = s.Home.Owner(ctx, "list", "--json")
	s.Command.Use(nil, nil)
	return errors.Join(err, s.App.Remember(present))
}

// begin starts everything and adds the cameras.
func (s *Stage) begin(ctx context.Context) error {
	films := map[string]string{}
	for name, colour := range colours {
		// The forger's film is small, so that what is forged from it fits into the place of a true segment.
		film, file := harness.Film{Seconds: 20, Colour: colour, Small: name == shed}, s.Home.Path(name+".mp4")
		if err := film.Make(ctx, file); err != nil {
			return err
		}
		films[name] = file
	}
	s.Other.CloudAddress, s.Other.HubCloud, s.Other.CameraAddress = s.Home.CloudAddress, s.Home.CloudURL(), s.Home.CameraAddress
	if err := s.Home.StartCloud(ctx); err != nil {
		return err
	}
	if !harness.Answers(ctx, s.Home.CloudURL()+"/") {
		return errors.New("the cloud's program was built without the owner app; run `make web`")
	}
	if err := s.Home.StartCameras(ctx, films); err != nil {
		return err
	}
	for _, h := range []struct {
		world   *harness.World
		cloud   string
		cameras []string
	}{{s.Home, s.Command.URL(), []string{door, yard}}, {s.Other, s.Home.CloudURL(), []string{shed}}} {
		if err := h.world.StartHub(ctx); err != nil {
			return err
		}
		if err := h.world.Pair(ctx, h.cloud); err != nil {
			return err
		}
		for _, name := range h.cameras {
			if _, err := h.world.Owner(ctx, "cameras", "add", name, s.Home.CameraURL(name)); err != nil {
				return err
			}
		}
	}
	return s.App.Join(ctx)
}

// record films three parts, each in an epoch of its own, and waits until all of it is at the cloud.
func (s *Stage) record(ctx context.Context) error {
	mine, err := owner(s.Home.Path("device"), s.Home.CloudURL())
	if err != nil {
		return err
	}
	theirs, err := owner(s.Other.Path("device"), s.Home.CloudURL())
	if err != nil {
		return err
	}
	for part := range 3 {
		if part > 0 {
			if _, err := mine.Do(ctx, request.Op{Kind: request.OpRotate}); err != nil {
				return fmt.Errorf("ask for new epochs: %w", err)
			}
		}
		if err := film(ctx, filming); err != nil {
			return err
		}
		if err := sent(ctx, mine); err != nil {
			return err
		}
	}
	return errors.Join(sent(ctx, theirs), s.App.Remember(early))
}

// split keeps the present as the past, and lets two hubs with one key go on from there, each at a cloud of its own.
func (s *Stage) split(ctx context.Context) error {
	for _, p := range []*harness.Process{s.Home.Hub, s.Other.Hub, s.Home.Cloud} {
		if err := p.Stop(); err != nil {
			return err
		}
	}
	s.EarlyDevice = s.Home.Path("device-early")
	for _, c := range [][2]string{
		{s.Home.Path("cloud"), s.Past.Path("cloud")},
		{s.Home.Path("cloud"), s.Fork.Path("cloud")},
		{s.Home.Path("hub"), s.Fork.Path("hub")},
		{s.Home.Path("device"), s.EarlyDevice},
		{s.Home.Path("device"), s.Fork.Path("device")},
	} {
		if err := copyFolder(c[0], c[1]); err != nil {
			return err
		}
	}
	for _, w := range []*harness.World{s.Home, s.Fork, s.Past} {
		if err := w.StartCloud(ctx); err != nil {
			return err
		}
	}
	for _, w := range []*harness.World{s.Home, s.Fork} {
		if err := w.StartHub(ctx); err != nil {
			return err
		}
	}
	here, err := owner(s.Home.Path("device"), s.Home.CloudURL())
	if err != nil {
		return err
	}
	there, err := owner(s.Fork.Path("device"), s.Fork.CloudURL())
	if err != nil {
		return err
	}
	if err := film(ctx, filming); err != nil {
		return err
	}
	// The fork has to be the longer record: a shorter one would be refused as rolled back before it is looked at.
	for range 2 {
		if _, err := there.Do(ctx, request.Op{Kind: request.OpRotate}); err != nil {
			return fmt.Errorf("ask the second hub for new epochs: %w", err)
		}
	}
	if err := errors.Join(sent(ctx, here), s.Home.Hub.Stop()); err != nil {
		return err
	}
	// And it has to end later: a page that shows a picture does not go back to an older one.
	if err := film(ctx, filming/2); err != nil {
		return err
	}
	return errors.Join(sent(ctx, there), s.Fork.Hub.Stop())
}

// Close stops everything.
func (s *Stage) Close() error {
	var bad error
	if s.App != nil {
		bad = s.App.Close()
	}
	for _, p := range []*proxy.Proxy{s.Command, s.Browser} {
		if p != nil {
			bad = errors.Join(bad, p.Close())
		}
	}
	for _, w := range []*harness.World{s.Fork, s.Past, s.Other, s.Home} {
		if w != nil {
			bad = errors.Join(bad, w.Close())
		}
	}
	return bad
}

// owner is the session of a device's folder, past any proxy.
func owner(dir, cloud string) (*session.Session, error) {
	folder, err := device.Open(dir)
	if err != nil {
		return nil, err
	}
	return session.Open(folder, &api.Client{Base: cloud, HTTP: &http.Client{}})
}

// film lets the cameras run: footage of some seconds takes some seconds.
func film(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sent asks a hub to let its open packs leave, and waits until the cloud shows footage of every camera that is as new.
func sent(ctx context.Context, s *session.Session) error {
	since := s.Now().UnixMilli()
	if _, err := s.Do(ctx, request.Op{Kind: request.OpLeaveEarly}); err != nil {
		return fmt.Errorf("ask for the open packs: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond) // each question costs hub, cloud and this program something
	defer tick.Stop()
	for {
		err := shown(ctx, s, since)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for footage of every camera at the cloud: %w; at last: %w", context.Cause(ctx), err)
		}
	}
}

// shown says what is missing until the cloud shows footage of every camera up to a time.
func shown(ctx context.Context, s *session.Session, until int64) error {
	v, err := s.Sync(ctx)
	if err != nil {
		return err
	}
	if v.Names == nil {
		return errors.New("there are no names yet")
	}
	for _, camera := range v.Names.Cameras {
		t, err := v.Timeline(ctx, camera.ID, until-60_000, until+60_000)
		if err != nil {
			return err
		}
		if n := len(t.Segments); n == 0 || t.Segments[n-1].End < until {
			return fmt.Errorf("%d segments of %s, none as new as %s: %v", n, camera.Name, clock(until), ends(t.Segments))
		}
	}
	return errors.Join(v.Alarms...)
}

// copyFolder copies a folder that nobody writes to.
func copyFolder(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("copy a folder: %w", err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copy a folder: %w", err)
	}
	return filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
}

// segmentsOf lists what a device knows of a camera, oldest first.
func segmentsOf(ctx context.Context, s *session.Session, name string) (*session.View, id.Camera, []session.Segment, error) {
	v, err := s.Sync(ctx)
	if err != nil {
		return nil, "", nil, err
	}
	camera, ok := v.Camera(name)
	if !ok {
		return nil, "", nil, fmt.Errorf("there is no camera %s", name)
	}
	now := s.Now().UnixMilli()
	t, err := v.Timeline(ctx, camera.ID, now-3_600_000, now)
	if err != nil {
		return nil, "", nil, err
	}
	return v, camera.ID, t.Segments, nil
}

// ends lists when segments begin and end, for a message.
func ends(segments []session.Segment) []string {
	var out []string
	for _, s := range segments {
		out = append(out, clock(s.Start)+" to "+clock(s.End))
	}
	return out
}
