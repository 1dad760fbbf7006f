// SPDX-License-Identifier: Apache-2.0

// Package erase has everything of a household erased when an owner wants it.
//
// It promises that a wish hides everything from the moment it is acknowledged, that an owner can take it back for seven
// days, and that after them no row, object or key of the household is left; then, and not before, there is a receipt.
// It trusts the roster for who is an owner, and nothing else: neither staff nor a letter erases anything. Erasing goes
// by steps that can each be repeated, so a crash in the middle is taken up by the next sweep, and until the last step
// there is no receipt. From the first step on the household is a stranger here.
package erase

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/record"
	"keyhold/cloud/store"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// KeepReceipt is how long a receipt can be had.
const KeepReceipt = 90 * 24 * time.Hour

// Desk takes wishes and carries them out. Its fields are set once, before use.
type Desk struct {
	Store   store.Erasures
	Rosters *access.Mirror
	Objects *record.Objects
	// Key signs receipts; its public half is what statements are addressed to.
	Key ed25519.PrivateKey
	Log *slog.Logger
	Now func() time.Time
}

func (d *Desk) to() ed25519.PublicKey { return d.Key.Public().(ed25519.PublicKey) }

// Put takes a write of kind erase. The hub orders an erasure; an owner's own device may take one back without it.
func (d *Desk) Put(ctx context.Context, v *access.Verified[request.Write], body io.Reader) error {
	w := v.Statement()
	if w.Name != api.Current {
		return api.NewProblem(api.Invalid, rule.Field, "the name is not in the form that things of this kind have")
	}
	b, err := record.Body(w, body)
	if err != nil {
		return err
	}
	now := d.Now().UnixMilli()
	s, e, err := erasure.Open(b, v.Roster(), d.to(), now)
	if err != nil {
		return refused(err)
	}
	own := store.Nonce{Household: s.Household, Signer: s.Device, Value: s.Nonce, Expires: s.At + erasure.Window + request.Window}
	switch {
	case s.Act == erasure.Keep:
		if w.From != id.Hub && w.From != s.Device {
			return api.NewProblem(api.Denied, "", "this signer does not bring another's word")
		}
		err = d.Store.KeepHousehold(ctx, v.Nonce(), own, s.Household)
	case w.From != id.Hub:
		return api.NewProblem(api.Denied, "", "an erasure is ordered by the hub")
	default:
		err = d.Store.PutErasure(ctx, v.Nonce(), own, store.Erasure{
			Household: s.Household, Hash: e.Hash(), Statement: b, Due: now + erasure.Wait,
		})
	}
	if err != nil {
		return access.Answer(fmt.Errorf("erase: %w", err))
	}
	d.Rosters.Ring(s.Household) // open reads end
	return nil
}

// refused turns a rule's verdict into an answer.
func refused(err error) error {
	r := rule.Of(err)
	if r == "" {
		r = rule.Field
	}
	kind := api.Invalid
	if r == rule.Signer {
		kind = api.Denied
	}
	return errors.Join(api.NewProblem(kind, r, "the statement does not have everything erased, or kept"), err)
}

// Receipt answers who knows the hash of a statement that was carried out.
func (d *Desk) Receipt(ctx context.Context, hash id.Hash) (*api.Receipt, error) {
	r, err := d.Store.Receipt(ctx, hash, d.Now().UnixMilli())
	if err != nil {
		return nil, access.Answer(err)
	}
	return &api.Receipt{List: r.List, Note: r.Note}, nil
}

// Sweep carries out what is due.
func (d *Desk) Sweep(ctx context.Context) error {
	due, err := d.Store.DueErasures(ctx, d.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	for _, e := range due {
		if err := d.carryOut(ctx, e); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		d.Log.Info("a household is erased")
	}
	return nil
}

// found is what a receipt will say.
type found struct {
	Bytes  int64            `json:"bytes"`
	Counts map[string]int64 `json:"counts"`
}

func (d *Desk) carryOut(ctx context.Context, e store.Erasure) error {
	if err := d.Store.CloseHousehold(ctx, e.Household); err != nil {
		return err
	}
	d.Rosters.Ring(e.Household) // sockets end
	// What a crash has left half erased was counted when it was whole.
	pending, err := d.Store.PendingReceipt(ctx, e.Hash)
	if errors.Is(err, store.ErrMissing) {
		if pending, err = d.count(ctx, e); err == nil {
			err = d.Store.PutReceipt(ctx, pending)
		}
	}
	if err != nil {
		return err
	}
	if err := d.Objects.Erase(ctx, e.Household); err != nil {
		return err
	}
	var f found
	if err := json.Unmarshal([]byte(pending.Counts), &f); err != nil {
		return fmt.Errorf("read what was counted: %w", err)
	}
	note, err := erasure.Receipt{
		Statement: e.Hash, At: d.Now().UnixMilli(), List: id.HashOf(pending.List), Counts: f.Counts, Bytes: f.Bytes,
	}.Sign(d.Key)
	if err != nil {
		return err
	}
	return d.Store.Erase(ctx, e.Household, e.Hash, note)
}

// count looks at everything there is.
func (d *Desk) count(ctx context.Context, e store.Erasure) (store.Receipt, error) {
	s, err := erasure.Read(e.Statement)
	if err != nil {
		return store.Receipt{}, err
	}
	f, hashes := found{Counts: map[string]int64{}}, []id.Hash{}
	err = d.Store.Contents(ctx, e.Household, func(c store.Content) error {
		f.Counts[c.Kind]++
		if c.Kind == "objects" {
			f.Bytes += c.Size
		}
		hashes = append(hashes, erasure.Blind(s.Nonce, c.Hash))
		return nil
	})
	if err != nil {
		return store.Receipt{}, err
	}
	counts, err := json.Marshal(f)
	if err != nil {
		return store.Receipt{}, fmt.Errorf("write down what was counted: %w", err)
	}
	return store.Receipt{Hash: e.Hash, Counts: string(counts), List: erasure.List(hashes), Expires: d.Now().Add(KeepReceipt).UnixMilli()}, nil
}
