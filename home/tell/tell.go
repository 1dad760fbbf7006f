// SPDX-License-Identifier: Apache-2.0

// Package tell says by another way than alerts that somebody has rung: by the channels that the household has chosen, ntfy,
// a broker (MQTT) or e-mail, in one line of text.
//
// It needs no cloud: the hub goes to a channel's server itself. Each visit is told once by each channel, and never for
// ever: it is tried for some minutes, told as late when it is late, and then dropped and counted. A flood at the button is
// no flood of messages: a visit is one however often somebody presses, and there is a ceiling for an hour. No picture, no
// name of a person and no link goes that way, since whoever runs the channel reads it (docs/decisions/0029). It promises
// that passwords go where they were set to go and nowhere else, by TLS outside the home, and that no server can make the
// hub wait or read without an end. It trusts nothing that comes back. A crash forgets what is on its way.
package tell

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"keyhold/home/door"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Channel is one that the household has set up. URL, User, Password, Token, From and To are never logged.
type Channel struct {
	Added int64     `json:"added"`
	By    id.Person `json:"by"`
	// Cameras are those of which it is told, none for all that there are and will be.
	Cameras  []id.Camera `json:"cameras"`
	From     string      `json:"from"`
	Kind     string      `json:"kind"`
	Language string      `json:"language"`
	Name     string      `json:"name"`
	// Names says that the text names the camera.
	Names    bool   `json:"names"`
	Password string `json:"password"`
	To       string `json:"to"`
	Token    string `json:"token"`
	Topic    string `json:"topic"`
	URL      string `json:"url"`
	User     string `json:"user"`
}

// of says whether it is told of a camera.
func (c *Channel) of(camera id.Camera) bool {
	return len(c.Cameras) == 0 || slices.Contains(c.Cameras, camera)
}

// Telling is the state of a channel that took what it was told last, Untried of one that was told nothing yet. The others
// are those of a broker: door.Away, door.Refused, door.Barred.
const (
	Telling = "telling"
	Untried = "untried"
)

// State is how a channel does.
type State struct {
	State       string
	Since, Told time.Time // Told is zero if nothing was told since the hub was started
	Missed      int64     // visits that were not told
}

// Config is what a Desk needs. All fields must be set but Here.
type Config struct {
	// Here are servers on this computer that may be connected to.
	Here []netip.AddrPort
	// Near says whether an address is in the home. Only there something is told without TLS.
	Near func(netip.Addr) bool
	// Zone is the home's time zone.
	Zone func(context.Context) *time.Location
	Now  func() time.Time
	Log  *slog.Logger
}

// visit is how close presses of one camera are that are one visit (docs/glossary.md).
const visit = 2 * time.Minute

// Desk is all channels at work. It is safe for concurrent use.
type Desk struct {
	c    Config
	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu    sync.Mutex
	lines map[string]*line        // by name; guarded by mu
	last  map[id.Camera]time.Time // when somebody pressed last; guarded by mu
}

// New begins. Everything ends with Close, or when the context does.
func New(ctx context.Context, c Config) *Desk {
	d := &Desk{c: c, lines: map[string]*line{}, last: map[id.Camera]time.Time{}}
	d.ctx, d.stop = context.WithCancel(ctx)
	return d
}

// Close drops what waits, ends what is on its way, and waits for that.
func (d *Desk) Close() {
	d.mu.Lock()
	d.stop()
	d.mu.Unlock()
	d.wg.Wait()
}

// Add lets a channel tell. There is none of its name yet.
func (d *Desk) Add(c Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return
	}
	l := newLine(d, c)
	d.lines[c.Name] = l
	d.wg.Go(l.run)
}

// Remove ends a channel. What is on its way by it is given up.
func (d *Desk) Remove(name string) {
	d.mu.Lock()
	l := d.lines[name]
	delete(d.lines, name)
	d.mu.Unlock()
	if l != nil {
		l.stop()
		<-l.done
	}
}

// State tells how a channel does.
func (d *Desk) State(name string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lines[name]; l != nil {
		return l.state
	}
	return State{State: Untried, Since: d.c.Now()}
}

// Test sends a word by a channel now, once, and waits for what comes of it, which State says then.
func (d *Desk) Test(ctx context.Context, name string) {
	d.mu.Lock()
	l := d.lines[name]
	d.mu.Unlock()
	if l == nil {
		return
	}
	_ = l.try(ctx, l.testText()) // State says it
}

// Pressed tells of a press, if it begins a visit. It does not wait.
func (d *Desk) Pressed(camera id.Camera, name string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	last, was := d.last[camera]
	d.last[camera] = at
	if was && at.Sub(last).Abs() < visit && !rule.Off(rule.Quota) {
		return
	}
	for _, l := range d.lines {
		if l.of(camera) {
			l.take(ring{name, at})
		}
	}
}

// why says how a channel is by which something could not be told.
func why(err error) string {
	switch {
	case err == nil:
		return Telling
	case errors.Is(err, errRefused), rule.Of(err) == rule.Length:
		return door.Refused
	case rule.Of(err) == rule.Here, rule.Of(err) == rule.Elsewhere, errors.Is(err, ErrWay):
		return door.Barred
	}
	return door.Away
}

// errRefused says that a server does not take what it is told, and would not the next time.
var errRefused = errors.New("tell: the server does not take it")

// way is how a kind of channel tells one thing, once.
type way func(context.Context, *line, text) error

var ways = map[string]way{request.ChannelEmail: byMail, request.ChannelMQTT: byBroker, request.ChannelNtfy: byPost}
