// SPDX-License-Identifier: Apache-2.0

package household

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
)

// addSecret names what a hub that takes this one's place cannot be given, since a password or a secret belongs to it: bells,
// doors, speakers, lights, channels and integrations. Somebody has to set them up again, and is to know which there were.
func addSecret(ctx context.Context, tx *sql.Tx, n *manifest.Names) error {
	bells, lights, speakers, doors := map[id.Camera]bool{}, map[id.Camera]bool{}, map[id.Camera]bool{}, map[id.Camera]string{}
	err := errors.Join(camerasIn(ctx, tx, `SELECT camera FROM bells`, bells), camerasIn(ctx, tx, `SELECT camera FROM lights`, lights), camerasIn(ctx, tx, `SELECT camera FROM speakers`, speakers))
	if err == nil {
		err = state.Each(ctx, tx, `SELECT camera, statement FROM locks`, nil, func(scan func(...any) error) error {
			var c id.Camera
			var statement []byte
			if err := scan(&c, &statement); err != nil {
				return err
			}
			e, err := dsse.Parse(statement)
			if err != nil {
				return err
			}
			var s lock.Setting
			err = e.Read(lock.Thing, &s)
			doors[c] = s.Name // none of one that opens no more
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("household: bells, lights, speakers and doors: %w", err)
	}
	for i := range n.Cameras {
		if c := &n.Cameras[i]; c.State == manifest.NameOn {
			c.Bell, c.Door, c.Light, c.Speaker = bells[c.ID], doors[c.ID], lights[c.ID], speakers[c.ID]
		}
	}
	if n.Channels, err = calledIn(ctx, tx, `SELECT name FROM channels ORDER BY name`); err != nil {
		return err
	}
	n.Integrations, err = calledIn(ctx, tx, `SELECT name FROM integrations ORDER BY name`)
	return err
}

func camerasIn(ctx context.Context, tx *sql.Tx, query string, into map[id.Camera]bool) error {
	return state.Each(ctx, tx, query, nil, func(scan func(...any) error) error {
		var c id.Camera
		err := scan(&c)
		into[c] = true
		return err
	})
}

func calledIn(ctx context.Context, tx *sql.Tx, query string) (out []string, err error) {
	err = state.Each(ctx, tx, query, nil, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		out = append(out, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("household: channels and integrations: %w", err)
	}
	return out, nil
}
