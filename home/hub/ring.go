// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	alerts "keyhold/home/alert"
	"keyhold/home/cameras"
	"keyhold/home/door"
	"keyhold/home/ingest"
	"keyhold/home/ledger"
	"keyhold/home/quiet"
	"keyhold/home/record"
	"keyhold/home/restream"
	"keyhold/home/smart"
	"keyhold/home/tell"
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

const (
	// momentAge is how long after a press its moment is still to be seen.
	momentAge = 5 * time.Second
	// momentWait is how long the picture of the moment is waited for: what the camera has sent of it is under way.
	momentWait = 300 * time.Millisecond
)

// ring is what happens when somebody presses.
type ring struct {
	bells   *door.Bells
	desk    *alerts.Desk
	numbers *alerts.Numbers
	quiet   *quiet.Book
	smart   *smart.Desk
	tell    *tell.Desk
	// restream is where integrations read cameras.
	restream *restream.Server
	work     sync.WaitGroup // alerts and moments under way

	mu      sync.Mutex
	looking map[id.Camera]bool // a moment is being made of these; guarded by mu
}

// openBells begins to hear the bells that there are, and opens the doors.
func (h *Hub) openBells(ctx context.Context) error {
	h.ring.looking = map[id.Camera]bool{}
	// A hub of an earlier version did not forget what those had wished whom it let go.
	err := h.db.Write(ctx, func(tx *sql.Tx) error { return forget(ctx, tx, h.household.Roster(), h.household.Roster()) })
	if err != nil {
		return err
	}
	if h.ring.quiet, err = quiet.Open(ctx, h.db, h.zone(ctx).String()); err != nil {
		return err
	}
	// A hub that took over begins with its own first number, which no earlier one reached.
	if h.ring.numbers, err = alerts.OpenNumbers(ctx, h.db, h.household.Roster().Now().First); err != nil {
		return err
	}
	h.ring.desk = alerts.NewDesk(alerts.Config{
		Key: h.keys.Sign, Roster: func() *roster.State { return h.household.Roster() }, May: h.mayHear, Here: h.tellHere, Send: h.mailOut, Push: h.pushAlert, Log: h.Log,
	})
	list, err := h.cameras.Bells(ctx)
	if err != nil {
		return err
	}
	if err := h.openEntry(ctx); err != nil {
		return err
	}
	if err := h.openSmart(ctx); err != nil { // which is told of doors
		return err
	}
	if err := h.openTell(ctx); err != nil {
		return err
	}
	if err := h.openRestream(ctx); err != nil {
		return err
	}
	h.ring.bells = door.New(ctx, door.Config{Pressed: h.pressed, Here: h.Here.Addresses, Now: h.Now, Log: h.Log})
	for camera, bell := range list {
		h.ring.bells.Set(camera, bell)
	}
	return nil
}

// heard says that a device is there: it has said something that holds.
func (h *Hub) heard(d id.Device) {
	h.views.Heard(d)
	h.ring.desk.Heard(d)
}

// closeBells hears nothing any more, and waits for what is under way.
func (h *Hub) closeBells() error {
	h.ring.restream.Close()
	h.ring.bells.Close()
	h.ring.work.Wait()
	h.ring.smart.Close()
	h.ring.tell.Close()
	return h.ring.numbers.Close(h.recordings, h.db)
}

// mayHear says whether a device is told of presses at a camera: who may see it, live or later, and has not asked for quiet.
func (h *Hub) mayHear(d id.Device, c id.Camera) bool {
	if !h.may(d, roster.Live, c) && !h.may(d, roster.History, c) {
		return false
	}
	p, ok := h.household.Roster().PersonOf(d)
	return ok && !h.ring.quiet.Is(p.ID, c, h.Now().UnixMilli())
}

