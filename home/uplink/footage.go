// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/home/ledger"
	"keyhold/home/state"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// runFootage sends one batch after the other, once the socket has shown that the cloud knows no more
// of this hub's runs than the hub itself.
func (u *Uplink) runFootage(ctx context.Context) {
	select {
	case <-u.agreed:
	case <-ctx.Done():
	}
	late := true // after a start there may be a backlog, too
	for ctx.Err() == nil {
		grown := u.Ledger.Grown()
		b, err := u.Ledger.Next(ctx)
		if err != nil {
			u.complain(ctx, "queue", err)
			continue
		}
		if b == nil {
			if late {
				late = false
				select {
				case u.drained <- struct{}{}:
				default:
				}
			}
			select {
			case <-grown:
			case <-ctx.Done():
			}
			continue
		}
		if err := u.batch(ctx, b); err != nil {
			late = true
			u.complain(ctx, "batch", err)
		}
	}
}

func (u *Uplink) complain(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	u.Log.Error("the upload does not go on; trying again", "what", what, "error", err)
	_ = sleep(ctx, time.Second, nil)
}

// batch sends what a checkpoint covers, then the checkpoint.
func (u *Uplink) batch(ctx context.Context, b *ledger.Batch) error {
	if err := u.outboxUpTo(ctx, b.Mark); err != nil {
		return err
	}
	if err := u.objects(ctx, b); err != nil {
		return err
	}
	tiles, err := u.Ledger.Tiles(ctx, b)
	if err != nil {
		return err
	}
	for _, t := range tiles {
		err := u.again(ctx, request.WriteTiles, smallWrite, func(ctx context.Context) error {
			return u.write(ctx, request.WriteTiles, api.TileName(b.Run, t.Level, t.N), api.Bytes(t.Data))
		})
		if err != nil {
			return err
		}
	}
	err = u.Ledger.Pages(ctx, b, func(p ledger.Page) error {
		return u.again(ctx, request.WritePages, 4*smallWrite, func(ctx context.Context) error {
			return u.write(ctx, request.WritePages, api.PageName(p.Name.Run, p.Name.Camera, p.Name.Epoch, p.Name.Hour), api.Bytes(p.Sealed))
		})
	})
	if err != nil {
		return err
	}
	err = u.again(ctx, request.WriteCheckpoints, smallWrite, func(ctx context.Context) error {
		return u.write(ctx, request.WriteCheckpoints, api.CheckpointName(b.Run), api.Bytes([]byte(b.Checkpoint)))
	})
	if err != nil {
		return err
	}
	if err := u.Ledger.Sent(ctx, b); err != nil {
		return err
	}
	u.progress()
	return nil
}

// objects sends the packs of a batch in the order of their leaves.
func (u *Uplink) objects(ctx context.Context, b *ledger.Batch) error {
	list, err := u.Packs.Waiting(ctx, b)
	if err != nil {
		return err
	}
	for _, p := range list {
		limit := smallWrite + time.Duration(p.Size/slowest)*time.Second
		err := u.again(ctx, request.WriteObjects, limit, func(ctx context.Context) error {
			return u.write(ctx, request.WriteObjects, api.ObjectName(p.Camera, p.Hour, p.Object), api.File(p.Path, p.Size, p.SHA256))
		})
		if err != nil {
			return err
		}
		if err := u.Packs.Sent(ctx, p.Object, u.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// outboxUpTo waits until the control lane has sent every row up to mark that is not mail.
func (u *Uplink) outboxUpTo(ctx context.Context, mark int64) error {
	if mark == 0 {
		return nil
	}
	u.Queued()
	for {
		u.mu.Lock()
		moved := u.moved
		u.mu.Unlock()
		n, err := u.waiting(ctx, mark)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// runOutbox sends small writes in their order, once the cloud has shown whether this hub's folder was put back: what
// waited in it then is older than what the cloud has.
func (u *Uplink) runOutbox(ctx context.Context) {
	select {
	case <-u.agreed:
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		grown := u.Ledger.Grown()
		more, err := u.sendOne(ctx)
		if err != nil {
			u.complain(ctx, "outbox", err)
			continue
		}
		if more {
			continue
		}
		select {
		case <-u.queued:
		case <-grown:
		case <-ctx.Done():
		}
	}
}

type letter struct {
	id   int64
	kind string
	name string
	body []byte
}

func (u *Uplink) sendOne(ctx context.Context) (more bool, err error) {
	var l *letter
	err = u.DB.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT id, kind, name, body FROM outbox ORDER BY kind <> 'roster', id LIMIT 1`, nil, func(scan func(...any) error) error {
			l = &letter{}
			return scan(&l.id, &l.kind, &l.name, &l.body)
		})
	})
	if err != nil || l == nil {
		return false, err
	}
	err = u.again(ctx, l.kind, smallWrite, func(ctx context.Context) error {
		err := u.write(ctx, l.kind, l.name, api.Bytes(l.body))
		if err != nil && l.kind == request.WriteRoster {
			u.balk(l.id)
		}
		switch {
		case (l.kind == request.WriteMail || l.kind == request.WriteKept) && undeliverable(err):
			// Nobody waits for a letter that cannot be delivered; everything behind it does. A list of what is to stay is made
			// again: where there is no room for it after a while, and where this cloud takes none (yet) at the next start.
			return &final{err}
		case l.kind == request.WriteRoster && api.KindOf(err) == api.Conflict:
			// The cloud has another link with this number: what is behind must not go out as if all were well.
			return fmt.Errorf("the cloud holds another link of this number: %w", err)
		}
		return err
	})
	if err != nil && !errors.As(err, new(*final)) {
		return false, err
	}
	if err != nil {
		u.Log.Warn("the cloud does not take this, and it is dropped", "what", l.kind, "error", err)
	}
	if l.kind == request.WriteKept && u.Kept != nil && (err == nil || full(err)) {
		if err := u.Kept(ctx, l.name, l.body, err == nil); err != nil {
			return false, err
		}
	}
	err = u.DB.Write(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE id = $1`, l.id)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("uplink: outbox: %w", err)
	}
	u.progress()
	return true, nil
}

// undeliverable says that a letter will not be taken however often it is sent: its reader is gone, or has a full box and
// does not empty it. Whoever asked asks again.
func undeliverable(err error) bool {
	var p *api.Problem
	if !errors.As(err, &p) {
		return false
	}
	switch p.Kind() {
	case api.Denied, api.NotFound, api.Invalid:
		return true
	case api.TooMany:
		return p.Rule == rule.Quota
	}
	return false
}
