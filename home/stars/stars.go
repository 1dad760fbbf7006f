// SPDX-License-Identifier: Apache-2.0

// Package stars keeps which moments of the cameras somebody has starred, and tells the cloud what is to stay for them.
//
// It promises that what is starred, which packs are of it, and the list for the cloud change in one transaction: the list
// leaves by the outbox, so that it comes to the cloud however often the hub is cut off. It moves no recording and opens
// none. It trusts state.db, and that settings were checked before they are given to it.
package stars

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"keyhold/api"
	"keyhold/home/epochs"
	"keyhold/home/ledger"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/star"
)

const (
	// Most is how many moments a household may keep.
	Most = 500
	// mostPacks is of how many packs one moment can be: a camera that connects anew all the time makes many small ones.
	mostPacks = 8
)

// Star is a setting with the statement that it came by.
type Star struct {
	star.Setting
	Statement []byte
}

// A Pack is one whose leaf stands in a run of the hub's tree.
type Pack struct {
	*manifest.Pack
	Run id.Run
}

// Book knows the number of each camera's newest setting. It is safe for concurrent use; changes are made by one goroutine
// at a time.
type Book struct {
	db *state.DB

	woken chan struct{} // holds a token when there may be room for what was refused

	mu      sync.Mutex
	last    map[id.Camera]int64    // guarded by mu
	refused map[id.Camera]*refusal // those whose newest list the cloud had no room for; guarded by mu
}

