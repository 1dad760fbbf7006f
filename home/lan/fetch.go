// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"keyhold/api"
	"keyhold/home/shelf"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// lifetime is how long an address opens what was listed, mostGiven how many there are at once.
	lifetime  = 10 * time.Minute
	mostGiven = 4096
	// slowest is the pace, in bytes a second, below which an object is given up.
	slowest = 64 << 10
)

// right is what an address was given for.
type right struct {
	device  id.Device
	kind    string
	purpose string
	cameras []id.Camera
	from    int64 // hours
	until   int64
	expires int64 // ms
}

// given are the addresses that were given out. They live as long as the process.
type given struct {
	mu   sync.Mutex
	list map[string]right // guarded by mu
}

func (g *given) add(r right, now int64) (string, error) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	address := id.Base32(b[:])
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.list == nil {
		g.list = map[string]right{}
	}
	if len(g.list) >= mostGiven {
		maps.DeleteFunc(g.list, func(_ string, r right) bool { return r.expires <= now })
	}
	if len(g.list) >= mostGiven {
		return "", tooMany()
	}
	g.list[address] = r
	return address, nil
}

func (g *given) get(address string, now int64) (right, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.list[address]
	return r, ok && r.expires > now
}

func (d *Door) give(f *request.Fetch) (address string, now, expires int64, err error) {
	now = d.c.Now().UnixMilli()
	expires = now + lifetime.Milliseconds()
	address, err = d.given.add(right{
		device: f.Device, kind: f.Kind, purpose: f.Purpose, cameras: f.Cameras, from: id.Hour(f.From), until: id.Hour(f.Until), expires: expires,
	}, now)
	return api.FetchedPrefix + address, now, expires, err
}

func (d *Door) sync(ctx context.Context, f *request.Fetch) (any, error) {
	address, _, expires, err := d.give(f)
	if err != nil {
		return nil, err
	}
	out, err := d.c.Shelf.Sync(ctx, f, d.c.Sight(f.Device))
	if err != nil {
		return nil, err
	}
	out.Address, out.Expires = address, expires
	return out, nil
}

// footage is a look: it is written down before it is answered. Who asks for a camera that they may not see now gets
// nothing at all.
func (d *Door) footage(ctx context.Context, f *request.Fetch, envelope []byte) (any, error) {
	sight, do := d.c.Sight(f.Device), shelf.Action(f.Purpose)
	if slices.ContainsFunc(f.Cameras, func(c id.Camera) bool { return sight.Why(do, c) != "" }) {
		return nil, denied()
	}
	if list, all := sight.Cameras(do); len(f.Cameras) == 0 && len(list) == 0 && !all {
		return nil, denied()
	}
	if statement, _ := d.c.Shelf.Erasing(); statement != nil {
		return nil, denied()
	}
	objects, err := d.c.Shelf.Objects(ctx, f, sight)
	if errors.Is(err, shelf.ErrTooMuch) {
		return nil, api.NewProblem(api.Invalid, "", "this is too much for one answer: ask for fewer cameras or hours")
	}
	if err != nil {
		return nil, err
	}
	if err := d.c.Look(ctx, envelope); err != nil {
		return nil, err
	}
	address, now, expires, err := d.give(f)
	if err != nil {
		return nil, err
	}
	return api.Footage{Address: address, Expires: expires, Now: now, Objects: objects}, nil
}

// cover finds what an address was given for, if its reader is still there and nothing is to be erased.
func (d *Door) cover(address, kind string) (right, roster.Sight, error) {
	r, ok := d.given.get(address, d.c.Now().UnixMilli())
	sight := d.c.Sight(r.device)
	if statement, _ := d.c.Shelf.Erasing(); statement != nil {
		ok = false
	}
	if !ok || r.kind != kind || !sight.Present() {
		return r, sight, nothing()
	}
	return r, sight, nil
}

// covers says whether a camera and an hour are within what was asked for.
func (r *right) covers(c id.Camera, hour int64) bool {
	if len(r.cameras) > 0 && !slices.Contains(r.cameras, c) {
		return false
	}
	return c == id.HouseholdCamera || hour >= r.from && hour <= r.until
}

func misnamed() error {
	return api.NewProblem(api.Invalid, rule.Field, "a part of the path is not in its form")
}

