// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"

	"keyhold/member/live"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

// LiveCommand watches a camera, or says who is watching.
type LiveCommand struct {
	deviceFlag
	Camera string        `placeholder:"NAME" xor:"what" required:"" help:"The camera, by name or id."`
	Who    bool          `xor:"what" required:"" help:"Say who is watching now."`
	Out    string        `placeholder:"FILE" help:"Where the video goes, as H.264; standard output if not given."`
	Sound  string        `placeholder:"FILE" help:"Where the sound goes, as Opus in Ogg; none if not given."`
	For    time.Duration `placeholder:"D" help:"For how long; until it is interrupted if not given."`
	JSON   bool          `name:"json" help:"Print one object of JSON a line about what happens."`
}

// Run watches until it is told to end.
func (l *LiveCommand) Run(ctx context.Context, c *console) error {
	s, v, err := l.look(ctx, c)
	if err != nil {
		return err
	}
	run := ctx
	if l.For > 0 {
		var cancel context.CancelFunc
		run, cancel = context.WithTimeout(ctx, l.For)
		defer cancel()
	}
	if l.Who {
		return l.who(run, c, s, v)
	}
	camera, ok := v.Camera(l.Camera)
	if one, err := id.ParseCamera(l.Camera); !ok && err == nil {
		camera, ok = manifest.NamedCam{ID: one, Name: l.Camera}, true // whoever may only watch live is told no names
	}
	if !ok {
		return noCamera(l.Camera)
	}
	if why := s.May(roster.Live, camera.ID); why != "" {
		return fmt.Errorf("%s is not open to you now: %s", camera.Name, whyNot(s, v, why))
	}
	if why := s.May(roster.Listen, camera.ID); why != "" && l.Sound != "" {
		return fmt.Errorf("you may not hear %s (leave --sound out to watch it): %s", camera.Name, whyNot(s, v, why))
	}
	w := &watcher{c: c, json: l.JSON, camera: camera.ID, name: camera.Name, v: v, began: time.Now()}
	if err := w.open(l); err != nil {
		return err
	}
	err = w.watch(run, s)
	if closeErr := w.close(); err == nil {
		err = closeErr
	}
	if err != nil && ctx.Err() == nil && run.Err() != nil {
		err = nil // the time was over
	}
	return errors.Join(w.event(liveLine{Event: "ended", Pictures: w.pictures, Bytes: w.bytes, Why: whyEnded(err)}), err)
}

// liveLine is what --json prints of a view.
type liveLine struct {
	Event    string    `json:"event"`
	Camera   id.Camera `json:"camera"`
	Name     string    `json:"name"`
	MS       int64     `json:"ms"`
	Pictures int       `json:"pictures,omitempty"`
	Bytes    int64     `json:"bytes,omitempty"`
	Why      string    `json:"why,omitempty"`
}

func whyEnded(err error) string {
	var ended *live.EndedError
	var refused *live.RefusedError
	switch {
	case errors.As(err, &ended):
		return ended.Word
	case errors.As(err, &refused):
		return refused.Word
	case err != nil:
		return err.Error()
	}
	return ""
}

// watcher takes pictures. Its functions are called by one goroutine each.
type watcher struct {
	c      *console
	json   bool
	camera id.Camera
	name   string
	v      *session.View
	began  time.Time

	video    io.Writer
	file     *os.File // nil for standard output
	sound    *oggwriter.OggWriter
	pictures int
	bytes    int64
	lost     bool  // since the picture before; set while no view is open
	failed   error // of the goroutine that takes pictures
	stop     context.CancelFunc
}

func (w *watcher) open(l *LiveCommand) error {
	switch {
	case l.Out != "":
		f, err := os.Create(l.Out)
		if err != nil {
			return err
		}
		w.video, w.file = f, f
	case l.JSON:
		w.video = io.Discard
	default:
		if f, ok := w.c.out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
			return errors.New("this is video: give a file with --out, or pipe it into a player (keyhold live … | ffplay -)")
		}
		w.video = w.c.out
	}
	if l.Sound == "" {
		return nil
	}
	var err error
	w.sound, err = oggwriter.New(l.Sound, 48_000, 2)
	return err
}

func (w *watcher) close() error {
	var err error
	if w.sound != nil {
		err = w.sound.Close()
	}
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
	}
	return errors.Join(err, w.failed)
}

func (w *watcher) event(l liveLine) error {
	if !w.json {
		return nil
	}
	l.Camera, l.Name, l.MS = w.camera, w.name, time.Since(w.began).Milliseconds()
	return w.c.object(l)
}

