// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"keyhold/api"
	"keyhold/home/durable"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/statement/canon"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// ErrErased says that an owner had everything erased, and that this hub has erased what it held. Its folder is as new.
var ErrErased = errors.New("hub: everything was erased, as an owner of the household wanted")

// KindErase is what a code for erasing everything is asked for as.
const KindErase = "erase"

const (
	eraseFact = "erase"
	// erasedFile stands in the hub's folder from the first file that goes to the last: a crash in between is taken up.
	erasedFile = "erased"
	// orderTime is how long the cloud may take to write down that everything is to be erased.
	orderTime = 20 * time.Second
	// askFor is how long a hub asks for a receipt: the cloud keeps one no longer, and where there is none an owner has
	// kept everything.
	askFor = 90 * 24 * time.Hour
)

// wish is an erasure that was ordered, as state.db keeps it.
type wish struct {
	Due       int64  `json:"due"`
	Statement []byte `json:"statement"`
}

// order has everything erased, or keeps it: an owner's own signature says so, for this very cloud, and to erase somebody
// has to stand at the hub besides.
func (h *Hub) order(ctx context.Context, c *request.Command) error {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	client, to, here, err := h.addressee(ctx, c.Op.Erase)
	if err != nil {
		return err
	}
	h.control.Lock()
	defer h.control.Unlock()
	now := h.Now().UnixMilli()
	s, e, err := erasure.Open(c.Op.Erase, h.household.Roster(), to, now)
	switch {
	case rule.Of(err) == rule.Time:
		return refusal(request.RefusedStale)
	case err != nil:
		return refusal(word(err))
	case s.Device != c.Device:
		return refusal(request.RefusedDenied)
	case s.Act == erasure.Keep && here:
		return h.wish(ctx, nil)
	case s.Act == erasure.Keep:
		return nil
	}
	if err := h.shown(ctx, s.Person, e.Hash(), KindErase, "", c.Op.Gesture, now); err != nil {
		return err
	}
	// Written down first: what the cloud erases is erased here as well, whatever comes between.
	was := h.erasing.Load()
	if here {
		err = h.wish(ctx, &wish{Due: now + erasure.Wait, Statement: c.Op.Erase})
	} else {
		err = h.db.Write(ctx, func(tx *sql.Tx) error { return gesture.Done(ctx, tx) })
	}
	if err != nil {
		return err
	}
	undo := func() error {
		if !here {
			return nil
		}
		return h.wish(ctx, was)
	}
	err = client.Write(ctx, api.Signer{From: id.Hub, Key: h.keys.Sign}, h.household.ID(), request.WriteErase, api.Current, api.Bytes(c.Op.Erase))
	switch kind := api.KindOf(err); kind {
	case "", api.Unavailable, api.Internal:
		return err // it may be in force; the cloud's receipt will tell
	case api.Conflict:
		return errors.Join(refusal(request.RefusedExists), undo())
	default:
		return errors.Join(refusal(request.RefusedInvalid), err, undo())
	}
}

// wish writes down what is to be erased; nil for nothing.
func (h *Hub) wish(ctx context.Context, w *wish) error {
	err := h.db.Write(ctx, func(tx *sql.Tx) error {
		if w == nil {
			_, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE name = $1`, eraseFact)
			return err
		}
		b, err := canon.Marshal(w)
		if err != nil {
			return err
		}
		if err := gesture.Done(ctx, tx); err != nil {
			return err
		}
		return household.SetFact(ctx, tx, eraseFact, b)
	})
	if err != nil {
		return fmt.Errorf("hub: note erasure: %w", err)
	}
	h.erasing.Store(w)
	return nil
}

// wished reads what was ordered before this start.
func (h *Hub) wished(ctx context.Context) error {
	return h.db.Read(ctx, func(tx *sql.Tx) error {
		b, err := household.Fact(ctx, tx, eraseFact)
		if err != nil || b == nil {
			return err
		}
		var w wish
		if err := canon.Unmarshal(b, &w); err != nil {
			return fmt.Errorf("hub: read erasure: %w", err)
		}
		h.erasing.Store(&w)
		return nil
	})
}

// erased asks, once an erasure is due, for the cloud's receipt. The hub erases nothing without one: an owner may have
// kept everything by the cloud alone, while the hub was away.
func (h *Hub) erased(ctx context.Context) error {
	w := h.erasing.Load()
	now := h.Now()
	if w == nil || now.UnixMilli() < w.Due || now.Before(h.askAgain) {
		return nil
	}
	since := now.Sub(time.UnixMilli(w.Due))
	if since > askFor {
		return h.wish(ctx, nil)
	}
	h.askAgain = now.Add(min(since/100, 10*time.Minute))
	s, err := erasure.Read(w.Statement)
	if err != nil {
		return err
	}
	hash, err := erasure.HashOf(w.Statement)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	r, err := h.client.Receipt(ctx, hash)
	if api.KindOf(err) == api.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := erasure.ParseReceipt(r.Note, hash, r.List, s.To); err != nil {
		return err
	}
	h.Log.Warn("the cloud has erased everything, as an owner wanted; this hub does so now")
	h.quit(ErrErased)
	return nil
}

// wipe empties a hub's folder but for its lock, which the caller holds. Keys go first: without them the rest says little.
func wipe(dir string) error {
	marker := filepath.Join(dir, erasedFile)
	if err := durable.WriteFile(marker, nil, 0o600); err != nil {
		return err
	}
	l := LayoutOf(dir)
	for _, name := range []string{l.Keys, l.State, l.State + "-wal", l.State + "-shm", l.Spool, l.Packs, l.Tiles} {
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("hub: erase: %w", err)
		}
	}
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	return durable.Remove(marker)
}

// wipeLocked takes the folder and empties it.
func wipeLocked(dir string) error {
	lock, err := Lock(dir)
	if err != nil {
		return err
	}
	return errors.Join(wipe(dir), lock.Close())
}

// wiped finishes what a crash interrupted.
func wiped(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, erasedFile)); err != nil {
		return nil //nolint:nilerr // there is nothing to finish
	}
	return wipe(dir)
}
