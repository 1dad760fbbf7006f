// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"

	"keyhold/home/epochs"
	"keyhold/home/household"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// mostLinks bounds what is taken over: a household in its whole life has fewer.
const mostLinks = 1 << 14

// takeOver takes up the links of the roster that the cloud has and this hub has not. They carry this hub's signature:
// its folder was put back to an earlier state. Nothing else of the roster is taken from the cloud, and nothing that
// does not follow on what stands here. The names of who came since are lost with the folder.
func (h *Hub) takeOver(ctx context.Context, head roster.Head, links func(context.Context, int64) ([][]byte, error)) error {
	ours := h.household.Head()
	switch {
	case head.Seq < ours.Seq, head.Hash == ours.Hash, head.Hash == id.Hash{}:
		return nil // what the cloud lacks waits in the queue
	case head.Seq == ours.Seq:
		h.forked(rule.Errorf(rule.RosterFork, "two links with one number"))
		return nil
	}
	var missing [][]byte
	for int64(len(missing)) < head.Seq-ours.Seq && len(missing) < mostLinks {
		some, err := links(ctx, ours.Seq+1+int64(len(missing)))
		if err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		missing = append(missing, some...)
	}
	h.control.Lock()
	defer h.control.Unlock()
	if h.household.Head() != ours {
		return errors.New("hub: the roster has moved while the cloud was asked for it") // and is compared again
	}
	next, err := h.household.Continue(missing)
	if err != nil {
		// The cloud's word alone keeps the hub from nothing.
		h.forked(err)
		return nil
	}
	if own := h.keys.Sign.Public().(ed25519.PublicKey); !own.Equal(ed25519.PublicKey(next.Hub.Sign)) {
		return errors.New("hub: another hub has taken the place of this one; it may record, and sends nothing")
	}
	return h.catchUp(ctx, missing, next)
}

// forked says that the cloud's roster is not ours continued.
func (h *Hub) forked(err error) {
	h.Log.Error("the cloud shows a roster that contradicts this hub's; it is not taken over", "rule", string(rule.Of(err)), "error", err)
}

// catchUp writes links that were taken over and what follows from them. control is held.
func (h *Hub) catchUp(ctx context.Context, links [][]byte, next *roster.State) error {
	live, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	was := h.household.Roster()
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Follow: append([]id.Camera{id.HouseholdCamera}, live...),
		Roster: next,
		Before: func(tx *sql.Tx) error {
			for i, l := range links {
				if err := household.AppendAt(ctx, tx, was.Head.Seq+1+int64(i), l); err != nil {
					return err
				}
			}
			for _, d := range leavers(was, next) {
				if _, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE kind = $1 AND name = $2`, request.WriteMail, string(d)); err != nil {
					return err
				}
			}
			if err := forget(ctx, tx, was, next); err != nil {
				return err
			}
			return household.SkipNames(ctx, tx)
		},
		Leaves: []manifest.Leaf{&manifest.RosterHead{Header: manifest.Header{Camera: id.HouseholdCamera}, Head: next.Head}},
		Names:  true,
	})
	if err != nil {
		return err
	}
	h.household.Moved(next)
	h.views.Follow()
	h.forgotten(ctx)
	if h.door != nil {
		h.door.Follow()
	}
	h.Log.Warn("this hub's folder was put back; it took over what it had signed since", "links", len(links), "seq", next.Head.Seq)
	return nil
}

// startAfresh gives new epochs, and new names over whatever the cloud has, after a run had to begin because this hub's
// folder was put back.
func (h *Hub) startAfresh(ctx context.Context) error {
	h.control.Lock()
	defer h.control.Unlock()
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{Cameras: append([]id.Camera{id.HouseholdCamera}, list...), Names: true})
	return err
}
