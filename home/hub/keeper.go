// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"fmt"
	"syscall"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/home/ledger"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

const (
	// beatEvery is how often each camera and the household show that the hub is alive.
	beatEvery = 5 * time.Minute
	// tidyEvery is how often epochs, old objects and nonces are looked at.
	tidyEvery = 10 * time.Minute
	// keepFor is how long an object stays here once the cloud has it, and a page of the record after its hour.
	keepFor = 3 * 24 * time.Hour
	// keepFree is what is freed by removing objects that the cloud has; below lowest recording stops,
	// so that what is written down about it still finds room.
	keepFree = 1 << 30
	lowest   = 256 << 20
)

// keep does what comes round by the clock until the context ends.
func (h *Hub) keep(ctx context.Context) {
	beat, tidy, space := time.NewTicker(beatEvery), time.NewTicker(tidyEvery), time.NewTicker(h.SpaceEvery)
	defer beat.Stop()
	defer tidy.Stop()
	defer space.Stop()
	h.say(ctx, "heartbeat", h.beat(ctx))
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			h.say(ctx, "heartbeat", h.beat(ctx))
		case <-tidy.C:
			h.say(ctx, "tidy", h.tidy(ctx))
			h.say(ctx, "phones", h.keepPhones(ctx))
		case <-space.C:
			h.say(ctx, "disk space", h.room(ctx))
			h.say(ctx, "erasing", h.erased(ctx))
		}
	}
}

func (h *Hub) say(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		h.Log.Error("a regular task failed; it is tried again", "task", what, "error", err)
	}
}

// beat adds a heartbeat for the household and each camera in use.
func (h *Hub) beat(ctx context.Context) error {
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	var entries []ledger.Entry
	for _, c := range append(list, id.HouseholdCamera) {
		if e, ok := h.epochs.Current(c); ok {
			entries = append(entries, ledger.Entry{Epoch: e.ID, Leaf: &manifest.Heartbeat{Header: manifest.Header{Camera: c}}})
		}
	}
	return h.ledger.Append(ctx, ledger.Entries(entries...), nil)
}

// inUse returns the cameras that are not removed.
func (h *Hub) inUse(ctx context.Context) ([]id.Camera, error) {
	list, err := h.cameras.List(ctx)
	var out []id.Camera
	for _, c := range list {
		if c.Removed == 0 {
			out = append(out, c.ID)
		}
	}
	return out, err
}

// tidy renews epochs, removes old objects, and forgets what need not be known.
func (h *Hub) tidy(ctx context.Context) error {
	if err := h.renew(ctx); err != nil {
		return err
	}
	now := h.Now()
	n, err := h.packs.Expire(ctx, now.Add(-keepFor).UnixMilli())
	if err != nil {
		return err
	}
	if n > 0 {
		h.Log.Info("objects that the cloud has were removed here", "count", n)
	}
	if err := h.ledger.Expire(ctx, now.Add(-keepFor).UnixMilli()); err != nil {
		return err
	}
	return h.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM nonces WHERE until < $1`, now.UnixMilli()); err != nil {
			return fmt.Errorf("hub: forget nonces: %w", err)
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM tile_looks WHERE hour < $1`, id.Hour(now.UnixMilli())-24)
		return err
	})
}

// renew gives new epochs where the old ones have lasted long enough.
func (h *Hub) renew(ctx context.Context) error {
	h.control.Lock()
	defer h.control.Unlock()
	live, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	wanted := map[id.Camera]bool{id.HouseholdCamera: true}
	for _, c := range live {
		wanted[c] = true
	}
	var list []id.Camera
	for _, c := range h.epochs.Expired() {
		if wanted[c] {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{Cameras: list})
	return err
}

// rotateAll gives new epochs to the household and every camera in use.
func (h *Hub) rotateAll(ctx context.Context) error {
	h.control.Lock()
	defer h.control.Unlock()
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{Cameras: append([]id.Camera{id.HouseholdCamera}, list...)})
	return err
}

// room sees to it that the disk does not fill up: what the cloud has goes first, the oldest before
// the newer. When there is nothing of that and room for little more than notes, recording stops.
func (h *Hub) room(ctx context.Context) error {
	free, err := h.Space()
	if err != nil {
		return fmt.Errorf("hub: disk space: %w", err)
	}
	if free < keepFree {
		freed, err := h.packs.Free(ctx, keepFree-free)
		if err != nil {
			return err
		}
		if freed > 0 {
			h.Log.Warn("the disk is nearly full; objects that the cloud has were removed here", "bytes", freed)
		}
		if free, err = h.Space(); err != nil {
			return fmt.Errorf("hub: disk space: %w", err)
		}
	}
	h.mu.Lock()
	was := h.full
	h.full = free < lowest || was && free < 2*lowest
	now := h.full
	h.mu.Unlock()
	switch {
	case now && !was:
		h.Log.Error("the disk is full and nothing on it is with the cloud yet; recording stops", "free", free)
		h.stopAll()
	case was && !now:
		h.Log.Info("there is room again; recording goes on", "free", free)
		return h.resume(ctx)
	}
	return nil
}

// resume starts the cameras again after the disk was full.
func (h *Hub) resume(ctx context.Context) error {
	h.control.Lock()
	defer h.control.Unlock()
	list, err := h.cameras.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Removed == 0 && h.channel(c.ID) == nil {
			h.startNow(c, manifest.GapDisk)
		}
	}
	return nil
}

// startNow starts a camera in a running hub, unless the disk is full.
func (h *Hub) startNow(c cameras.Camera, why string) {
	h.mu.Lock()
	full := h.full
	h.mu.Unlock()
	if !full {
		h.start(h.recordings, c, why)
	}
}

func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}
