// SPDX-License-Identifier: Apache-2.0

package quiet

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// MaxCameras is of how many cameras a person can have quiet hours: of more than there are.
const MaxCameras = 256

var (
	// ErrMany says that a person has quiet hours of as many cameras as may be: end those of one first.
	ErrMany = errors.New("quiet: hours of too many cameras")
	// ErrHours says that there are no such hours in the household's zone.
	ErrHours = errors.New("quiet: no such hours")
)

// keepEnded is of how many cameras it is remembered that hours were taken back: those of which that was said last.
const keepEnded = 64

// hours are those of one camera, or of all.
type hours struct {
	list  []roster.Hours // none where they were taken back
	said  int64          // when
	times *roster.Times
}

// hold says whether they hold now. No hours never do, nor do those in a zone that this machine no longer knows: whoever is
// told too often can say so.
func (h hours) hold(now int64) bool { return h.times != nil && h.times.Open(now) }

// SetHours lets a camera, or all of them, be quiet for a person at these hours of each week; none end it. said is when they
// have said so; whatever their clock says, it is later than what they had said before.
func (b *Book) SetHours(ctx context.Context, p id.Person, c id.Camera, list []roster.Hours, said int64) error {
	b.change.Lock()
	defer b.change.Unlock()
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		before, _, err := saidOf(ctx, tx, p, c)
		if err != nil {
			return err
		}
		return b.put(ctx, tx, p, request.SaidQuiet{Camera: c, Hours: list, Said: max(said, before+1)})
	})
	if err != nil {
		return fmt.Errorf("quiet: keep hours: %w", err)
	}
	return b.read(ctx)
}

// Carry takes what a device of a person remembers of their hours, where nothing of that camera is known that was said as late
// or later. It tells of which cameras it took something.
func (b *Book) Carry(ctx context.Context, p id.Person, list []request.SaidQuiet) ([]id.Camera, error) {
	b.change.Lock()
	defer b.change.Unlock()
	var taken []id.Camera
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		for _, q := range list {
			before, known, err := saidOf(ctx, tx, p, q.Camera)
			if err != nil {
				return err
			}
			if known && q.Said <= before && !rule.Off(rule.Replay) {
				continue
			}
			switch err := b.put(ctx, tx, p, q); {
			case errors.Is(err, ErrMany), errors.Is(err, ErrHours):
				continue // the others come along
			case err != nil:
				return err
			}
			taken = append(taken, q.Camera)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("quiet: carry hours: %w", err)
	}
	return taken, b.read(ctx)
}

// saidOf is when something was last said of a camera, if anything was.
func saidOf(ctx context.Context, tx *sql.Tx, p id.Person, c id.Camera) (said int64, known bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT said FROM quiet_hours WHERE person = $1 AND camera = $2`, string(p), string(c)).Scan(&said)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return said, true, err
}

// put writes hours down. Nothing is written of those that may not be.
func (b *Book) put(ctx context.Context, tx *sql.Tx, p id.Person, q request.SaidQuiet) error {
	text := []byte{}
	if len(q.Hours) > 0 {
		if _, err := roster.NewTimes(q.Hours, b.zone); err != nil {
			return fmt.Errorf("%w: %w", ErrHours, err)
		}
		var n int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM quiet_hours WHERE person = $1 AND camera <> $2 AND length(hours) > 0`, string(p), string(q.Camera)).Scan(&n)
		if err != nil {
			return err
		}
		if n >= MaxCameras {
			return ErrMany
		}
		if text, err = json.Marshal(q.Hours); err != nil {
			return fmt.Errorf("write down: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO quiet_hours (person, camera, hours, said) VALUES ($1, $2, $3, $4)
		ON CONFLICT (person, camera) DO UPDATE SET hours = excluded.hours, said = excluded.said`, string(p), string(q.Camera), text, q.Said)
	if err != nil || len(q.Hours) > 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM quiet_hours WHERE person = $1 AND length(hours) = 0 AND camera NOT IN
		(SELECT camera FROM quiet_hours WHERE person = $1 AND length(hours) = 0 ORDER BY said DESC, camera LIMIT $2)`, string(p), keepEnded)
	return err
}

func (b *Book) readHours(ctx context.Context, tx *sql.Tx) (map[id.Person]map[id.Camera]hours, error) {
	all := map[id.Person]map[id.Camera]hours{}
	err := state.Each(ctx, tx, `SELECT person, camera, hours, said FROM quiet_hours`, nil, func(scan func(...any) error) error {
		var p id.Person
		var c id.Camera
		var h hours
		var text []byte
		if err := scan(&p, &c, &text, &h.said); err != nil {
			return err
		}
		if len(text) > 0 {
			if err := json.Unmarshal(text, &h.list); err != nil {
				return err
			}
			h.times, _ = roster.NewTimes(h.list, b.zone)
		}
		if all[p] == nil {
			all[p] = map[id.Camera]hours{}
		}
		all[p][c] = h
		return nil
	})
	return all, err
}

// Hours are a person's, in the order of the cameras; those of all cameras stand by the household.
func (b *Book) Hours(p id.Person) []request.Quiet {
	out := []request.Quiet{}
	for _, q := range b.Said(p) {
		if len(q.Hours) > 0 {
			out = append(out, request.Quiet{Camera: q.Camera, Hours: q.Hours})
		}
	}
	return out
}

// Said is the same with when it was said, and with what was taken back.
func (b *Book) Said(p id.Person) []request.SaidQuiet {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []request.SaidQuiet{}
	for c, h := range b.hours[p] {
		out = append(out, request.SaidQuiet{Camera: c, Hours: h.list, Said: h.said})
	}
	slices.SortFunc(out, func(a, b request.SaidQuiet) int { return cmp.Compare(a.Camera, b.Camera) })
	return out
}
