// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"keyhold/home/household"
	"keyhold/statement/manifest"
)

// farewell writes down that the hub stopped in order, and gives the upload a moment.
func (h *Hub) farewell(ctx context.Context) error {
	err := h.db.Write(ctx, func(tx *sql.Tx) error {
		return household.SetFact(ctx, tx, "stopped", fmt.Appendf(nil, "%d", h.Now().UnixMilli()))
	})
	if err != nil {
		return err
	}
	if h.beat(ctx) == nil {
		try, cancel := context.WithTimeout(ctx, 3*time.Second)
		_ = h.uplink.CaughtUp(try) // what is left goes out after the next start
		cancel()
	}
	try, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := h.uplink.Status(try); err != nil {
		h.Log.Info("stopped without a last word to the cloud")
	}
	return nil
}

// lastStop says why the time until now is missing, and forgets it.
func (h *Hub) lastStop(ctx context.Context) (reason string, err error) {
	reason = manifest.GapHub
	err = h.db.Write(ctx, func(tx *sql.Tx) error {
		v, err := household.Fact(ctx, tx, "stopped")
		if err != nil || v == nil {
			return err
		}
		reason = manifest.GapStopped
		_, err = tx.ExecContext(ctx, `DELETE FROM facts WHERE name = 'stopped'`)
		return err
	})
	return reason, err
}

// close gives up what the hub has open.
func (h *Hub) close() error {
	var err error
	if h.push != nil {
		h.push.Close()
	}
	if h.ledger != nil {
		err = errors.Join(err, h.ledger.Close())
	}
	if h.db != nil {
		err = errors.Join(err, h.db.Close())
	}
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
	}
	return err
}
