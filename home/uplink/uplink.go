// SPDX-License-Identifier: Apache-2.0

// Package uplink brings what the hub recorded to the cloud, and brings the cloud's mail to the hub.
//
// It promises an order: a checkpoint is published only after every object, tile, page, envelope and
// roster link that it covers. It tries for ever, with growing pauses; nothing that it sends is
// removed from the queue before the cloud has confirmed it, and every write may be repeated. It
// trusts the cloud with nothing but keeping what it is given: what it sends is ciphertext, hashes
// and signatures.
//
// There are two lanes. Small control writes (links, envelopes, names, mail) go at once, in their
// order; footage goes beside them, so that a command is answered while a day of footage catches up.
// All that must survive a crash is in state.db; a crash leaves at most a write that is done twice.
package uplink

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"keyhold/api"
	"keyhold/home/ledger"
	"keyhold/home/packs"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	firstPause = 250 * time.Millisecond
	longPause  = 30 * time.Second
	// smallWrite bounds one attempt at a small write; an object gets more by its size.
	smallWrite = 30 * time.Second
	// slowest is the slowest line that an object's attempt is given time for, bytes a second.
	slowest = 16 << 10
	// StatusEvery is how often the hub says how it is.
	StatusEvery = time.Minute
)

// Uplink is the hub's connection to one cloud. Set the exported fields before Run.
type Uplink struct {
	Client    *api.Client
	Household id.Household
	Key       ed25519.PrivateKey
	Roster    func() *roster.State
	DB        *state.DB
	Ledger    *ledger.Ledger
	Packs     *packs.Store
	// Handle takes what the socket brings. An error means: not now, bring it again.
	Handle func(context.Context, *api.Delivery) error
	// TakeOver is told the newest link of the roster that the cloud has, and how to ask for its links, before anything is
	// compared or sent: a hub whose folder was put back may lack some that it has signed.
	TakeOver func(ctx context.Context, head roster.Head, links func(context.Context, int64) ([][]byte, error)) error
	// Formers says whether a checkpoint is of a hub whose place this one took.
	Formers func(checkpoint string) bool
	// Kept is told what the cloud said to a list of what is to stay: that it has taken it, or has no room for it.
	Kept func(ctx context.Context, camera string, list []byte, taken bool) error
	// Rotate makes new epochs for all; it is called when a new run had to begin because this hub's folder was put back.
	Rotate func(context.Context) error
	Now    func() time.Time
	Log    *slog.Logger

	once    sync.Once
	queued  chan struct{} // holds a token when the outbox may have grown
	drained chan struct{} // wakes runStatus after a backlog
	told    string        // why the cloud refuses this hub, empty if it does not; of runSocket alone
	agreed  chan struct{} // closed once the cloud's newest checkpoint was compared with ours; see runSocket
	mu      sync.Mutex
	moved   chan struct{} // closes when a queue has shrunk; guarded by mu
	woken   chan struct{} // closes when the cloud has answered; guarded by mu
	offered int64         // row of the outbox whose link the cloud lacked when it last took a status; guarded by mu
	balked  int64         // row of the outbox whose link the cloud has not taken after that; guarded by mu
}

// HTTPClient returns a client fit for the uplink.
func HTTPClient() *http.Client {
	t := api.Transport(2 * time.Minute)
	t.MaxIdleConnsPerHost, t.WriteBufferSize = 4, 64<<10
	return &http.Client{Transport: t}
}

func (u *Uplink) init() {
	u.once.Do(func() {
		u.queued = make(chan struct{}, 1)
		u.drained = make(chan struct{}, 1)
		u.agreed = make(chan struct{})
		u.moved = make(chan struct{})
		u.woken = make(chan struct{})
	})
}

func (u *Uplink) signer() api.Signer { return api.Signer{From: id.Hub, Key: u.Key} }

