// SPDX-License-Identifier: Apache-2.0

package light

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"keyhold/statement/id"
)

const door = id.Camera("cam_door")

// bulb is a lamp that can be broken, or hang.
type bulb struct {
	broken, hangs atomic.Bool
	lit           atomic.Bool
	asked         atomic.Int32
}

var errBulb = errors.New("it does not answer")

func (b *bulb) turn(ctx context.Context, lit bool) error {
	b.asked.Add(1)
	if b.hangs.Load() {
		t := time.NewTimer(5 * time.Second)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		return errBulb
	}
	if b.broken.Load() {
		return errBulb
	}
	b.lit.Store(lit)
	return nil
}

// house is a keeper, and whether somebody looks at the door.
type house struct {
	*Keeper
	t      *testing.T
	looked atomic.Bool
}

// in lets a test run by a clock of its own.
func in(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t}
		h.Keeper = New(t.Context(), Config{Looked: func(c id.Camera) bool { return c == door && h.looked.Load() }, Log: slog.New(slog.DiscardHandler)})
		defer h.Close()
		f(t, h)
	})
}

func (h *house) look(on bool) {
	h.looked.Store(on)
	h.Follow()
	synctest.Wait()
}

// is wants a lamp to be lit or not, and the keeper to say so.
func (h *house) is(b *bulb, lit bool, says State) {
	h.t.Helper()
	if b.lit.Load() != lit || h.States()[door] != says {
		h.t.Errorf("lit: %v, and it is said to be %q; want %v, %q", b.lit.Load(), h.States()[door], lit, says)
	}
}

func TestALampIsLitWhileSomebodyLooks(t *testing.T) {
	in(t, func(_ *testing.T, h *house) {
		b := &bulb{}
		b.lit.Store(true) // a hub that was cut off left it burning
		h.Set(door, b.turn, false)
		synctest.Wait()
		h.is(b, false, Out)
		h.look(true)
		h.is(b, true, Lit)
		asked := b.asked.Load()
		h.look(true) // a second who looks
		if b.asked.Load() != asked {
			t.Error("a lamp that is lit is told again")
		}
		h.look(false)
		h.is(b, false, Out)
		h.look(true)
		h.Close()
		if b.lit.Load() {
			t.Error("it burns on after the keeper's end")
		}
	})
}

func TestALampThatDoesNotAnswerIsToldUntilItIsAsItHasToBe(t *testing.T) {
	in(t, func(t *testing.T, h *house) {
		b := &bulb{}
		h.Set(door, b.turn, false)
		synctest.Wait()
		b.broken.Store(true)
		h.look(true)
		h.is(b, false, Away)
		time.Sleep(time.Minute)
		if n := b.asked.Load(); n < 5 || n > 10 {
			t.Errorf("in a minute it was asked %d times", n)
		}
		b.broken.Store(false)
		time.Sleep(longest)
		synctest.Wait()
		h.is(b, true, Lit)
		b.broken.Store(true)
		h.look(false)
		h.is(b, true, Away)
		b.broken.Store(false)
		time.Sleep(pause)
		synctest.Wait()
		h.is(b, false, Out)
	})
}

func TestNobodyWaitsForALampThatHangs(t *testing.T) {
	in(t, func(t *testing.T, h *house) {
		b := &bulb{}
		h.Set(door, b.turn, false)
		synctest.Wait()
		b.hangs.Store(true)
		began := time.Now()
		h.look(true)
		h.look(false)
		if took := time.Since(began); took != 0 {
			t.Errorf("looking took %s", took)
		}
		h.look(true)
		began = time.Now()
		h.Close()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the end took %s", took)
		}
	})
}

func TestALampBlinks(t *testing.T) {
	in(t, func(t *testing.T, h *house) {
		b, other := &bulb{}, &bulb{}
		if err := h.Try(t.Context(), door); !errors.Is(err, ErrNone) {
			t.Errorf("one that is not there: %v", err)
		}
		h.Set(door, b.turn, true)
		synctest.Wait()
		h.is(b, true, Lit)
		time.Sleep(Blink)
		synctest.Wait()
		h.is(b, false, Out)
		if err := h.Try(t.Context(), door); err != nil {
			t.Error(err)
		}
		h.is(b, true, Lit)
		h.look(true)
		time.Sleep(2 * Blink)
		synctest.Wait()
		h.is(b, true, Lit) // somebody looks
		b.broken.Store(true)
		if err := h.Try(t.Context(), door); !errors.Is(err, errBulb) {
			t.Errorf("one that does not answer: %v", err)
		}
		b.broken.Store(false)

		// Another takes its place: the first is put out. And none: then that is.
		h.Set(door, other.turn, false)
		synctest.Wait()
		h.is(other, true, Lit)
		if b.lit.Load() {
			t.Error("the one before burns on")
		}
		h.Set(door, nil, false)
		synctest.Wait()
		if other.lit.Load() || len(h.States()) != 0 {
			t.Errorf("one that was taken away is lit: %v; there are %v", other.lit.Load(), h.States())
		}
		h.Set(door, b.turn, false)
		synctest.Wait()
		h.is(b, true, Lit)
		if states := h.States(); !slices.Equal([]State{states[door]}, []State{Lit}) {
			t.Errorf("the lamps are %v", states)
		}
	})
}