func (w *watcher) watch(ctx context.Context, s *session.Session) error {
	ctx, w.stop = context.WithCancel(ctx)
	defer w.stop()
	wish := live.Wish{Cameras: []id.Camera{w.camera}, Picture: w.picture}
	if w.sound != nil {
		wish.Sound = func(p *rtp.Packet) { _ = w.sound.WriteRTP(p) } // Close says whether the file is whole
	}
	w.began = time.Now()
	return live.Keep(ctx, s, wish, func(why error) {
		w.lost = true
		_ = w.event(liveLine{Event: "lost", Pictures: w.pictures, Bytes: w.bytes, Why: whyEnded(why)}) // what is printed last says it again
		w.c.say("The connection was lost; connecting again.")
	})
}

// picture writes one picture as it would stand in a file.
func (w *watcher) picture(_ int, units [][]byte, _ bool, _ time.Duration) {
	if w.failed != nil {
		return
	}
	w.pictures++
	event := ""
	switch {
	case w.pictures == 1:
		event = "first-picture"
	case w.lost:
		event = "again"
	}
	if w.lost = false; event != "" {
		if w.failed = w.event(liveLine{Event: event}); w.failed != nil {
			w.stop()
			return
		}
	}
	for _, u := range units {
		n, err := w.video.Write(append([]byte{0, 0, 0, 1}, u...))
		w.bytes += int64(n)
		if err != nil {
			w.failed = fmt.Errorf("write the video: %w", err)
			w.stop()
			return
		}
	}
}

// whoLine is what --who --json prints.
type whoLine struct {
	At    int64       `json:"at"`
	Looks []lookerNow `json:"looks"`
	// Private are the cameras that are turned off at their source.
	Private []offNow `json:"private"`
}

type offNow struct {
	Camera     id.Camera `json:"camera"`
	Name       string    `json:"name"`
	Person     id.Person `json:"person"`
	PersonName string    `json:"person_name"`
	Hours      bool      `json:"hours"`
	Since      int64     `json:"since"`
}

type lookerNow struct {
	Camera     id.Camera `json:"camera"`
	Name       string    `json:"name"`
	Person     id.Person `json:"person"`
	PersonName string    `json:"person_name"`
	Device     id.Device `json:"device"`
	DeviceName string    `json:"device_name"`
	Since      int64     `json:"since"`
}

// who asks, and with --for goes on telling.
func (l *LiveCommand) who(ctx context.Context, c *console, s *session.Session, v *session.View) error {
	line, err := s.Line(ctx)
	if err != nil {
		return err
	}
	defer line.Close()
	if err := line.Ask(ctx); err != nil {
		return err
	}
	first, cancel := context.WithTimeoutCause(ctx, session.AnswerTime, live.ErrNoAnswer)
	defer cancel()
	for wait := first; ; wait = ctx {
		_, w, err := line.Next(wait)
		switch {
		case err != nil && l.For > 0 && ctx.Err() != nil:
			return nil
		case err != nil && errors.Is(context.Cause(wait), live.ErrNoAnswer):
			return live.ErrNoAnswer
		case err != nil:
			return err
		case w == nil:
			continue
		}
		if err := c.watching(v, w, l.JSON); err != nil {
			return err
		}
		if l.For == 0 {
			return nil
		}
	}
}

func (c *console) watching(v *session.View, w *signal.Watching, asJSON bool) error {
	out := whoLine{At: w.At, Looks: []lookerNow{}, Private: []offNow{}}
	for _, x := range w.Looks {
		camera, _ := v.Camera(string(x.Camera))
		out.Looks = append(out.Looks, lookerNow{
			Camera: x.Camera, Name: nameOr(camera.Name, string(x.Camera)), Person: x.Person, PersonName: nameOr(v.PersonName(x.Person), string(x.Person)),
			Device: x.Device, DeviceName: nameOr(v.DeviceName(x.Device), string(x.Device)), Since: x.Since,
		})
	}
	for _, x := range w.Private {
		camera, _ := v.Camera(string(x.Camera))
		out.Private = append(out.Private, offNow{
			Camera: x.Camera, Name: nameOr(camera.Name, string(x.Camera)), Person: x.Person, PersonName: nameOr(v.PersonName(x.Person), string(x.Person)),
			Hours: x.Hours, Since: x.Since,
		})
	}
	if asJSON {
		return c.object(out)
	}
	for _, x := range out.Private {
		c.answer("%s is private since %s, set by %s", x.Name, clock(x.Since, c.now()), x.PersonName)
	}
	for _, x := range out.Looks {
		c.answer("%s (%s) is watching %s since %s", x.PersonName, x.DeviceName, x.Name, clock(x.Since, c.now()))
	}
	if len(out.Looks) == 0 {
		c.answer("Nobody is watching.")
	}
	return nil
}