// Load reads what an earlier process has left, and tells the cloud again what is to stay: an earlier version of it may not
// have taken it.
func Load(ctx context.Context, db *state.DB) (*Book, error) {
	b := &Book{db: db, woken: make(chan struct{}, 1), last: map[id.Camera]int64{}, refused: map[id.Camera]*refusal{}}
	err := db.Write(ctx, func(tx *sql.Tx) error {
		err := state.Each(ctx, tx, `SELECT camera, seq FROM stars_last`, nil, func(scan func(...any) error) error {
			var c id.Camera
			var seq int64
			err := scan(&c, &seq)
			b.last[c] = seq
			return err
		})
		if err != nil {
			return err
		}
		for c := range b.last {
			if err := tell(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("stars: load: %w", err)
	}
	return b, nil
}

// Last is the number of a camera's newest setting; 0 for none.
func (b *Book) Last(c id.Camera) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last[c]
}

// Done says that a setting is committed.
func (b *Book) Done(s *Star) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last[s.Camera] = max(b.last[s.Camera], s.Seq)
}

// A Standing is how things stand before a setting.
type Standing struct {
	// On says that the moment is starred.
	On bool
	// Others counts the other starred moments of the household, Packs those of the moment that the hub still stores.
	Others, Packs int
}

// Standing says how things stand before a setting.
func (b *Book) Standing(ctx context.Context, s *Star) (out Standing, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT (SELECT count(*) FROM stars WHERE camera = $1 AND moment = $2),
			(SELECT count(*) FROM stars WHERE NOT (camera = $1 AND moment = $2)),
			(SELECT count(*) FROM packs WHERE camera = $1 AND starts < $3 AND ends > $4 AND page > 0)`
		return tx.QueryRowContext(ctx, query, string(s.Camera), s.Moment, s.Moment+star.Around, s.Moment-star.Around).Scan(&out.On, &out.Others, &out.Packs)
	})
	if err != nil {
		return out, fmt.Errorf("stars: %w", err)
	}
	return out, nil
}

// Write puts a setting into state.db, within a transaction of the caller's, with the packs of it: those that the hub
// stores, and those given, which it no longer does. [Stands] comes after it.
func Write(ctx context.Context, tx *sql.Tx, s *Star, given []Pack) error {
	steps := []struct {
		query string
		args  []any
	}{
		{`DELETE FROM stars WHERE camera = $1 AND moment = $2`, []any{string(s.Camera), s.Moment}},
		{`DELETE FROM star_packs WHERE camera = $1 AND moment = $2`, []any{string(s.Camera), s.Moment}},
		{`INSERT OR REPLACE INTO stars_last (camera, seq, statement) VALUES ($1, $2, $3)`, []any{string(s.Camera), s.Seq, s.Statement}},
	}
	for _, x := range steps {
		if _, err := tx.ExecContext(ctx, x.query, x.args...); err != nil {
			return fmt.Errorf("stars: keep a setting: %w", err)
		}
	}
	if s.On {
		_, err := tx.ExecContext(ctx, `INSERT INTO stars (camera, moment, seq, statement) VALUES ($1, $2, $3, $4)`, string(s.Camera), s.Moment, s.Seq, s.Statement)
		if err == nil {
			_, err = tx.ExecContext(ctx, `INSERT INTO star_packs (camera, moment, object, run, epoch, page, starts)
				SELECT camera, $2, object, run, epoch, page, starts FROM packs
				WHERE camera = $1 AND starts < $3 AND ends > $4 AND page > 0 ORDER BY starts LIMIT $5`,
				string(s.Camera), s.Moment, s.Moment+star.Around, s.Moment-star.Around, mostPacks)
		}
		if err != nil {
			return fmt.Errorf("stars: keep a setting: %w", err)
		}
		for _, p := range given {
			if err := note(ctx, tx, s.Moment, p.Pack, ledger.Place{Run: p.Run, At: p.At}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stands notes where the leaf of a setting that was written has come to stand: it proves the star to a hub that takes this
// one's place, and its page stays for as long as the star does.
func Stands(ctx context.Context, tx *sql.Tx, s *Star, at epochs.Stands) error {
	_, err := tx.ExecContext(ctx, `UPDATE stars SET run = $1, epoch = $2, page = $3 WHERE camera = $4 AND moment = $5 AND seq = $6`,
		string(at.Run), string(at.Epoch), id.Hour(at.At), string(s.Camera), s.Moment, s.Seq)
	if err != nil {
		return fmt.Errorf("stars: note where a star stands: %w", err)
	}
	return tell(ctx, tx, s.Camera)
}

// Closed notes a pack, within the transaction that writes its leaf down, for the moments that it is of: footage comes in
// after it was starred, too.
func Closed(ctx context.Context, tx *sql.Tx, p *manifest.Pack, at ledger.Place) error {
	var moments []int64
	start, end := p.Span()
	const query = `SELECT moment FROM stars WHERE camera = $1 AND moment > $2 AND moment < $3`
	err := state.Each(ctx, tx, query, []any{string(p.Camera), start - star.Around, end + star.Around}, func(scan func(...any) error) error {
		var m int64
		err := scan(&m)
		moments = append(moments, m)
		return err
	})
	if err != nil || len(moments) == 0 {
		return err
	}
	for _, m := range moments {
		if err := note(ctx, tx, m, p, at); err != nil {
			return err
		}
	}
	return tell(ctx, tx, p.Camera)
}

// note writes down that a pack is of a moment.
func note(ctx context.Context, tx *sql.Tx, moment int64, p *manifest.Pack, at ledger.Place) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO star_packs (camera, moment, object, run, epoch, page, starts) SELECT $1, $2, $3, $4, $5, $6, $7
		WHERE (SELECT count(*) FROM star_packs WHERE camera = $1 AND moment = $2) < $8 ON CONFLICT DO NOTHING`,
		string(p.Camera), moment, string(p.Object), string(at.Run), string(p.Epoch), id.Hour(at.At), p.Files[0].Start, mostPacks)
	if err != nil {
		return fmt.Errorf("stars: note a pack: %w", err)
	}
	return nil
}

