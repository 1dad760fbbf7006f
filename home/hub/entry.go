// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/entry"
	"keyhold/home/epochs"
	"keyhold/home/gesture"
	"keyhold/home/latch"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
)

const (
	// lookTries and lookPause: a moment of a press may be under way, and the picture of who comes in is to be there too.
	lookTries = 65
	lookPause = 100 * time.Millisecond
)

// openEntry prepares opening doors, and ends on the record what an earlier process left.
func (h *Hub) openEntry(ctx context.Context) error {
	kept, err := h.cameras.Locks(ctx)
	if err != nil {
		return err
	}
	h.entry, err = entry.New(ctx, entry.Config{
		DB: h.db, Hub: h.household.Roster().Hub.Sign, Roster: func() *roster.State { return h.household.Roster() }, May: h.why,
		Shown: h.opens, Spent: gesture.Done, Number: h.ring.numbers.Next, Keep: h.ring.numbers.Keep,
		Record: func(ctx context.Context, l *manifest.Open, also func(*sql.Tx) error) error {
			return h.recordLeaves(ctx, []manifest.Leaf{l}, also)
		},
		Look: h.lookIn, Drive: h.drive, Now: h.Now, Log: h.Log,
	}, kept)
	return err
}

// doors carries out what is asked of doors.
func (h *Hub) doors(ctx context.Context, c *request.Command, r *request.Result) (err error) {
	switch c.Op.Kind {
	case request.OpSetLock:
		err = h.setLock(ctx, c)
	case request.OpLocks:
		for _, l := range h.entry.All() {
			if h.knows(c.Device, l.Camera) || h.may(c.Device, roster.Open, l.Camera) {
				r.Locks = append(r.Locks, l.Statement)
			}
		}
	case request.OpAskOpen:
		r.Challenge, err = h.entry.Ask(c.Device, c.Op.Camera)
	default:
		r.Opened, err = h.entry.Open(ctx, c.Device, c.Op.Act, c.Op.Gesture)
	}
	var word entry.RefusedError
	if errors.As(err, &word) {
		return refusal(word)
	}
	return err
}

// setLock says what opens the door at a camera from now on. It wants a gesture, but where a door is no longer to be
// opened: whoever has an owner's phone in their hand does not make the door theirs with it.
func (h *Hub) setLock(ctx context.Context, c *request.Command) error {
	set, err := h.readLock(ctx, c)
	if err != nil {
		return err
	}
	var own *latch.Device
	if set.Kind == lock.ONVIF {
		if own, err = h.ownDoor(ctx, set.Camera, set.Way.Relay); err != nil {
			return err
		}
	}
	h.control.Lock()
	defer h.control.Unlock()
	// The camera took its time to answer; whoever was removed meanwhile changes nothing.
	if set, err = h.readLock(ctx, c); err != nil {
		return err
	}
	set.Own = own
	if set.Kind != lock.Off {
		if err := h.shown(ctx, set.Person, set.Wish(), lock.Thing, "", c.Op.Gesture, h.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return h.keepLock(ctx, set, c.Op.Way)
}

// readLock reads a setting that somebody brings, and the way that belongs to it.
func (h *Hub) readLock(ctx context.Context, c *request.Command) (*entry.Lock, error) {
	state, now := h.household.Roster(), h.Now().UnixMilli()
	r := &setting.Reading{
		Roster: state, Now: now, May: func(d id.Device, _ id.Camera) roster.Reason { return lock.May(state, d) },
		Last: func(c id.Camera) int64 {
			if l := h.entry.Last(c); l != nil {
				return l.Seq
			}
			return 0
		},
	}
	s, err := lock.Read(r, c.Op.Lock, c.Device)
	if err != nil {
		h.Log.Warn("a setting of what opens a door does not hold", "device", string(c.Device), "rule", string(rule.Of(err)))
		return nil, refusal(privateWord(err))
	}
	by, ok := state.PersonOf(s.Device)
	if !ok {
		return nil, refusal(request.RefusedDenied)
	}
	if _, ok, err := h.listed(ctx, s.Camera); err != nil {
		return nil, err
	} else if !ok {
		return nil, refusal(request.RefusedNotFound)
	}
	set := &entry.Lock{Setting: *s, Person: by.ID, Statement: c.Op.Lock}
	if s.Kind != lock.Off {
		if set.Way, err = s.ReadWay(c.Op.Way); err == nil {
			err = latch.CheckWay(s.Kind, set.Way)
		}
		if err != nil {
			return nil, refusal(request.RefusedInvalid)
		}
	}
	return set, nil
}

// keepLock writes a setting down, and holds from then on. Control is held.
func (h *Hub) keepLock(ctx context.Context, set *entry.Lock, way []byte) error {
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	if set.Way == nil {
		way = nil
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Follow: append(list, id.HouseholdCamera),
		Before: func(tx *sql.Tx) error {
			return errors.Join(gesture.Done(ctx, tx), h.cameras.SetLock(ctx, tx, set.Camera, &cameras.Lock{Person: set.Person, Statement: set.Statement, Way: way, Own: set.Own}))
		},
		Leaves: []manifest.Leaf{&manifest.Lock{Header: manifest.Header{Camera: set.Camera}, Device: set.Device, Person: set.Person, Statement: set.Statement}},
		Names:  true, // who takes this hub's place is told which doors there were
	})
	if err != nil {
		return err
	}
	h.entry.Set(set)
	h.Log.Info("what opens a door has changed", "camera", string(set.Camera), "kind", set.Kind)
	return nil
}

// opens wants somebody who opens a door to show that it is them: a passkey of theirs has signed the command's hash, or
// they read the code that the hub shows for opening just this door with just this device.
func (h *Hub) opens(ctx context.Context, by id.Person, act, opening id.Hash, given *request.Gesture) error {
	if given != nil && given.Passkey != nil {
		return h.shown(ctx, by, act, string(roster.Open), "", given, h.Now().UnixMilli())
	}
	return h.shown(ctx, by, opening, string(roster.Open), "", given, h.Now().UnixMilli())
}

// lookIn keeps what is seen at a camera when a door is opened, beside the caller.
func (h *Hub) lookIn(camera id.Camera, number int64, at time.Time) {
	ctx := h.recordings
	h.ring.work.Go(func() {
		c, ok, err := h.listed(ctx, camera)
		ch := h.channel(camera)
		if err != nil || !ok || ch == nil {
			return // private, or gone: there is nothing to be seen
		}
		for n := 0; !h.lookAt(camera); n++ {
			t := time.NewTimer(lookPause)
			select {
			case <-t.C:
			case <-ctx.Done():
			}
			t.Stop()
			if n == lookTries || ctx.Err() != nil {
				return
			}
		}
		defer h.lookedAt(camera)
		ch.recorder.CloseEarly()
		if err := h.moment(ctx, c, ch, number, at); err != nil && ctx.Err() == nil {
			h.Log.Warn("what was seen when a door was opened is not kept apart", "camera", string(camera), "error", err)
		}
	})
}
