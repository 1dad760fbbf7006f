// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/home/state"
	"keyhold/statement/canon"
	"keyhold/statement/request"
)

// settle makes the other cloud this hub's, and everything that it has owed to it: links, keys, the whole tree of each
// run, pages that it still has, packs that it still stores. It is done before anything else of a start.
func (h *Hub) settle(ctx context.Context) error {
	var m move
	ordered, err := h.fact(ctx, moveFact, &m)
	if err != nil || !ordered || !m.Now {
		return err
	}
	try, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	left := request.Place{URL: h.client.Base}
	// It may be away for good. Then nothing is left to be erased there.
	if info, err := h.client.Info(try); err == nil {
		left.To = info.To
	}
	chain := h.household.Roster().Chain
	rows, err := h.rows(ctx)
	if err != nil {
		return err
	}
	err = h.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM outbox`); err != nil {
			return err
		}
		for seq := 1; seq < len(chain); seq++ {
			if err := outbox(ctx, tx, request.WriteRoster, api.RosterName(int64(seq)), chain[seq]); err != nil {
				return err
			}
		}
		for name, list := range rows {
			body, err := canon.Marshal(api.Rows{Envelopes: list})
			if err != nil {
				return err
			}
			if err := outbox(ctx, tx, request.WriteEnvelopes, name, body); err != nil {
				return err
			}
		}
		for _, query := range []string{
			`UPDATE runs SET sent = 0, sent_root = zeroblob(32) WHERE abandoned = 0`,
			`INSERT INTO checkpoints (run, size, root, at, text, mark, packs)
				SELECT run, size, root, at, checkpoint, (SELECT coalesce(max(id), 0) FROM outbox), 0 FROM runs WHERE abandoned = 0 AND size > 0
				ON CONFLICT (run, size) DO UPDATE SET mark = excluded.mark`,
			`UPDATE checkpoints SET mark = (SELECT coalesce(max(id), 0) FROM outbox)`,
			`UPDATE pages SET sent = first`,
			`UPDATE packs SET sent = NULL`,
			`DELETE FROM facts WHERE name LIKE 'copied/%' OR name = 'move'`,
		} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		if err := household.SetFact(ctx, tx, afreshFact, []byte("1")); err != nil {
			return err
		}
		return setFact(ctx, tx, cloudFact, &cloud{Here: m.Cloud, Left: left, Told: h.Cloud})
	})
	if err != nil {
		return fmt.Errorf("hub: settle: %w", err)
	}
	h.client.Base = m.Cloud.URL
	h.Log.Warn("this household has moved to another cloud, and sends there whatever it has")
	return nil
}

// settled gives new epochs, and names and labels with them, at the cloud that was moved to.
func (h *Hub) settled(ctx context.Context) error {
	due := false
	err := h.db.Read(ctx, func(tx *sql.Tx) error {
		v, err := household.Fact(ctx, tx, afreshFact)
		due = v != nil
		return err
	})
	if err != nil || !due {
		return err
	}
	if err := h.startAfresh(ctx); err != nil {
		return err
	}
	return h.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE name = $1`, afreshFact)
		return err
	})
}

// rows are all envelope rows, by the names under which a cloud keeps them.
func (h *Hub) rows(ctx context.Context) (map[string][]request.Row, error) {
	out := map[string][]request.Row{}
	err := h.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT camera, epoch, device, head, bytes FROM envelopes ORDER BY epoch, device`, nil, func(scan func(...any) error) error {
			var r request.Row
			var head []byte
			if err := scan(&r.Camera, &r.Epoch, &r.Device, &head, &r.Bytes); err != nil {
				return err
			}
			copy(r.Head[:], head)
			name := api.EnvelopesName(r.Camera, r.Epoch)
			out[name] = append(out[name], r)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("hub: read envelopes: %w", err)
	}
	return out, nil
}

func outbox(ctx context.Context, tx *sql.Tx, kind, name string, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (kind, name, body) VALUES ($1, $2, $3)`, kind, name, body)
	return err
}
