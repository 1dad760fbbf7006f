// SPDX-License-Identifier: Apache-2.0

// Package fetch answers fetch statements: the login and the only way to household data.
//
// It promises that a request for footage is in the hub's queue, on the disk, before the answer with the addresses is
// sent, so that a look is written down whether or not the footage is then read; that an answer lists nothing that the
// roster does not let its reader see at that moment; and that an address opens nothing but what its answer listed, for
// ten minutes at most and no longer than its reader may. Everything it hands out is ciphertext or signed. It trusts the
// signature that access has checked. A crash between queue and answer leaves a look that was not had, never the other
// way round.
package fetch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

const (
	// Lifetime is how long an address opens what was listed.
	Lifetime = 10 * time.Minute
	// addressBytes is the randomness of an address.
	addressBytes = 16
	// mostObjects bounds an answer: more than a month of one camera, or a day and a half of twenty.
	mostObjects = 50_000
)

// LookQuota is how many looks of one device may wait for a hub that is away.
var LookQuota = store.Quota{Messages: 4096, Bytes: 64 << 20}

// Desk answers fetches. Its fields are set once, before use.
type Desk struct {
	Store   store.Store
	Rosters *access.Mirror
	Now     func() time.Time
	// Notify wakes the hub after a look was queued for it.
	Notify func(id.Household, id.Device)
}

// Sync answers a fetch of kind sync.
func (d *Desk) Sync(ctx context.Context, v *access.Verified[request.Fetch]) (*api.Sync, error) {
	f := v.Statement()
	a, err := d.address(f, store.AddressSync)
	if err != nil {
		return nil, err
	}
	if _, err := d.Store.Fetch(ctx, v.Nonce(), a, nil, LookQuota); err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: sync: %w", err))
	}
	s := &sync{Desk: d, fetch: f, sight: v.Sight(), asked: a.Range, out: empty()}
	s.out.Address, s.out.Expires, s.out.Now = api.FetchedPrefix+a.Address, a.Expires, a.At
	if err := s.answer(ctx); err != nil {
		return nil, fmt.Errorf("fetch: sync: %w", err)
	}
	return s.out, nil
}

// Footage answers a fetch of kind footage, which is a look. Who asks for a camera they may not see now gets nothing at
// all, and the same answer whether or not there is such a camera.
func (d *Desk) Footage(ctx context.Context, v *access.Verified[request.Fetch]) (*api.Footage, error) {
	f, sight := v.Statement(), v.Sight()
	a, err := d.address(f, store.AddressFootage)
	if err != nil {
		return nil, err
	}
	if a.Cameras, err = d.permit(ctx, f, sight); err != nil {
		return nil, err
	}
	objects, err := d.Store.Objects(ctx, a.Range, mostObjects+1)
	if err != nil {
		return nil, fmt.Errorf("fetch: footage: %w", err)
	}
	if len(objects) > mostObjects {
		return nil, api.NewProblem(api.Invalid, "", "this is too much for one answer: ask for fewer cameras or hours")
	}
	// What came after the address was made is not handed out by it, so it is not listed either.
	objects = slices.DeleteFunc(objects, func(o store.Object) bool {
		return o.Stored > a.At || !sight.Sees(action(f.Purpose), o.Camera, o.Hour, o.Stored)
	})
	passed, err := d.Store.Fetch(ctx, v.Nonce(), a, look(v, a, objects), LookQuota)
	if err != nil {
		return nil, access.Answer(fmt.Errorf("fetch: footage: %w", err))
	}
	if passed {
		d.Notify(f.Household, id.Hub)
	}
	out := &api.Footage{Address: api.FetchedPrefix + a.Address, Expires: a.Expires, Now: a.At, Objects: make([]api.ObjectRef, 0, len(objects))}
	for _, o := range objects {
		out.Objects = append(out.Objects, api.ObjectRef{Camera: o.Camera, Hour: o.Hour, Object: o.Object, Size: o.Size})
	}
	return out, nil
}

// action is what a fetch of footage does with a camera.
func action(purpose string) roster.Action {
	if purpose == request.PurposeExport {
		return roster.Export
	}
	return roster.History
}

// permit refuses a fetch of footage that names a camera which the reader may not see, or where there is none to see. It
// returns the cameras of the answer; none means all there are.
func (d *Desk) permit(ctx context.Context, f *request.Fetch, sight roster.Sight) ([]id.Camera, error) {
	do, cameras := action(f.Purpose), f.Cameras
	if slices.ContainsFunc(cameras, func(c id.Camera) bool { return sight.Why(do, c) != "" }) {
		return nil, denied()
	}
	if len(cameras) == 0 {
		list, all := sight.Cameras(do)
		if len(list) == 0 && !all {
			return nil, denied()
		}
		cameras = list
	}
	hidden, err := d.hidden(ctx, f.Household)
	if err != nil {
		return nil, err
	}
	if hidden {
		return nil, denied()
	}
	return cameras, nil
}

// hidden says whether a household's data are to be erased, and are shown to nobody meanwhile.
func (d *Desk) hidden(ctx context.Context, household id.Household) (bool, error) {
	_, err := d.Store.Erasure(ctx, household)
	if errors.Is(err, store.ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("fetch: %w", err)
	}
	return true, nil
}

// denied does not say why: whoever is in the household can ask its roster.
func denied() error {
	return api.NewProblem(api.Denied, "", "this is not yours to see now")
}

// look is what the hub has to write down: every fetch of footage, and for tiles one per device, camera, hour and
// stretch asked for. A fetch of tiles that lists nothing shows nothing.
func look(v *access.Verified[request.Fetch], a store.Address, objects []store.Object) *store.Look {
	f := v.Statement()
	l := &store.Look{
		Hour: id.Hour(a.At),
		Mail: store.Mail{Household: f.Household, Reader: id.Hub, Sender: f.Device, Kind: api.KindFetch, Body: v.Envelope(), At: a.At},
	}
	if f.Purpose != request.PurposeTiles {
		return l
	}
	seen := map[id.Camera]bool{}
	for _, o := range objects {
		if !seen[o.Camera] {
			seen[o.Camera] = true
			l.Once = append(l.Once, o.Camera)
		}
	}
	if len(l.Once) == 0 {
		return nil
	}
	return l
}

func (d *Desk) address(f *request.Fetch, kind string) (store.Address, error) {
	var b [addressBytes]byte
	if _, err := io.ReadFull(rand.Reader, b[:]); err != nil {
		return store.Address{}, fmt.Errorf("fetch: read randomness: %w", err)
	}
	now := d.Now()
	return store.Address{
		Address: id.Base32(b[:]), Device: f.Device, Kind: kind, Purpose: f.Purpose, At: now.UnixMilli(), Expires: now.Add(Lifetime).UnixMilli(),
		Range: store.Range{Household: f.Household, Cameras: f.Cameras, From: id.Hour(f.From), Until: id.Hour(f.Until)},
	}, nil
}
