// SPDX-License-Identifier: Apache-2.0

// Package hub wires what runs in the home into one program: [Hub.Run] boots all of it and ends all
// of it. The rules live in the packages that it wires.
//
// A start is the same after a clean stop and after a crash: repair the manifest's hash file, take up
// a pairing that was not finished, close what lies open in the spool, remove what no row names, note
// the gap, and go on. It trusts its own folder; it opens nothing that it recorded. Without the cloud
// it goes on recording.
package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"keyhold/api"
	"keyhold/home/cameras"
	"keyhold/home/covers"
	"keyhold/home/durable"
	"keyhold/home/epochs"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/home/ingest"
	"keyhold/home/lan"
	"keyhold/home/ledger"
	"keyhold/home/nursery"
	"keyhold/home/packs"
	"keyhold/home/privacy"
	"keyhold/home/push"
	"keyhold/home/record"
	"keyhold/home/stars"
	"keyhold/home/state"
	"keyhold/home/uplink"
	"keyhold/home/window"
	"keyhold/statement/id"
	code "keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// Hub is the whole program in the home. Dir and Cloud must be set before Run, the rest may be.
type Hub struct {
	Dir   string // its folder
	Cloud string // the cloud's origin
	// ShowCode is told the pairing code while the hub belongs to nobody.
	ShowCode func(code.Code)
	// ShowGesture is told the code that a change of the household waits for. It must not block.
	ShowGesture func(gesture.Request)
	// Serving is told once the hub belongs to a household and records.
	Serving func(id.Household)
	// FFmpeg is the program that decodes preview pictures, and reads cameras without RTSP; "ffmpeg" if empty.
	FFmpeg string
	// Speak is the program that speaks quick replies; "espeak-ng" if empty.
	Speak  string
	Here   ingest.Here // what of this computer may be a camera
	HTTP   *http.Client
	Now    func() time.Time
	Uptime func() time.Duration // of the machine; asked of the system if nil
	Log    *slog.Logger
	// Space says how many bytes are free on the folder's disk; asked of the system if nil.
	Space func() (free int64, err error)
	// SpaceEvery is how often Space is asked; 15 s if 0.
	SpaceEvery time.Duration
	// Live is where devices that watch live connect to, over UDP; ":7441" if empty.
	Live string
	// LAN is where devices at home connect to, over TLS on TCP; ":7441" if empty.
	LAN       string
	Bell      string           // where doorbells that cannot speak TLS say that somebody presses, over HTTP; nowhere if empty
	Stream    string           // where integrations read cameras, by RTSP, while there are any; ":7444" if empty
	Find      []netip.AddrPort // are asked for cameras, one by one; everybody in the home's networks if there are none
	PageLooks int              // how many leaves a page takes before looks begin another; 4000 if 0

	lock      io.Closer
	db        *state.DB
	keys      *household.Keys
	cameras   *cameras.Store
	household *household.Household
	privacy   *privacy.Book
	covers    *covers.Book
	stars     *stars.Book
	nursery   *nursery.Book
	clock     *window.Clock
	last      int64 // when an earlier process wrote its newest leaf, 0 if there was none
	ledger    *ledger.Ledger
	epochs    *epochs.Epochs
	packs     *packs.Store
	uplink    *uplink.Uplink
	thumbs    *record.Thumbs
	client    *api.Client
	door      *lan.Door
	push      *push.Desk
	found     *findings
	ring      ring
	watching
	// quit stops the hub from within, for a reason.
	quit context.CancelCauseFunc
	// erasing is what an owner wants to be erased, nil if nothing; askAgain when the cloud is asked for its receipt, owned
	// by the goroutine that keeps.
	erasing  atomic.Pointer[wish]
	askAgain time.Time

	// control keeps changes of cameras and roster apart from each other. It is taken before every other lock.
	control sync.Mutex
	mu      sync.Mutex
	running map[id.Camera]*channel // guarded by mu
	leaving map[id.Camera]*channel // those that are being put away; guarded by mu
	full    bool                   // the disk is full and nothing can be freed; guarded by mu
	slots   chan struct{}          // holds a token for each command that is being carried out
	looking chan struct{}          // the same for those that look at a camera first
	opening chan struct{}          // and for those that wait for a lock
	// work ends when the hub is told to stop, recordings after the last pack is put away. Set before anything runs.
	work, recordings context.Context
}

// ErrBusy says that another process has the folder.
var ErrBusy = errors.New("hub: this folder is in use by another hub; stop that one first")