// Run sends and receives until the context ends, then waits for its goroutines.
func (u *Uplink) Run(ctx context.Context) {
	u.init()
	var wg sync.WaitGroup
	wg.Go(func() { u.runOutbox(ctx) })
	wg.Go(func() { u.runFootage(ctx) })
	wg.Go(func() { u.runSocket(ctx) })
	wg.Go(func() { u.runStatus(ctx) })
	wg.Wait()
}

// Queued says that rows were added to the outbox.
func (u *Uplink) Queued() {
	u.init()
	select {
	case u.queued <- struct{}{}:
	default:
	}
}

// CaughtUp waits until the cloud has everything that is signed and queued.
func (u *Uplink) CaughtUp(ctx context.Context) error {
	u.init()
	for {
		u.mu.Lock()
		moved := u.moved
		u.mu.Unlock()
		b, err := u.Ledger.Next(ctx)
		if err != nil {
			return err
		}
		n, err := u.waiting(ctx, 0)
		if err != nil {
			return err
		}
		if b == nil && n == 0 {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answered ends the pauses of both lanes: the cloud is there again.
func (u *Uplink) answered() {
	u.mu.Lock()
	defer u.mu.Unlock()
	close(u.woken)
	u.woken = make(chan struct{})
}

func (u *Uplink) progress() {
	u.mu.Lock()
	defer u.mu.Unlock()
	close(u.moved)
	u.moved = make(chan struct{})
}

// again runs f until it succeeds or the context ends. Refusals that a repetition may cure are
// repeated like everything else: a clock is set, a link arrives, a quota ends.
func (u *Uplink) again(ctx context.Context, what string, limit time.Duration, f func(context.Context) error) error {
	pause := firstPause
	for n := 1; ; n++ {
		u.mu.Lock()
		woken := u.woken
		u.mu.Unlock()
		try, cancel := context.WithTimeout(ctx, limit)
		err := f(try)
		cancel()
		if err == nil {
			if n > 1 {
				u.Log.Info("the cloud accepts writes again", "what", what, "attempts", n)
				u.answered()
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch kind := api.KindOf(err); {
		case errors.As(err, new(*final)):
			return err
		case full(err):
			if n == 1 || n%20 == 0 {
				u.Log.Error("this household has stored as much as it may at the cloud; what is new waits here", "what", what, "attempts", n)
			}
		case kind == "":
			if n == 1 {
				u.Log.Warn("the cloud is away; trying again", "what", what)
			}
		case kind == api.Unavailable || kind == api.TooMany:
			if n == 1 || n%20 == 0 {
				u.Log.Warn("the cloud does not take it now; trying again", "what", what, "attempts", n, "error", err)
			}
		case n == 1 || n%20 == 0:
			u.Log.Error("the cloud refuses; trying again", "what", what, "attempts", n, "error", err)
		}
		if err := sleep(ctx, pause/2+rand.N(pause), woken); err != nil {
			return err
		}
		pause = min(pause*2, longPause*2/3) // with its jitter at most 30 s
	}
}

// full says that the cloud keeps no more of this household.
func full(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Kind() == api.TooMany && p.Rule == rule.Quota
}

// final marks an error that again gives back at once.
type final struct{ error }

func (f *final) Unwrap() error { return f.error }

// sleep ends early when early closes; nil never does.
func sleep(ctx context.Context, d time.Duration, early <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-early:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *Uplink) write(ctx context.Context, kind, name string, body api.Body) error {
	return u.Client.Write(ctx, u.signer(), u.Household, kind, name, body)
}

// waiting counts rows of the outbox up to mark that a checkpoint has to wait for; mark 0 means all, mail too.
func (u *Uplink) waiting(ctx context.Context, mark int64) (int, error) {
	var n int
	err := u.DB.Read(ctx, func(tx *sql.Tx) error {
		if mark == 0 {
			return tx.QueryRowContext(ctx, `SELECT count(*) FROM outbox`).Scan(&n)
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE id <= $1 AND kind <> $2`, mark, request.WriteMail).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("uplink: outbox: %w", err)
	}
	return n, nil
}
