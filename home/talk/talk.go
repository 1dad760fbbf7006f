// SPDX-License-Identifier: Apache-2.0

// Package talk lets people who watch a camera live talk by its speaker.
//
// It promises that nobody is heard without a command that their device has signed for this very moment, that a chime is
// heard before them, that it stands in the manifest before the chime, that one person talks by a camera at a time and the
// others are told who, and that the speaker is silent and given back when they let go, may no more, or are gone. It asks
// May again while somebody talks. A quick reply is talk that the hub speaks itself: its text stands in the manifest. What
// is written as begun is written as ended, also after a crash. No voice is kept, and what comes late is not played. The
// package trusts the roster that it is given, and nothing that comes from a viewer.
package talk

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"keyhold/home/challenge"
	"keyhold/home/live"
	"keyhold/home/state"
	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/signal"
)

// A Line is a camera's speaker while it is claimed; ingest.Speaker is one.
type Line interface {
	// Write lets µ-law be heard; at is its place in samples since the first. It does not wait for the camera.
	Write(speech []byte, at uint32) error
	Done() <-chan struct{}
	Close()
}

// Config is what a desk needs.
type Config struct {
	DB *state.DB
	// Hub is the hub's key, by which commands name it.
	Hub    ed25519.PublicKey
	Roster func() *roster.State
	// May asks the roster by the hub's own time.
	May func(id.Device, roster.Action, id.Camera) roster.Reason
	// Aloud is asked besides for what is said or heard live at a camera.
	Aloud func(id.Device, id.Camera) roster.Reason
	// Open claims a camera's speaker, until the context ends at the latest.
	Open func(context.Context, id.Camera) (Line, error)
	// Speak makes µ-law of a quick reply; nil where the hub has no program for that.
	Speak func(context.Context, *quickreply.Reply) ([]byte, error)
	// Record adds leaves of talk to the manifest; also runs in the same transaction.
	Record func(ctx context.Context, leaf *manifest.Talk, also func(*sql.Tx) error) error
	// Tell tells the members who talks; it does not wait.
	Tell func()
	Now  func() time.Time
	Log  *slog.Logger
}

// A Desk is where wishes to talk come. Close ends all talk.
type Desk struct {
	c     Config
	chime [][]byte
	work  context.Context
	stop  context.CancelFunc
	wg    sync.WaitGroup // calls

	mu     sync.Mutex
	closed bool                // guarded by mu
	calls  map[id.Camera]*call // guarded by mu
}

// New makes a desk.
func New(ctx context.Context, c Config) (*Desk, error) {
	chime, err := makeChime()
	if err != nil {
		return nil, err
	}
	d := &Desk{c: c, chime: chime, calls: map[id.Camera]*call{}}
	d.work, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	return d, nil
}

// Viewer is who watches, in one view.
type Viewer struct {
	Device id.Device
	Person id.Person
	View   id.View
	// Say tells them how it goes: a live.Challenge or a live.Act. It does not wait.
	Say func(any)
}

// Attend gives who decides for a viewer.
func (d *Desk) Attend(v Viewer) live.Attendant { return &visit{desk: d, Viewer: v} }

// visit is a viewer as long as the view lasts.
type visit struct {
	desk *Desk
	Viewer
	// challenges are those of this view alone: what was asked for here is done here, at a camera that it shows.
	challenges challenge.Book
	gone       bool                 // guarded by desk.mu
	own        *call                // nil while they do not talk; guarded by desk.mu
	speaking   atomic.Pointer[call] // the same, once sound may leave
}

// Words of a refusal, and of an end.
const (
	Denied    = "denied"     // May says no
	Child     = "child"      // it is a child's room: only owners and guardians talk or listen there
	Busy      = "busy"       // somebody else talks there
	Stale     = "stale"      // the roster has moved on
	Late      = "late"       // no challenge waits for it any more
	Invalid   = "invalid"    // it is no command, or by nobody who may sign it
	NoSpeaker = "no-speaker" // the camera has none that can be reached
	Taken     = "taken"      // something else has the camera's speaker
	Camera    = "camera"     // the camera has ended it, or does not answer
	Released  = "released"   // the viewer is done
	Lost      = "lost"       // nothing came from the viewer any more
	Right     = "right"      // the viewer may no more
	Long      = "long"       // it has lasted as long as it may
	Said      = "said"       // a quick reply was spoken to its end
	NoVoice   = "no-voice"   // the hub has no program that speaks, or that did not speak
	Failed    = "failed"     // it could not be written down, so it was not
)

func (v *visit) refuse(a roster.Action, target id.Camera, word string, by id.Person) {
	v.desk.c.Log.Info("talk was refused", "device", string(v.Device), "word", word)
	v.Say(live.Act{Action: a, By: by, State: live.ActRefused, Target: target, Word: word})
}

// Ask gives a challenge, or says at once why a command would be refused.
func (v *visit) Ask(a roster.Action, target id.Camera) {
	d := v.desk
	if a != roster.Talk {
		v.refuse(a, target, Invalid, "")
		return
	}
	if why := d.may(v.Device, a, target); why != "" {
		v.refuse(a, target, wordOf(why), "")
		return
	}
	if by := d.talker(target); by != "" {
		v.refuse(a, target, Busy, by)
		return
	}
	bytes, asked := v.challenges.Give(v.Device, a, target, d.c.Now().UnixMilli())
	v.Say(live.Challenge{Asked: asked, Challenge: bytes})
}