func (h *Hub) defaults() {
	if h.Now == nil {
		h.Now = time.Now
	}
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	if h.HTTP == nil {
		h.HTTP = uplink.HTTPClient()
	}
	if h.ShowCode == nil {
		h.ShowCode = func(code.Code) {}
	}
	if h.ShowGesture == nil {
		h.ShowGesture = func(gesture.Request) {}
	}
	if h.Serving == nil {
		h.Serving = func(id.Household) {}
	}
	if h.Space == nil {
		h.Space = func() (int64, error) { return freeSpace(h.Dir) }
	}
	if h.Live == "" {
		h.Live = ":7441"
	}
	if h.LAN == "" {
		h.LAN = ":7441"
	}
	if h.SpaceEvery == 0 {
		h.SpaceEvery = 15 * time.Second
	}
	h.running, h.leaving = map[id.Camera]*channel{}, map[id.Camera]*channel{}
	h.found = &findings{now: h.Now, byID: map[id.Found]*found{}}
	h.slots, h.looking, h.opening = make(chan struct{}, 8), make(chan struct{}, 4), make(chan struct{}, 8)
}

// Run boots the hub and serves until the context ends. Then it closes packs, signs, tries for a few
// seconds to upload the rest, and returns nil. Where an owner had everything erased, it returns ErrErased.
func (h *Hub) Run(ctx context.Context) error {
	for {
		once, quit := context.WithCancelCause(ctx)
		h.quit = quit
		err := h.run(once)
		cause := context.Cause(once)
		quit(nil)
		if err == nil && errors.Is(cause, errMoved) && ctx.Err() == nil {
			continue // it begins anew at the other cloud
		}
		return h.over(err, cause)
	}
}

// over ends the hub, and everything that it holds where that was wanted.
func (h *Hub) over(err, cause error) error {
	if errors.Is(cause, ErrErased) {
		if err != nil {
			h.Log.Error("the hub did not end in order", "error", err)
		}
		if err := wipeLocked(h.Dir); err != nil {
			return err
		}
		return ErrErased
	}
	return err
}

func (h *Hub) run(ctx context.Context) (err error) {
	h.defaults()
	if err := h.open(ctx); err != nil {
		return errors.Join(err, h.close())
	}
	defer func() { err = errors.Join(err, h.close()) }()
	address, err := h.address(ctx)
	if err != nil {
		return err
	}
	h.client = &api.Client{Base: address, HTTP: h.HTTP, Now: h.Now}
	if err := h.pair(ctx, h.client); err != nil {
		return ended(ctx, err)
	}
	h.awaitDate(ctx)
	if err := h.boot(ctx, h.client); err != nil {
		return ended(ctx, err)
	}
	return h.serve(ctx)
}

// ended makes an ordered stop no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// open takes the folder: lock, keys, database.
func (h *Hub) open(ctx context.Context) error {
	l := LayoutOf(h.Dir)
	if err := durable.MkdirAll(h.Dir); err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	var err error
	if h.lock, err = Lock(h.Dir); err != nil {
		return err
	}
	if err := wiped(h.Dir); err != nil {
		return err
	}
	for _, d := range []string{l.Keys, l.Spool, l.Packs, l.Tiles} {
		if err := durable.MkdirAll(d); err != nil {
			return fmt.Errorf("hub: %w", err)
		}
	}
	// Folders that existed before keep nobody out unless told to.
	for _, d := range []string{h.Dir, l.Keys} {
		if err := os.Chmod(d, 0o700); err != nil {
			return fmt.Errorf("hub: %w", err)
		}
	}
	if err := durable.Sweep(l.Keys); err != nil {
		return err
	}
	if h.keys, err = household.OpenKeys(l.Keys, rand.Reader); err != nil {
		return err
	}
	if h.db, err = state.Open(ctx, l.State); err != nil {
		return err
	}
	h.cameras, err = cameras.Open(h.db, l.Keys)
	return err
}

