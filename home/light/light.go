// SPDX-License-Identifier: Apache-2.0

// Package light keeps lamps at cameras lit while somebody looks, and out while nobody does.
//
// Nobody waits for a lamp: whoever begins or ends to look says so with [Keeper.Follow], which does nothing but wake it. Each
// lamp has a goroutine of its own that compares how the lamp has to be with what it was told last, and tells it until it has
// taken that. How it is when the keeper finds it nobody knows, so it is put out first: a hub that was cut off leaves none
// burning. It believes nothing of a lamp but that it has taken what it was told, and keeps nothing. Close puts all of them
// out, as far as they answer, and waits.
package light

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"keyhold/statement/id"
)

const (
	// pause is how long a lamp that has not taken its word is left alone at first, longest in the end.
	pause   = time.Second
	longest = 30 * time.Second
	// Blink is for how long a lamp is lit so that somebody sees whether it is the right one.
	Blink = 2 * time.Second
)

// ErrNone says that there is no lamp at a camera.
var ErrNone = errors.New("light: there is no lamp")

// A Lamp is told to be lit or out, and says nil once it has taken that. Its context ends in time.
type Lamp func(ctx context.Context, lit bool) error

// Config is what a keeper needs.
type Config struct {
	// Looked says whether somebody looks at a camera now. It is asked by the lamps' goroutines.
	Looked func(id.Camera) bool
	Log    *slog.Logger
}

// State is how a lamp is, as far as that is known.
type State string

// States of a lamp.
const (
	Lit State = "on"
	Out State = "off"
	// Away: it has not taken what it was told last.
	Away State = "away"
	// Asked: it is being told, for the first time.
	Asked State = "asked"
)

// A Keeper keeps lamps.
type Keeper struct {
	c    Config
	work context.Context // of lamps that are told to be lit; ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.Mutex
	closed bool                // guarded by mu
	lamps  map[id.Camera]*held // guarded by mu
}

// held is a camera's lamp. Its goroutine ends once it holds none.
type held struct {
	camera id.Camera
	kick   chan struct{} // holds a token when something has changed

	lamp  *Lamp        // nil once it is taken away; guarded by Keeper.mu
	until time.Time    // it is lit before, whoever looks; guarded by Keeper.mu
	state State        // guarded by Keeper.mu
	tried []chan error // who waits for what comes of the next word; guarded by Keeper.mu
}

// New makes a keeper without lamps.
func New(ctx context.Context, c Config) *Keeper {
	k := &Keeper{c: c, lamps: map[id.Camera]*held{}}
	k.work, k.stop = context.WithCancel(context.WithoutCancel(ctx))
	return k
}

// Set gives a camera its lamp, or takes it away where it is nil. The lamp before is put out, and this one as well unless
// somebody looks; blink lights it for a moment in any case.
func (k *Keeper) Set(camera id.Camera, lamp Lamp, blink bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.lamps[camera]
	switch {
	case k.closed, h == nil && lamp == nil:
		return
	case h == nil:
		h = &held{camera: camera, kick: make(chan struct{}, 1)}
		k.lamps[camera] = h
		defer k.wg.Go(func() { k.keep(h) })
	}
	h.lamp, h.until, h.state = nil, time.Time{}, Asked
	if lamp != nil {
		h.lamp = &lamp
	}
	if blink {
		h.until = time.Now().Add(Blink)
	}
	h.wake()
}

// Try lights a camera's lamp for a moment, and says whether it has taken that.
func (k *Keeper) Try(ctx context.Context, camera id.Camera) error {
	said := make(chan error, 1)
	k.mu.Lock()
	h := k.lamps[camera]
	if h == nil || h.lamp == nil || k.closed {
		k.mu.Unlock()
		return ErrNone
	}
	h.until = time.Now().Add(Blink)
	h.tried = append(h.tried, said)
	h.wake()
	k.mu.Unlock()
	select {
	case err := <-said:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Follow says that somebody has begun or ended to look somewhere. It does not wait.
func (k *Keeper) Follow() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.lamps {
		h.wake()
	}
}

// States are the lamps there are, and how they are.
func (k *Keeper) States() map[id.Camera]State {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[id.Camera]State{}
	for c, h := range k.lamps {
		if h.lamp != nil {
			out[c] = h.state
		}
	}
	return out
}

// Close puts all lamps out, each told once, and waits.
func (k *Keeper) Close() {
	k.mu.Lock()
	k.closed = true
	for _, h := range k.lamps {
		h.wake()
	}
	k.mu.Unlock()
	k.stop()
	k.wg.Wait()
}

// wake lets its goroutine look again; Keeper.mu is held.
func (h *held) wake() {
	select {
	case h.kick <- struct{}{}:
	default:
	}
}

// next is how a lamp has to be now, and for how long that is known; who is told what comes of the next word.
func (k *Keeper) next(h *held) (lamp *Lamp, lit bool, left time.Duration, tried []chan error, closed bool) {
	looked := k.c.Looked(h.camera)
	k.mu.Lock()
	defer k.mu.Unlock()
	left = max(time.Until(h.until), 0)
	tried, h.tried = h.tried, nil
	return h.lamp, (looked || left > 0) && !k.closed && h.lamp != nil, left, tried, k.closed
}

// keep tells a lamp how it has to be until there is none any more.
func (k *Keeper) keep(h *held) {
	var lamp *Lamp
	var is State
	for fails := 0; ; {
		now, lit, left, tried, closed := k.next(h)
		if now != lamp {
			if lamp != nil && is != Out {
				// Whatever comes of it: it is another's now, or nobody's.
				_ = (*lamp)(context.WithoutCancel(k.work), false)
			}
			lamp, is, fails = now, Asked, 0
		}
		if lamp == nil && k.gone(h) {
			answer(tried, ErrNone)
			return
		}
		if lamp == nil {
			continue // another one has come meanwhile
		}
		want := Out
		if lit {
			want = Lit
		}
		var err error
		told := is != want || len(tried) > 0
		if told {
			if err = k.tell(*lamp, lit); err == nil {
				is, fails = want, 0
			} else {
				is, fails = Away, fails+1
			}
			k.said(h, lamp, is, fails, err)
			answer(tried, err)
		}
		if closed {
			return
		}
		wait(h.kick, left, is == Away, fails)
	}
}

// tell gives a lamp its word. To be lit ends with the keeper: then it is to be put out.
func (k *Keeper) tell(lamp Lamp, lit bool) error {
	ctx := k.work
	if !lit {
		ctx = context.WithoutCancel(ctx)
	}
	return lamp(ctx, lit)
}

// said notes how a lamp is, if it is still the camera's.
func (k *Keeper) said(h *held, lamp *Lamp, is State, fails int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.lamp == lamp {
		h.state = is
	}
	if fails == 1 {
		k.c.Log.Warn("a camera's light does not take what it is told; it is told again", "camera", string(h.camera), "error", err)
	}
}

// gone takes a camera that has no lamp any more off the list, unless it has got one meanwhile.
func (k *Keeper) gone(h *held) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.lamp != nil {
		return false
	}
	delete(k.lamps, h.camera)
	return true
}

func answer(tried []chan error, err error) {
	for _, c := range tried {
		c <- err // each has room for one
	}
}

// wait waits for a change, for the end of a moment that is left, or until a lamp that is away is told again.
func wait(kick <-chan struct{}, left time.Duration, away bool, fails int) {
	if away {
		again := min(pause<<min(fails-1, 10), longest)
		if left == 0 || again < left {
			left = again
		}
	}
	if left == 0 {
		<-kick
		return
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-kick:
	case <-t.C:
	}
}