// may asks all that has to be asked before somebody is heard at a camera, or hears it.
func (d *Desk) may(dev id.Device, a roster.Action, c id.Camera) roster.Reason {
	if why := d.c.May(dev, a, c); why != "" {
		return why
	}
	return d.c.Aloud(dev, c)
}

// Hears says whether the viewer may hear a camera: who may look at it may not for that alone.
func (v *visit) Hears(c id.Camera) bool { return v.desk.may(v.Device, roster.Listen, c) == "" }

// talker is who talks by a camera, "" for nobody.
func (d *Desk) talker(c id.Camera) id.Person {
	d.mu.Lock()
	defer d.mu.Unlock()
	if call := d.calls[c]; call != nil {
		return call.who.Person
	}
	return ""
}

// Act carries out a command.
func (v *visit) Act(envelope []byte) {
	d := v.desk
	r := command.Reading{Roster: d.c.Roster(), Hub: d.c.Hub, Now: d.c.Now().UnixMilli(), Take: v.challenges.Take, May: d.may}
	c, hash, err := r.Read(envelope, v.Device)
	if err == nil && c.Action != roster.Talk {
		err = rule.Errorf(rule.Field, "talk: another action")
	}
	if err != nil {
		d.c.Log.Warn("a command does not hold", "device", string(v.Device), "rule", string(rule.Of(err)))
		v.refuse(roster.Talk, "", wordOf(rule.Of(err)), "")
		return
	}
	if by, word := d.begin(v, c, hash); word != "" {
		v.refuse(c.Action, c.Target, word, by)
	}
}

func wordOf(n rule.Name) string {
	switch n {
	case rule.Head:
		return Stale
	case rule.Replay, rule.Time:
		return Late
	case rule.Child:
		return Child
	case rule.Device, rule.Role, rule.Action, rule.Camera, rule.Early, rule.Ended, rule.Hours:
		return Denied
	default:
		return Invalid
	}
}

// begin lets somebody talk, unless somebody else does.
func (d *Desk) begin(v *visit, c *command.Command, hash id.Hash) (by id.Person, word string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || v.gone {
		return "", Lost
	}
	if c.Reply != nil && d.c.Speak == nil {
		return "", NoVoice
	}
	if other := d.calls[c.Target]; other != nil {
		return other.who.Person, Busy
	}
	if v.own != nil {
		return v.Person, Busy
	}
	call := newCall(d, v, c, hash)
	d.calls[c.Target], v.own = call, call
	d.wg.Go(call.run)
	return "", ""
}

// forget takes a call off the list.
func (d *Desk) forget(c *call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls[c.leaf.Camera] == c {
		delete(d.calls, c.leaf.Camera)
	}
	if c.who.own == c {
		c.who.own = nil
	}
}

// Hush says that the viewer has let go of the button.
func (v *visit) Hush(camera id.Camera) {
	v.desk.mu.Lock()
	c := v.own
	v.desk.mu.Unlock()
	if c != nil && c.leaf.Camera == camera {
		c.end(Released)
	}
}

// Voice lets the viewer be heard, once they may.
func (v *visit) Voice(p *rtp.Packet) {
	if c := v.speaking.Load(); c != nil {
		c.say(p)
	}
}

// Gone ends what the viewer says.
func (v *visit) Gone() {
	v.desk.mu.Lock()
	v.gone = true
	c := v.own
	v.desk.mu.Unlock()
	if c != nil {
		c.end(Lost)
		<-c.silent
	}
}

// Talks are who talks now, as members are told.
func (d *Desk) Talks() []signal.Look {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []signal.Look
	for _, c := range d.calls {
		if c.told {
			out = append(out, signal.Look{Camera: c.leaf.Camera, Device: c.leaf.Device, Person: c.leaf.Person, Since: c.leaf.Since, View: c.leaf.View})
		}
	}
	signal.Sort(out)
	return out[:min(len(out), signal.MaxTalks)]
}

// Recover ends what lasted when the hub was cut off, at the last moment that was noted. It is called before anything
// else of the desk.
func (d *Desk) Recover(ctx context.Context) error {
	var leaves []*manifest.Talk
	err := d.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT act, camera, device, person, view, since, seen, language, reply FROM talks ORDER BY since, act`, nil, func(scan func(...any) error) error {
			l := &manifest.Talk{State: manifest.TalkEnded}
			var act []byte
			var said quickreply.Reply
			if err := scan(&act, &l.Camera, &l.Device, &l.Person, &l.View, &l.Since, &l.Until, &said.Language, &said.Text); err != nil {
				return err
			}
			if said.Text != "" {
				l.Reply = &said
			}
			copy(l.Act[:], act)
			l.Until = max(l.Until, l.Since)
			leaves = append(leaves, l)
			return nil
		})
	})
	for _, l := range leaves {
		if err == nil {
			err = d.ended(ctx, l)
		}
	}
	return err
}

// Close ends everything, writes that down, and waits.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	for c := range slices.Values(d.list()) {
		c.end(Lost)
	}
	d.mu.Unlock()
	d.wg.Wait()
	d.stop()
}

// list are all calls; it needs the lock.
func (d *Desk) list() []*call {
	out := make([]*call, 0, len(d.calls))
	for _, c := range d.calls {
		out = append(out, c)
	}
	return out
}
