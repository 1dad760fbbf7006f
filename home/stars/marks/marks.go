// SPDX-License-Identifier: Apache-2.0

// Package marks reads which moments are starred, for the document of names: a hub that takes this one's place is told of
// them. It trusts state.db.
package marks

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/star"
)

// In lists the starred moments of each camera, by moment.
func In(ctx context.Context, tx *sql.Tx) (map[id.Camera][]star.Mark, error) {
	out := map[id.Camera][]star.Mark{}
	err := state.Each(ctx, tx, `SELECT camera, statement FROM stars ORDER BY camera, moment`, nil, func(scan func(...any) error) error {
		var c id.Camera
		var statement []byte
		if err := scan(&c, &statement); err != nil {
			return err
		}
		e, err := dsse.Parse(statement)
		if err != nil {
			return err
		}
		var s star.Setting
		if err := e.Read(star.Thing, &s); err != nil {
			return err
		}
		out[c] = append(out[c], star.Mark{At: s.At, Moment: s.Moment})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("stars: which are kept: %w", err)
	}
	return out, nil
}
