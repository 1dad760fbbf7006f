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
)

// MaxCameras is of how many cameras a person can have quiet hours: of more than there are.
const MaxCameras = 256

var (
	// ErrMany says that a person has quiet hours of as many cameras as may be: end those of one first.
	ErrMany = errors.New("quiet: hours of too many cameras")
	// ErrHours says that there are no such hours in the household's zone.
	ErrHours = errors.New("quiet: no such hours")
)

// hours are those of one camera, or of all.
type hours struct {
	list  []roster.Hours
	times *roster.Times
}

// hold says whether they hold now. No hours never do, nor do those in a zone that this machine no longer knows: whoever is
// told too often can say so.
func (h hours) hold(now int64) bool { return h.times != nil && h.times.Open(now) }

// SetHours lets a camera, or all of them, be quiet for a person at these hours of each week; none end it.
func (b *Book) SetHours(ctx context.Context, p id.Person, c id.Camera, list []roster.Hours) error {
	b.change.Lock()
	defer b.change.Unlock()
	if len(list) > 0 {
		if _, err := roster.NewTimes(list, b.zone); err != nil {
			return fmt.Errorf("%w: %w", ErrHours, err)
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("quiet: write down hours: %w", err)
	}
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM quiet_hours WHERE person = $1 AND camera = $2`, string(p), string(c)); err != nil || len(list) == 0 {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM quiet_hours WHERE person = $1`, string(p)).Scan(&n); err != nil {
			return err
		}
		if n >= MaxCameras {
			return ErrMany
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO quiet_hours (person, camera, hours) VALUES ($1, $2, $3)`, string(p), string(c), text)
		return err
	})
	if err != nil {
		return fmt.Errorf("quiet: keep hours: %w", err)
	}
	return b.read(ctx)
}

func (b *Book) readHours(ctx context.Context, tx *sql.Tx) (map[id.Person]map[id.Camera]hours, error) {
	all := map[id.Person]map[id.Camera]hours{}
	err := state.Each(ctx, tx, `SELECT person, camera, hours FROM quiet_hours`, nil, func(scan func(...any) error) error {
		var p id.Person
		var c id.Camera
		var text []byte
		if err := scan(&p, &c, &text); err != nil {
			return err
		}
		var h hours
		if err := json.Unmarshal(text, &h.list); err != nil {
			return err
		}
		h.times, _ = roster.NewTimes(h.list, b.zone)
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
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []request.Quiet{}
	for c, h := range b.hours[p] {
		out = append(out, request.Quiet{Camera: c, Hours: h.list})
	}
	slices.SortFunc(out, func(a, b request.Quiet) int { return cmp.Compare(a.Camera, b.Camera) })
	return out
}
