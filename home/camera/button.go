// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Topics of what a doorbell tells.
const (
	// ButtonTopic is that of its button.
	ButtonTopic = "Device/Trigger/DigitalInput"
	// MotionTopic is that of something which moves before it.
	MotionTopic = "RuleEngine/CellMotionDetector/Motion"
)

const (
	// heldFor is how long somebody keeps a finger on the button.
	heldFor = 120 * time.Millisecond
	// mostPoints is how many clients may wait for events, mostQueued how many events wait for one of them.
	mostPoints = 8
	mostQueued = 64
	// keptFor is how long a client is waited for that says nothing.
	keptFor = time.Minute
	// longestPull bounds how long one question for events waits.
	longestPull = 30 * time.Second
)

// Habits are those of real cameras, which differ. They are for tests.
type Habits struct {
	// RenewOnly: pulls prolong no subscription; it has to be renewed. Else renewing is refused, and pulls prolong it.
	RenewOnly bool
	// Lasts is how long a subscription does; a minute if 0.
	Lasts time.Duration
	// Twice: every event is brought again with the next pull.
	Twice bool
	// Hasty: a pull is answered at once, also with nothing.
	Hasty bool
	// TokenOnly: the password is taken in the message alone, and not over HTTP.
	TokenOnly bool
	// RelayStays: its relay stays as it is set. Jammed: its lock stays shut, whatever it says.
	RelayStays, Jammed bool
}

// notice is one event.
type notice struct {
	topic string
	on    bool
	first bool // it tells how things are, and that nothing has changed
	at    time.Time
}

// button is that of a doorbell, and who waits for it.
type button struct {
	habits Habits
	now    func() time.Time

	mu     sync.Mutex
	on     bool              // guarded by mu
	points map[string]*point // guarded by mu
	// made counts subscriptions, renewed how often one was renewed, pulled how often one was asked for events; guarded by mu.
	made, renewed, pulled int
}

// point is one client's queue.
type point struct {
	queue, again []notice
	until        time.Time
	wake         chan struct{} // holds a token when the queue has grown
}

func newButton(h Habits, now func() time.Time) *button {
	if h.Lasts == 0 {
		h.Lasts = keptFor
	}
	return &button{habits: h, now: now, points: map[string]*point{}}
}

