// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"time"

	"keyhold/member/session"
	"keyhold/statement/signal"
)

// pauses before another try; the last stays.
var pauses = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// tries is how often a first view is asked for that finds no way.
const tries = 3

// endTime bounds telling the hub of a view that nobody sees any more.
const endTime = 5 * time.Second

// Keep watches until the context ends: where a way is lost, because the network has changed or was cut, it asks for
// another view. again is told each time why, and may be nil. It returns the reason that trying again does not change, or
// why there was no view at all.
func Keep(ctx context.Context, s *session.Session, w Wish, again func(error)) error {
	var old *View
	for failed := 0; ; failed++ {
		v, err := Open(ctx, s, w)
		if errors.Is(err, ErrNoAnswer) && s.GoHome(ctx) == nil {
			v, err = Open(ctx, s, w) // the cloud brings nothing
		}
		switch {
		case err == nil:
			v.replace(ctx, old)
			err = v.Wait(ctx)
			v.Close()
			if v.connected.Load() {
				failed, old = -1, v
			}
		case old == nil:
			return err // it has never been
		}
		if old == nil && failed >= tries-1 && ctx.Err() == nil {
			return errors.Join(ErrNoWay, err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if final(err) {
			return err
		}
		if again != nil {
			again(err)
		}
		t := time.NewTimer(pauses[min(max(failed, 0), len(pauses)-1)])
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
	}
}

// final says that trying again changes nothing.
func final(err error) bool {
	var no *RefusedError
	var end *EndedError
	switch {
	case errors.As(err, &no):
		return no.Word != signal.Busy
	case errors.As(err, &end):
		return end.Word == signal.EndRight || end.Word == signal.EndCamera
	}
	return false
}

// replace tells the hub that nobody sees the old view any more: it would find out after a while, and send until then.
func (v *View) replace(ctx context.Context, old *View) {
	if old == nil || !old.quiet.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	_ = v.line.End(ctx, old.ID)
}
