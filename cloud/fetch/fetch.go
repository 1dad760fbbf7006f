// SPDX-License-Identifier: Apache-2.0

// Package fetch answers fetch statements: the login and the only way to household data.
//
// It promises that a request for footage is in the hub's queue, on the disk, before the answer with the addresses is
// sent, so that a look is written down whether or not the footage is then read; and that an address opens nothing but
// what its answer listed, for ten minutes. Everything it hands out is ciphertext or signed. It trusts the signature
// that access has checked. A crash between queue and answer leaves a look that was not had, never the other way
// round.
package fetch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
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
	out := &api.Sync{Address: api.FetchedPrefix + a.Address, Expires: a.Expires, Now: a.At}
	// The hub goes on writing meanwhile. So what speaks of other things is read before them: a status before the
	// checkpoint that it names, a checkpoint before the pages that it covers, pages before the names that their leaves
	// speak of, both before the envelopes of their epochs, and the roster last. A reader may find more than it was told
	// of, never less.
	steps := []func(context.Context, *request.Fetch, store.Range, *api.Sync) error{d.status, d.runs, d.pages, d.names, d.envelopes, d.roster}
	for _, step := range steps {
		if err := step(ctx, f, a.Range, out); err != nil {
			return nil, fmt.Errorf("fetch: sync: %w", err)
		}
	}
	return out, nil
}

func (d *Desk) roster(ctx context.Context, f *request.Fetch, _ store.Range, out *api.Sync) error {
	state, err := d.Rosters.State(ctx, f.Household)
	if err != nil {
		return err
	}
	out.Roster = state.Chain
	return nil
}

func (d *Desk) runs(ctx context.Context, f *request.Fetch, _ store.Range, out *api.Sync) error {
	runs, err := d.Store.Runs(ctx, f.Household)
	if err != nil {
		return err
	}
	out.Runs = make([]api.RunRef, 0, len(runs))
	for _, r := range runs {
		out.Runs = append(out.Runs, api.RunRef{Checkpoint: r.Checkpoint, Run: r.Run})
	}
	return nil
}

func (d *Desk) pages(ctx context.Context, _ *request.Fetch, r store.Range, out *api.Sync) error {
	pages, err := d.Store.Pages(ctx, r)
	if err != nil {
		return err
	}
	out.Pages = make([]api.PageRef, 0, len(pages))
	for _, p := range pages {
		out.Pages = append(out.Pages, api.PageRef{Camera: p.Camera, Epoch: p.Epoch, Hour: p.Hour, Run: p.Run, Size: p.Size, Updated: p.Updated})
	}
	return nil
}

func (d *Desk) envelopes(ctx context.Context, f *request.Fetch, _ store.Range, out *api.Sync) error {
	rows, err := d.Store.Envelopes(ctx, f.Household, []id.Device{f.Device, id.Sheet})
	if err != nil {
		return err
	}
	out.Envelopes = append([]request.Row{}, rows...)
	reseals, err := d.Store.Reseals(ctx, f.Household, f.Device)
	if err != nil {
		return err
	}
	out.Reseals = append([][]byte{}, reseals...)
	return nil
}

func (d *Desk) status(ctx context.Context, f *request.Fetch, _ store.Range, out *api.Sync) (err error) {
	out.Status, err = d.document(ctx, f.Household, store.Status)
	return err
}

func (d *Desk) names(ctx context.Context, f *request.Fetch, _ store.Range, out *api.Sync) (err error) {
	out.Names, err = d.document(ctx, f.Household, store.Names)
	return err
}

// document is empty where there is none.
func (d *Desk) document(ctx context.Context, household id.Household, kind string) ([]byte, error) {
	doc, err := d.Store.Document(ctx, household, kind)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return nil, err
	}
	return append([]byte{}, doc.Body...), nil
}

// Footage answers a fetch of kind footage, which is a look.
func (d *Desk) Footage(ctx context.Context, v *access.Verified[request.Fetch]) (*api.Footage, error) {
	f := v.Statement()
	a, err := d.address(f, store.AddressFootage)
	if err != nil {
		return nil, err
	}
	objects, err := d.Store.Objects(ctx, a.Range, mostObjects+1)
	if err != nil {
		return nil, fmt.Errorf("fetch: footage: %w", err)
	}
	if len(objects) > mostObjects {
		return nil, api.NewProblem(api.Invalid, "", "this is too much for one answer: ask for fewer cameras or hours")
	}
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
		Address: id.Base32(b[:]), Kind: kind, At: now.UnixMilli(), Expires: now.Add(Lifetime).UnixMilli(),
		Range: store.Range{Household: f.Household, Cameras: f.Cameras, From: id.Hour(f.From), Until: id.Hour(f.Until)},
	}, nil
}