// boot repairs, recovers and prepares; nothing records or sends yet.
func (h *Hub) boot(ctx context.Context, client *api.Client) error {
	l := LayoutOf(h.Dir)
	var err error
	if err := h.settle(ctx); err != nil {
		return err
	}
	h.ledger, err = ledger.Open(ctx, ledger.Config{
		DB: h.db, Tiles: l.Tiles, Household: h.household.ID(), Key: h.keys.Sign, Head: h.household.Head,
		First: h.household.Roster().Now().First, Before: predecessor(h.household.Roster()), Now: h.Now, Rand: rand.Reader, Log: h.Log,
	})
	if err != nil {
		return err
	}
	h.last = h.ledger.Standing().At
	h.clock = &window.Clock{DB: h.db, Now: h.Now}
	if err := h.clock.Load(ctx); err != nil {
		return err
	}
	if err := h.loadSettings(ctx); err != nil {
		return err
	}
	if err := h.wished(ctx); err != nil {
		return err
	}
	h.packs = &packs.Store{DB: h.db, Ledger: h.ledger, Dir: l.Packs, Also: stars.Closed}
	h.epochs = &epochs.Epochs{
		DB: h.db, Ledger: h.ledger, Cameras: h.cameras, Key: h.keys.Sign, Now: h.Now,
		Roster:  func() *roster.State { return h.household.Roster() },
		Moment:  h.clock.Moment,
		Changed: h.reseal,
	}
	if err := h.epochs.Load(ctx); err != nil {
		return err
	}
	if h.ledger.Standing().Run == "" {
		list, err := h.inUse(ctx) // those that the hub before had, if there was one
		if err == nil {
			_, err = h.epochs.Apply(ctx, epochs.Change{Cameras: append([]id.Camera{id.HouseholdCamera}, list...), Names: true, Genesis: true})
		}
		if err != nil {
			return err
		}
	}
	if err := h.settled(ctx); err != nil {
		return err
	}
	h.uplink = &uplink.Uplink{
		Client: client, Household: h.household.ID(), Key: h.keys.Sign, Roster: h.household.Roster, DB: h.db,
		Ledger: h.ledger, Packs: h.packs, Handle: h.handle, Rotate: h.startAfresh, TakeOver: h.takeOver, Formers: h.formers, Kept: h.keptSaid, Now: h.Now, Log: h.Log,
	}
	if h.thumbs, err = record.NewThumbs(record.ThumbsConfig{FFmpeg: h.FFmpeg, Log: h.Log}); err != nil {
		h.Log.Warn("there will be no preview pictures", "error", err)
	}
	return h.recover(ctx)
}

// recover takes up what an earlier process left in the spool.
func (h *Hub) recover(ctx context.Context) error {
	l := LayoutOf(h.Dir)
	err := record.Recover(record.RecoverConfig{
		Spool: l.Spool, Packs: l.Packs, Log: h.Log,
		Closed: func(p record.Pack) error { return h.keepOld(ctx, p) },
		// The gap is announced when the camera's next picture says where it ends.
		Gap: func(record.Gap) {},
	})
	if err != nil {
		// One damaged pack must not keep the others from being recorded; its files stay for inspection.
		h.Log.Error("something in the spool could not be recovered", "error", err)
	}
	n, err := h.packs.Sweep(ctx, l.Spool)
	if n > 0 {
		h.Log.Info("files that nothing names were removed", "count", n)
	}
	return err
}

// lastPictures is how long the last packs may take for their preview pictures when the hub stops.
const lastPictures = 2 * time.Second

// serve records and sends until the context ends.
func (h *Hub) serve(ctx context.Context) error {
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	h.work, h.recordings = ctx, run
	reason, err := h.lastStop(ctx)
	if err != nil {
		return err
	}
	// Epochs that grew old while the hub was away are renewed before anything is sealed to them.
	if err := h.tidy(ctx); err != nil {
		return err
	}
	if err := h.back(ctx, reason); err != nil {
		return err
	}
	if err := h.follow(ctx); err != nil {
		return err
	}
	// Before anything connects to a camera, and while nobody else is there.
	if err := h.turn(ctx, nil, ""); err != nil {
		return err
	}
	if err := h.openDoors(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { h.uplink.Run(run) })
	wg.Go(func() { h.views.Run(run) })
	wg.Go(h.door.Run)
	wg.Go(func() { h.engine.Stand(run, h.relays) })
	list, err := h.cameras.List(ctx)
	if err == nil {
		for _, c := range list {
			if c.Removed == 0 {
				h.start(run, c, reason)
			}
		}
		h.Serving(h.household.ID())
		wg.Go(func() { h.keep(ctx) })
		wg.Go(func() { h.keepReaders(ctx) })
		wg.Go(func() { h.say(ctx, "stars", h.stars.Run(ctx, h.Now, h.uplink.Queued)) })
		<-ctx.Done()
	}
	for _, slots := range []chan struct{}{h.slots, h.looking, h.opening} {
		for range cap(slots) {
			slots <- struct{}{} // no command is under way any more, and none begins
		}
	}
	err = errors.Join(err, h.closeDoors())
	// Whoever stops a hub does not wait for pictures: on a busy machine those of all last packs would take long.
	hurry := time.AfterFunc(lastPictures, h.thumbs.Hurry)
	h.stopAll()
	hurry.Stop()
	if !errors.Is(context.Cause(ctx), ErrErased) {
		err = errors.Join(err, h.farewell(run))
	}
	stop()
	wg.Wait()
	h.thumbs.Close()
	return err
}
