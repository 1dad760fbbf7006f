// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"keyhold/api"
	"keyhold/home/state"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// runStatus says every minute how the hub is, out of order with the rest, and at once when it has caught up: nobody
// should read "five minutes behind" a minute longer than it is true.
func (u *Uplink) runStatus(ctx context.Context) {
	t := time.NewTicker(StatusEvery)
	defer t.Stop()
	for {
		try, cancel := context.WithTimeout(ctx, smallWrite)
		err := u.Status(try)
		cancel()
		if err != nil && ctx.Err() == nil {
			u.Log.Debug("the status was not accepted", "error", err)
		}
		select {
		case <-t.C:
		case <-u.drained:
		case <-ctx.Done():
			return
		}
	}
}

// Status sends the hub's status once.
func (u *Uplink) Status(ctx context.Context) error {
	l, err := u.link(ctx)
	if err != nil {
		return err
	}
	e, err := u.Word(ctx)
	if err != nil || e == nil {
		return err
	}
	if err := u.write(ctx, request.WriteStatus, api.Current, api.Bytes(e)); err != nil {
		return err
	}
	if l != nil {
		u.offer(l.id)
	}
	return nil
}

// Word is the hub's status now, signed; nil before there is anything to say.
func (u *Uplink) Word(ctx context.Context) ([]byte, error) {
	up, err := u.Ledger.Uploaded(ctx)
	if err != nil || up.Run == "" {
		return nil, err
	}
	head, err := u.head(ctx)
	if err != nil {
		return nil, err
	}
	now := u.Now().UnixMilli()
	s := manifest.Status{At: now, Head: head, Household: u.Household, Run: up.Run, Signed: up.Signed, Uploaded: up.Size}
	if up.Oldest > 0 {
		s.Lag = max(now-up.Oldest, 0)
	}
	e, err := dsse.Signed(manifest.ThingStatus, &s, id.Hub, u.Key)
	if err != nil {
		return nil, fmt.Errorf("uplink: status: %w", err)
	}
	return e.Encode(), nil
}

// head is the newest statement of the roster that the cloud owes its readers. A status overtakes links that wait in the
// outbox: one that named a link which the cloud could not have would accuse it before every reader, whenever it comes
// back. What it has had the chance to take, and did not, is named.
func (u *Uplink) head(ctx context.Context) (id.Hash, error) {
	r := u.Roster() // before the outbox is read: what moves meanwhile then only waits there
	l, err := u.link(ctx)
	if err != nil || l == nil || u.balkedAt(l.id) {
		return r.Head.Hash, err
	}
	seq, err := strconv.ParseInt(l.name, 10, 64)
	if err != nil {
		return id.Hash{}, fmt.Errorf("uplink: outbox: a link without a number: %w", err)
	}
	hash, ok := r.HashAt(seq - 1)
	if !ok || !r.EraOf(hash).Current {
		// The whole chain waits for another cloud, and nothing of it can be missed there. A hub that took over does not
		// speak as of a time when another one did.
		return r.Head.Hash, nil
	}
	return hash, nil
}

// link is the first link of the roster that waits in the outbox, without its body; nil if none does.
func (u *Uplink) link(ctx context.Context) (*letter, error) {
	var l *letter
	err := u.DB.Read(ctx, func(tx *sql.Tx) error {
		query := `SELECT id, name FROM outbox WHERE kind = $1 ORDER BY id LIMIT 1`
		return state.Each(ctx, tx, query, []any{request.WriteRoster}, func(scan func(...any) error) error {
			l = &letter{kind: request.WriteRoster}
			return scan(&l.id, &l.name)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("uplink: outbox: %w", err)
	}
	return l, nil
}

// offer notes that the cloud is there, and has yet to take a link; whatever waits to be tried again is tried now.
func (u *Uplink) offer(row int64) {
	u.mu.Lock()
	u.offered = row
	u.mu.Unlock()
	u.answered()
}

// balk notes that a link was not taken. It counts where the cloud was there before that attempt.
func (u *Uplink) balk(row int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.offered == row {
		u.balked = row
	}
}

func (u *Uplink) balkedAt(row int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.balked == row
}
