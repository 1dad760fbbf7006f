// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/cloud/vault"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Objects holds the vault and its rows together: bytes first and row second when storing, row first when deleting.
type Objects struct {
	Vault vault.Vault
	Store store.Store
	Limit Limit

	mu     sync.Mutex
	coming map[id.Object]int // places of Puts under way, which the sweep of orphans leaves alone; guarded by mu
}

func (r *Record) object(ctx context.Context, v *access.Verified[request.Write], parts []string, body io.Reader, now int64) error {
	w := v.Statement()
	if len(parts) != 3 {
		return misnamed()
	}
	camera, err := id.ParseCamera(parts[0])
	hour, ok := number(parts[1])
	object, err2 := id.ParseObject(parts[2])
	if err != nil || !ok || err2 != nil {
		return misnamed()
	}
	return r.Objects.put(ctx, v.Nonce(), store.Object{
		Object: object, Household: w.Household, Camera: camera, Hour: hour, Size: w.Size, SHA256: w.SHA256, Stored: now,
	}, body)
}

func (o *Objects) put(ctx context.Context, n store.Nonce, row store.Object, body io.Reader) error {
	// An id that is taken by something else is refused before a byte goes to the disk.
	was, err := o.Store.Object(ctx, row.Household, row.Object)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return fmt.Errorf("record: objects: %w", err)
	}
	if err == nil {
		if was.SHA256 != row.SHA256 {
			return access.Answer(store.ErrConflict)
		}
		row.Place = was.Place // what is there already may be written again
	} else {
		if err := o.Limit.object(ctx, &row); err != nil {
			return err
		}
		if row.Place, err = o.place(ctx, row.Object); err != nil {
			return err
		}
	}
	defer o.enter(row.Place)()
	if err := o.Vault.Put(ctx, row.Place, body, row.Size, row.SHA256); err != nil {
		return answer(err)
	}
	if err := o.Store.PutObject(ctx, n, row); err != nil {
		return access.Answer(fmt.Errorf("record: objects: %w", err))
	}
	return nil
}

// place finds where an object goes that has no row yet. Its own id is the place, so that a household can hold its own
// copy of the vault against its record. If that place is another household's, this one must not come to know: its bytes
// go elsewhere.
func (o *Objects) place(ctx context.Context, object id.Object) (id.Object, error) {
	taken, err := o.Store.Placed(ctx, object)
	if err != nil {
		return "", fmt.Errorf("record: objects: %w", err)
	}
	if !taken {
		return object, nil
	}
	return id.NewObject(rand.Reader)
}

// answer turns what the vault says about a body into a problem; other errors pass.
func answer(err error) error {
	switch {
	case errors.Is(err, vault.ErrSize):
		return api.NewProblem(api.Invalid, rule.FileSize, "the body has another length than was signed")
	case errors.Is(err, vault.ErrHash):
		return api.NewProblem(api.Invalid, rule.FileHash, "the body has another hash than was signed")
	case errors.Is(err, vault.ErrDiffers):
		return api.NewProblem(api.Conflict, "", "something else is stored there")
	case errors.Is(err, vault.ErrBody):
		return unread(err)
	}
	return fmt.Errorf("record: objects: %w", err)
}

func (o *Objects) enter(object id.Object) (leave func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.coming == nil {
		o.coming = map[id.Object]int{}
	}
	o.coming[object]++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.coming[object]--; o.coming[object] == 0 {
			delete(o.coming, object)
		}
	}
}

// Erase deletes the objects of a household that is being erased, bytes first and rows second: what a crash leaves is
// found again by its row.
func (o *Objects) Erase(ctx context.Context, household id.Household) error {
	for {
		places, err := o.Store.Places(ctx, household, sweepBatch)
		if err != nil {
			return fmt.Errorf("record: erase objects: %w", err)
		}
		if len(places) == 0 {
			return nil
		}
		for _, place := range places {
			if err := o.Vault.Delete(ctx, place); err != nil {
				return fmt.Errorf("record: erase objects: %w", err)
			}
		}
		if err := o.Store.DropObjects(ctx, household, places); err != nil {
			return fmt.Errorf("record: erase objects: %w", err)
		}
	}
}

// sweepBatch is how many rows go in one step.
const sweepBatch = 500

// Sweep removes objects that are past their time.
func (o *Objects) Sweep(ctx context.Context, c store.Cutoffs) (removed int, err error) {
	for {
		gone, err := o.Store.SweepObjects(ctx, c, sweepBatch)
		if err != nil {
			return removed, fmt.Errorf("record: sweep objects: %w", err)
		}
		for _, object := range gone {
			// A failure here leaves an orphan, which SweepOrphans finds.
			if err := o.Vault.Delete(ctx, object); err != nil {
				return removed, fmt.Errorf("record: sweep objects: %w", err)
			}
			removed++
		}
		if len(gone) < sweepBatch {
			return removed, nil
		}
	}
}

// SweepOrphans removes objects from before a time that no row names: a writer's crash or ours left them.
func (o *Objects) SweepOrphans(ctx context.Context, before int64) (removed int, err error) {
	err = o.Vault.Each(ctx, func(e vault.Entry) error {
		if e.Stored >= before {
			return nil
		}
		gone, err := o.orphan(ctx, e.Object)
		if gone {
			removed++
		}
		return err
	})
	if err != nil {
		return removed, fmt.Errorf("record: sweep orphans: %w", err)
	}
	return removed, nil
}

// orphan deletes what lies in a place that no row names. It holds mu, so no Put of it can begin between the look and the act.
func (o *Objects) orphan(ctx context.Context, object id.Object) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.coming[object] > 0 {
		return false, nil
	}
	placed, err := o.Store.Placed(ctx, object)
	if err != nil || placed {
		return false, err
	}
	return true, o.Vault.Delete(ctx, object)
}
