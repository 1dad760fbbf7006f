// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// Shown is a page that this hub still has.
type Shown struct {
	Name manifest.PageName
	// Size is that of the lines, Updated when it came to be as it is, ms; 0 for one that grows.
	Size, Updated int64
}

// Shown lists the pages of hours that this hub still has, of runs that go on at the cloud: those that grow or wait, and
// those that were kept. Of the household it lists all.
func (l *Ledger) Shown(ctx context.Context, tx *sql.Tx, from, until int64) ([]Shown, error) {
	const query = `SELECT p.run, p.camera, p.epoch, p.hour, p.size, p.updated FROM (
			SELECT p.run, p.camera, p.epoch, p.hour, 0 AS updated, (SELECT coalesce(sum(length(l.leaf)), 0) FROM leaves l
				WHERE l.run = p.run AND l.camera = p.camera AND l.epoch = p.epoch AND l.hour = p.hour) AS size FROM pages p
			UNION ALL SELECT run, camera, epoch, hour, updated, size FROM kept_pages
		) p JOIN runs r ON r.run = p.run WHERE r.abandoned = 0 AND (p.camera = $1 OR p.hour BETWEEN $2 AND $3) ORDER BY r.number, p.hour`
	var out []Shown
	err := state.Each(ctx, tx, query, []any{string(id.HouseholdCamera), from, until}, func(scan func(...any) error) error {
		var s Shown
		err := scan(&s.Name.Run, &s.Name.Camera, &s.Name.Epoch, &s.Name.Hour, &s.Size, &s.Updated)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: list pages: %w", err)
	}
	return out, nil
}

// Sealed returns a page, sealed to its epoch; nil if this hub does not have it.
func (l *Ledger) Sealed(ctx context.Context, n manifest.PageName) ([]byte, error) {
	var body []byte
	var recipient string
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT body FROM kept_pages WHERE run = $1 AND camera = $2 AND epoch = $3 AND hour = $4`
		err := tx.QueryRowContext(ctx, query, string(n.Run), string(n.Camera), string(n.Epoch), n.Hour).Scan(&body)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		text, err := lines(ctx, tx, n, noEnd)
		if err != nil || len(text) == 0 {
			return err
		}
		body = text
		return tx.QueryRowContext(ctx, `SELECT recipient FROM epochs WHERE epoch = $1`, string(n.Epoch)).Scan(&recipient)
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: page: %w", err)
	}
	if recipient == "" {
		return body, nil
	}
	return seal(recipient, body)
}

// noEnd is greater than every index.
const noEnd = 1 << 53

// keep writes a page down, sealed, before its leaves are forgotten.
func keep(ctx context.Context, tx *sql.Tx, n manifest.PageName, now int64) error {
	text, err := lines(ctx, tx, n, noEnd)
	if err != nil || len(text) == 0 {
		return err
	}
	var recipient string
	if err := tx.QueryRowContext(ctx, `SELECT recipient FROM epochs WHERE epoch = $1`, string(n.Epoch)).Scan(&recipient); err != nil {
		return fmt.Errorf("ledger: keep page: %w", err)
	}
	sealed, err := seal(recipient, text)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO kept_pages (run, camera, epoch, hour, size, updated, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (run, camera, epoch, hour) DO UPDATE SET size = excluded.size, updated = excluded.updated, body = excluded.body`,
		string(n.Run), string(n.Camera), string(n.Epoch), n.Hour, len(text), now, sealed)
	if err != nil {
		return fmt.Errorf("ledger: keep page: %w", err)
	}
	return nil
}

// Expire removes kept pages of hours before a time, ms.
func (l *Ledger) Expire(ctx context.Context, before int64) error {
	err := l.c.DB.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM kept_pages WHERE hour < $1`, id.Hour(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: forget pages: %w", err)
	}
	return nil
}

// Checkpoint is the newest that was signed of a run.
type Checkpoint struct {
	Run  id.Run
	Size int64
	Text string
}

// Checkpoints returns those of runs that go on at the cloud, oldest run first.
func (l *Ledger) Checkpoints(ctx context.Context, tx *sql.Tx) ([]Checkpoint, error) {
	var out []Checkpoint
	err := state.Each(ctx, tx, `SELECT run, size, checkpoint FROM runs WHERE abandoned = 0 AND size > 0 ORDER BY number`, nil, func(scan func(...any) error) error {
		var c Checkpoint
		err := scan(&c.Run, &c.Size, &c.Text)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: checkpoints: %w", err)
	}
	return out, nil
}

// Tile returns the first hashes of a tile of a run; nil where the tree is not that wide, or this hub does not have it.
func (l *Ledger) Tile(ctx context.Context, run id.Run, level int, n int64, width int) ([]byte, error) {
	var size int64
	err := l.c.DB.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT size FROM runs WHERE run = $1 AND abandoned = 0`, string(run)).Scan(&size)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: tile: %w", err)
	}
	const most = 6 // as many levels as a tree of 2^53 leaves has
	if level < 0 || level > most || n < 0 || n > size || width < 1 || width > 1<<tileHeight {
		return nil, nil
	}
	if above := size >> (level * tileHeight); n<<tileHeight+int64(width) > above {
		return nil, nil
	}
	h, err := openHashes(l.c.Tiles, run, size, false)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: level, N: n, W: width}, h)
	if err = errors.Join(err, h.close()); err != nil {
		return nil, fmt.Errorf("ledger: tile: %w", err)
	}
	return data, nil
}
