// SPDX-License-Identifier: Apache-2.0

// Package smart tells programs of the home how the cameras do: Home Assistant, and whatever else reads its messages, by a
// broker of the household's (MQTT).
//
// Each integration has a name and a scope, cameras and what is told of them, and says nothing beyond that. It only tells:
// what comes by a broker is never carried out (docs/decisions/0027). Its names on the broker are its own and mean nothing
// elsewhere. It promises to keep trying as long as it is there, and to take back, when it ends, what it had the broker
// keep. It trusts nothing that comes, and nobody who reads.
package smart

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"keyhold/statement/id"
	"keyhold/statement/request"
)

// What may be told of a camera.
const (
	Lock     = request.TellLock     // its door was opened a moment ago; not by whom
	Press    = request.TellPress    // somebody has pressed at the door
	Watching = request.TellWatching // somebody watches live; not who
	Online   = request.TellOnline   // the camera is recorded
	Private  = request.TellPrivate  // it is turned off at its source
	Stream   = request.TellStream   // nothing that is told: its picture is read from the hub
)

// Integration is one that the household has set up. URL, User, Password, Secret and Reads are never logged.
type Integration struct {
	Added    int64       `json:"added"`
	By       id.Person   `json:"by"`
	Cameras  []id.Camera `json:"cameras"`
	Language string      `json:"language"`
	Name     string      `json:"name"`
	Password string      `json:"password"`
	// Reads is by what it reads cameras from the hub, nil if it does not.
	Reads *Reads `json:"reads,omitempty"`
	// Secret is what its names on the broker are made of.
	Secret []byte   `json:"secret"`
	Tells  []string `json:"tells"`
	// URL is the broker's, mqtt://host:port or mqtts://host:port; "" where nothing is told.
	URL  string `json:"url"`
	User string `json:"user"`
}

// Reads is how an integration logs in, and what it is called on the record: it is nobody of the roster. Wish is what its
// gesture was made for.
type Reads struct {
	Device   id.Device `json:"device"`
	Password string    `json:"password"`
	Person   id.Person `json:"person"`
	User     string    `json:"user"`
	Wish     id.Hash   `json:"wish"`
}

// Camera is how a camera does now.
type Camera struct {
	ID                       id.Camera
	Name                     string
	Online, Watched, Private bool
	// Door: something opens a door there; Open: that was told to, a moment ago.
	Door, Open bool
}

// States of an integration.
const (
	Telling    = "telling"
	Connecting = "connecting" // nothing is known yet
)

// State is how an integration does: Telling, Connecting, or what home/door says of a broker that is not reached.
type State struct {
	State string
	Since time.Time
}

// Config is what a Desk needs. All fields must be set but Here.
type Config struct {
	// Look says how the cameras in use do.
	Look func(context.Context) ([]Camera, error)
	// Here are brokers on this computer that may be connected to.
	Here []netip.AddrPort
	// Near says whether an address is in the home. Only there something is told without TLS.
	Near func(netip.Addr) bool
	Now  func() time.Time
	Log  *slog.Logger
}

// lookEvery is how often it is looked how the cameras do.
const lookEvery = time.Second

// Desk is all integrations at work. It is safe for concurrent use.
type Desk struct {
	c    Config
	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu    sync.Mutex
	lines map[string]*line // by name; guarded by mu
}

// New begins. Everything ends with Close, or when the context does.
func New(ctx context.Context, c Config) *Desk {
	d := &Desk{c: c, lines: map[string]*line{}}
	d.ctx, d.stop = context.WithCancel(ctx)
	d.wg.Go(d.look)
	return d
}

// Close ends all of it, says at the brokers that nothing is told for now, and waits.
func (d *Desk) Close() {
	d.stop()
	d.wg.Wait()
}

// Add lets an integration tell, if it is told anything. There is none of its name yet.
func (d *Desk) Add(i Integration) {
	if i.URL == "" {
		return
	}
	_, i.Tells = request.Reads(i.Tells)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return
	}
	l := newLine(d, i)
	d.lines[i.Name] = l
	d.wg.Go(func() { l.run(d.ctx) })
}

// Remove ends an integration, and says whether the broker has forgotten what it was told. It waits some seconds for a
// broker that does not answer.
func (d *Desk) Remove(name string) (forgotten bool) {
	d.mu.Lock()
	l := d.lines[name]
	delete(d.lines, name)
	d.mu.Unlock()
	if l == nil {
		return false
	}
	close(l.ending)
	<-l.done
	return l.forgotten
}

// State tells how an integration does.
func (d *Desk) State(name string) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lines[name]; l != nil {
		return l.state
	}
	return State{State: Connecting, Since: d.c.Now()}
}

// Pressed tells of a press. It does not wait: a broker that is slow misses it.
func (d *Desk) Pressed(c id.Camera, at time.Time) {
	for _, l := range d.all() {
		if !l.in(c, Press) {
			continue
		}
		select {
		case l.presses <- press{c, at}:
		default: // a flood, or a broker that takes its time
		}
	}
}

// look looks how the cameras do, while there is somebody to be told.
func (d *Desk) look() {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-d.ctx.Done():
			return
		}
		lines := d.all()
		if len(lines) == 0 {
			continue
		}
		list, err := d.c.Look(d.ctx)
		if err != nil {
			if d.ctx.Err() == nil {
				d.c.Log.Error("integrations are not told how the cameras do", "error", err)
			}
			continue
		}
		if list == nil {
			list = []Camera{} // it is known that there is none
		}
		for _, l := range lines {
			select {
			case <-l.looks: // one that was not told yet, and is old now
			default:
			}
			l.looks <- list // this is the only one who sends
		}
	}
}

func (d *Desk) all() []*line {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*line, 0, len(d.lines))
	for _, l := range d.lines {
		out = append(out, l)
	}
	return out
}

// is notes how an integration does.
func (d *Desk) is(l *line, state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.state.State != state {
		l.state = State{State: state, Since: d.c.Now()}
		d.c.Log.Info("an integration's state changed", "state", state)
	}
}
