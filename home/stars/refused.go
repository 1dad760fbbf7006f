// SPDX-License-Identifier: Apache-2.0

package stars

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

const (
	// firstAgain and longAgain are after how long the cloud is told again what it had no room for.
	firstAgain = time.Minute
	longAgain  = time.Hour
	// takenFact, with a camera behind it, is the list that the cloud keeps to.
	takenFact = "kept/"
)

// refusal is that the cloud had no room for the newest list of a camera. It keeps to the one before.
type refusal struct {
	pause time.Duration
	next  time.Time // it is told again
}

// Answered notes what the cloud said to a list of what is to stay of a camera: it has taken it, or has no room for it.
func (b *Book) Answered(ctx context.Context, camera string, list []byte, taken bool, now time.Time) error {
	c, err := id.ParseCamera(camera)
	if err != nil {
		return fmt.Errorf("stars: what the cloud said to a list: %w", err)
	}
	if !taken {
		b.mu.Lock()
		defer b.mu.Unlock()
		r := b.refused[c]
		if r == nil {
			r = &refusal{}
			b.refused[c] = r
		}
		r.pause = min(max(2*r.pause, firstAgain), longAgain)
		r.next = now.Add(r.pause)
		return nil
	}
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		return household.SetFact(ctx, tx, takenFact+string(c), list)
	})
	if err != nil {
		return fmt.Errorf("stars: note what the cloud keeps: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.refused, c)
	for _, r := range b.refused { // where a moment was let go there is room now
		r.next = now
	}
	select {
	case b.woken <- struct{}{}:
	default:
	}
	return nil
}

// Run tells the cloud again what it had no room for, until the context ends. queued is called when there is something to
// be sent.
func (b *Book) Run(ctx context.Context, now func() time.Time, queued func()) error {
	t := time.NewTicker(firstAgain)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-b.woken:
		}
		for _, c := range b.due(now()) {
			err := b.db.Write(ctx, func(tx *sql.Tx) error { return tell(ctx, tx, c) })
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				return err
			}
			queued()
		}
	}
}

// due are the cameras whose list is to be told again. The answer says when the next time is.
func (b *Book) due(now time.Time) []id.Camera {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []id.Camera
	for c, r := range b.refused {
		if !now.Before(r.next) {
			r.next = now.Add(longAgain)
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// narrow leaves of the moments of a camera what the cloud keeps, where it has no room for all, and says so of the others:
// nobody is to miss, after a month, what it never promised.
func (b *Book) narrow(ctx context.Context, tx *sql.Tx, c id.Camera, list []request.Starred) error {
	b.mu.Lock()
	all := b.refused[c] == nil
	b.mu.Unlock()
	if all {
		return nil
	}
	var taken api.Kept
	text, err := household.Fact(ctx, tx, takenFact+string(c))
	if err == nil && text != nil {
		err = canon.UnmarshalMax(text, &taken, api.MaxOther)
	}
	if err != nil {
		return err
	}
	for i := range list {
		n := len(list[i].Objects)
		list[i].Objects = slices.DeleteFunc(list[i].Objects, func(o id.Object) bool { return !slices.Contains(taken.Objects, o) })
		list[i].Waiting = len(list[i].Objects) < n
	}
	return nil
}
