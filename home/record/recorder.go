// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// Lengths, in media time of the video track.
const (
	segmentLength = 4 * ingest.VideoRate
	longestGroup  = 30 * ingest.VideoRate
	partLength    = ingest.VideoRate / 2
	// packLength leaves room for the last segment: fifteen of four seconds make a minute.
	packLength = 58 * ingest.VideoRate
)

// maxQueued bounds the bytes that wait for the disk, so that a dying disk does not eat the memory too.
const maxQueued = 6 << 20

// Config is what a recorder needs.
type Config struct {
	Camera id.Camera
	// Spool holds open packs, Packs the closed ones. Both exist, on one file system.
	Spool, Packs string
	Epoch        Epoch
	// Closed takes each pack, in order, after it is synced; nil confirms it. A pack that was not confirmed is given to
	// the Closed of Recover at the next start, so it may come twice.
	Closed func(Pack) error
	// Gap takes each gap, in order with the packs.
	Gap func(Gap)
	// Since is the open gap at the start: Recover's, or one that begins where the last pack ended. Zero From: none.
	Since Gap
	// After closes when the recorder that had the camera before has put everything away; nil if there was none. Closed
	// and Gap wait for that, recording does not.
	After <-chan struct{}
	// Thumbs makes the pictures of the sprites; nil for none.
	Thumbs *Thumbs
	// Rand names objects; crypto/rand if nil.
	Rand io.Reader
	Log  *slog.Logger
}

// A Recorder records one camera. Frame and Lost belong to the goroutine of the source; all else may be called by anyone.
type Recorder struct {
	cfg     Config
	ops     chan op
	queued  atomic.Int64 // bytes of parts in ops
	early   atomic.Bool  // close the pack at the next key frame
	closing atomic.Int32 // packs that are full and did not leave yet, and orders to close one
	wg      sync.WaitGroup

	mu     sync.Mutex
	epoch  Epoch         // to seal to from the next segment on; guarded by mu
	open   id.Epoch      // that of the open pack, "" if none is; guarded by mu
	turn   chan struct{} // closes when open changes; guarded by mu
	closed bool          // guarded by mu

	cut cutter
	out writer
}

var _ ingest.Sink = (*Recorder)(nil)

// New starts the recorder's goroutines; Close ends them.
func New(cfg Config) (*Recorder, error) {
	if !cfg.Camera.Valid() || cfg.Epoch.Sealer == nil || !cfg.Epoch.ID.Valid() {
		return nil, errors.New("record: a recorder needs a camera and an epoch")
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Closed == nil {
		cfg.Closed = func(Pack) error { return nil }
	}
	if cfg.Gap == nil {
		cfg.Gap = func(Gap) {}
	}
	r := &Recorder{cfg: cfg, epoch: cfg.Epoch, turn: make(chan struct{}), ops: make(chan op, 256)}
	r.cut.r = r
	r.out.init(r)
	r.wg.Go(r.out.run)
	r.wg.Go(r.out.runCloser)
	return r, nil
}

// SetEpoch seals from the next key frame on to another epoch, in a new pack.
func (r *Recorder) SetEpoch(e Epoch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch = e
}

func (r *Recorder) currentEpoch() Epoch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.epoch
}

// sealing says to which epoch the open pack is sealed.
func (r *Recorder) sealing(e id.Epoch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = e
	close(r.turn)
	r.turn = make(chan struct{})
}

// Turned waits until nothing is recorded to another epoch than the one that was set last, or until the context ends.
func (r *Recorder) Turned(ctx context.Context) {
	for {
		r.mu.Lock()
		done, turn := r.open == "" || r.open == r.epoch.ID, r.turn
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return
		}
	}
}

// CloseEarly closes the pack at the next key frame, but not before the one before it has gone its way.
func (r *Recorder) CloseEarly() { r.early.Store(true) }

// Queued is how many bytes wait for the disk. Above a limit recording pauses; a source that can wait stays below it.
func (r *Recorder) Queued() int64 { return r.queued.Load() }

// Frame takes a frame; it never waits.
func (r *Recorder) Frame(f *ingest.Frame) {
	if f.Kind == ingest.Video {
		r.cut.video(f)
	} else {
		r.cut.audio(f)
	}
}

// Lost ends the session: what is recorded of it becomes a pack.
func (r *Recorder) Lost(at time.Time, why ingest.Reason) {
	r.cut.lost(at, gapReason(why))
}

// End ends recording and says until when something is recorded, milliseconds since 1970 UTC: by this recorder or, if it
// recorded nothing, before it; 0 if there is nothing at all. The source must have ended. What is recorded is not all put
// away yet, for a pack waits for its pictures.
func (r *Recorder) End() int64 {
	r.mu.Lock()
	done := r.closed
	r.closed = true
	r.mu.Unlock()
	if !done {
		r.cut.lost(time.Time{}, manifest.GapStopped)
		close(r.ops)
	}
	<-r.out.ended
	return max(r.out.lastEnd, r.cfg.Since.From)
}

// Close does as End, and waits until everything is on disk.
func (r *Recorder) Close() {
	r.End()
	r.wg.Wait()
}
