// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// readers wants nothing that is sealed now to be readable by somebody who is not in the roster. (Who of the roster may
// read depends on the time, and the time of this check is not the hub's.)
func (c *checker) readers(ctx context.Context, s *roster.State) error {
	err := c.db.Read(ctx, func(tx *sql.Tx) error {
		const query = `SELECT e.camera, v.device FROM epochs e JOIN envelopes v ON v.epoch = e.epoch
			LEFT JOIN cameras c ON c.id = e.camera WHERE e.current = 1 AND c.removed IS NULL ORDER BY e.camera`
		return state.Each(ctx, tx, query, nil, func(scan func(...any) error) error {
			var camera id.Camera
			var d id.Device
			if err := scan(&camera, &d); err != nil {
				return err
			}
			if _, ok := s.Reader(d); !ok {
				c.report.fault("%s is sealed to %s, which is not in the roster", camera, d)
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("check: readers: %w", err)
	}
	return nil
}