// tell gives an event to all who wait.
func (b *button) tell(n notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n.topic == ButtonTopic {
		b.on = n.on
	}
	for _, p := range b.points {
		if len(p.queue) < mostQueued {
			p.queue = append(p.queue, n)
		}
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// subscribe opens a queue and gives its name. It begins with how things are.
func (b *button) subscribe() (string, time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tidy()
	if len(b.points) == mostPoints {
		return "", time.Time{}, false
	}
	name := strings.ToLower(rand.Text()[:12])
	p := &point{wake: make(chan struct{}, 1), until: b.now().Add(b.habits.Lasts)}
	p.queue = []notice{{topic: ButtonTopic, on: b.on, first: true, at: b.now()}}
	b.points[name] = p
	b.made++
	return name, p.until, true
}

// tidy forgets who did not come back. mu is held.
func (b *button) tidy() {
	for name, p := range b.points {
		if b.now().After(p.until) {
			delete(b.points, name)
		}
	}
}

var errNoPoint = errors.New("camera: no such subscription")

// pull waits for events.
func (b *button) pull(ctx context.Context, name string, wait time.Duration, most int) ([]notice, time.Time, error) {
	if b.habits.Hasty {
		wait = 0
	}
	t := time.NewTimer(min(max(wait, 0), longestPull))
	defer t.Stop()
	b.mu.Lock()
	b.pulled++
	b.mu.Unlock()
	for {
		b.mu.Lock()
		b.tidy()
		p := b.points[name]
		if p == nil {
			b.mu.Unlock()
			return nil, time.Time{}, errNoPoint
		}
		if !b.habits.RenewOnly {
			p.until = b.now().Add(b.habits.Lasts)
		}
		if n := min(len(p.queue), most); n > 0 || len(p.again) > 0 {
			out := append(p.again, p.queue[:n]...)
			if p.again = nil; b.habits.Twice {
				p.again = append([]notice(nil), p.queue[:n]...)
			}
			p.queue = p.queue[n:]
			until := p.until
			b.mu.Unlock()
			return out, until, nil
		}
		until := p.until
		b.mu.Unlock()
		select {
		case <-p.wake:
		case <-t.C:
			return nil, until, nil
		case <-ctx.Done():
			return nil, until, ctx.Err()
		}
	}
}

func (b *button) renew(name string) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tidy()
	p := b.points[name]
	if p == nil || !b.habits.RenewOnly {
		return time.Time{}, false
	}
	b.renewed++
	p.until = b.now().Add(b.habits.Lasts)
	return p.until, true
}

func (b *button) drop(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.points[name]
	delete(b.points, name)
	return ok
}

// Press presses the button of the feed at a path, as somebody at the door would: its ONVIF clients are told, and the
// webhook and the broker that it was given.
func (c *Camera) Press(path string) error {
	f := c.feeds[cleanPath(path)]
	if f == nil || f.button == nil {
		return fmt.Errorf("camera: there is no button at %s", path)
	}
	f.button.tell(notice{topic: ButtonTopic, on: true, at: c.now()})
	c.wg.Go(func() {
		t := time.NewTimer(heldFor)
		defer t.Stop()
		select {
		case <-t.C:
			f.button.tell(notice{topic: ButtonTopic, at: c.now()})
		case <-c.ctx.Done():
		}
	})
	return c.spread(path)
}

// Move lets something move before the feed at a path: it is told as what it is.
func (c *Camera) Move(path string) {
	if f := c.feeds[cleanPath(path)]; f != nil && f.button != nil {
		f.button.tell(notice{topic: MotionTopic, on: true, at: c.now()})
		f.button.tell(notice{topic: MotionTopic, at: c.now()})
	}
}

// Forget ends all subscriptions to the feed at a path, as a camera does that starts anew.
func (c *Camera) Forget(path string) {
	if f := c.feeds[cleanPath(path)]; f != nil && f.button != nil {
		f.button.mu.Lock()
		defer f.button.mu.Unlock()
		for name, p := range f.button.points {
			delete(f.button.points, name)
			select {
			case p.wake <- struct{}{}:
			default:
			}
		}
	}
}

// Subscribed says how many subscriptions there are to the feed at a path, how many there have been, and how often one was
// renewed.
func (c *Camera) Subscribed(path string) (now, ever, renewed int) {
	f := c.feeds[cleanPath(path)]
	if f == nil || f.button == nil {
		return 0, 0, 0
	}
	f.button.mu.Lock()
	defer f.button.mu.Unlock()
	f.button.tidy()
	return len(f.button.points), f.button.made, f.button.renewed
}

// Pulled says how often the feed at a path was asked for events.
func (c *Camera) Pulled(path string) int {
	f := c.feeds[cleanPath(path)]
	if f == nil || f.button == nil {
		return 0
	}
	f.button.mu.Lock()
	defer f.button.mu.Unlock()
	return f.button.pulled
}

// Into is how far into its film the feed at a path is.
func (c *Camera) Into(path string) time.Duration {
	f := c.feeds[cleanPath(path)]
	if f == nil {
		return 0
	}
	return time.Since(f.began) % span(f.clip.length, videoRate)
}

// pressPath is where `keyhold camera press` presses.
const pressPath = "/press"

// press takes somebody's finger, from this computer alone.
func (o *onvif) press(w http.ResponseWriter, r *http.Request, path string) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	if path == "" {
		path = o.c.firstButton()
	}
	if err := o.c.Press(path); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// firstButton is the path of the first feed that has one.
func (c *Camera) firstButton() string {
	for _, f := range c.cfg.Feeds {
		if f.Button {
			return f.Path
		}
	}
	return ""
}

// PressAt presses the button of a simulated doorbell that runs on this computer; path "" is its first.
func PressAt(ctx context.Context, address, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+pressPath+cleanPath(path), http.NoBody)
	if err != nil {
		return fmt.Errorf("camera: press: %w", err)
	}
	resp, err := new(http.Client).Do(r)
	if err != nil {
		return fmt.Errorf("camera: press: no simulated doorbell answers there: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("camera: press: there is no button (status %d)", resp.StatusCode)
	}
	return nil
}