func (d *Door) page(r *http.Request) (any, error) {
	run, err := id.ParseRun(r.PathValue("run"))
	epoch, err2 := id.ParseEpoch(r.PathValue("epoch"))
	hour, err3 := number(r.PathValue("hour"))
	camera := id.Camera(r.PathValue("camera"))
	if errors.Join(err, err2, err3) != nil || !camera.ValidOrHousehold() {
		return nil, misnamed()
	}
	a, sight, err := d.cover(r.PathValue("address"), request.FetchSync)
	if err != nil {
		return nil, err
	}
	switch {
	case !a.covers(camera, hour):
		return nil, nothing()
	case sight.Why(roster.History, camera) != "":
		return nil, denied()
	case !sight.Sees(roster.History, camera, hour, d.c.Now().UnixMilli()):
		return nil, nothing()
	}
	b, err := d.c.Shelf.Page(r.Context(), manifest.PageName{Run: run, Camera: camera, Epoch: epoch, Hour: hour})
	if err == nil && b == nil {
		err = nothing()
	}
	return b, err
}

// tile is for everybody of the household: hashes tell nothing but that there are leaves.
func (d *Door) tile(r *http.Request) (any, error) {
	run, err := id.ParseRun(r.PathValue("run"))
	level, err2 := number(r.PathValue("level"))
	n, err3 := number(r.PathValue("n"))
	width, err4 := number(r.PathValue("width"))
	if errors.Join(err, err2, err3, err4) != nil || level > 6 || width < 1 || width > 256 {
		return nil, misnamed()
	}
	if _, _, err := d.cover(r.PathValue("address"), request.FetchSync); err != nil {
		return nil, err
	}
	b, err := d.c.Shelf.Tile(r.Context(), run, int(level), n, int(width))
	if err == nil && b == nil {
		err = nothing()
	}
	return b, err
}

// number reads one that is not negative, in its one spelling.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, errors.New("no number")
	}
	return n, nil
}

// object sends an object, or the range that was asked for, and breaks off when its reader may not have it any more.
func (d *Door) object(w http.ResponseWriter, r *http.Request) {
	f, err := d.open(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	defer func() { _ = f.Close() }()
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(smallTime + time.Duration(f.ref.Size/slowest)*time.Second))
	var gone atomic.Bool
	ctx, cancel := context.WithCancel(r.Context())
	var watch sync.WaitGroup
	watch.Go(func() {
		d.while(ctx, f, func() {
			gone.Store(true)
			_ = control.SetWriteDeadline(time.Unix(1, 0))
		})
	})
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", time.Time{}, f)
	cancel()
	watch.Wait()
	if gone.Load() {
		panic(http.ErrAbortHandler) // the caller must not take what it has for the whole
	}
}

// opened is an object under the right by which it was opened.
type opened struct {
	*os.File
	ref     api.ObjectRef
	right   right
	address string
}

func (d *Door) open(r *http.Request) (*opened, error) {
	object, err := id.ParseObject(r.PathValue("object"))
	if err != nil {
		return nil, misnamed()
	}
	address := r.PathValue("address")
	a, sight, err := d.cover(address, request.FetchFootage)
	if err != nil {
		return nil, err
	}
	f, ref, err := d.c.Shelf.Object(r.Context(), object)
	if err != nil {
		return nil, err
	}
	out := &opened{File: f, ref: ref, right: a, address: address}
	if f == nil || !a.covers(ref.Camera, ref.Hour) {
		err = nothing()
	} else {
		err = out.allowed(sight)
	}
	if err != nil && f != nil {
		_ = f.Close()
	}
	return out, err
}

// allowed asks whether the reader may have it now.
func (o *opened) allowed(s roster.Sight) error {
	do := shelf.Action(o.right.purpose)
	if s.Why(do, o.ref.Camera) != "" {
		return denied()
	}
	if !s.Sees(do, o.ref.Camera, o.ref.Hour, (o.ref.Hour+1)*time.Hour.Milliseconds()) {
		return nothing()
	}
	return nil
}

// while asks each second whether the reader may still have it, and calls gone once it may not.
func (d *Door) while(ctx context.Context, o *opened, gone func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, sight, err := d.cover(o.address, request.FetchFootage)
		if err == nil {
			err = o.allowed(sight)
		}
		if err != nil {
			gone()
			return
		}
	}
}
