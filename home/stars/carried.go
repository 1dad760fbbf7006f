// SPDX-License-Identifier: Apache-2.0

package stars

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/home/ledger"
	"keyhold/statement/id"
)

// ErrTaken says that this hub has given the number of a star to another setting.
var ErrTaken = errors.New("stars: another star has this number")

// A Carried is a star that an earlier hub had taken.
type Carried struct {
	Star
	// Run, Epoch and Page say where its leaf stands.
	Run   id.Run
	Epoch id.Epoch
	Page  int64
	Packs []Pack
}

// Ended says whether no more stars of a camera come along from the hub before: what is starred since, or let go, is its
// members' word to this one.
func (b *Book) Ended(ctx context.Context, c id.Camera) (over bool, err error) {
	err = b.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM stars_carried WHERE camera = $1)`, string(c)).Scan(&over)
	})
	if err != nil {
		return false, fmt.Errorf("stars: %w", err)
	}
	return over, nil
}

// Carry keeps a star that an earlier hub had taken, under the number that it had there. One that is kept already stays as
// it is.
func (b *Book) Carry(ctx context.Context, s *Carried) error {
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		var on, taken bool
		const query = `SELECT EXISTS (SELECT 1 FROM stars WHERE camera = $1 AND moment = $2), EXISTS (SELECT 1 FROM stars WHERE camera = $1 AND seq = $3)`
		if err := tx.QueryRowContext(ctx, query, string(s.Camera), s.Moment, s.Seq).Scan(&on, &taken); err != nil {
			return err
		}
		if on {
			return nil
		}
		if taken {
			return ErrTaken
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO stars (camera, moment, seq, statement, run, epoch, page) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(s.Camera), s.Moment, s.Seq, s.Statement, string(s.Run), string(s.Epoch), s.Page)
		if err != nil {
			return err
		}
		// The next number is one more than the greatest.
		_, err = tx.ExecContext(ctx, `INSERT INTO stars_last (camera, seq, statement) VALUES ($1, $2, $3)
			ON CONFLICT (camera) DO UPDATE SET seq = excluded.seq, statement = excluded.statement WHERE seq < excluded.seq`,
			string(s.Camera), s.Seq, s.Statement)
		if err != nil {
			return err
		}
		for _, p := range s.Packs {
			if err := note(ctx, tx, s.Moment, p.Pack, ledger.Place{Run: p.Run, At: p.At}); err != nil {
				return err
			}
		}
		return tell(ctx, tx, s.Camera)
	})
	if err != nil {
		return fmt.Errorf("stars: carry: %w", err)
	}
	b.Done(&s.Star)
	return nil
}

// End notes, within a transaction of the caller's, that no more stars of a camera come along, and how many were lost on the
// way. Where none was, the cloud is told that this hub's list has all that is to stay.
func End(ctx context.Context, tx *sql.Tx, c id.Camera, lost int64) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO stars_carried (camera, lost) VALUES ($1, $2)`, string(c), lost); err != nil {
		return fmt.Errorf("stars: no more come along: %w", err)
	}
	return tell(ctx, tx, c)
}

// whole says whether the list of a camera has all that hubs before this one had on theirs.
func whole(ctx context.Context, tx *sql.Tx, c id.Camera) (all bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM stars_carried WHERE camera = $1 AND lost = 0)`, string(c)).Scan(&all)
	return all, err
}
