// SPDX-License-Identifier: Apache-2.0

// Package kept reads what is set to be private, as it stands in state.db.
//
// It promises each setting as it was taken, and says nothing of which cameras are private now: that is the book's. It
// trusts state.db, and that settings were checked before they were written there.
package kept

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/private"
)

// Setting is one of a camera, or of the household, and who made it.
type Setting struct {
	private.Setting
	Person    id.Person
	Statement []byte
}

// In are the newest settings, as a transaction sees them.
func In(ctx context.Context, tx *sql.Tx) (map[id.Camera]*Setting, error) {
	out := map[id.Camera]*Setting{}
	err := state.Each(ctx, tx, `SELECT person, statement FROM private_settings`, nil, func(scan func(...any) error) error {
		var s Setting
		if err := scan(&s.Person, &s.Statement); err != nil {
			return err
		}
		e, err := dsse.Parse(s.Statement)
		if err == nil {
			err = e.Read(private.Thing, &s.Setting)
		}
		out[s.Camera] = &s
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("kept: what is private: %w", err)
	}
	return out, nil
}

// Held is what a setting says, nil where there is none, or nothing is private by it.
func (s *Setting) Held() *private.Held {
	if s == nil {
		return nil
	}
	return s.Setting.Held()
}