// pressed writes down that somebody has pressed, tells who may know, and keeps what is seen now. It is called for one
// press after the other.
func (h *Hub) pressed(ctx context.Context, p door.Press) {
	c, ok, err := h.listed(ctx, p.Camera)
	switch {
	case err != nil:
		h.Log.Error("somebody has pressed at a camera that cannot be looked up", "camera", string(p.Camera), "error", err)
		c = cameras.Camera{ID: p.Camera} // whoever stands there is told all the same
	case !ok:
		return // it was removed a moment ago
	}
	now := h.Now()
	if p.At.After(now) {
		p.At = now
	}
	a := alert.Alert{Seq: h.ring.numbers.Next(), At: p.At.UnixMilli(), Camera: c.ID, Kind: alert.Press}
	if err := h.writePress(ctx, c, p, a); err != nil {
		// Whoever stands there is not to wait for a disk.
		h.Log.Error("a press is not on the record", "camera", string(c.ID), "error", err)
	}
	h.Log.Info("somebody has pressed", "camera", string(c.ID), "source", p.Source)
	h.ring.work.Go(h.ring.desk.Tell(ctx, a))
	h.ring.smart.Pressed(c.ID, p.At)
	h.ring.tell.Pressed(c.ID, c.Name, p.At)
	ch := h.channel(c.ID)
	if ch == nil || now.Sub(p.At) > momentAge || !h.lookAt(c.ID) {
		return
	}
	ch.recorder.CloseEarly()
	h.ring.work.Go(func() {
		defer h.lookedAt(c.ID)
		if err := h.moment(ctx, c, ch, a.Seq, p.At); err != nil && ctx.Err() == nil {
			h.Log.Warn("what was seen when somebody pressed is not kept apart", "camera", string(c.ID), "error", err)
		}
	})
}

// writePress adds the leaf of a press.
func (h *Hub) writePress(ctx context.Context, c cameras.Camera, p door.Press, a alert.Alert) error {
	if err := h.fresh(ctx, []cameras.Camera{c}); err != nil {
		return err
	}
	if err := h.spread(ctx, []cameras.Camera{c}); err != nil {
		return err
	}
	e, ok := h.epochs.Current(c.ID)
	if !ok {
		return fmt.Errorf("hub: camera %s has no epoch", c.ID)
	}
	leaf := &manifest.Press{Header: manifest.Header{Camera: c.ID}, Number: a.Seq, Pressed: a.At, Source: p.Source}
	return h.ledger.Append(ctx, func(tx *sql.Tx) ([]ledger.Entry, error) {
		err := h.ring.numbers.Keep(ctx, tx)
		return []ledger.Entry{{Epoch: e.ID, Leaf: leaf}}, err
	}, nil)
}

// lookAt takes the right to make a moment of a camera: one at a time, so that nobody who plays with a button keeps the
// hub from recording.
func (h *Hub) lookAt(c id.Camera) bool {
	h.ring.mu.Lock()
	defer h.ring.mu.Unlock()
	if h.ring.looking[c] {
		return false
	}
	h.ring.looking[c] = true
	return true
}

func (h *Hub) lookedAt(c id.Camera) {
	h.ring.mu.Lock()
	defer h.ring.mu.Unlock()
	delete(h.ring.looking, c)
}

// moment keeps apart what the camera shows now, and sends it ahead of the pack that it is in as well.
func (h *Hub) moment(ctx context.Context, c cameras.Camera, ch *channel, number int64, at time.Time) error {
	group := seenAt(ctx, ch.source, at)
	if len(group) == 0 {
		return nil // it shows nothing
	}
	e, ok := h.epochs.Current(c.ID)
	if !ok {
		return fmt.Errorf("hub: camera %s has no epoch", c.ID)
	}
	pack, err := record.Moment(ctx, record.MomentConfig{
		Camera: c.ID, Epoch: record.Epoch{ID: e.ID, Sealer: e.Recipient}, Packs: LayoutOf(h.Dir).Packs, Thumbs: h.thumbs, Group: group,
	})
	if err != nil {
		return err
	}
	return h.packs.Moment(ctx, pack, number)
}

// seenAt is what a camera has shown since its last key frame, up to a time.
func seenAt(ctx context.Context, source *ingest.Source, at time.Time) []*ingest.Frame {
	defer source.Live()() // what it has sent is fetched at once
	sub, group := source.Watch(256)
	defer sub.Close()
	t := time.NewTimer(momentWait)
	defer t.Stop()
	for len(group) == 0 || group[len(group)-1].At.Before(at) {
		select {
		case f, ok := <-sub.C():
			switch {
			case !ok || f == nil:
				return group
			case f.Kind != ingest.Video:
			case f.Key:
				group = []*ingest.Frame{f}
			default:
				group = append(group, f)
			}
		case <-t.C:
			return group
		case <-ctx.Done():
			return nil
		}
	}
	return group
}