// Each gives f the list of what is to stay of each camera of which anything is.
func (b *Book) Each(ctx context.Context, f func(id.Camera, []byte) error) error {
	b.mu.Lock()
	cameras := slices.Sorted(maps.Keys(b.last))
	b.mu.Unlock()
	for _, c := range cameras {
		var body []byte
		err := b.db.Read(ctx, func(tx *sql.Tx) error {
			list, err := List(ctx, tx, c)
			if err == nil {
				body, err = canon.Marshal(list)
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := f(c, body); err != nil {
			return err
		}
	}
	return nil
}

// tell puts the list of what is to stay of a camera into the outbox.
func tell(ctx context.Context, tx *sql.Tx, c id.Camera) error {
	list, err := List(ctx, tx, c)
	if err != nil {
		return err
	}
	body, err := canon.Marshal(list)
	if err != nil {
		return fmt.Errorf("stars: %w", err)
	}
	return epochs.Outbox(ctx, tx, request.WriteKept, api.KeptName(c), body)
}

// List is what is to stay of a camera.
func List(ctx context.Context, tx *sql.Tx, c id.Camera) (*api.Kept, error) {
	out := &api.Kept{Objects: []id.Object{}, Pages: []api.KeptPage{}}
	err := state.Each(ctx, tx, `SELECT DISTINCT object FROM star_packs WHERE camera = $1 ORDER BY object`, []any{string(c)}, func(scan func(...any) error) error {
		var o id.Object
		err := scan(&o)
		out.Objects = append(out.Objects, o)
		return err
	})
	if err == nil {
		const query = `SELECT run, epoch, page FROM star_packs WHERE camera = $1
			UNION SELECT run, epoch, page FROM stars WHERE camera = $1 AND run <> '' ORDER BY page, run, epoch`
		err = state.Each(ctx, tx, query, []any{string(c)}, func(scan func(...any) error) error {
			var p api.KeptPage
			err := scan(&p.Run, &p.Epoch, &p.Hour)
			out.Pages = append(out.Pages, p)
			return err
		})
	}
	if err == nil {
		out.Whole, err = whole(ctx, tx, c)
	}
	if err != nil {
		return nil, fmt.Errorf("stars: list: %w", err)
	}
	return out, nil
}

// Stars lists the starred moments of a camera from a time on whose numbers come after one, by number, at most most of
// them; and behind them, where there is room, the newest setting if it is none of them: by it one knows the next number.
func (b *Book) Stars(ctx context.Context, c id.Camera, since, after int64, most int) ([]request.Starred, error) {
	var out []request.Starred
	err := b.db.Read(ctx, func(tx *sql.Tx) error {
		var newest request.Starred
		var last int64
		err := tx.QueryRowContext(ctx, `SELECT seq, statement FROM stars_last WHERE camera = $1`, string(c)).Scan(&last, &newest.Statement)
		if err != nil {
			return err
		}
		var moments []int64
		const query = `SELECT seq, moment, statement FROM stars WHERE camera = $1 AND moment >= $2 AND seq > $3 ORDER BY seq LIMIT $4`
		err = state.Each(ctx, tx, query, []any{string(c), since, after, most}, func(scan func(...any) error) error {
			var s request.Starred
			var seq, moment int64
			err := scan(&seq, &moment, &s.Statement)
			if seq == last {
				last = 0
			}
			out, moments = append(out, s), append(moments, moment)
			return err
		})
		if err != nil {
			return err
		}
		for i, m := range moments {
			out[i].Objects = []id.Object{}
			err := state.Each(ctx, tx, `SELECT object FROM star_packs WHERE camera = $1 AND moment = $2 ORDER BY starts, object`, []any{string(c), m}, func(scan func(...any) error) error {
				var o id.Object
				err := scan(&o)
				out[i].Objects = append(out[i].Objects, o)
				return err
			})
			if err != nil {
				return err
			}
		}
		if err := b.narrow(ctx, tx, c, out); err != nil {
			return err
		}
		if last > after && len(out) < most {
			newest.Objects = []id.Object{}
			out = append(out, newest)
		}
		return nil
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("stars: list: %w", err)
	}
	return out, nil
}
