// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"keyhold/home/camera"
	"keyhold/home/epochs"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/home/ingest"
	"keyhold/home/ledger"
	"keyhold/home/packs"
	"keyhold/home/record"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
)

// clock is what the hub's parts take for the time while the past is recorded.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.at.Load()) }

// past is a hub's folder, opened by the hub's own parts.
type past struct {
	lock   io.Closer
	db     *state.DB
	ledger *ledger.Ledger
	packs  *packs.Store
	epochs *epochs.Epochs
	thumbs *record.Thumbs
	clock  clock

	mu   sync.Mutex
	end  int64 // of the last pack that was put away; guarded by mu
	lost error // what could not be kept; guarded by mu
}

func openPast(ctx context.Context, dir string) (p *past, err error) {
	l := hub.LayoutOf(dir)
	p = &past{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.lock, err = hub.Lock(dir); err != nil {
		return p, err
	}
	keys, err := household.OpenKeys(l.Keys, rand.Reader)
	if err != nil {
		return p, err
	}
	if p.db, err = state.Open(ctx, l.State); err != nil {
		return p, err
	}
	home, err := household.Load(ctx, p.db)
	if err != nil {
		return p, err
	}
	p.ledger, err = ledger.Open(ctx, ledger.Config{
		DB: p.db, Tiles: l.Tiles, Household: home.ID(), Key: keys.Sign, Head: home.Head, Now: p.clock.now, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return p, err
	}
	p.packs = &packs.Store{DB: p.db, Ledger: p.ledger, Dir: l.Packs}
	p.epochs = &epochs.Epochs{
		DB: p.db, Ledger: p.ledger, Key: keys.Sign, Now: p.clock.now, Changed: func([]epochs.Epoch) {},
		Roster: func() *roster.State { return home.Roster() },
	}
	if err := p.epochs.Load(ctx); err != nil {
		return p, err
	}
	p.thumbs, err = record.NewThumbs(record.ThumbsConfig{})
	return p, err
}

func (p *past) close() error {
	var err error
	if p.thumbs != nil {
		p.thumbs.Close()
	}
	if p.ledger != nil {
		err = errors.Join(err, p.ledger.Close())
	}
	if p.db != nil {
		err = errors.Join(err, p.db.Close())
	}
	if p.lock != nil {
		err = errors.Join(err, p.lock.Close())
	}
	return err
}

// record lets a clip run through the hub's own handling of packets, its recorder, seal and manifest, on a clock that
// runs as fast as they do.
func (p *past) record(ctx context.Context, dir string, c id.Camera, clip string, from time.Time, length time.Duration) error {
	l := hub.LayoutOf(dir)
	p.clock.at.Store(from.UnixNano())
	epoch, ok := p.epochs.Current(c)
	if !ok {
		return fmt.Errorf("camera %s has no epoch", c)
	}
	last, err := p.packs.LastEnd(ctx, c)
	if err != nil {
		return err
	}
	p.end = from.UnixMilli()
	keep := func(end int64, err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.end, p.lost = max(p.end, end), errors.Join(p.lost, err)
	}
	rec, err := record.New(record.Config{
		Camera: c, Spool: l.Spool, Packs: l.Packs, Thumbs: p.thumbs,
		Epoch: record.Epoch{ID: epoch.ID, Sealer: epoch.Recipient},
		Closed: func(pack record.Pack) error {
			err := p.packs.Closed(ctx, pack)
			keep(pack.End(), err)
			return err
		},
		Gap:   func(g record.Gap) { keep(0, p.packs.Gap(ctx, epoch.ID, g)) },
		Since: record.Gap{Camera: c, From: last, Reason: manifest.GapStopped},
	})
	if err != nil {
		return err
	}
	err = p.play(ctx, clip, rec, from, length)
	rec.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(err, p.lost)
}

// play feeds the packets of a clip that loops for so long.
func (p *past) play(ctx context.Context, path string, sink *record.Recorder, from time.Time, length time.Duration) error {
	clip, err := camera.OpenClip(path)
	if err != nil {
		return err
	}
	defer clip.Close()
	seq, err := camera.NewSequence(clip)
	if err != nil {
		return err
	}
	tracks, err := ingest.Choose(seq.Description())
	if err != nil {
		return err
	}
	asm, err := ingest.NewAssembler(ingest.AssemblerConfig{
		Tracks: tracks, Now: p.clock.now, Lost: sink.Lost,
		Frame: sink.Frame,
	})
	if err != nil {
		return err
	}
	for {
		list, err := seq.Next()
		if err != nil {
			return err
		}
		if len(list) > 0 && list[0].Due >= length {
			break
		}
		for i := range list {
			p.clock.at.Store(from.Add(list[i].Due).UnixNano())
			if list[i].Audio {
				asm.AudioPacket(list[i].RTP)
			} else {
				asm.VideoPacket(list[i].RTP)
			}
		}
		if err := p.follow(ctx, sink); err != nil {
			return err
		}
	}
	asm.End(ingest.ReasonStopped)
	return nil
}

// Bounds on how far the camera runs ahead: of the disk in bytes, of the manifest in time.
const (
	aheadBytes = 3 << 20
	aheadTime  = 150 * time.Second
)

// follow waits until the recorder has come near: it drops what it cannot keep, as it must where a camera does not wait.
func (p *past) follow(ctx context.Context, sink *record.Recorder) error {
	near := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.lost != nil || sink.Queued() < aheadBytes && p.clock.now().Sub(time.UnixMilli(p.end)) < aheadTime
	}
	if near() {
		return nil
	}
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !near() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			p.mu.Lock()
			defer p.mu.Unlock()
			return fmt.Errorf("the recorder does not come on: %d bytes wait for the disk, and the last pack ended %s ago",
				sink.Queued(), p.clock.now().Sub(time.UnixMilli(p.end)))
		case <-tick.C:
		}
	}
	return nil
}
